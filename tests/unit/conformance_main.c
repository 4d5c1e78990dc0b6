/* SPDX-License-Identifier: MIT */
/* conformance [LAYOUT]: the ring contract's tests on every layout, or on one. Prints TAP. */
#include <stdlib.h>
#include <string.h>

#include "tests/unit/conformance.h"

#define RING_LAYOUT(id, name, without, why) extern const struct conformance_suite id##_conformance;
#include "rings/layouts.def"
#undef RING_LAYOUT

static const struct {
    const char *name;
    const struct conformance_suite *suite;
} layouts[] = {
#define RING_LAYOUT(id, name, without, why) {name, &id##_conformance},
#include "rings/layouts.def"
#undef RING_LAYOUT
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

int main(int argc, char **argv)
{
    size_t n = 0;
    struct CMUnitTest *tests = NULL;
    for (size_t l = 0; l < LAYOUTS; l++) {
        if (argc > 1 && strcmp(argv[1], layouts[l].name) != 0)
            continue;
        const struct conformance_suite *suite = layouts[l].suite;
        tests = (struct CMUnitTest *)reallocarray(tests, n + suite->n, sizeof(*tests));
        if (tests == NULL)
            abort();
        for (size_t t = 0; t < suite->n; t++) {
            char *name;
            if (asprintf(&name, "%s: %s", layouts[l].name, suite->tests[t].name) < 0)
                abort();
            tests[n] = suite->tests[t];
            tests[n++].name = name;
        }
    }
    if (n == 0) {
        fprintf(stderr, "conformance: no layout is named %s\n", argc > 1 ? argv[1] : "");
        return 2;
    }
    int status = tap_run("conformance", tests, n);
    for (size_t t = 0; t < n; t++)
        free((char *)tests[t].name);
    free(tests);
    return status;
}

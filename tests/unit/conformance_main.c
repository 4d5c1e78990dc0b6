/* SPDX-License-Identifier: MIT */
/*
 * conformance [LAYOUT]: the ring contract's tests on every layout, or on one. Prints TAP.
 *
 * The tests of traffic come once a policy; one that a layout is listed not to carry must be listed
 * with its reason.
 */
#include <stdlib.h>
#include <string.h>

#include "rings/notify.h"
#include "tests/unit/conformance.h"

#define RING_LAYOUT(id, name, without, why)                                       \
    extern const struct conformance_part id##_conformance, id##_conformance_tell, \
        id##_conformance_traffic;
#include "rings/layouts.def"
#undef RING_LAYOUT

struct layout {
    const char *name;
    uint32_t without;
    const char *why;
    const struct conformance_part *ring, *tell, *traffic;
};

static struct layout layouts[] = {
#define RING_LAYOUT(id, name, without, why) \
    {name, without, why, &id##_conformance, &id##_conformance_tell, &id##_conformance_traffic},
#include "rings/layouts.def"
#undef RING_LAYOUT
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static struct CMUnitTest *tests;
static size_t n_tests;

static void add(struct layout *layout, struct CMUnitTest test)
{
    char *name;
    tests = (struct CMUnitTest *)reallocarray(tests, n_tests + 1, sizeof(*tests));
    if (tests == NULL || asprintf(&name, "%s: %s", layout->name, test.name) < 0)
        abort();
    test.name = name;
    test.initial_state = layout;
    tests[n_tests++] = test;
}

static void test_left_out(void **state)
{
    const struct layout *layout = (const struct layout *)*state;
    assert_string_not_equal(layout->why, "");
}

static void add_part(struct layout *layout, const struct conformance_part *part)
{
    for (size_t t = 0; t < part->n; t++)
        add(layout, part->tests[t]);
}

static void add_layout(struct layout *layout)
{
    add_part(layout, layout->ring);
    add_part(layout, layout->tell);
    for (int p = 0; p < NOTIFY_POLICIES; p++) {
        if ((layout->without & (1U << p)) == 0) {
            add(layout, layout->traffic->tests[p]);
            continue;
        }
        char what[512];
        snprintf(what, sizeof(what), "%s is left out: %s", notify_name((enum notify_policy)p),
                 layout->why);
        add(layout, (struct CMUnitTest){.name = what, .test_func = test_left_out});
    }
}

int main(int argc, char **argv)
{
    for (size_t l = 0; l < LAYOUTS; l++)
        if (argc < 2 || strcmp(argv[1], layouts[l].name) == 0)
            add_layout(&layouts[l]);
    if (n_tests == 0) {
        fprintf(stderr, "conformance: no layout is named %s\n", argc > 1 ? argv[1] : "");
        return 2;
    }
    int status = tap_run("conformance", tests, n_tests);
    for (size_t t = 0; t < n_tests; t++)
        free((char *)tests[t].name);
    free(tests);
    return status;
}

/* SPDX-License-Identifier: MIT */
/* evtchn [ABI]: the conformance suite on every delivery ABI, or on one. Prints TAP. */
#include "tests/evtchn/conformance.h"

static struct CMUnitTest *tests;
static size_t n_tests;

static void add(const struct world_abi *abi, const struct conformance_suite *suite)
{
    for (size_t t = 0; t < suite->n; t++) {
        struct CMUnitTest test = suite->tests[t];
        char *name;
        tests = reallocarray(tests, n_tests + 1, sizeof(*tests));
        if (tests == NULL || asprintf(&name, "%s: %s", abi->name, test.name) < 0)
            abort();
        test.name = name;
        test.initial_state = (void *)abi;
        tests[n_tests++] = test;
    }
}

static void add_abi(const struct world_abi *abi)
{
    add(abi, &conformance_ports);
    add(abi, &conformance_delivery);
    if (abi->producer == &evtchn_flat_producer)
        add(abi, &conformance_flat);
    if (abi->producer == &evtchn_two_level_64_producer ||
        abi->producer == &evtchn_two_level_32_producer)
        add(abi, &conformance_two_level);
    if (world_is_fifo(abi))
        add(abi, &conformance_fifo);
}

int main(int argc, char **argv)
{
    for (size_t a = 0; a < world_n_abis; a++)
        if (argc < 2 || strcmp(argv[1], world_abis[a].name) == 0)
            add_abi(&world_abis[a]);
    if (n_tests == 0) {
        fprintf(stderr, "evtchn: no ABI is named %s\n", argc > 1 ? argv[1] : "");
        return 2;
    }
    int status = tap_run("evtchn", tests, n_tests);
    for (size_t t = 0; t < n_tests; t++)
        free((char *)tests[t].name);
    free(tests);
    return status;
}

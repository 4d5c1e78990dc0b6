/* SPDX-License-Identifier: MIT */
/* What tests/unit/conformance*.c, compiled once a layout, give to conformance_main.c. */
#ifndef TESTS_UNIT_CONFORMANCE_H
#define TESTS_UNIT_CONFORMANCE_H

#include "tests/unit/tap.h"

/* The part of traffic has one test a policy, in the order of policies.def, those not carried too.
 */
struct conformance_part {
    const struct CMUnitTest *tests;
    size_t n;
};

#define CONFORMANCE_TEST(name)               \
    {                                        \
#name, test_##name, NULL, NULL, NULL \
    }

#endif

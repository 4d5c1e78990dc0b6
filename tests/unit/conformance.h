/* SPDX-License-Identifier: MIT */
/* What tests/unit/conformance.c, compiled once a layout, gives to conformance_main.c. */
#ifndef TESTS_UNIT_CONFORMANCE_H
#define TESTS_UNIT_CONFORMANCE_H

#include "rings/notify.h"
#include "tests/unit/tap.h"

struct conformance_suite {
    const struct CMUnitTest *tests;
    size_t n;
    struct CMUnitTest traffic[NOTIFY_POLICIES]; /* by policy, those not carried too */
};

#endif

/* SPDX-License-Identifier: MIT */
/* What every cmocka program starts with: cmocka.h with its prerequisites, and TAP. */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/*
 * Runs the tests as one TAP stream and returns the exit status. For lists made at run time too:
 * cmocka_run_group_tests() takes arrays of a constant size only, and is this call otherwise.
 */
static inline int tap_run(const char *group, const struct CMUnitTest *tests, size_t n)
{
    setvbuf(stdout, NULL, _IOLBF, 0); /* so that a crash leaves what was said before it */
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests(group, tests, n, NULL, NULL) == 0 ? 0 : 1;
}

#endif

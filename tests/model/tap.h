/* SPDX-License-Identifier: MIT */
/* The explorer's tests as one TAP stream. */
#ifndef MODEL_TAP_H
#define MODEL_TAP_H

#include <stdbool.h>

/* A test line, numbered; returns ok. */
__attribute__((format(printf, 2, 3))) bool tap_test(bool ok, const char *format, ...);

/* The explorer itself: what the machine allows, and that each verdict is reached. */
void litmus_tests(void);

#endif

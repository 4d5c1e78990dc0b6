/* SPDX-License-Identifier: MIT */
/*
 * panic() and ASSERT() are for broken invariants of the hypervisor, never for what a guest did.
 * Assertions are always compiled in.
 */
#ifndef HV_ASSERT_H
#define HV_ASSERT_H

/* Says why, shows where, stops all CPUs, and ends the machine as the options say. */
void panic(const char *form, ...) __attribute__((format(printf, 1, 2), __noreturn__, cold));

#define ASSERT(condition)                                                       \
    do {                                                                        \
        if (__builtin_expect(!(condition), 0))                                  \
            panic("%s:%d: '%s' does not hold", __FILE__, __LINE__, #condition); \
    } while (0)

#endif

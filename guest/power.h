/* SPDX-License-Identifier: MIT */
/* The end of a run. */
#ifndef GUEST_POWER_H
#define GUEST_POWER_H

enum power_reason {
    POWER_DONE,  /* the workload said what it had to */
    POWER_CRASH, /* something broke, and was said */
};

/*
 * Shuts the domain down. By SHUTDOWN_poweroff unless the command line says `end=reboot`, which a
 * hypervisor that only halts the machine needs for QEMU to exit; by SHUTDOWN_crash when broken.
 */
void power_off(enum power_reason reason) __attribute__((noreturn));

/* One line as TAP has it for a run that cannot go on, then POWER_CRASH. */
void power_panic(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Path lengths: the guest path-length, booted under QEMU by a hypervisor, with a clock that counts
 * instructions. A boot measures every operation.
 */
#ifndef RUNNER_SUITES_ICOUNT_H
#define RUNNER_SUITES_ICOUNT_H

#include "bench/runner/text.h"

enum icount_operation {
#define OPERATION(id, name, summary) ICOUNT_##id,
#include "bench/runner/suites/icount_operations.def"
#undef OPERATION
    ICOUNT_OPERATIONS
};

enum icount_hypervisor { ICOUNT_RINGSIDE, ICOUNT_XEN, ICOUNT_HYPERVISORS };

/* What it is called; NULL past the end. Of an operation also what it is. */
const char *icount_operation_name(size_t operation);
const char *icount_operation_summary(enum icount_operation operation);
const char *icount_hypervisor_name(size_t hypervisor);

#define ICOUNT_PROGRAM "qemu-system-x86_64"

/* In hundredths of an instruction, which is how the guest prints them. */
struct icount_costs {
    uint64_t of[ICOUNT_OPERATIONS];
};

/* Reads what a boot wrote to the serial console. A fault if it is not all there, or the guest says
 * that something is wrong. */
bool icount_read(const char *console, struct icount_costs *costs, struct fault *fault);

/* NULL if it can be booted here, else why not and what to do. */
const char *icount_missing(enum icount_hypervisor hypervisor);

/* Boots it once. A fault says what went wrong, by which command, and what the console said last. */
bool icount_boot(enum icount_hypervisor hypervisor, struct icount_costs *costs,
                 struct fault *fault);

/* The command of such a boot, as a shell takes it; the caller frees. */
char *icount_command(enum icount_hypervisor hypervisor);

/* The files that are booted: the i-th, as it lies beside this program, and a fingerprint of what is
 * in it; false past the end. The fingerprint is NULL if it cannot be read; the caller frees. */
bool icount_file(size_t i, const char **name, char **fingerprint);

/* QEMU's version, as "7.2.22"; NULL if there is none. The caller frees. */
char *icount_qemu_version(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Path lengths: the guest path-length, booted under QEMU by a hypervisor, with a clock that counts
 * instructions. A boot measures every operation.
 */
#ifndef RUNNER_SUITES_ICOUNT_H
#define RUNNER_SUITES_ICOUNT_H

#include "bench/runner/suites/machine.h"

enum icount_operation {
#define OPERATION(id, name, summary) ICOUNT_##id,
#include "bench/runner/suites/icount_operations.def"
#undef OPERATION
    ICOUNT_OPERATIONS
};

/* What it is called, NULL past the end, and what it is. */
const char *icount_operation_name(size_t operation);
const char *icount_operation_summary(enum icount_operation operation);

/* In hundredths of an instruction, which is how the guest prints them. */
struct icount_costs {
    uint64_t of[ICOUNT_OPERATIONS];
};

/* Reads what a boot wrote to the serial console. A fault if it is not all there, or the guest says
 * that something is wrong. */
bool icount_read(const char *console, struct icount_costs *costs, struct fault *fault);

#endif

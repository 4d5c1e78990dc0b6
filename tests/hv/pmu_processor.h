/* SPDX-License-Identifier: MIT */
/*
 * A processor with performance counters, for programs of the host: Intel's (SDM volume 3B, chapter
 * 19) or AMD's (APM volume 2, section 13.2), with as many and as wide ones as a test wants.
 *
 * It fails the test that touches a register that it has not, sets a reserved bit, or has it count
 * what no guest may have counted.
 */
#ifndef TESTS_HV_PMU_PROCESSOR_H
#define TESTS_HV_PMU_PROCESSOR_H

#include "tests/unit/tap.h"

#include <stdbool.h>

enum pmu_vendor { VENDOR_INTEL, VENDOR_AMD, VENDOR_HYGON };

struct pmu_processor {
    /* What it is. */
    enum pmu_vendor vendor;
    unsigned version; /* Intel's */
    unsigned n, width, n_fixed, fixed_width;
    bool full_width;    /* counters have a second name that all bits are written by */
    bool capabilities;  /* it has the register that says so */
    bool extended;      /* AMD's six */
    unsigned family;    /* AMD's */
    bool keeps_nothing; /* as QEMU's: no register faults, all are 0 */
    bool lacks_select;  /* a register that was promised and faults */
    bool lacks_counter;

    /* What it does. */
    uint64_t counter[16], select[16], fixed[16], fixed_control, global_control, status;
    bool masked;    /* the local APIC's entry */
    bool interrupt; /* an overflow has asked for one; the test delivers it */
    bool rdpmc;     /* ring 3 may */
};

extern struct pmu_processor cpu;

/* The most common ones. */
struct pmu_processor pmu_intel(unsigned version, bool full_width);
struct pmu_processor pmu_amd(bool extended, unsigned family);

/* Ring 3 runs: the i-th counter that is enabled counts events * (i + 1), fixed ones from 9 on. */
void pmu_run(uint64_t events);

/* Counters that would count now. */
uint64_t pmu_counting(void);

/* Accesses since pmu_log_clear(), in order: 'r' or 'w', and the MSR. */
struct pmu_access {
    char how;
    uint32_t msr;
};
extern struct pmu_access pmu_log[256];
extern unsigned pmu_logged;

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Hardware counters of the vcpu that opens them: of what that vcpu executes, in user mode and in
 * the kernel's, wherever it runs, and of nothing else (docs/hypervisor.md).
 *
 * By xen/pmu.h and the processor's own registers: Intel's architectural performance monitoring from
 * version 1 on (Intel SDM volume 3B, chapter 19), whose fixed counters take cycles, instructions
 * and reference cycles; AMD's four of the first processors of 64 bits, or six (AMD APM volume 2,
 * section 13.2).
 *
 * Calling context: that vcpu, kernel mode. One user at a time.
 */
#ifndef GUEST_COUNTERS_H
#define GUEST_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNTERS_MAX 11 /* as many as a domain can have: eight to be programmed, three fixed */
#define COUNTERS_NAME_MAX 63U

enum counter_state {
#define STATE(id, text) COUNTER_##id,
#include "guest/counter_states.def"
#undef STATE
};

enum counters_vendor { COUNTERS_INTEL, COUNTERS_AMD };

struct counter {
    char name[COUNTERS_NAME_MAX + 1];
    uint64_t selector; /* what is counted: event, unit, edge, invert, threshold */
    enum counter_state state;
    uint32_t number; /* as RDPMC takes it */
    uint32_t msr;
    unsigned width; /* bits */
};

struct counters {
    enum counters_vendor vendor; /* whose codes the selectors are */
    unsigned count;
    bool by_msr; /* RDPMC is not for this kernel */
    struct counter at[COUNTERS_MAX];
};

/*
 * Reads "VENDOR,NAME:SELECTOR,..." with the vendor intel or amd, names of a-z, 0-9 and `_`, and
 * selectors as numbers: what to count, and as which registers of that vendor say it. NULL, or what
 * was expected, and *counters is as it was.
 */
const char *counters_read_list(struct counters *counters, const char *text, size_t length);

/* Programs them, and they count from now on: those whose state says so. To be called once. */
void counters_open(struct counters *counters);

/* What each has counted; 0 for those that do not. */
void counters_look(const struct counters *counters, uint64_t values[COUNTERS_MAX]);

/*
 * Events of the i-th between two looks that are `ns` apart. false: it does not count, or may have
 * come round, and its state says which.
 */
bool counters_between(struct counters *counters, unsigned i, const uint64_t *before,
                      const uint64_t *after, uint64_t ns, uint64_t *events);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What guest/counters.c finds below it, here: the hypervisor's own code on the processor of
 * pmu_processor.c (test_counters.c). In the place of guest/counters_access.h.
 */
#ifndef TESTS_HV_COUNTERS_ACCESS_H
#define TESTS_HV_COUNTERS_ACCESS_H

#include "tests/hv/pmu_access.h"

#include <xen/xen.h>
#include <xen/errno.h>

struct guest_frame {
    uint64_t n;
};

struct guest_vcpu {
    unsigned id;
};

struct cpuid cpuid_forced(uint32_t leaf, uint32_t subleaf);

bool access_write_msr(uint32_t msr, uint64_t value);
uint64_t access_read_msr(uint32_t msr);
uint64_t access_rdpmc(uint32_t number);
bool access_may_rdpmc(uint32_t number);
void access_allow_rdpmc(void);

long hypercall_xenpmu_op(unsigned op, void *argument);
void *page_alloc(void);
void page_free(void *page);
struct guest_frame page_mfn(const void *page);
const struct guest_vcpu *vcpu_self(void);
void power_panic(const char *form, ...) __attribute__((format(printf, 1, 2), __noreturn__));

#endif

/* SPDX-License-Identifier: MIT */
/* The processor of pmu_processor.c, in the place of the real one's instructions. */
#ifndef TESTS_HV_PMU_ACCESS_H
#define TESTS_HV_PMU_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

struct cpuid {
    uint32_t a, b, c, d;
};

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf);
uint64_t read_msr(uint32_t msr);
void write_msr(uint32_t msr, uint64_t value);
bool try_read_msr(uint32_t msr, uint64_t *value);
bool try_write_msr(uint32_t msr, uint64_t value);
void local_pmu_mask(bool on);

#define CR4_PCE (1UL << 8)
void allow_rdpmc(bool on);

#endif

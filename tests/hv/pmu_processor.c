/* SPDX-License-Identifier: MIT */
#include "tests/hv/pmu_processor.h"

#include <string.h>

#include "tests/hv/pmu_access.h"

#define USER (1UL << 16)
#define KERNEL (1UL << 17)
#define INTERRUPT (1UL << 20)
#define ENABLE (1UL << 22)
#define INTEL_RESERVED (~0UL << 32 | 1UL << 21 | 1UL << 19) /* and any thread's; pins */
#define AMD_RESERVED (~0UL << 42 | 0x3fUL << 36 | 1UL << 21 | 1UL << 19) /* and hosts', guests' */
#define FIXED_SHIFT 32

struct pmu_processor cpu;
struct pmu_access pmu_log[256];
unsigned pmu_logged;

struct pmu_processor pmu_intel(unsigned version, bool full_width)
{
    return (struct pmu_processor){
        .vendor = VENDOR_INTEL,
        .version = version,
        .n = 4,
        .width = 48,
        .n_fixed = version >= 2 ? 3 : 0,
        .fixed_width = version >= 2 ? 48 : 0,
        .full_width = full_width,
        .capabilities = full_width,
        .masked = true,
    };
}

struct pmu_processor pmu_amd(bool extended, unsigned family)
{
    return (struct pmu_processor){
        .vendor = VENDOR_AMD,
        .n = extended ? 6 : 4,
        .width = 48,
        .extended = extended,
        .family = family,
        .masked = true,
    };
}

static struct cpuid vendor(const char *b, const char *d, const char *c, uint32_t highest)
{
    struct cpuid r = {.a = highest};
    memcpy(&r.b, b, 4);
    memcpy(&r.d, d, 4);
    memcpy(&r.c, c, 4);
    return r;
}

struct cpuid cpuid(uint32_t leaf, uint32_t subleaf)
{
    assert_int_equal(subleaf, 0);
    bool intel = cpu.vendor == VENDOR_INTEL;
    switch (leaf) {
    case 0:
        return intel                      ? vendor("Genu", "ineI", "ntel", 0xd)
               : cpu.vendor == VENDOR_AMD ? vendor("Auth", "enti", "cAMD", 0xd)
                                          : vendor("Hygo", "nGen", "uine", 0xd);
    case 1:
        return (struct cpuid){
            .a = intel              ? 0x306c3
                 : cpu.family > 0xf ? 0xf00 | (cpu.family - 0xf) << 20
                                    : cpu.family << 8,
            .c = cpu.capabilities ? 1U << 15 : 0,
        };
    case 0xa:
        return (struct cpuid){
            .a = cpu.version | cpu.n << 8 | cpu.width << 16 | 7U << 24,
            .b = 0x40,
            .d = cpu.n_fixed | cpu.fixed_width << 5,
        };
    case 0x80000000:
        return (struct cpuid){.a = 0x80000008};
    case 0x80000001:
        return (struct cpuid){.c = cpu.extended ? 1U << 23 : 0};
    default:
        fail_msg("CPUID leaf 0x%x", leaf);
        return (struct cpuid){0};
    }
}

static uint64_t bits(unsigned n)
{
    return n >= 64 ? ~0UL : (1UL << n) - 1;
}

/* ---- registers */

enum kind {
    NONE,
    COUNTER,
    COUNTER_FULL,
    SELECT,
    FIXED,
    FIXED_CONTROL,
    STATUS,
    CONTROL,
    CLEAR,
    CAPS
};

static enum kind intel_register(uint32_t msr, unsigned *i)
{
    if ((*i = msr - 0xc1) < cpu.n)
        return COUNTER;
    if (cpu.full_width && (*i = msr - 0x4c1) < cpu.n)
        return COUNTER_FULL;
    if ((*i = msr - 0x186) < cpu.n)
        return SELECT;
    if (msr == 0x345 && cpu.capabilities)
        return CAPS;
    if (cpu.version < 2)
        return NONE;
    if ((*i = msr - 0x309) < cpu.n_fixed)
        return FIXED;
    return msr == 0x38d   ? FIXED_CONTROL
           : msr == 0x38e ? STATUS
           : msr == 0x38f ? CONTROL
           : msr == 0x390 ? CLEAR
                          : NONE;
}

static enum kind amd_register(uint32_t msr, unsigned *i)
{
    if ((*i = msr - 0xc0010000) < 4)
        return SELECT;
    if ((*i = msr - 0xc0010004) < 4)
        return COUNTER;
    *i = (msr - 0xc0010200) / 2;
    if (cpu.extended && *i < 6)
        return msr % 2 ? COUNTER : SELECT;
    return NONE;
}

static enum kind register_of(uint32_t msr, unsigned *i)
{
    enum kind k = cpu.vendor == VENDOR_INTEL ? intel_register(msr, i) : amd_register(msr, i);
    if ((k == COUNTER && cpu.lacks_counter) || (k == SELECT && cpu.lacks_select))
        return NONE;
    return k;
}

static void note(char how, uint32_t msr)
{
    if (pmu_logged < sizeof(pmu_log) / sizeof(pmu_log[0]))
        pmu_log[pmu_logged++] = (struct pmu_access){how, msr};
}

bool try_read_msr(uint32_t msr, uint64_t *value)
{
    unsigned i = 0;
    *value = 0;
    note('r', msr);
    if (cpu.keeps_nothing)
        return true;
    switch (register_of(msr, &i)) {
    case COUNTER:
    case COUNTER_FULL:
        *value = cpu.counter[i];
        return true;
    case SELECT:
        *value = cpu.select[i];
        return true;
    case FIXED:
        *value = cpu.fixed[i];
        return true;
    case FIXED_CONTROL:
        *value = cpu.fixed_control;
        return true;
    case STATUS:
        *value = cpu.status;
        return true;
    case CONTROL:
        *value = cpu.global_control;
        return true;
    case CAPS:
        *value = cpu.full_width ? 1UL << 13 : 0;
        return true;
    default:
        return false;
    }
}

/* What a guest counts is ring 3, and nothing of others: the rest would be the hypervisor's fault.
 */
static bool select_ok(uint64_t value)
{
    assert_int_equal(value & KERNEL, 0);
    return (value & (cpu.vendor == VENDOR_INTEL ? INTEL_RESERVED : AMD_RESERVED)) == 0;
}

static bool fixed_control_ok(uint64_t value)
{
    for (unsigned i = 0; i < cpu.n_fixed; i++) {
        assert_int_equal(value >> (4 * i) & 1, 0);
        assert_int_equal(value >> (4 * i) & 4, 0);
    }
    return (value & ~bits(4 * cpu.n_fixed)) == 0;
}

static uint64_t all_counters(void)
{
    return bits(cpu.n) | bits(cpu.n_fixed) << FIXED_SHIFT;
}

static bool write(uint32_t msr, uint64_t value)
{
    unsigned i = 0;
    switch (register_of(msr, &i)) {
    case COUNTER:
        if (cpu.vendor == VENDOR_INTEL)
            value = (uint64_t)(int64_t)(int32_t)value;
        cpu.counter[i] = value & bits(cpu.width);
        return true;
    case COUNTER_FULL:
        cpu.counter[i] = value;
        return (value & ~bits(cpu.width)) == 0;
    case SELECT:
        cpu.select[i] = value;
        return select_ok(value);
    case FIXED:
        cpu.fixed[i] = value;
        return (value & ~bits(cpu.fixed_width)) == 0;
    case FIXED_CONTROL:
        cpu.fixed_control = value;
        return fixed_control_ok(value);
    case CONTROL:
        cpu.global_control = value;
        return (value & ~all_counters()) == 0;
    case CLEAR:
        cpu.status &= ~value;
        return (value & ~(all_counters() | 3UL << 62)) == 0;
    default:
        return false;
    }
}

bool try_write_msr(uint32_t msr, uint64_t value)
{
    note('w', msr);
    return cpu.keeps_nothing || write(msr, value);
}

uint64_t read_msr(uint32_t msr)
{
    uint64_t value;
    if (!try_read_msr(msr, &value))
        fail_msg("MSR 0x%x was read", msr);
    return value;
}

void write_msr(uint32_t msr, uint64_t value)
{
    if (!try_write_msr(msr, value))
        fail_msg("0x%lx was written to MSR 0x%x", value, msr);
}

void local_pmu_mask(bool on)
{
    cpu.masked = on;
}

void allow_rdpmc(bool on)
{
    cpu.rdpmc = on;
}

/* ---- time passes */

uint64_t pmu_counting(void)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < cpu.n; i++) {
        if ((cpu.select[i] & (ENABLE | USER)) == (ENABLE | USER))
            set |= 1UL << i;
    }
    for (unsigned i = 0; i < cpu.n_fixed; i++) {
        if (cpu.fixed_control >> (4 * i) & 2)
            set |= 1UL << (FIXED_SHIFT + i);
    }
    return cpu.vendor == VENDOR_INTEL && cpu.version >= 2 ? set & cpu.global_control : set;
}

static void count(uint64_t *counter, unsigned width, uint64_t events, unsigned bit, bool interrupts)
{
    uint64_t before = *counter;
    *counter = (before + events) & bits(width);
    if (*counter >= before)
        return;
    cpu.status |= 1UL << bit;
    if (interrupts && !cpu.masked)
        cpu.interrupt = true;
}

void pmu_run(uint64_t events)
{
    uint64_t set = pmu_counting();
    for (unsigned i = 0; i < cpu.n; i++) {
        if (set >> i & 1)
            count(&cpu.counter[i], cpu.width, events * (i + 1), i, cpu.select[i] & INTERRUPT);
    }
    for (unsigned i = 0; i < cpu.n_fixed; i++) {
        if (set >> (FIXED_SHIFT + i) & 1)
            count(&cpu.fixed[i], cpu.fixed_width, events * (i + 9), FIXED_SHIFT + i,
                  cpu.fixed_control >> (4 * i) & 8);
    }
}

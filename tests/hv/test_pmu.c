/* SPDX-License-Identifier: MIT */
/* Performance counters: which are found, what a guest may have in them, and that they come and go
 * with their vcpu without a loss. */
#include "tests/hv/pmu_processor.h"

#include <string.h>

#include "hv/arch/x86_64/pmu_counters.h"
#include "tests/unit/rng.h"

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#define USER (1UL << 16)
#define KERNEL (1UL << 17)
#define INTERRUPT (1UL << 20)
#define ENABLE (1UL << 22)

#define CYCLES 0x3cUL
#define ANY_SELECT (CYCLES | USER | KERNEL | ENABLE)

static struct pmu_machine machine;
static char why[PMU_WHY_MAX];

static bool detect(struct pmu_processor p)
{
    cpu = p;
    memset(why, 0, sizeof(why));
    return pmu_detect(&machine, why);
}

/* ---- which there are */

static void test_intel(void **state)
{
    (void)state;
    assert_true(detect(pmu_intel(2, true)));
    assert_int_equal(machine.kind, PMU_INTEL);
    assert_true(machine.global);
    assert_int_equal(machine.n, 4);
    assert_int_equal(machine.n_fixed, 3);
    assert_int_equal(machine.width, 48);
    assert_int_equal(machine.fixed_width, 48);
    assert_int_equal(machine.counter_write, 0x4c1);
    assert_int_equal(machine.events, 0x40);
    assert_int_equal(machine.n_events, 7);
    /* What cannot be written cannot be restored: fewer bits are offered. */
    assert_true(detect(pmu_intel(3, false)));
    assert_int_equal(machine.width, 32);
    assert_int_equal(machine.counter_write, 0xc1);
    assert_int_equal(machine.fixed_width, 48);
    /* The register that says so is there, and does not. */
    struct pmu_processor p = pmu_intel(3, false);
    p.capabilities = true;
    assert_true(detect(p));
    assert_int_equal(machine.width, 32);
    assert_true(detect(pmu_intel(1, false)));
    assert_false(machine.global);
    assert_int_equal(machine.n_fixed, 0);
    /* More than have numbers in a row, and fixed ones that version 2 does not know. */
    p = pmu_intel(5, true);
    p.n = 10;
    p.n_fixed = 4;
    assert_true(detect(p));
    assert_int_equal(machine.n, 8);
    assert_int_equal(machine.n_fixed, 3);
}

static void test_amd(void **state)
{
    (void)state;
    assert_true(detect(pmu_amd(false, 0x10)));
    assert_int_equal(machine.kind, PMU_AMD);
    assert_int_equal(machine.n, 4);
    assert_int_equal(machine.select, 0xc0010000);
    assert_int_equal(machine.counter, 0xc0010004);
    assert_int_equal(machine.width, 48);
    assert_false(machine.global || machine.family_15h || machine.n_fixed != 0);
    assert_true(detect(pmu_amd(true, 0x15)));
    assert_int_equal(machine.n, 6);
    assert_true(machine.family_15h);
    assert_int_equal(machine.select, 0xc0010200);
    assert_int_equal(machine.counter, 0xc0010201);
    assert_true(detect(pmu_amd(true, 0x19)));
    assert_int_equal(machine.n, 6);
    assert_false(machine.family_15h);
    struct pmu_processor p = pmu_amd(true, 0x18);
    p.vendor = VENDOR_HYGON;
    assert_true(detect(p));
    assert_int_equal(machine.kind, PMU_AMD);
}

static void lacks(struct pmu_processor p, const char *reason)
{
    assert_false(detect(p));
    assert_int_equal(machine.kind, PMU_NONE);
    assert_string_equal(why, reason);
    pmu_stop_all(&machine); /* of none, touches none */
}

static void test_none(void **state)
{
    (void)state;
    lacks(pmu_intel(0, false), "CPUID leaf 0xa says version 0");
    struct pmu_processor p = pmu_intel(2, true);
    p.n = 0;
    lacks(p, "CPUID leaf 0xa says 0 counters of 48 bits");
    p = pmu_intel(2, true);
    p.width = 16;
    lacks(p, "CPUID leaf 0xa says 4 counters of 16 bits");
    p.width = 65;
    lacks(p, "CPUID leaf 0xa says 4 counters of 65 bits");
    p = pmu_intel(2, true);
    p.keeps_nothing = true;
    lacks(p, "MSR 0xc1: 0x12345678 was written, 0x0 is read");
    p = pmu_amd(false, 0xf);
    p.keeps_nothing = true;
    lacks(p, "MSR 0xc0010004: 0x12345678 was written, 0x0 is read");
    p = pmu_amd(false, 0xf);
    p.lacks_select = true;
    lacks(p, "MSR 0xc0010000 cannot be written");
    p = pmu_amd(true, 0x19);
    p.lacks_counter = true;
    lacks(p, "MSR 0xc0010201 cannot be accessed");
}

/* CPUs of two kinds in one machine: what both have. */
static void test_limit(void **state)
{
    (void)state;
    struct pmu_machine big;
    struct pmu_processor p = pmu_intel(5, true);
    p.n = 8;
    assert_true(detect(p));
    big = machine;
    p.n = 6;
    p.n_fixed = 2;
    p.fixed_width = 40;
    p.width = 40;
    assert_true(detect(p));
    machine.events = 3;
    machine.n_events = 6;
    assert_true(pmu_limit(&big, &machine));
    assert_int_equal(big.n, 6);
    assert_int_equal(big.n_fixed, 2);
    assert_int_equal(big.width, 40);
    assert_int_equal(big.fixed_width, 40);
    assert_int_equal(big.events, 0x43);
    assert_int_equal(big.n_events, 6);
    assert_int_equal(big.counter_write, 0x4c1);
    struct pmu_machine same = big;
    assert_true(pmu_limit(&same, &big));
    assert_memory_equal(&same, &big, sizeof(big));
    assert_true(detect(pmu_intel(2, false)));
    assert_true(pmu_limit(&big, &machine));
    assert_int_equal(big.counter_write, 0xc1);
    assert_int_equal(big.width, 32);
    assert_true(detect(pmu_intel(1, false)));
    assert_true(pmu_limit(&big, &machine));
    assert_false(big.global || big.n_fixed != 0);
    assert_true(detect(pmu_amd(true, 0x19)));
    assert_false(pmu_limit(&big, &machine));
    assert_int_equal(big.kind, PMU_NONE);
    big = machine;
    assert_true(detect(pmu_amd(false, 0x19)));
    assert_true(pmu_limit(&big, &machine));
    assert_int_equal(big.n, 4);
    assert_int_equal(big.counter, 0xc0010004);
    assert_int_equal(big.counter_write, 0xc0010004);
    assert_int_equal(big.select, 0xc0010000);
    assert_int_equal(big.step, 1);
    struct pmu_machine other = machine; /* and the other way round */
    assert_true(detect(pmu_amd(true, 0x19)));
    assert_true(pmu_limit(&other, &machine));
    assert_memory_equal(&other, &big, sizeof(big));
}

/* Firmware leaves counters running. */
static void test_stopped_at_the_start(void **state)
{
    (void)state;
    struct pmu_processor all[] = {pmu_intel(1, false), pmu_intel(2, true), pmu_amd(false, 0x10),
                                  pmu_amd(true, 0x19)};
    for (size_t i = 0; i < LENGTH(all); i++) {
        struct pmu_processor p = all[i];
        for (unsigned n = 0; n < p.n; n++)
            p.select[n] = CYCLES | USER | ENABLE;
        p.fixed_control = p.n_fixed ? 0x222 : 0;
        p.global_control = ~0UL;
        p.status = 0x700000003UL;
        assert_true(detect(p));
        assert_int_equal(pmu_counting(), 0);
        assert_int_equal(cpu.fixed_control, 0);
        assert_true(!machine.global || (cpu.global_control == 0 && cpu.status == 0));
    }
}

/* ---- what a guest may have */

static void test_selectors(void **state)
{
    (void)state;
    static const struct {
        uint64_t value;
        bool intel, amd;
    } selectors[] = {
        {0, true, true},
        {ANY_SELECT | INTERRUPT, true, true},
        {ANY_SELECT | 1UL << 18, true, true},    /* edges */
        {ANY_SELECT | 1UL << 19, false, false},  /* pins; reserved */
        {ANY_SELECT | 1UL << 21, false, false},  /* any thread; reserved */
        {ANY_SELECT | 1UL << 23, true, true},    /* inverted */
        {ANY_SELECT | 0xffUL << 24, true, true}, /* at least so many */
        {ANY_SELECT | 1UL << 32, false, true},   /* in transactions; more of the event */
        {ANY_SELECT | 0xfUL << 32, false, true},
        {ANY_SELECT | 1UL << 36, false, false},
        {ANY_SELECT | 1UL << 40, false, false}, /* guests only */
        {ANY_SELECT | 1UL << 41, false, false}, /* hosts only */
        {ANY_SELECT | 1UL << 63, false, false},
    };
    for (size_t i = 0; i < LENGTH(selectors); i++) {
        assert_true(detect(pmu_intel(2, true)));
        assert_int_equal(pmu_select_ok(&machine, 0, selectors[i].value), selectors[i].intel);
        assert_true(detect(pmu_amd(true, 0x19)));
        assert_int_equal(pmu_select_ok(&machine, 0, selectors[i].value), selectors[i].amd);
    }
}

static void test_features(void **state)
{
    (void)state;
    static const struct {
        uint64_t event;
        bool ipc, arch;
    } events[] = {
        {0x003c, true, true},  {0x013c, true, true},   {0x00c0, true, true},
        {0x4f2e, false, true}, {0x412e, false, true},  {0x00c4, false, true},
        {0x00c5, false, true}, {0x01c0, false, false}, {0x00c6, false, false},
        {0, false, false},
    };
    for (size_t i = 0; i < LENGTH(events); i++) {
        uint64_t value = events[i].event | USER | ENABLE;
        assert_true(detect(pmu_intel(2, true)));
        assert_true(pmu_select_ok(&machine, 0, value));
        assert_int_equal(pmu_select_ok(&machine, XENPMU_FEATURE_IPC_ONLY, value), events[i].ipc);
        assert_int_equal(pmu_select_ok(&machine, XENPMU_FEATURE_ARCH_ONLY, value), events[i].arch);
        /* Both: the narrower. */
        assert_int_equal(
            pmu_select_ok(&machine, XENPMU_FEATURE_IPC_ONLY | XENPMU_FEATURE_ARCH_ONLY, value),
            events[i].ipc);
        /* What does not count may be anything. */
        assert_true(pmu_select_ok(&machine, XENPMU_FEATURE_IPC_ONLY, value & ~ENABLE));
        assert_true(detect(pmu_amd(true, 0x19)));
        assert_true(pmu_select_ok(&machine, XENPMU_FEATURE_IPC_ONLY, value));
    }
}

static void test_controls(void **state)
{
    (void)state;
    assert_true(detect(pmu_intel(2, true)));
    assert_true(pmu_fixed_control_ok(&machine, 0xbbb));
    for (unsigned bit = 0; bit < 64; bit++) {
        bool any_thread = bit == 2 || bit == 6 || bit == 10;
        assert_int_equal(pmu_fixed_control_ok(&machine, 1UL << bit), bit < 12 && !any_thread);
        bool there = bit < 4 || (bit >= 32 && bit < 35);
        assert_int_equal(pmu_global_ok(&machine, 1UL << bit), there);
        assert_int_equal(pmu_clear_ok(&machine, 1UL << bit), there || bit >= 62);
    }
}

/* Either half of the guest is all of it, and the hypervisor is not in it. */
static void test_rings(void **state)
{
    (void)state;
    uint64_t rest = CYCLES | ENABLE | INTERRUPT;
    assert_int_equal(pmu_select_for_machine(rest), rest);
    assert_int_equal(pmu_select_for_machine(rest | USER), rest | USER);
    assert_int_equal(pmu_select_for_machine(rest | KERNEL), rest | USER);
    assert_int_equal(pmu_select_for_machine(rest | KERNEL | USER), rest | USER);
    assert_int_equal(pmu_fixed_control_for_machine(0x3210), 0x220); /* the fourth there is not */
    assert_int_equal(pmu_fixed_control_for_machine(0xb98), 0xaa0);
}

static void test_names(void **state)
{
    (void)state;
    unsigned i;
    assert_true(detect(pmu_intel(2, true)));
    assert_int_equal(pmu_register_named(&machine, 0xc1, &i), PMU_COUNTER);
    assert_int_equal(pmu_register_named(&machine, 0xc4, &i), PMU_COUNTER);
    assert_int_equal(i, 3);
    assert_int_equal(pmu_register_named(&machine, 0xc0, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0xc5, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0x189, &i), PMU_SELECT);
    assert_int_equal(pmu_register_named(&machine, 0x18a, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0x30b, &i), PMU_FIXED);
    assert_int_equal(i, 2);
    assert_int_equal(pmu_register_named(&machine, 0x30c, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0x391, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0x4c1, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0xc0010000, &i), PMU_NO_REGISTER);
    assert_true(detect(pmu_intel(1, false)));
    for (uint32_t msr = 0x300; msr < 0x400; msr++)
        assert_int_equal(pmu_register_named(&machine, msr, &i), PMU_NO_REGISTER);
    assert_true(detect(pmu_amd(true, 0x19)));
    assert_int_equal(pmu_register_named(&machine, 0xc001020a, &i), PMU_SELECT);
    assert_int_equal(i, 5);
    assert_int_equal(pmu_register_named(&machine, 0xc001020b, &i), PMU_COUNTER);
    assert_int_equal(i, 5);
    assert_int_equal(pmu_register_named(&machine, 0xc001020c, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0xc001020d, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0xc0010003, &i), PMU_SELECT);
    assert_int_equal(i, 3);
    assert_int_equal(pmu_register_named(&machine, 0xc0010007, &i), PMU_COUNTER);
    assert_int_equal(i, 3);
    assert_int_equal(pmu_register_named(&machine, 0xc0010008, &i), PMU_NO_REGISTER);
    assert_int_equal(pmu_register_named(&machine, 0xc1, &i), PMU_NO_REGISTER);
    assert_true(detect(pmu_amd(false, 0x10)));
    assert_int_equal(pmu_register_named(&machine, 0xc0010200, &i), PMU_NO_REGISTER);
}

/* ---- coming and going */

static void set(struct pmu_counters *p, uint32_t msr, uint64_t value)
{
    assert_true(pmu_write(p, 0, msr, value));
}

static uint64_t get(const struct pmu_counters *p, uint32_t msr)
{
    uint64_t value = ~0UL;
    assert_true(pmu_read(p, msr, &value));
    return value;
}

/* Each kind of processor, with its counters all running. */
static const unsigned kinds = 5;

static struct pmu_processor kind(unsigned k)
{
    switch (k) {
    case 0:
        return pmu_intel(2, true);
    case 1:
        return pmu_intel(3, false);
    case 2:
        return pmu_intel(1, false);
    case 3:
        return pmu_amd(false, 0x10);
    default:
        return pmu_amd(true, 0x19);
    }
}

static void set_running(struct pmu_counters *p)
{
    for (unsigned i = 0; i < machine.n; i++)
        set(p, machine.select + i * machine.step, ANY_SELECT);
    if (machine.n_fixed != 0)
        set(p, PMU_MSR_FIXED_CONTROL, 0x333);
    if (machine.global)
        set(p, PMU_MSR_GLOBAL_CONTROL, pmu_all_counters(&machine));
}

static unsigned place(char how, uint32_t msr)
{
    for (unsigned i = 0; i < pmu_logged; i++) {
        if (pmu_log[i].how == how && pmu_log[i].msr == msr)
            return i;
    }
    fail_msg("no access %c to MSR 0x%x", how, msr);
    return 0;
}

/* Stopped, then read; written, then started. */
static void test_order(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        assert_true(detect(kind(k)));
        pmu_reset(&p, &machine);
        set_running(&p);
        pmu_logged = 0;
        pmu_load(&p);
        for (unsigned i = 0; i < machine.n; i++) {
            unsigned counter = place('w', machine.counter_write + i * machine.step);
            assert_true(counter < place('w', machine.select + i * machine.step));
        }
        assert_int_equal(pmu_counting(), pmu_all_counters(&machine));
        if (machine.global)
            assert_int_equal(place('w', PMU_MSR_GLOBAL_CONTROL), pmu_logged - 1);
        pmu_logged = 0;
        pmu_unload(&p);
        assert_int_equal(pmu_counting(), 0);
        for (unsigned i = 0; i < machine.n; i++) {
            unsigned counter = place('r', machine.counter + i * machine.step);
            unsigned stop = machine.global
                                ? place('w', PMU_MSR_GLOBAL_CONTROL)
                                : place('w', machine.select + (machine.n - 1) * machine.step);
            assert_true(stop < counter);
        }
    }
}

/* What counts nothing costs no reading. */
static void test_idle(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        assert_true(detect(kind(k)));
        pmu_reset(&p, &machine);
        set(&p, machine.counter, 1234);
        pmu_load(&p);
        pmu_logged = 0;
        assert_int_equal(pmu_unload(&p), 0);
        assert_int_equal(pmu_logged, 0);
        assert_int_equal(get(&p, machine.counter), 1234);
    }
}

/* Stopped by the guest between coming and going: what was counted until then is kept. */
static void test_stopped_by_guest(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        assert_true(detect(kind(k)));
        pmu_reset(&p, &machine);
        set_running(&p);
        pmu_load(&p);
        pmu_run(1000);
        for (unsigned i = 0; i < machine.n; i++)
            set(&p, machine.select + i * machine.step, 0);
        pmu_unload(&p);
        assert_int_equal(get(&p, machine.counter + machine.step), 2000);
    }
}

/* And started: the same. */
static void test_started_by_guest(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        assert_true(detect(kind(k)));
        pmu_reset(&p, &machine);
        pmu_load(&p);
        set_running(&p);
        pmu_run(1000);
        assert_int_equal(get(&p, machine.counter), 1000);
        pmu_unload(&p);
        assert_int_equal(get(&p, machine.counter), 1000);
        if (machine.n_fixed != 0)
            assert_int_equal(get(&p, PMU_MSR_FIXED + 1), 10000);
    }
}

/* Three vcpus take turns, and nobody at times: each has counted what ran in its own turns. */
static void test_turns(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p[3];
        uint64_t ran[3] = {0};
        struct rng rng = rng_seeded(k);
        assert_true(detect(kind(k)));
        for (unsigned v = 0; v < 3; v++) {
            pmu_reset(&p[v], &machine);
            set_running(&p[v]);
        }
        for (unsigned turn = 0; turn < 10000; turn++) {
            unsigned v = rng_below(&rng, 4);
            uint64_t events = rng_below(&rng, 1U << 30);
            if (v < 3)
                pmu_load(&p[v]);
            pmu_run(events);
            if (v == 3)
                continue;
            ran[v] += events;
            pmu_unload(&p[v]);
            for (unsigned i = 0; i < machine.n; i++)
                assert_int_equal(get(&p[v], machine.counter + i * machine.step),
                                 ran[v] * (i + 1) & pmu_mask(machine.width));
            for (unsigned i = 0; i < machine.n_fixed; i++)
                assert_int_equal(get(&p[v], PMU_MSR_FIXED + i),
                                 ran[v] * (i + 9) & pmu_mask(machine.fixed_width));
        }
    }
}

/* Values as registers take them, loaded or not. */
static void test_written_values(void **state)
{
    (void)state;
    for (unsigned loaded = 0; loaded < 2; loaded++) {
        struct pmu_counters p;
        assert_true(detect(pmu_intel(2, true)));
        pmu_reset(&p, &machine);
        if (loaded)
            pmu_load(&p);
        set(&p, 0xc1, 0x1234567880000001UL); /* 32 bits, with their sign */
        assert_int_equal(get(&p, 0xc1), 0xffff80000001UL);
        set(&p, 0xc1, 0xffffffff7fffffffUL);
        assert_int_equal(get(&p, 0xc1), 0x7fffffff);
        set(&p, 0x309, 0xffffffffffffUL);
        assert_int_equal(get(&p, 0x309), 0xffffffffffffUL);
        assert_false(pmu_write(&p, 0, 0x309, 1UL << 48));
        assert_int_equal(get(&p, 0x309), 0xffffffffffffUL);
        assert_false(pmu_write(&p, 0, 0x186, 1UL << 21));
        assert_int_equal(get(&p, 0x186), 0);
        assert_false(pmu_write(&p, 0, 0x38d, 4));
        assert_false(pmu_write(&p, 0, 0x38f, 1UL << 4));
        assert_false(pmu_write(&p, 0, 0x390, 1UL << 61));
        assert_false(pmu_write(&p, 0, 0x38e, 0));
        assert_false(pmu_write(&p, 0, 0x10, 0));
        assert_false(pmu_write(&p, XENPMU_FEATURE_IPC_ONLY, 0x186, 0xc4 | ENABLE));
        set(&p, 0x186, ANY_SELECT);
        assert_int_equal(get(&p, 0x186), ANY_SELECT); /* the processor has less */
        assert_int_equal(get(&p, 0x390), 0);
        uint64_t value;
        assert_false(pmu_read(&p, 0x345, &value));
        assert_true(detect(pmu_amd(true, 0x19)));
        pmu_reset(&p, &machine);
        if (loaded)
            pmu_load(&p);
        set(&p, 0xc0010201, ~0UL);
        assert_int_equal(get(&p, 0xc0010201), 0xffffffffffffUL);
        assert_int_equal(get(&p, 0xc0010004), 0xffffffffffffUL); /* its old name */
        set(&p, 0xc0010003, ANY_SELECT);
        assert_int_equal(get(&p, 0xc0010206), ANY_SELECT);
    }
}

static void test_rdpmc(void **state)
{
    (void)state;
    struct pmu_counters p;
    uint64_t value;
    assert_true(detect(pmu_intel(2, true)));
    pmu_reset(&p, &machine);
    set_running(&p);
    pmu_load(&p);
    pmu_run(7);
    for (unsigned loaded = 2; loaded-- != 0;) {
        assert_true(pmu_read_counter(&p, 3, &value));
        assert_int_equal(value, 28);
        assert_true(pmu_read_counter(&p, 1U << 30 | 2, &value));
        assert_int_equal(value, 77);
        assert_false(pmu_read_counter(&p, 4, &value));
        assert_false(pmu_read_counter(&p, 1U << 30 | 3, &value));
        assert_false(pmu_read_counter(&p, 1U << 31, &value));
        assert_false(pmu_read_counter(&p, ~0U, &value));
        pmu_unload(&p);
    }
    assert_true(detect(pmu_amd(false, 0x10)));
    pmu_reset(&p, &machine);
    assert_true(pmu_read_counter(&p, 3, &value));
    assert_false(pmu_read_counter(&p, 4, &value));
    assert_false(pmu_read_counter(&p, 1U << 30, &value));
}

/* ---- overflows */

static void test_overflow(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        assert_true(detect(kind(k)));
        pmu_reset(&p, &machine);
        p.masked = false;
        set(&p, machine.counter + machine.step, -100UL); /* the second counts twice */
        set(&p, machine.select + machine.step, ANY_SELECT | INTERRUPT);
        if (machine.global)
            set(&p, PMU_MSR_GLOBAL_CONTROL, 2);
        assert_int_equal(pmu_interrupting(&p), 2);
        pmu_load(&p);
        pmu_run(49);
        assert_false(cpu.interrupt);
        assert_int_equal(pmu_unload(&p), 0);
        pmu_load(&p);
        pmu_run(1);
        assert_true(cpu.interrupt);
        assert_int_equal(pmu_unload(&p), 2);
        assert_int_equal(get(&p, machine.counter + machine.step), 0);
        /* Once. */
        pmu_load(&p);
        pmu_run(1);
        assert_int_equal(pmu_unload(&p), 0);
        if (!machine.global)
            continue;
        assert_int_equal(get(&p, PMU_MSR_GLOBAL_STATUS), 2);
        pmu_load(&p);
        assert_int_equal(get(&p, PMU_MSR_GLOBAL_STATUS), 2);
        set(&p, PMU_MSR_GLOBAL_CLEAR, 2 | 1UL << 63);
        assert_int_equal(get(&p, PMU_MSR_GLOBAL_STATUS), 0);
        pmu_unload(&p);
    }
}

/* The guest looks, while it runs, and says that it knows. */
static void test_status(void **state)
{
    (void)state;
    struct pmu_counters p;
    struct pmu_counters other;
    assert_true(detect(pmu_intel(2, true)));
    pmu_reset(&p, &machine);
    pmu_reset(&other, &machine);
    set_running(&p);
    set(&p, PMU_MSR_FIXED, 0xffffffffffffUL);
    pmu_load(&p);
    pmu_run(1);
    assert_int_equal(get(&p, PMU_MSR_GLOBAL_STATUS), 1UL << 32);
    pmu_unload(&p);
    pmu_load(&other); /* it is not another one's */
    assert_int_equal(get(&other, PMU_MSR_GLOBAL_STATUS), 0);
    pmu_unload(&other);
    pmu_load(&p);
    set(&p, PMU_MSR_FIXED, 0xffffffffffffUL);
    pmu_run(1);
    set(&p, PMU_MSR_GLOBAL_CLEAR, 1UL << 32);
    assert_int_equal(get(&p, PMU_MSR_GLOBAL_STATUS), 0);
    assert_int_equal(cpu.status, 0);
}

static void test_which_interrupt(void **state)
{
    (void)state;
    struct pmu_counters p;
    assert_true(detect(pmu_intel(2, true)));
    pmu_reset(&p, &machine);
    set(&p, 0x186, ANY_SELECT);
    set(&p, 0x187, ANY_SELECT | INTERRUPT);
    set(&p, 0x188, (ANY_SELECT | INTERRUPT) & ~ENABLE);
    set(&p, 0x189, ANY_SELECT | INTERRUPT);
    set(&p, 0x38d, 0x3b8);
    set(&p, 0x38f, 0x700000007UL);
    assert_int_equal(pmu_interrupting(&p), 0x300000002UL);
    assert_true(pmu_runs(&p));
    set(&p, 0x38f, 0x100000004UL);
    assert_false(pmu_runs(&p)); /* its control says neither ring */
}

/* ---- the page */

static union {
    struct xen_pmu_data data;
    uint8_t bytes[PAGE_SIZE];
} page;

static uint64_t *word(uint32_t offset, unsigned i)
{
    return (uint64_t *)((char *)&page.data.pmu.c + offset) + i;
}

static void test_page(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        struct pmu_counters back;
        struct rng rng = rng_seeded(k + 100);
        assert_true(detect(kind(k)));
        pmu_reset(&p, &machine);
        set_running(&p);
        for (unsigned i = 0; i < machine.n; i++)
            set(&p, machine.counter + i * machine.step, rng_next(&rng));
        for (unsigned i = 0; i < machine.n_fixed; i++)
            set(&p, PMU_MSR_FIXED + i, rng_next(&rng) & pmu_mask(machine.fixed_width));
        memset(&page, 0x5a, sizeof(page));
        p.r.status = machine.global ? 0x300000005UL : 0;
        pmu_page_describe(&machine, &page.data);
        pmu_page_put(&p, &page.data);
        /* Where the ABI says, as guests look for them. */
        if (machine.kind == PMU_AMD) {
            assert_int_equal(page.data.pmu.c.amd.counters, 8);
            assert_int_equal(page.data.pmu.c.amd.ctrls, 8 + 8 * machine.n);
            for (unsigned i = 0; i < machine.n; i++) {
                assert_int_equal(*word(page.data.pmu.c.amd.counters, i), p.r.counter[i]);
                assert_int_equal(*word(page.data.pmu.c.amd.ctrls, i), p.r.select[i]);
            }
        } else {
            const struct xen_pmu_intel_ctxt *c = &page.data.pmu.c.intel;
            assert_int_equal(c->fixed_counters, 64);
            assert_int_equal(c->arch_counters, 64 + 8 * machine.n_fixed);
            assert_int_equal(c->global_ctrl, p.r.global_control);
            assert_int_equal(c->fixed_ctrl, p.r.fixed_control);
            assert_int_equal(c->global_status, p.r.status);
            for (unsigned i = 0; i < machine.n_fixed; i++)
                assert_int_equal(*word(c->fixed_counters, i), p.r.fixed[i]);
            for (unsigned i = 0; i < machine.n; i++) {
                assert_int_equal(*word(c->arch_counters, 2 * i), p.r.counter[i]);
                assert_int_equal(*word(c->arch_counters, 2 * i + 1), p.r.select[i]);
            }
        }
        /* Overflows are not the page's to give, but to clear. */
        pmu_reset(&back, &machine);
        back.r.status = p.r.status;
        if (machine.kind == PMU_INTEL)
            page.data.pmu.c.intel.global_ovf_ctrl = p.r.status & 0x100000004UL;
        assert_true(pmu_page_take(&back, 0, &page.data));
        p.r.status &= ~0x100000004UL;
        assert_memory_equal(&back.r, &p.r, sizeof(p.r));
        /* No more than that. */
        size_t end = offsetof(struct xen_pmu_data, pmu.c) + (machine.kind == PMU_AMD ? 8 : 64) +
                     8 * (machine.n_fixed + 2 * machine.n);
        for (size_t i = end; i < sizeof(page); i++)
            assert_int_equal(page.bytes[i], 0x5a);
    }
}

/* Each bit of each word of the page's registers, by itself: taken only if a write to the register
 * would be, and if not, nothing changes. */
static void test_page_is_checked(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        assert_true(detect(kind(k)));
        unsigned words = machine.kind == PMU_AMD ? 2 * machine.n : machine.n_fixed + 2 * machine.n;
        uint32_t bank = machine.kind == PMU_AMD ? 8 : 64;
        for (unsigned w = 0; w < words; w++) {
            for (unsigned bit = 0; bit < 64; bit++) {
                bool amd = machine.kind == PMU_AMD;
                bool is_fixed = w < machine.n_fixed;
                bool is_select = amd ? w >= machine.n : !is_fixed && (w - machine.n_fixed) % 2;
                bool good = is_fixed    ? bit < machine.fixed_width
                            : is_select ? pmu_select_ok(&machine, 0, 1UL << bit)
                                        : true;
                memset(&page, 0, sizeof(page));
                *word(bank, w) = 1UL << bit;
                pmu_reset(&p, &machine);
                set(&p, machine.counter, 77);
                struct pmu_counters before = p;
                assert_int_equal(pmu_page_take(&p, 0, &page.data), good);
                if (!good)
                    assert_memory_equal(&p, &before, sizeof(p));
            }
        }
    }
    assert_true(detect(pmu_intel(2, true)));
    struct xen_pmu_intel_ctxt *c = &page.data.pmu.c.intel;
    struct {
        uint64_t *field;
        uint64_t good;
    } fields[] = {
        {&c->global_ctrl, 0x70000000fUL},
        {&c->global_ovf_ctrl, 0xc00000070000000fUL},
        {&c->fixed_ctrl, 0xbbb},
        {&c->ds_area, 0},
        {&c->pebs_enable, 0},
        {&c->debugctl, 0},
    };
    for (size_t f = 0; f < LENGTH(fields); f++) {
        for (unsigned bit = 0; bit < 64; bit++) {
            struct pmu_counters p;
            memset(&page, 0, sizeof(page));
            *fields[f].field = 1UL << bit;
            pmu_reset(&p, &machine);
            assert_int_equal(pmu_page_take(&p, 0, &page.data), fields[f].good >> bit & 1);
        }
    }
    /* Features count here too. */
    struct pmu_counters p;
    memset(&page, 0, sizeof(page));
    pmu_reset(&p, &machine);
    *word(64, 4) = 0xc4 | USER | ENABLE;
    assert_false(pmu_page_take(&p, XENPMU_FEATURE_IPC_ONLY, &page.data));
    assert_true(pmu_page_take(&p, 0, &page.data));
    assert_int_equal(p.r.select[0], 0xc4 | USER | ENABLE);
}

/* What the guest makes of where things are is not looked at. */
static void test_page_offsets_are_the_hypervisors(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        struct pmu_counters p;
        assert_true(detect(kind(k)));
        memset(&page, 0, sizeof(page));
        pmu_page_describe(&machine, &page.data);
        if (machine.kind == PMU_AMD)
            page.data.pmu.c.amd.counters = page.data.pmu.c.amd.ctrls = ~0U;
        else
            page.data.pmu.c.intel.fixed_counters = page.data.pmu.c.intel.arch_counters = ~0U;
        pmu_reset(&p, &machine);
        pmu_page_put(&p, &page.data);
        assert_true(pmu_page_take(&p, 0, &page.data));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intel),
        cmocka_unit_test(test_amd),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_stopped_at_the_start),
        cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_controls),
        cmocka_unit_test(test_rings),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_stopped_by_guest),
        cmocka_unit_test(test_started_by_guest),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_written_values),
        cmocka_unit_test(test_rdpmc),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_which_interrupt),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_page_is_checked),
        cmocka_unit_test(test_page_offsets_are_the_hypervisors),
    };
    return tap_run("hv/pmu", tests, sizeof(tests) / sizeof(tests[0]));
}

/* SPDX-License-Identifier: MIT */
/*
 * A guest's counters (guest/counters.h) from the text that names them to the registers of a
 * processor: its own code on the hypervisor's, on the processor of pmu_processor.c.
 */
#include "tests/hv/machine.h"
#include "tests/hv/pmu_processor.h"

#include <stdlib.h>
#include <string.h>

#include "guest/counters.h"
#include "hv/arch/x86_64/pmu.h"
#include "hv/core/buddy.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/frame.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/schedule.h"
#include "hv/core/vcpu.h"
#include "tests/hv/counters_access.h"

#include <xen/pmu.h>

#define USER (1UL << 16)
#define ENABLE (1UL << 22)
#define PCE (1UL << 8)
#define RDPMC_FIXED (1U << 30)

/* ---- what is around the hypervisor's part */

#define FRAMES 4U
#define GUEST_FRAME 1U

static struct domain control, guest;
static struct vcpu dom0, one;

void *heap_alloc_mapped(unsigned order)
{
    return calloc(1, PAGE_SIZE << order);
}

void heap_free_mapped(void *memory, unsigned order)
{
    (void)order;
    free(memory);
}

void events_raise_virq(struct vcpu *v, uint32_t virq)
{
    fail_msg("vcpu %u was sent the virtual interrupt %u, for which nobody asked", v->id, virq);
}

void cpu_request(uint32_t cpu, uint32_t work)
{
    fail_msg("CPU %u was asked for %u", cpu, work);
}

void log_at(enum log_level level, const char *form, ...)
{
    (void)level;
    (void)form;
}

void domain_frame_free(struct frame *f)
{
    fail_msg("frame %lu was freed", frame_mfn(f).n);
}

void tlb_flush_older(uint64_t stamp, const struct domain *owner)
{
    (void)owner;
    (void)stamp;
}

static void make(struct domain *d, struct vcpu *v, bool privileged)
{
    memset(d, 0, sizeof(*d));
    memset(v, 0, sizeof(*v));
    d->id = privileged ? 0 : 7;
    d->privileged = privileged;
    d->vcpus_max = 1;
    d->vcpus[0] = v;
    v->domain = d;
    v->arch.in_kernel = true;
}

/* ---- what is below the guest */

static unsigned pages; /* that it has */
static bool no_rdpmc;  /* its kernel may not, as on Xen */

struct cpuid cpuid_forced(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid r = {0};
    if (leaf == 0xa)
        pmu_guest_leaf(&r.a, &r.b, &r.c, &r.d);
    else
        r = cpuid(leaf, subleaf);
    return r;
}

bool access_write_msr(uint32_t msr, uint64_t value)
{
    return pmu_guest_write_msr(&one, msr, value);
}

uint64_t access_read_msr(uint32_t msr)
{
    uint64_t value = 0;
    assert_true(pmu_guest_read_msr(&one, msr, &value));
    return value;
}

bool access_may_rdpmc(uint32_t number)
{
    uint64_t value;
    return !no_rdpmc && pmu_guest_rdpmc(&one, number, &value);
}

/* The processor reads what it has; else it is emulated. */
uint64_t access_rdpmc(uint32_t number)
{
    uint64_t value = 0;
    assert_false(no_rdpmc);
    if (!cpu.rdpmc)
        assert_true(pmu_guest_rdpmc(&one, number, &value));
    else if (number & RDPMC_FIXED)
        value = cpu.fixed[number & ~RDPMC_FIXED];
    else
        value = cpu.counter[number];
    return value;
}

void access_allow_rdpmc(void)
{
    pmu_guest_set_pce(&one, true);
}

long hypercall_xenpmu_op(unsigned op, void *argument)
{
    const struct xen_pmu_params *params = argument;
    assert_int_equal(params->version.maj, XENPMU_VER_MAJ);
    return pmu_op(&one, op, vaddr((uint64_t)argument));
}

void *page_alloc(void)
{
    assert_int_equal(pages++, 0);
    return frame_map(mfn(GUEST_FRAME));
}

void page_free(void *page)
{
    assert_ptr_equal(page, frame_map(mfn(GUEST_FRAME)));
    pages--;
}

struct guest_frame page_mfn(const void *page)
{
    assert_ptr_equal(page, frame_map(mfn(GUEST_FRAME)));
    return (struct guest_frame){GUEST_FRAME};
}

const struct guest_vcpu *vcpu_self(void)
{
    static const struct guest_vcpu self;
    return &self;
}

void power_panic(const char *form, ...)
{
    va_list args;
    va_start(args, form);
    vprintf(form, args);
    va_end(args);
    abort();
}

/* ---- a boot */

static struct counters counters;

static void boot(struct pmu_processor p)
{
    char error[128];
    machine_start(FRAMES, true);
    memset(machine_memory, 0, FRAMES * PAGE_SIZE);
    make(&control, &dom0, true);
    make(&guest, &one, false);
    frame_assign(frame_of(mfn(GUEST_FRAME)), &guest);
    pages = 0;
    no_rdpmc = false;
    cpu = p;
    assert_true(options_parse("pmu=self", error, sizeof(error)));
    pmu_init();
}

static void halt(void)
{
    pmu_free(&one);
    machine_end();
}

static void ask(unsigned op, uint64_t value)
{
    struct xen_pmu_params params = {.version = {XENPMU_VER_MAJ, XENPMU_VER_MIN}, .val = value};
    assert_int_equal(pmu_op(&dom0, op, vaddr((uint64_t)&params)), 0);
}

static void read_list(const char *text)
{
    const char *expected = counters_read_list(&counters, text, strlen(text));
    if (expected != NULL)
        fail_msg("%s: expected %s", text, expected);
}

static void open_list(const char *text)
{
    read_list(text);
    counters_open(&counters);
}

#define A_MOMENT 1000 /* ns */

/* `events` more of what happens once, as pmu_run() has it: the i-th has counted `times` of that. */
static void counts(unsigned i, uint64_t events, uint64_t times)
{
    uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX], value = 0;
    assert_int_equal(counters.at[i].state, COUNTER_COUNTS);
    counters_look(&counters, before);
    pmu_run(events);
    counters_look(&counters, after);
    assert_true(counters_between(&counters, i, before, after, A_MOMENT, &value));
    assert_int_equal(value, events * times);
}

static void counts_not(unsigned i, enum counter_state state)
{
    uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX], value = 42;
    assert_int_equal(counters.at[i].state, state);
    counters_look(&counters, before);
    counters_look(&counters, after);
    assert_false(counters_between(&counters, i, before, after, A_MOMENT, &value));
    assert_int_equal(value, 42);
}

/* ---- the list */

static void test_list(void **state)
{
    (void)state;
    read_list("intel,cycles:0x3c,instructions:192,x_9:0xff84ffff");
    assert_int_equal(counters.vendor, COUNTERS_INTEL);
    assert_int_equal(counters.count, 3);
    assert_string_equal(counters.at[0].name, "cycles");
    assert_int_equal(counters.at[0].selector, 0x3c);
    assert_int_equal(counters.at[1].selector, 0xc0);
    assert_string_equal(counters.at[2].name, "x_9");
    assert_int_equal(counters.at[2].selector, 0xff84ffff);
    read_list("amd,a:0xfff84ffff");
    assert_int_equal(counters.vendor, COUNTERS_AMD);
    assert_int_equal(counters.count, 1);
    read_list("amd,a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1,j:1,k:1");
    assert_int_equal(counters.count, COUNTERS_MAX);
}

static void wrong(const char *text, const char *expected)
{
    struct counters was = counters;
    const char *said = counters_read_list(&counters, text, strlen(text));
    if (said == NULL) {
        fail_msg("%s: read", text);
        return;
    }
    if (strstr(said, expected) == NULL)
        fail_msg("%s: expected '%s' to be said, found '%s'", text, expected, said);
    assert_memory_equal(&counters, &was, sizeof(was));
}

static void test_wrong_list(void **state)
{
    (void)state;
    read_list("intel,cycles:0x3c");
    wrong("", "intel or amd");
    wrong("cycles:0x3c", "intel or amd");
    wrong("inte,cycles:0x3c", "intel or amd");
    wrong("intel", "counters");
    wrong("intel,", "NAME:SELECTOR");
    wrong("intel,cycles", "NAME:SELECTOR");
    wrong("intel,:0x3c", "NAME:SELECTOR");
    wrong("intel,Cycles:0x3c", "NAME:SELECTOR");
    wrong("intel,cycles:0x3c,", "NAME:SELECTOR");
    wrong("intel,cycles:0x3c,,a:1", "NAME:SELECTOR");
    wrong("intel,a123456789a123456789a123456789a123456789a123456789a123456789a123:1",
          "NAME:SELECTOR");
    wrong("intel,cycles:0x3c,cycles:0xc0", "each name once");
    wrong("intel,cycles:", "a number");
    wrong("intel,cycles:0x", "a number");
    wrong("intel,cycles:60c", "a number");
    wrong("intel,cycles:0x1000000000000003c", "a number");
    wrong("intel,cycles:0x1003c", "a selector of");     /* privilege */
    wrong("intel,cycles:0x10003c", "a selector of");    /* interrupt */
    wrong("intel,cycles:0x20003c", "a selector of");    /* any thread */
    wrong("intel,cycles:0x40003c", "a selector of");    /* enable */
    wrong("intel,cycles:0x10000003c", "a selector of"); /* AMD's continuation */
    wrong("amd,cycles:0x10000000076", "a selector of"); /* guests alone */
    wrong("amd,a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1,j:1,k:1,l:1", "at most 11");
}

/* ---- registers */

/* Fixed counters count 9 and 10 times what happens (pmu_run), programmed ones once, twice, ... */
static void test_intel(void **state)
{
    struct pmu_processor all[] = {pmu_intel(2, true), pmu_intel(3, false), pmu_intel(5, true)};
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        boot(all[i]);
        open_list("intel,llc:0x412e,cycles:0x3c,snoops:0x4d2,instructions:0xc0,edges:0x104003c");
        counts(0, 100, 1);
        counts(1, 100, 10);
        counts(2, 100, 2);
        counts(3, 100, 9);
        counts(4, 100, 3);
        assert_int_equal(cpu.select[0], 0x412e | USER | ENABLE);
        assert_int_equal(cpu.select[1], 0x4d2 | USER | ENABLE);
        assert_int_equal(cpu.select[2], 0x104003c | USER | ENABLE);
        assert_int_equal(cpu.select[3], 0);
        assert_int_equal(cpu.fixed_control, 0x22);
        assert_int_equal(cpu.global_control, 3UL << 32 | 7);
        assert_true(cpu.rdpmc);
        assert_true(cpu.masked);
        halt();
    }
}

/* Without fixed counters, and without a register that starts all. */
static void test_intel_version_1(void **state)
{
    (void)state;
    boot(pmu_intel(1, false));
    open_list("intel,instructions:0xc0,cycles:0x3c,llc:0x412e");
    counts(0, 100, 1);
    counts(1, 100, 2);
    counts(2, 100, 3);
    assert_int_equal(cpu.select[1], 0x3c | USER | ENABLE);
    halt();
}

static void test_amd(void **state)
{
    (void)state;
    for (unsigned six = 0; six < 2; six++) {
        boot(pmu_amd(six, 0x19));
        open_list("amd,cycles:0x76,instructions:0xc0,l1d:0xc860,llc:0x4843,l3:0x40000f7e1,s:0x243");
        for (unsigned i = 0; i < 4; i++)
            counts(i, 100, i + 1);
        assert_int_equal(cpu.select[0], 0x76 | USER | ENABLE);
        assert_int_equal(cpu.select[3], 0x4843 | USER | ENABLE);
        for (unsigned i = 4; i < 6; i++) {
            if (six)
                counts(i, 100, i + 1);
            else
                counts_not(i, COUNTER_FEW);
        }
        if (six)
            assert_int_equal(cpu.select[4], 0x40000f7e1 | USER | ENABLE);
        halt();
    }
}

/* While another vcpu runs, it is not this one's. */
static void test_others_are_not_counted(void **state)
{
    static const struct cpu_user_regs regs;
    struct pmu_processor all[] = {pmu_intel(1, false), pmu_intel(2, true), pmu_amd(false, 0xf),
                                  pmu_amd(true, 0x19)};
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX], value = 0;
        boot(all[i]);
        open_list(all[i].vendor == VENDOR_INTEL ? "intel,a:0x412e" : "amd,a:0x76");
        counters_look(&counters, before);
        pmu_run(10);
        pmu_leave(&one, &regs);
        assert_false(cpu.rdpmc);
        pmu_run(1000);
        pmu_enter(&one);
        pmu_run(5);
        counters_look(&counters, after);
        assert_true(counters_between(&counters, 0, before, after, A_MOMENT, &value));
        assert_int_equal(value, 15);
        halt();
    }
}

/* By the register itself where RDPMC is not for kernels. */
static void test_without_rdpmc(void **state)
{
    struct pmu_processor all[] = {pmu_intel(2, true), pmu_amd(false, 0xf), pmu_amd(true, 0x19)};
    (void)state;
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        bool intel = all[i].vendor == VENDOR_INTEL;
        boot(all[i]);
        no_rdpmc = true;
        open_list(intel ? "intel,a:0x412e,b:0x3c,c:0x4d2" : "amd,a:0xc0,b:0x76,c:0x4843");
        assert_true(counters.by_msr);
        counts(0, 100, 1);
        counts(1, 100, intel ? 10 : 2);
        counts(2, 100, intel ? 2 : 3);
        halt();
    }
}

/* ---- what is not counted */

static void test_none(void **state)
{
    struct pmu_processor p = pmu_intel(0, false);
    (void)state;
    p.keeps_nothing = true;
    boot(p);
    open_list("intel,cycles:0x3c,llc:0x412e");
    counts_not(0, COUNTER_ABSENT);
    counts_not(1, COUNTER_ABSENT);
    assert_int_equal(pages, 0); /* what is not shared is given back */
    halt();
    boot(pmu_intel(2, true));
    ask(XENPMU_mode_set, XENPMU_MODE_OFF);
    open_list("intel,cycles:0x3c");
    counts_not(0, COUNTER_OFF);
    assert_int_equal(pages, 0);
    halt();
}

/* A code means another event there, or nothing. */
static void test_other_vendor(void **state)
{
    struct pmu_processor hygon = pmu_amd(true, 0x18);
    (void)state;
    boot(pmu_amd(true, 0x19));
    open_list("intel,cycles:0x3c");
    counts_not(0, COUNTER_OTHER_VENDOR);
    assert_int_equal(pmu_counting(), 0);
    halt();
    boot(pmu_intel(2, true));
    open_list("amd,cycles:0x76");
    counts_not(0, COUNTER_OTHER_VENDOR);
    assert_int_equal(pmu_counting(), 0);
    halt();
    hygon.vendor = VENDOR_HYGON;
    boot(hygon);
    open_list("amd,cycles:0x76");
    counts(0, 100, 1);
    halt();
}

static void test_few(void **state)
{
    struct pmu_processor p = pmu_intel(2, true);
    (void)state;
    p.n = 2;
    boot(p);
    open_list("intel,a:1,b:2,c:3,cycles:0x3c");
    counts(0, 100, 1);
    counts(1, 100, 2);
    counts_not(2, COUNTER_FEW);
    counts(3, 100, 10); /* which is a fixed one */
    halt();
}

/* What the control domain limits them to. */
static void test_refused(void **state)
{
    (void)state;
    boot(pmu_intel(1, false));
    ask(XENPMU_feature_set, XENPMU_FEATURE_IPC_ONLY);
    open_list("intel,cycles:0x3c,llc:0x412e,instructions:0xc0");
    counts(0, 100, 1);
    counts_not(1, COUNTER_REFUSED);
    counts(2, 100, 2);
    assert_int_equal(cpu.select[2], 0);
    pmu_release(&one);
    ask(XENPMU_feature_set, 0); /* which outlives a boot here */
    halt();
}

/* Beyond its end it begins anew; how often, nobody knows. */
static void test_coming_round(void **state)
{
    const uint64_t end_48 = 1UL << 48, end_32 = 1UL << 32, events_a_ns = 32;
    uint64_t before[COUNTERS_MAX], after[COUNTERS_MAX], value = 0;
    (void)state;
    boot(pmu_intel(2, true));
    open_list("intel,a:1");
    pmu_run(end_48 - 10);
    counts(0, 100, 1);
    halt();
    boot(pmu_intel(2, false));
    open_list("intel,a:1,cycles:0x3c");
    pmu_run(end_32 - 10);
    counts(0, 100, 1);
    counters_look(&counters, before);
    pmu_run(100);
    counters_look(&counters, after);
    assert_true(counters_between(&counters, 0, before, after, end_32 / events_a_ns - 1, &value));
    assert_int_equal(value, 100);
    assert_false(counters_between(&counters, 0, before, after, end_32 / events_a_ns, &value));
    assert_int_equal(counters.at[0].state, COUNTER_TOO_LONG);
    assert_true(counters_between(&counters, 1, before, after, end_32 / events_a_ns, &value));
    assert_int_equal(value, 1000);
    halt();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list),          cmocka_unit_test(test_wrong_list),
        cmocka_unit_test(test_intel),         cmocka_unit_test(test_intel_version_1),
        cmocka_unit_test(test_amd),           cmocka_unit_test(test_others_are_not_counted),
        cmocka_unit_test(test_without_rdpmc), cmocka_unit_test(test_none),
        cmocka_unit_test(test_other_vendor),  cmocka_unit_test(test_few),
        cmocka_unit_test(test_refused),       cmocka_unit_test(test_coming_round),
    };
    return tap_run("counters", tests, sizeof(tests) / sizeof(*tests));
}

/* SPDX-License-Identifier: MIT */
/* Performance counters of vcpus: the hypercall and its errors, the page that is shared, overflows
 * on their way to the guest, and what becomes of all that when vcpus come, go and end. */
#include "tests/hv/machine.h"
#include "tests/hv/pmu_processor.h"

#include <stdlib.h>
#include <string.h>

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
#include "tests/unit/rng.h"

#include <xen/pmu.h>

#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#define USER (1UL << 16)
#define KERNEL (1UL << 17)
#define INTERRUPT (1UL << 20)
#define ENABLE (1UL << 22)
#define COUNTS (0x3cUL | USER | KERNEL | ENABLE)
#define PCE (1UL << 8)
#define LVT_MASKED 0x10000U

/* ---- what is around it */

#define FRAMES 64U
#define VCPUS 2U

static struct domain control;
static struct domain guest;
static struct vcpu vcpus[2][VCPUS];
static struct vcpu *const dom0 = &vcpus[0][0];
static struct vcpu *const one = &vcpus[1][0];
static struct vcpu *const two = &vcpus[1][1];

static unsigned virqs[2][VCPUS];
static uint32_t asked_for;
static unsigned heap_used;
static bool heap_empty;
static char said[256];

void *heap_alloc_mapped(unsigned order)
{
    if (heap_empty)
        return NULL;
    heap_used++;
    return calloc(1, PAGE_SIZE << order);
}

void heap_free_mapped(void *memory, unsigned order)
{
    (void)order;
    heap_used--;
    free(memory);
}

void events_raise_virq(struct vcpu *v, uint32_t virq)
{
    assert_int_equal(virq, VIRQ_XENPMU);
    virqs[v->domain == &guest][v->id]++;
}

void cpu_request(uint32_t cpu, uint32_t work)
{
    assert_int_equal(cpu, 0);
    asked_for |= work;
}

void log_at(enum log_level level, const char *form, ...)
{
    va_list args;
    (void)level;
    va_start(args, form);
    vsnprintf(said, sizeof(said), form, args);
    va_end(args);
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

static void make_domain(struct domain *d, struct vcpu *v, bool privileged)
{
    memset(d, 0, sizeof(*d));
    d->id = privileged ? 0 : 7;
    d->privileged = privileged;
    d->vcpus_max = VCPUS + 1; /* one is not made */
    for (unsigned i = 0; i < VCPUS; i++) {
        memset(&v[i], 0, sizeof(v[i]));
        v[i].domain = d;
        v[i].id = i;
        v[i].arch.in_kernel = true;
        v[i].arch.cr4 = 0x620;
        d->vcpus[i] = &v[i];
    }
}

static bool option(const char *line)
{
    char error[128];
    return options_parse(line, error, sizeof(error));
}

static void boot(struct pmu_processor p)
{
    cpu = p;
    said[0] = 0;
    pmu_init();
}

/* The first half of the frames is the control domain's. */
static void set_up(struct pmu_processor p)
{
    machine_start(FRAMES, true);
    memset(machine_memory, 0, FRAMES * PAGE_SIZE);
    make_domain(&control, vcpus[0], true);
    make_domain(&guest, vcpus[1], false);
    for (unsigned i = 1; i < FRAMES; i++)
        frame_assign(frame_of(mfn(i)), i < FRAMES / 2 ? &control : &guest);
    memset(virqs, 0, sizeof(virqs));
    asked_for = 0;
    heap_used = 0;
    heap_empty = false;
    assert_true(option("pmu=self"));
    boot(p);
}

/* Everything is given back: by the vcpus that were, and to the heap. */
static void tear_down(void)
{
    for (unsigned i = 0; i < 2 * VCPUS; i++)
        pmu_free(&vcpus[i / VCPUS][i % VCPUS]);
    assert_int_equal(heap_used, 0);
    for (unsigned i = 1; i < FRAMES; i++) {
        assert_int_equal(frame_references(frame_of(mfn(i))), 1);
        assert_int_equal(frame_type_count(frame_of(mfn(i))), 0);
    }
    assert_int_equal(pmu_counting(), 0);
    assert_false(cpu.rdpmc);
    machine_end();
}

/* ---- what guests do */

static struct xen_pmu_params params;

static long op(struct vcpu *v, unsigned what)
{
    return pmu_op(v, what, vaddr((uint64_t)&params));
}

static long op_with(struct vcpu *v, unsigned what, uint64_t value, uint32_t number)
{
    params = (struct xen_pmu_params){.val = value, .vcpu = number};
    return op(v, what);
}

static uint64_t value_of(struct vcpu *v, unsigned what)
{
    memset(&params, 0x77, sizeof(params));
    assert_int_equal(op(v, what), 0);
    return params.val;
}

static unsigned frame_for(const struct vcpu *v)
{
    return (v->domain == &guest ? FRAMES / 2 : 1) + v->id;
}

static struct xen_pmu_data *page_of(const struct vcpu *v)
{
    return frame_map(mfn(frame_for(v)));
}

static long init(struct vcpu *caller, const struct vcpu *v)
{
    return op_with(caller, XENPMU_init, frame_for(v), v->id);
}

static long finish(struct vcpu *caller, const struct vcpu *v)
{
    return op_with(caller, XENPMU_finish, 0, v->id);
}

static uint64_t get(const struct vcpu *v, uint32_t msr)
{
    uint64_t value = ~0UL;
    assert_true(pmu_guest_read_msr(v, msr, &value));
    return value;
}

static void set(struct vcpu *v, uint32_t msr, uint64_t value)
{
    assert_true(pmu_guest_write_msr(v, msr, value));
}

static void set_mask(struct vcpu *v, bool masked)
{
    page_of(v)->pmu.l.lapic_lvtpc = masked ? LVT_MASKED : 0;
    assert_int_equal(op(v, XENPMU_lvtpc_set), 0);
}

/* ---- what the hypervisor does */

static const struct cpu_user_regs regs = {
    .rip = 0x1111, .rsp = 0x2222, .rflags = 0x246, .cs = 0xe033, .ss = 0xe02b};

static void enter(struct vcpu *v)
{
    if (v->arch.pmu != NULL)
        pmu_enter(v);
}

static void leave(struct vcpu *v)
{
    if (v->arch.pmu != NULL)
        pmu_leave(v, &regs);
}

static void deliver(struct vcpu *v)
{
    if (!cpu.interrupt)
        return;
    cpu.interrupt = false;
    pmu_interrupt(v, &regs);
    if (v != NULL && (asked_for & WORK_GUEST))
        pmu_work(v);
    asked_for = 0;
}

/* ---- tests */

static void test_what_is_said(void **state)
{
    (void)state;
    set_up(pmu_intel(2, true));
    assert_string_equal(said, "performance counters: 4 of 48 bits, 3 fixed\n");
    tear_down();
    set_up(pmu_intel(0, false));
    assert_string_equal(said, "no performance counters: CPUID leaf 0xa says version 0\n");
    tear_down();
}

/* None, or none for guests: all is refused, as on Xen before anything else is looked at. */
static void test_not_there(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2; round++) {
        set_up(pmu_intel(round == 0 ? 0 : 2, true));
        if (round == 1) {
            tear_down();
            set_up(pmu_intel(0, false)); /* forgotten */
            assert_true(option("pmu=off"));
            boot(pmu_intel(2, true));
            assert_string_equal(said, "performance counters: not for guests (option 'pmu')\n");
        }
        for (unsigned what = 0; what < 10; what++) {
            assert_int_equal(op_with(dom0, what, 0, 0), -XEN_EOPNOTSUPP);
            assert_int_equal(op_with(one, what, 0, 0), -XEN_EOPNOTSUPP);
            assert_int_equal(pmu_op(dom0, what, vaddr(8)), -XEN_EOPNOTSUPP);
        }
        uint32_t leaf[4] = {1, 1, 1, 1};
        pmu_guest_leaf(&leaf[0], &leaf[1], &leaf[2], &leaf[3]);
        assert_int_equal(leaf[0] | leaf[1] | leaf[2] | leaf[3], 0);
        uint64_t value;
        assert_false(pmu_guest_read_msr(dom0, 0xc1, &value));
        assert_false(pmu_guest_write_msr(dom0, 0xc1, 0));
        assert_false(pmu_guest_rdpmc(dom0, 0, &value));
        said[0] = 0;
        pmu_init_cpu(); /* another one, of the same kind: nothing more is to be said */
        assert_string_equal(said, "");
        tear_down();
    }
}

/* The first CPU has more than the next, or the next has none. */
static void test_other_cpus(void **state)
{
    (void)state;
    set_up(pmu_intel(5, true));
    struct pmu_processor p = pmu_intel(5, true);
    p.n = 3;
    cpu = p;
    cpu.select[0] = COUNTS & ~KERNEL;
    cpu.global_control = 1;
    pmu_init_cpu();
    assert_int_equal(pmu_counting(), 0);
    uint32_t leaf[4];
    pmu_guest_leaf(&leaf[0], &leaf[1], &leaf[2], &leaf[3]);
    assert_int_equal(leaf[0], 0x07300302);
    cpu = pmu_intel(0, false);
    pmu_init_cpu();
    assert_string_equal(said, "no performance counters on CPU 0, so none for guests: "
                              "CPUID leaf 0xa says version 0\n");
    assert_int_equal(init(one, one), -XEN_EOPNOTSUPP);
    tear_down();
    set_up(pmu_intel(5, true));
    cpu = pmu_amd(true, 0x19);
    pmu_init_cpu();
    assert_string_equal(said, "no performance counters on CPU 0, so none for guests: "
                              "they are of another kind\n");
    assert_int_equal(init(one, one), -XEN_EOPNOTSUPP);
    tear_down();
}

static void leaf_is(struct pmu_processor p, uint32_t a, uint32_t b, uint32_t d, bool extended)
{
    uint32_t leaf[4] = {1, 1, 1, 1};
    set_up(p);
    pmu_guest_leaf(&leaf[0], &leaf[1], &leaf[2], &leaf[3]);
    assert_int_equal(leaf[0], a);
    assert_int_equal(leaf[1], b);
    assert_int_equal(leaf[2], 0);
    assert_int_equal(leaf[3], d);
    assert_int_equal(pmu_guest_has_extended(), extended);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), 0);
    pmu_guest_leaf(&leaf[0], &leaf[1], &leaf[2], &leaf[3]);
    assert_int_equal(leaf[0] | leaf[1] | leaf[2] | leaf[3], 0);
    assert_false(pmu_guest_has_extended());
    tear_down();
}

static void test_cpuid(void **state)
{
    (void)state;
    leaf_is(pmu_intel(5, true), 0x07300402, 0x40, 0x603, false);
    leaf_is(pmu_intel(3, false), 0x07200402, 0x40, 0x603, false);
    leaf_is(pmu_intel(1, false), 0x07200401, 0x40, 0, false);
    leaf_is(pmu_amd(true, 0x15), 0, 0, 0, true);
    leaf_is(pmu_amd(true, 0x19), 0, 0, 0, false);
    leaf_is(pmu_amd(false, 0x15), 0, 0, 0, false);
}

static void test_modes(void **state)
{
    (void)state;
    set_up(pmu_intel(2, true));
    assert_int_equal(value_of(dom0, XENPMU_mode_get), XENPMU_MODE_SELF);
    assert_int_equal(params.version.maj, XENPMU_VER_MAJ);
    assert_int_equal(params.version.min, XENPMU_VER_MIN);
    /* What profiles others is not there. */
    static const uint64_t bad[] = {XENPMU_MODE_HV, XENPMU_MODE_ALL,
                                   XENPMU_MODE_SELF | XENPMU_MODE_HV, 8, 1UL << 32};
    for (size_t i = 0; i < LENGTH(bad); i++)
        assert_int_equal(op_with(dom0, XENPMU_mode_set, bad[i], 0), -XEN_EINVAL);
    assert_int_equal(value_of(dom0, XENPMU_mode_get), XENPMU_MODE_SELF);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), 0);
    assert_int_equal(value_of(dom0, XENPMU_mode_get), XENPMU_MODE_OFF);
    assert_int_equal(init(one, one), -XEN_ENOENT);
    assert_int_equal(init(dom0, dom0), -XEN_ENOENT);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_SELF, 0), 0);
    /* Not under somebody's hands; the control domain's own it may. */
    assert_int_equal(init(dom0, dom0), 0);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), 0);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_SELF, 0), 0);
    assert_int_equal(init(one, two), 0);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), -XEN_EBUSY);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_SELF, 0), 0);
    assert_int_equal(op_with(dom0, XENPMU_feature_set, XENPMU_FEATURE_IPC_ONLY, 0), -XEN_EBUSY);
    assert_int_equal(op_with(dom0, XENPMU_feature_set, 0, 0), 0);
    assert_int_equal(finish(one, two), 0);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), 0);
    tear_down();
}

static void test_features(void **state)
{
    (void)state;
    const uint64_t both = XENPMU_FEATURE_IPC_ONLY | XENPMU_FEATURE_ARCH_ONLY;
    set_up(pmu_intel(2, true));
    assert_int_equal(value_of(dom0, XENPMU_feature_get), 0);
    assert_int_equal(params.vcpu, 0x77777777); /* it writes no more than that */
    assert_int_equal(op_with(dom0, XENPMU_feature_set, XENPMU_FEATURE_INTEL_BTS, 0), -XEN_EINVAL);
    assert_int_equal(op_with(dom0, XENPMU_feature_set, 8, 0), -XEN_EINVAL);
    assert_int_equal(value_of(dom0, XENPMU_feature_get), 0);
    assert_int_equal(op_with(dom0, XENPMU_feature_set, both, 0), 0);
    assert_int_equal(value_of(dom0, XENPMU_feature_get), both);
    assert_int_equal(init(one, one), 0);
    assert_false(pmu_guest_write_msr(one, 0x186, 0xc4 | USER | ENABLE));
    assert_true(pmu_guest_write_msr(one, 0x186, 0xc0 | USER | ENABLE));
    assert_int_equal(finish(one, one), 0);
    assert_int_equal(op_with(dom0, XENPMU_feature_set, 0, 0), 0);
    tear_down();
}

static void test_who_may(void **state)
{
    (void)state;
    set_up(pmu_intel(2, true));
    static const unsigned controls[] = {
        XENPMU_mode_get, XENPMU_mode_set, XENPMU_feature_get, XENPMU_feature_set, 8, ~0U};
    for (size_t i = 0; i < LENGTH(controls); i++)
        assert_int_equal(op_with(one, controls[i], 0, 0), -XEN_EPERM);
    assert_int_equal(op_with(dom0, 8, 0, 0), -XEN_EINVAL);
    assert_int_equal(op_with(dom0, ~0U, 0, 0), -XEN_EINVAL);
    static const unsigned copied[] = {XENPMU_mode_set, XENPMU_feature_set, XENPMU_init,
                                      XENPMU_finish};
    for (size_t i = 0; i < LENGTH(copied); i++) {
        assert_int_equal(pmu_op(dom0, copied[i], vaddr(8)), -XEN_EFAULT);
        params = (struct xen_pmu_params){.version.maj = XENPMU_VER_MAJ + 1};
        assert_int_equal(op(dom0, copied[i]), -XEN_EINVAL);
    }
    assert_int_equal(pmu_op(dom0, XENPMU_mode_get, vaddr(8)), -XEN_EFAULT);
    assert_int_equal(pmu_op(dom0, XENPMU_feature_get, vaddr(8)), -XEN_EFAULT);
    /* Without a page, these have nothing to look at. */
    assert_int_equal(op(dom0, XENPMU_lvtpc_set), -XEN_EINVAL);
    assert_int_equal(op(one, XENPMU_flush), -XEN_EINVAL);
    tear_down();
}

static void test_init_refuses(void **state)
{
    (void)state;
    set_up(pmu_intel(2, true));
    assert_int_equal(op_with(one, XENPMU_init, frame_for(one), VCPUS), -XEN_EINVAL); /* not made */
    assert_int_equal(op_with(one, XENPMU_init, frame_for(one), VCPUS + 1), -XEN_EINVAL);
    assert_int_equal(op_with(one, XENPMU_init, frame_for(one), VCPUS_MAX), -XEN_EINVAL);
    assert_int_equal(op_with(one, XENPMU_init, frame_for(one), ~0U), -XEN_EINVAL);
    assert_int_equal(op_with(one, XENPMU_init, frame_for(dom0), 0), -XEN_EINVAL); /* another's */
    assert_int_equal(op_with(one, XENPMU_init, FRAMES, 0), -XEN_EINVAL);
    assert_int_equal(op_with(one, XENPMU_init, ~0UL, 0), -XEN_EINVAL);
    struct frame *table = frame_of(mfn(frame_for(one) + 4));
    assert_true(frame_get(frame_mfn(table), &guest));
    assert_int_equal(frame_get_type(table, TYPE_L1), 0);
    assert_int_equal(op_with(one, XENPMU_init, frame_mfn(table).n, 0), -XEN_EINVAL);
    assert_int_equal(frame_put_type(table), 0);
    frame_put(table);
    heap_empty = true;
    assert_int_equal(init(one, one), -XEN_ENOMEM);
    heap_empty = false;
    assert_true(mfn_is_none(pmu_shared_frame(one)));
    assert_int_equal(init(one, one), 0);
    assert_int_equal(pmu_shared_frame(one).n, frame_for(one));
    assert_int_equal(op_with(one, XENPMU_init, frame_for(two), 0), -XEN_EEXIST);
    assert_int_equal(frame_references(frame_of(mfn(frame_for(two)))), 1);
    assert_int_equal(frame_type_count(frame_of(mfn(frame_for(one)))), 1);
    /* Of one that never began, or is not there, there is nothing to finish. */
    assert_int_equal(finish(one, two), 0);
    assert_int_equal(op_with(one, XENPMU_finish, 0, VCPUS), 0);
    assert_int_equal(op_with(one, XENPMU_finish, 0, ~0U), 0);
    assert_int_equal(finish(one, one), 0);
    assert_int_equal(finish(one, one), 0);
    assert_true(mfn_is_none(pmu_shared_frame(one)));
    tear_down();
}

static void test_from_init_to_finish(void **state)
{
    (void)state;
    uint64_t value;
    set_up(pmu_intel(2, true));
    assert_false(pmu_guest_write_msr(one, 0x186, COUNTS));
    assert_false(pmu_guest_read_msr(one, 0x186, &value));
    assert_false(pmu_guest_rdpmc(one, 0, &value));
    pmu_guest_set_pce(one, true);
    assert_int_equal(one->arch.cr4 & PCE, 0);
    assert_int_equal(init(one, one), 0); /* it runs: at once */
    assert_int_equal(page_of(one)->pmu.c.intel.fixed_counters, 64);
    set(one, 0x186, COUNTS);
    set(one, 0x38f, 1);
    pmu_run(100);
    assert_int_equal(get(one, 0xc1), 100);
    assert_true(pmu_guest_rdpmc(one, 0, &value));
    assert_int_equal(value, 100);
    leave(one);
    pmu_run(100);
    enter(two); /* has none */
    pmu_run(100);
    assert_false(pmu_guest_read_msr(two, 0xc1, &value));
    assert_false(pmu_guest_rdpmc(two, 0, &value));
    leave(two);
    enter(one);
    pmu_run(11);
    assert_int_equal(get(one, 0xc1), 111);
    assert_int_equal(finish(one, one), 0);
    assert_int_equal(pmu_counting(), 0);
    assert_false(pmu_guest_read_msr(one, 0xc1, &value));
    assert_false(pmu_guest_rdpmc(one, 0, &value));
    leave(one);
    enter(one);
    assert_int_equal(pmu_counting(), 0);
    /* Begun again, it begins anew. */
    assert_int_equal(init(one, one), 0);
    assert_int_equal(get(one, 0xc1), 0);
    assert_int_equal(get(one, 0x186), 0);
    leave(one);
    tear_down();
}

/* User programs read counters if their kernel says so, and only while the vcpu runs. */
static void test_rdpmc(void **state)
{
    (void)state;
    uint64_t value;
    set_up(pmu_amd(true, 0x19));
    assert_int_equal(init(one, one), 0);
    assert_int_equal(init(one, two), 0);
    assert_false(cpu.rdpmc);
    one->arch.in_kernel = false;
    assert_false(pmu_guest_rdpmc(one, 0, &value));
    one->arch.in_kernel = true;
    assert_true(pmu_guest_rdpmc(one, 0, &value));
    pmu_guest_set_pce(one, true);
    assert_int_equal(one->arch.cr4, 0x620 | PCE);
    assert_true(cpu.rdpmc);
    one->arch.in_kernel = false;
    assert_true(pmu_guest_rdpmc(one, 5, &value));
    assert_false(pmu_guest_rdpmc(one, 6, &value));
    leave(one);
    assert_false(cpu.rdpmc);
    enter(two);
    assert_false(cpu.rdpmc);
    leave(two);
    enter(one);
    assert_true(cpu.rdpmc);
    pmu_guest_set_pce(one, false);
    assert_false(cpu.rdpmc);
    assert_int_equal(one->arch.cr4, 0x620);
    pmu_guest_set_pce(one, true);
    assert_int_equal(finish(one, one), 0);
    assert_false(cpu.rdpmc);
    assert_int_equal(one->arch.cr4, 0x620);
    leave(one);
    tear_down();
}

/* Each kind, with one counter about to overflow after 10 events. */
static const unsigned kinds = 4;

static struct pmu_processor kind(unsigned k)
{
    return k == 0   ? pmu_intel(2, true)
           : k == 1 ? pmu_intel(1, false)
           : k == 2 ? pmu_amd(false, 0x10)
                    : pmu_amd(true, 0x15);
}

static uint32_t counter_of(unsigned k)
{
    return k < 2 ? 0xc1 : k == 2 ? 0xc0010004 : 0xc0010201;
}

static uint32_t select_of(unsigned k)
{
    return k < 2 ? 0x186 : k == 2 ? 0xc0010000 : 0xc0010200;
}

static void nearly_overflow(struct vcpu *v, unsigned k)
{
    set(v, counter_of(k), -10UL);
    set(v, select_of(k), COUNTS | INTERRUPT);
    if (k == 0)
        set(v, 0x38f, 1);
    set_mask(v, false);
}

static void test_overflow(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        for (unsigned who = 0; who < 2; who++) {
            struct vcpu *v = who == 0 ? &vcpus[0][1] : two;
            set_up(kind(k));
            const struct xen_pmu_data *page = page_of(v);
            assert_int_equal(init(v, v), 0);
            nearly_overflow(v, k);
            pmu_run(9);
            deliver(v);
            assert_int_equal(virqs[who][1], 0);
            assert_int_equal(page->pmu.pmu_flags & PMU_CACHED, 0);
            v->arch.in_kernel = who == 0;
            pmu_run(3);
            deliver(v);
            assert_int_equal(virqs[who][1], 1);
            assert_int_equal(page->pmu.pmu_flags,
                             PMU_CACHED | PMU_SAMPLE_PV | (who == 0 ? 0 : PMU_SAMPLE_USER));
            assert_int_equal(page->vcpu_id, 1);
            assert_int_equal(page->pcpu_id, who == 0 ? 0 : 1); /* others see no processors */
            assert_int_equal(page->domain_id, DOMID_SELF);
            assert_int_equal(page->pmu.r.regs.ip, 0x1111);
            assert_int_equal(page->pmu.r.regs.sp, 0x2222);
            assert_int_equal(page->pmu.r.regs.flags, 0x246);
            assert_int_equal(page->pmu.r.regs.cs, 0xe033);
            assert_int_equal(page->pmu.r.regs.ss, 0xe02b);
            /* It stands still until the guest is done with it, wherever it runs meanwhile. */
            assert_int_equal(pmu_counting(), 0);
            leave(v);
            enter(v);
            pmu_run(1000);
            assert_int_equal(get(v, counter_of(k)), 2);
            assert_int_equal(virqs[who][1], 1);
            assert_int_equal(op(v, XENPMU_flush), 0);
            assert_int_equal(page->pmu.pmu_flags & PMU_CACHED, 0);
            pmu_run(5);
            assert_int_equal(get(v, counter_of(k)), 7);
            /* Another time there is nothing to take. */
            assert_int_equal(op(v, XENPMU_flush), 0);
            assert_int_equal(get(v, counter_of(k)), 7);
            leave(v);
            tear_down();
        }
    }
}

/* The guest's own registers in the page are what goes on, if they are ones that it may have. */
static void test_flush(void **state)
{
    (void)state;
    set_up(pmu_amd(true, 0x19));
    assert_int_equal(init(one, one), 0);
    nearly_overflow(one, 3);
    pmu_run(10);
    deliver(one);
    uint64_t *bank = (uint64_t *)((char *)&page_of(one)->pmu.c + sizeof(struct xen_pmu_amd_ctxt));
    assert_int_equal(bank[0], 0);
    assert_int_equal(bank[6], COUNTS | INTERRUPT);
    bank[0] = 1000;
    bank[7] = COUNTS | 1UL << 40; /* hosts only */
    assert_int_equal(op(one, XENPMU_flush), -XEN_EIO);
    assert_true(page_of(one)->pmu.pmu_flags & PMU_CACHED);
    assert_int_equal(pmu_counting(), 0);
    assert_int_equal(get(one, 0xc0010201), 0);
    assert_int_equal(get(one, 0xc0010202), 0);
    bank[7] = COUNTS;
    page_of(one)->pmu.l.lapic_lvtpc = LVT_MASKED;
    assert_int_equal(op(one, XENPMU_flush), 0);
    assert_true(cpu.masked);
    pmu_run(1);
    assert_int_equal(get(one, 0xc0010201), 1001);
    assert_int_equal(get(one, 0xc0010203), 2);
    leave(one);
    tear_down();
}

/* With its interrupt masked an overflow is silent; one of a counter that is not to interrupt too.
 */
static void test_masked(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        set_up(kind(k));
        assert_int_equal(init(one, one), 0);
        nearly_overflow(one, k);
        set_mask(one, true);
        pmu_run(11);
        assert_false(cpu.interrupt);
        leave(one);
        enter(one);
        assert_int_equal(get(one, counter_of(k)), 1);
        set_mask(one, false);
        assert_false(cpu.masked);
        set(one, counter_of(k), -10UL);
        set(one, select_of(k), COUNTS);
        pmu_run(11);
        cpu.interrupt = true; /* a stray one */
        deliver(one);
        assert_int_equal(virqs[1][0], 0);
        assert_int_equal(get(one, counter_of(k)), 1);
        pmu_run(1);
        assert_int_equal(get(one, counter_of(k)), 2); /* it went on */
        assert_false(cpu.masked);
        leave(one);
        assert_true(cpu.masked);
        tear_down();
    }
}

/* The interrupt comes when its vcpu has left: it was seen then, and is nobody else's. */
static void test_late_overflow(void **state)
{
    (void)state;
    for (unsigned k = 0; k < kinds; k++) {
        set_up(kind(k));
        assert_int_equal(init(one, one), 0);
        nearly_overflow(one, k);
        pmu_run(12);
        assert_true(cpu.interrupt);
        leave(one);
        assert_int_equal(virqs[1][0], 1);
        assert_true(page_of(one)->pmu.pmu_flags & PMU_CACHED);
        deliver(NULL);
        assert_int_equal(init(one, two), 0);
        enter(two);
        nearly_overflow(two, k);
        pmu_run(5);
        cpu.interrupt = true;
        deliver(two);
        assert_int_equal(virqs[1][1], 0);
        pmu_run(5);
        deliver(two);
        assert_int_equal(virqs[1][1], 1);
        leave(two);
        /* And one whose event was still to be sent when it left. */
        enter(one);
        assert_int_equal(op(one, XENPMU_flush), 0);
        set(one, counter_of(k), -1UL);
        pmu_run(1);
        cpu.interrupt = false;
        pmu_interrupt(one, &regs);
        assert_int_equal(virqs[1][0], 1);
        leave(one);
        assert_int_equal(virqs[1][0], 2);
        pmu_work(one);
        assert_int_equal(virqs[1][0], 2);
        tear_down();
    }
}

/* Finished by another vcpu while it runs. */
static void test_finished_elsewhere(void **state)
{
    (void)state;
    uint64_t value;
    set_up(pmu_intel(2, true));
    assert_int_equal(init(one, one), 0);
    nearly_overflow(one, 0);
    pmu_guest_set_pce(one, true);
    assert_int_equal(finish(two, one), 0);
    assert_int_equal(frame_type_count(frame_of(mfn(frame_for(one)))), 0);
    assert_false(pmu_guest_read_msr(one, 0xc1, &value));
    memset(page_of(one), 0x5a, PAGE_SIZE);
    assert_int_equal(init(two, one), -XEN_EBUSY);
    assert_int_equal(frame_type_count(frame_of(mfn(frame_for(one)))), 0);
    pmu_run(20);
    deliver(one);
    assert_int_equal(virqs[1][0], 0);
    assert_int_equal(pmu_counting(), 0); /* there is nothing to go on for */
    leave(one);
    assert_int_equal(pmu_counting(), 0);
    assert_false(cpu.rdpmc);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(((uint8_t *)page_of(one))[i], 0x5a);
    assert_int_equal(init(two, one), 0);
    enter(one);
    assert_int_equal(get(one, 0xc1), 0);
    /* Between the interrupt and the event there is nothing left to tell of. */
    nearly_overflow(one, 0);
    pmu_run(10);
    cpu.interrupt = false;
    pmu_interrupt(one, &regs);
    assert_int_equal(finish(two, one), 0);
    pmu_work(one);
    leave(one);
    assert_int_equal(virqs[1][0], 0);
    tear_down();
}

/* A vcpu that ends gives its frame back, and does not hold up modes any more. */
static void test_release(void **state)
{
    (void)state;
    set_up(pmu_intel(2, true));
    assert_int_equal(init(one, one), 0);
    leave(one);
    assert_int_equal(heap_used, 1);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), -XEN_EBUSY);
    pmu_release(one);
    pmu_release(two);
    assert_int_equal(frame_references(frame_of(mfn(frame_for(one)))), 1);
    assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), 0);
    pmu_free(one);
    pmu_free(two);
    assert_null(one->arch.pmu);
    tear_down();
}

/* ---- anything, in any order */

static uint32_t any_msr(struct rng *rng)
{
    static const uint32_t first[] = {0xc1, 0x186, 0x309, 0x38d, 0xc0010000, 0xc0010200, 0x4c1};
    return first[rng_below(rng, LENGTH(first))] + rng_below(rng, 12);
}

static uint64_t any_value(struct rng *rng)
{
    switch (rng_below(rng, 5)) {
    case 0:
        return rng_next(rng);
    case 1:
        return -(uint64_t)rng_below(rng, 1000);
    case 2:
        return COUNTS | (rng_below(rng, 2) ? INTERRUPT : 0);
    case 3:
        return 0x70000000fUL;
    default:
        return 1UL << rng_below(rng, 64);
    }
}

/* What came of it, so that it is seen to come by all that matters. */
static unsigned taken, refused, begun, busy;

static void any_flush(struct rng *rng, struct vcpu *v, unsigned what)
{
    bool stopped = pmu_counting() == 0;
    if (!mfn_is_none(pmu_shared_frame(v))) {
        uint64_t *words = (uint64_t *)page_of(v);
        if (rng_below(rng, 2))
            words[rng_below(rng, 48)] = any_value(rng);
        else
            memset(words, 0, PAGE_SIZE);
    }
    long rc = op(v, what);
    refused += rc == -XEN_EIO;
    taken += rc == 0 && stopped && pmu_counting() != 0;
}

static void any_call(struct rng *rng, struct vcpu *v)
{
    /* Who has counters keeps them for a while. */
    unsigned what = rng_below(rng, 9);
    if ((what == XENPMU_finish || what == XENPMU_mode_set) && rng_below(rng, 8))
        what = XENPMU_flush;
    if (what == XENPMU_flush || what == XENPMU_lvtpc_set) {
        any_flush(rng, v, what);
        return;
    }
    const struct vcpu *of = &vcpus[rng_below(rng, 2)][rng_below(rng, VCPUS)];
    uint64_t value = what == XENPMU_mode_set && rng_below(rng, 4) ? XENPMU_MODE_SELF
                     : what == XENPMU_init                        ? frame_for(of)
                                                                  : rng_below(rng, 8);
    begun += op_with(v, what, value, rng_below(rng, 8) ? of->id : rng_below(rng, 5)) == 0 &&
             what == XENPMU_init;
}

/* By another of its domain, on a CPU of its own. */
static void any_call_elsewhere(struct rng *rng, struct vcpu *v)
{
    struct vcpu *caller = v->domain->vcpus[!v->id];
    if (rng_below(rng, 8) == 0)
        finish(caller, v);
    else
        busy += init(caller, v) == -XEN_EBUSY;
}

/* Nothing of it makes the processor fail the test (pmu_processor.c), nor counts for one who has no
 * counters, and all is given back in the end. */
static void test_random(void **state)
{
    (void)state;
    taken = refused = begun = busy = 0;
    unsigned told = 0;
    for (unsigned seed = 0; seed < 8; seed++) {
        struct rng rng = rng_seeded(seed);
        struct vcpu *v = NULL;
        set_up(kind(seed % kinds));
        for (unsigned step = 0; step < 100000; step++) {
            uint64_t value;
            switch (rng_below(&rng, 12)) {
            case 0:
                if (v != NULL)
                    leave(v);
                v = rng_below(&rng, 5) ? &vcpus[rng_below(&rng, 2)][rng_below(&rng, VCPUS)] : NULL;
                if (v != NULL)
                    enter(v);
                break;
            case 1:
                pmu_run(rng_below(&rng, 400));
                break;
            case 2:
                cpu.interrupt = cpu.interrupt || rng_below(&rng, 20) == 0;
                deliver(v);
                break;
            case 3:
            case 4:
                if (v != NULL)
                    any_call(&rng, v);
                break;
            case 5:
                if (v != NULL && pmu_guest_read_msr(v, any_msr(&rng), &value))
                    assert_false(mfn_is_none(pmu_shared_frame(v)));
                break;
            case 6:
                if (v != NULL)
                    pmu_guest_set_pce(v, rng_below(&rng, 2));
                break;
            case 7:
                if (v != NULL && rng_below(&rng, 4) == 0)
                    any_call_elsewhere(&rng, v);
                break;
            case 8:
                if (v != NULL && !mfn_is_none(pmu_shared_frame(v)))
                    nearly_overflow(v, seed % kinds);
                break;
            default:
                if (v != NULL && pmu_guest_write_msr(v, any_msr(&rng), any_value(&rng)))
                    assert_false(mfn_is_none(pmu_shared_frame(v)));
            }
            bool may = v != NULL && v->arch.pmu != NULL;
            assert_true(may || (pmu_counting() == 0 && !cpu.rdpmc && cpu.masked));
        }
        if (v != NULL)
            leave(v);
        for (unsigned i = 0; i < 2 * VCPUS; i++)
            pmu_release(&vcpus[i / VCPUS][i % VCPUS]);
        assert_int_equal(op_with(dom0, XENPMU_mode_set, XENPMU_MODE_OFF, 0), 0);
        assert_int_equal(op_with(dom0, XENPMU_feature_set, 0, 0), 0);
        for (unsigned i = 0; i < 2 * VCPUS; i++)
            told += virqs[i / VCPUS][i % VCPUS];
        tear_down();
    }
    print_message("# begun %u, busy %u; told of overflows %u, of registers taken %u, refused %u\n",
                  begun, busy, told, taken, refused);
    assert_true(begun > 100 && busy > 100 && told > 100 && taken > 100 && refused > 100);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_said),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_cpuid),
        cmocka_unit_test(test_other_cpus),
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_who_may),
        cmocka_unit_test(test_init_refuses),
        cmocka_unit_test(test_from_init_to_finish),
        cmocka_unit_test(test_rdpmc),
        cmocka_unit_test(test_overflow),
        cmocka_unit_test(test_flush),
        cmocka_unit_test(test_masked),
        cmocka_unit_test(test_late_overflow),
        cmocka_unit_test(test_finished_elsewhere),
        cmocka_unit_test(test_release),
        cmocka_unit_test(test_random),
    };
    return tap_run("hv/pmu_vcpu", tests, sizeof(tests) / sizeof(tests[0]));
}

/* SPDX-License-Identifier: MIT */
/*
 * xenpmu_op (xen/pmu.h), and the life of a vcpu's counters: from XENPMU_init, which names a page to
 * share, to XENPMU_finish. In between they are in the processor while the vcpu runs
 * (pmu_counters.h).
 */
#include "hv/arch/x86_64/pmu.h"

#include "hv/arch/x86_64/pmu_counters.h"
#include "hv/core/arch.h"
#include "hv/core/buddy.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/schedule.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

#include "pmu_access.h"

#define LVT_MASKED 0x10000U

struct pmu_vcpu {
    struct lock lock; /* all below; with interrupts off */
    struct pmu_counters counters;
    struct xen_pmu_data *page; /* guest memory; NULL: it has no counters (any more) */
    mfn_t mfn;
    bool due; /* a sample is in the page, and its event has not been sent */
};

/* As the ABI numbers modes. */
static unsigned mode = XENPMU_MODE_SELF;
OPTION_CHOICE("pmu", mode, "performance counters: nobody, or each domain its own", "off", "self");

static struct pmu_machine processor;

/* Who may have counters; and how many vcpus have, but for the control domain's. */
static struct lock pmu_lock;
static uint64_t features; /* XENPMU_FEATURE_*; atomic */
static uint32_t users;

static uint64_t limits(void)
{
    return __atomic_load_n(&features, __ATOMIC_RELAXED);
}

/* ---- the processor */

static bool available(void)
{
    return processor.kind != PMU_NONE;
}

void pmu_init(void)
{
    char why[PMU_WHY_MAX];
    if (mode == XENPMU_MODE_OFF)
        log_info("performance counters: not for guests (option 'pmu')\n");
    else if (!pmu_detect(&processor, why))
        log_info("no performance counters: %s\n", why);
    else
        log_info("performance counters: %u of %u bits, %u fixed\n", processor.n, processor.width,
                 processor.n_fixed);
}

void pmu_init_cpu(void)
{
    pmu_stop_all(&processor);
}

void pmu_guest_leaf(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a = *b = *c = *d = 0;
    if (processor.kind != PMU_INTEL || mode == XENPMU_MODE_OFF)
        return;
    uint32_t version = processor.global ? 2 : 1; /* what the later ones add is not for guests */
    *a = version | processor.n << 8 | processor.width << 16 | processor.n_events << 24;
    *b = processor.events;
    *d = processor.n_fixed == 0 ? 0 : processor.n_fixed | processor.fixed_width << 5;
}

/*
 * Kernels that know the ABI look for six counters by their new names on family 15h alone, and use
 * the old names of four elsewhere (Linux 6.1, arch/x86/xen/pmu.c). Elsewhere they are therefore
 * told of no more; the page has six.
 */
bool pmu_guest_has_extended(void)
{
    return processor.family_15h && processor.step != 1 && mode != XENPMU_MODE_OFF;
}

/* ---- entry and exit */

/* p->lock, on the CPU that v runs on. */
static void load(const struct vcpu *v, struct pmu_vcpu *p)
{
    pmu_load(&p->counters);
    allow_rdpmc((v->arch.cr4 & CR4_PCE) != 0);
}

static uint64_t unload(struct pmu_vcpu *p)
{
    allow_rdpmc(false);
    return pmu_unload(&p->counters);
}

/* p->lock; unloaded. From now on the registers are the guest's. */
static void sample(const struct vcpu *v, struct pmu_vcpu *p, const struct cpu_user_regs *r)
{
    struct xen_pmu_data *page = p->page;
    page->vcpu_id = v->id;
    page->pcpu_id = v->domain->privileged ? arch_cpu_id() : v->id;
    page->domain_id = DOMID_SELF;
    page->pmu.r.regs = (struct xen_pmu_regs){
        .ip = r->rip,
        .sp = r->rsp,
        .flags = r->rflags,
        .cs = r->cs,
        .ss = r->ss,
    };
    pmu_page_put(&p->counters, page);
    page->pmu.pmu_flags =
        PMU_CACHED | PMU_SAMPLE_PV | (v->arch.in_kernel ? 0UL : (uint64_t)PMU_SAMPLE_USER);
    p->counters.cached = true;
    p->due = true;
}

/* p->lock; these have overflowed. Is it something that the guest is to be told? */
static bool is_news(const struct pmu_vcpu *p, uint64_t overflowed)
{
    return p->page != NULL && !p->counters.masked &&
           (overflowed & pmu_interrupting(&p->counters)) != 0;
}

void pmu_enter(struct vcpu *v)
{
    struct pmu_vcpu *p = v->arch.pmu;
    lock(&p->lock);
    if (p->page != NULL && !p->counters.cached)
        load(v, p);
    unlock(&p->lock);
}

/* An overflow so late that its interrupt would come when another vcpu runs is found here. */
void pmu_leave(struct vcpu *v, const struct cpu_user_regs *r)
{
    struct pmu_vcpu *p = v->arch.pmu;
    lock(&p->lock);
    if (p->counters.loaded) {
        uint64_t overflowed = unload(p);
        if (is_news(p, overflowed))
            sample(v, p, r);
    }
    unlock(&p->lock);
    pmu_work(v);
}

void pmu_interrupt(struct vcpu *v, const struct cpu_user_regs *r)
{
    struct pmu_vcpu *p = v == NULL ? NULL : v->arch.pmu;
    /* One that pmu_leave() has seen already, and that was on its way. */
    if (p == NULL)
        return;
    lock(&p->lock);
    if (p->counters.loaded) {
        uint64_t overflowed = unload(p);
        if (is_news(p, overflowed)) {
            sample(v, p, r);
            cpu_request(arch_cpu_id(), WORK_GUEST);
        } else if (p->page != NULL) {
            load(v, p);
        }
    }
    unlock(&p->lock);
}

void pmu_work(struct vcpu *v)
{
    struct pmu_vcpu *p = v->arch.pmu;
    if (p == NULL)
        return;
    bool were_on = lock_irq(&p->lock);
    bool due = p->due;
    p->due = false;
    unlock_irq(&p->lock, were_on);
    if (due)
        events_raise_virq(v, VIRQ_XENPMU);
}

/* ---- instructions */

bool pmu_guest_read_msr(const struct vcpu *v, uint32_t msr, uint64_t *value)
{
    struct pmu_vcpu *p = v->arch.pmu;
    if (p == NULL)
        return false;
    bool were_on = lock_irq(&p->lock);
    bool good = p->page != NULL && pmu_read(&p->counters, msr, value);
    unlock_irq(&p->lock, were_on);
    return good;
}

bool pmu_guest_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    struct pmu_vcpu *p = v->arch.pmu;
    if (p == NULL)
        return false;
    bool were_on = lock_irq(&p->lock);
    bool good = p->page != NULL && pmu_write(&p->counters, limits(), msr, value);
    unlock_irq(&p->lock, were_on);
    return good;
}

bool pmu_guest_rdpmc(const struct vcpu *v, uint32_t number, uint64_t *value)
{
    struct pmu_vcpu *p = v->arch.pmu;
    if (p == NULL || (!v->arch.in_kernel && !(v->arch.cr4 & CR4_PCE)))
        return false;
    bool were_on = lock_irq(&p->lock);
    bool good = p->page != NULL && pmu_read_counter(&p->counters, number, value);
    unlock_irq(&p->lock, were_on);
    return good;
}

void pmu_guest_set_pce(struct vcpu *v, bool on)
{
    struct pmu_vcpu *p = v->arch.pmu;
    if (p == NULL)
        return;
    bool were_on = lock_irq(&p->lock);
    if (p->page != NULL) {
        v->arch.cr4 = (v->arch.cr4 & ~CR4_PCE) | (on ? CR4_PCE : 0);
        if (p->counters.loaded)
            allow_rdpmc(on);
    }
    unlock_irq(&p->lock, were_on);
}

/* ---- from XENPMU_init to XENPMU_finish */

mfn_t pmu_shared_frame(const struct vcpu *v)
{
    const struct pmu_vcpu *p = v->arch.pmu;
    return p == NULL || p->page == NULL ? MFN_NONE : p->mfn;
}

static struct vcpu *vcpu_of(const struct domain *d, uint32_t number)
{
    return number < d->vcpus_max ? d->vcpus[number] : NULL;
}

/* pmu_lock. Room for them, which stays until the vcpu is gone. */
static struct pmu_vcpu *provide(struct vcpu *v)
{
    _Static_assert(sizeof(struct pmu_vcpu) <= PAGE_SIZE, "one frame");
    if (v->arch.pmu == NULL) {
        struct pmu_vcpu *p = heap_alloc_mapped(0);
        __atomic_store_n(&v->arch.pmu, p, __ATOMIC_RELEASE);
    }
    return v->arch.pmu;
}

/* pmu_lock; a use of the frame is held, and kept if this is 0. */
static long start(const struct vcpu *caller, struct vcpu *v, mfn_t m)
{
    long rc = 0;
    struct pmu_vcpu *p = provide(v);
    if (p == NULL)
        return -XEN_ENOMEM;
    bool were_on = lock_irq(&p->lock);
    if (p->page != NULL) {
        rc = -XEN_EEXIST;
    } else if (p->counters.loaded) {
        rc = -XEN_EBUSY; /* finished a moment ago, and it runs elsewhere still */
    } else {
        pmu_reset(&p->counters, &processor);
        p->mfn = m;
        p->page = frame_map(m);
        pmu_page_describe(&processor, p->page);
        if (v == caller)
            load(v, p);
    }
    unlock_irq(&p->lock, were_on);
    return rc;
}

static void give_back(mfn_t m)
{
    frame_put_writable(frame_of(m));
    frame_put(frame_of(m));
}

static long init(const struct vcpu *caller, const struct xen_pmu_params *a)
{
    struct domain *d = caller->domain;
    struct vcpu *v = vcpu_of(d, a->vcpu);
    mfn_t m = mfn(a->val);
    if (v == NULL || !frame_get(m, d))
        return -XEN_EINVAL;
    if (frame_get_writable(frame_of(m)) != 0) {
        frame_put(frame_of(m));
        return -XEN_EINVAL;
    }
    lock(&pmu_lock);
    long rc = mode == XENPMU_MODE_OFF ? -XEN_ENOENT : start(caller, v, m);
    if (rc == 0 && !d->privileged)
        users++;
    unlock(&pmu_lock);
    if (rc != 0)
        give_back(m);
    return rc;
}

/* pmu_lock. The frame, whose use the caller gives back; MFN_NONE: there was none. A vcpu that runs
 * elsewhere is stopped there when its CPU leaves it. */
static mfn_t stop(const struct vcpu *caller, struct vcpu *v)
{
    struct pmu_vcpu *p = v->arch.pmu;
    if (p == NULL)
        return MFN_NONE;
    bool were_on = lock_irq(&p->lock);
    struct xen_pmu_data *page = p->page;
    p->page = NULL;
    p->due = false;
    v->arch.cr4 &= ~CR4_PCE;
    if (v == caller && p->counters.loaded)
        unload(p);
    unlock_irq(&p->lock, were_on);
    if (page == NULL)
        return MFN_NONE;
    frame_unmap(page);
    if (!v->domain->privileged)
        users--;
    return p->mfn;
}

static void finish(const struct vcpu *caller, struct vcpu *v)
{
    lock(&pmu_lock);
    mfn_t m = stop(caller, v);
    unlock(&pmu_lock);
    if (!mfn_is_none(m))
        give_back(m);
}

void pmu_release(struct vcpu *v)
{
    finish(NULL, v);
}

void pmu_free(struct vcpu *v)
{
    pmu_release(v);
    if (v->arch.pmu != NULL)
        heap_free_mapped(v->arch.pmu, 0);
    v->arch.pmu = NULL;
}

/* ---- the current vcpu's interrupt */

/* p->lock, with a page. */
static void take_mask(struct pmu_vcpu *p)
{
    p->counters.masked =
        (__atomic_load_n(&p->page->pmu.l.lapic_lvtpc, __ATOMIC_RELAXED) & LVT_MASKED) != 0;
    if (p->counters.loaded)
        local_pmu_mask(p->counters.masked);
}

/* What the guest made of the registers that it was given, or only its mask. */
static long take_from_page(struct vcpu *v, bool registers)
{
    struct pmu_vcpu *p = v->arch.pmu;
    long rc = 0;
    if (p == NULL)
        return -XEN_EINVAL;
    bool were_on = lock_irq(&p->lock);
    if (p->page == NULL) {
        rc = -XEN_EINVAL;
    } else if (!registers || !p->counters.cached) {
        take_mask(p);
    } else if (!pmu_page_take(&p->counters, limits(), p->page)) {
        rc = -XEN_EIO;
    } else {
        take_mask(p);
        __atomic_fetch_and(&p->page->pmu.pmu_flags, ~(uint64_t)PMU_CACHED, __ATOMIC_RELAXED);
        p->counters.cached = false;
        load(v, p);
    }
    unlock_irq(&p->lock, were_on);
    return rc;
}

/* ---- modes and features, which are the control domain's to set */

/* What counts the hypervisor's own work is not offered. */
static long set_mode(uint64_t value)
{
    long rc = 0;
    if (value != XENPMU_MODE_OFF && value != XENPMU_MODE_SELF)
        return -XEN_EINVAL;
    lock(&pmu_lock);
    if (users != 0 && value != mode)
        rc = -XEN_EBUSY;
    else
        mode = (unsigned)value;
    unlock(&pmu_lock);
    return rc;
}

static long set_features(uint64_t value)
{
    long rc = 0;
    if ((value & ~(uint64_t)(XENPMU_FEATURE_IPC_ONLY | XENPMU_FEATURE_ARCH_ONLY)) != 0)
        return -XEN_EINVAL;
    lock(&pmu_lock);
    if (users != 0 && value != features)
        rc = -XEN_EBUSY;
    else
        __atomic_store_n(&features, value, __ATOMIC_RELAXED);
    unlock(&pmu_lock);
    return rc;
}

static long get_mode(vaddr_t to)
{
    struct xen_pmu_params a = {
        .version = {XENPMU_VER_MAJ, XENPMU_VER_MIN},
        .val = mode,
    };
    return copy_to_guest(to, &a, sizeof(a)) ? 0 : -XEN_EFAULT;
}

static long get_features(vaddr_t to)
{
    uint64_t value = limits();
    vaddr_t at = vaddr(to.a + offsetof(struct xen_pmu_params, val));
    return copy_to_guest(at, &value, sizeof(value)) ? 0 : -XEN_EFAULT;
}

/* Those that have parameters. */
static long with_parameters(const struct vcpu *v, unsigned op, vaddr_t argument)
{
    struct xen_pmu_params a;
    if (!copy_from_guest(&a, argument, sizeof(a)))
        return -XEN_EFAULT;
    if (a.version.maj != XENPMU_VER_MAJ)
        return -XEN_EINVAL;
    switch (op) {
    case XENPMU_mode_set:
        return set_mode(a.val);
    case XENPMU_feature_set:
        return set_features(a.val);
    case XENPMU_init:
        return init(v, &a);
    default: {
        struct vcpu *of = vcpu_of(v->domain, a.vcpu);
        if (of != NULL)
            finish(v, of);
        return 0;
    }
    }
}

long pmu_op(struct vcpu *v, unsigned op, vaddr_t argument)
{
    if (!available())
        return -XEN_EOPNOTSUPP;
    bool own =
        op == XENPMU_init || op == XENPMU_finish || op == XENPMU_lvtpc_set || op == XENPMU_flush;
    if (!own && !v->domain->privileged)
        return -XEN_EPERM;
    switch (op) {
    case XENPMU_mode_set:
    case XENPMU_feature_set:
    case XENPMU_init:
    case XENPMU_finish:
        return with_parameters(v, op, argument);
    case XENPMU_mode_get:
        return get_mode(argument);
    case XENPMU_feature_get:
        return get_features(argument);
    case XENPMU_lvtpc_set:
        return take_from_page(v, false);
    case XENPMU_flush:
        return take_from_page(v, true);
    default:
        return -XEN_EINVAL;
    }
}

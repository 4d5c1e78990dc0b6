/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/pmu_vcpu.h"

#include "hv/arch/x86_64/pmu.h"
#include "hv/arch/x86_64/pmu_counters.h"
#include "hv/core/arch.h"
#include "hv/core/buddy.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/lock.h"
#include "hv/core/schedule.h"
#include "hv/core/vcpu.h"

#include <pmu_access.h> /* by include path: see there */

#define LVT_MASKED 0x10000U

struct pmu_vcpu {
    struct lock lock; /* all below; with interrupts off */
    struct pmu_counters counters;
    struct xen_pmu_data *page; /* guest memory; NULL: it has no counters (any more) */
    mfn_t mfn;
    bool due; /* a sample is in the page, and its event has not been sent */
};

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
    bool good = p->page != NULL && pmu_write(&p->counters, pmu_features(), msr, value);
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

/* ---- the page: from pmu_vcpu_start() to pmu_vcpu_stop() */

mfn_t pmu_shared_frame(const struct vcpu *v)
{
    const struct pmu_vcpu *p = v->arch.pmu;
    return p == NULL || p->page == NULL ? MFN_NONE : p->mfn;
}

/* Room for them, which stays until the vcpu is gone. */
static struct pmu_vcpu *provide(struct vcpu *v)
{
    _Static_assert(sizeof(struct pmu_vcpu) <= PAGE_SIZE, "one frame");
    if (v->arch.pmu == NULL) {
        struct pmu_vcpu *p = heap_alloc_mapped(0);
        if (p != NULL)
            lock_init(&p->lock, LOCK_COUNTERS, 0);
        __atomic_store_n(&v->arch.pmu, p, __ATOMIC_RELEASE);
    }
    return v->arch.pmu;
}

long pmu_vcpu_start(const struct vcpu *caller, struct vcpu *v, mfn_t m)
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
        pmu_reset(&p->counters, &pmu_processor);
        p->mfn = m;
        p->page = frame_map(m);
        pmu_page_describe(&pmu_processor, p->page);
        if (v == caller)
            load(v, p);
    }
    unlock_irq(&p->lock, were_on);
    return rc;
}

mfn_t pmu_vcpu_stop(const struct vcpu *caller, struct vcpu *v)
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
    return p->mfn;
}

void pmu_free(struct vcpu *v)
{
    pmu_release(v);
    if (v->arch.pmu != NULL)
        heap_free_mapped(v->arch.pmu, 0);
    v->arch.pmu = NULL;
}

/* ---- what the current vcpu's guest has put into the page */

/* p->lock, with a page. */
static void take_mask(struct pmu_vcpu *p)
{
    uint32_t lvt = __atomic_load_n(&p->page->pmu.l.lapic_lvtpc, __ATOMIC_RELAXED);
    p->counters.masked = (lvt & LVT_MASKED) != 0;
    if (p->counters.loaded)
        local_pmu_mask(p->counters.masked);
}

/* Registers only where they are the guest's: elsewhere those in the page are old. */
static long take(struct vcpu *v, bool registers)
{
    struct pmu_vcpu *p = v->arch.pmu;
    long rc = 0;
    if (p == NULL)
        return -XEN_EINVAL;
    bool were_on = lock_irq(&p->lock);
    registers = registers && p->counters.cached;
    if (p->page == NULL)
        rc = -XEN_EINVAL;
    else if (registers && !pmu_page_take(&p->counters, pmu_features(), p->page))
        rc = -XEN_EIO;
    else
        take_mask(p);
    if (rc == 0 && registers) {
        __atomic_fetch_and(&p->page->pmu.pmu_flags, ~(uint64_t)PMU_CACHED, __ATOMIC_RELAXED);
        p->counters.cached = false;
        load(v, p);
    }
    unlock_irq(&p->lock, were_on);
    return rc;
}

long pmu_vcpu_take_mask(struct vcpu *v)
{
    return take(v, false);
}

long pmu_vcpu_take_registers(struct vcpu *v)
{
    return take(v, true);
}

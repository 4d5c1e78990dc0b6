/* SPDX-License-Identifier: MIT */
#include "hv/core/pirq.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/buddy.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/log.h"
#include "hv/core/schedule.h"
#include "hv/core/vcpu.h"

/* Lines below keep their number's place free for what a domain maps by its own choice: Xen begins
 * with this, and has kernels that rely on the first 16 being the old lines. */
#define FIRST_CHOSEN 16

/* In domain_pirqs.irq. Interrupt 0 is no domain's. */
#define PIRQ_FREE 0
#define PIRQ_RESERVED 0xffffU

struct domain_pirqs {
    uint16_t irq[PIRQS_MAX];  /* under D */
    uint32_t port[PIRQS_MAX]; /* the port table's */
    uint64_t *held;           /* the guest's page, a bit each pirq; NULL: none. Set once */
    mfn_t held_mfn;
    bool unmasks;
};

struct irq {
    struct lock lock; /* irq.lock; interrupts off. Guards all below */
    bool bound;
    bool held;
    uint16_t pirq;
    struct domain *domain; /* that it is mapped for; NULL: free */
} cacheline_aligned;

static struct irq irqs[IRQS_MAX] = {[0 ... IRQS_MAX - 1] = {.lock = LOCK(LOCK_IRQ)}};

/* Arrived at this CPU, and not told yet: set with interrupts off, taken with them on. */
static struct {
    uint64_t set[IRQS_MAX / 64];
} arrived[CPUS_MAX] cacheline_aligned;

static unsigned pirqs_order(void)
{
    return order_of(round_up(sizeof(struct domain_pirqs), PAGE_SIZE) >> PAGE_SHIFT);
}

bool pirqs_init(struct domain *d)
{
    d->pirqs = heap_alloc_mapped(pirqs_order());
    if (d->pirqs != NULL)
        d->pirqs->held_mfn = MFN_NONE;
    return d->pirqs != NULL;
}

void pirqs_free(struct domain *d)
{
    if (d->pirqs != NULL)
        heap_free_mapped(d->pirqs, pirqs_order());
}

uint32_t *pirq_ports(const struct domain *d)
{
    return d->pirqs->port;
}

/* ---- numbers */

/* PIRQ_FREE: not mapped. */
static uint32_t irq_of(const struct domain *d, uint32_t pirq)
{
    uint32_t irq = pirq < PIRQS_MAX ? d->pirqs->irq[pirq] : PIRQ_FREE;
    return irq == PIRQ_RESERVED ? PIRQ_FREE : irq;
}

/* A line's are counted up, so that most are the line's own; messages' down from the last. */
static int choose_pirq(const struct domain *d, bool for_line)
{
    uint32_t lines = arch_interrupt_lines();
    if (for_line) {
        for (uint32_t n = FIRST_CHOSEN; n < lines; n++) {
            if (d->pirqs->irq[n] == PIRQ_FREE)
                return (int)n;
        }
    } else {
        for (uint32_t n = PIRQS_MAX - 1; n >= lines; n--) {
            if (d->pirqs->irq[n] == PIRQ_FREE)
                return (int)n;
        }
    }
    return -XEN_ENOSPC;
}

int pirq_reserve(struct domain *d, bool for_line, uint32_t *pirq)
{
    int n = choose_pirq(d, for_line);
    if (n < 0)
        return n;
    d->pirqs->irq[n] = PIRQ_RESERVED;
    *pirq = (uint32_t)n;
    return 0;
}

/* The one that is asked for, if it can be had, or any. */
static int find_pirq(const struct domain *d, bool for_line, int wanted)
{
    if (wanted < 0)
        return choose_pirq(d, for_line);
    if (wanted >= PIRQS_MAX)
        return -XEN_EINVAL;
    return irq_of(d, (uint32_t)wanted) == PIRQ_FREE ? wanted : -XEN_EEXIST;
}

static void take(struct domain *d, uint32_t irq, int pirq)
{
    struct irq *i = &irqs[irq];
    i->domain = d;
    i->pirq = (uint16_t)pirq;
    i->bound = i->held = false;
    d->pirqs->irq[pirq] = (uint16_t)irq;
}

int pirq_map_line(struct domain *d, int line, int *pirq)
{
    if (line == IRQ_TIMER)
        return -XEN_EPERM;
    if (line < 0 || !arch_interrupt_exists((uint32_t)line))
        return -XEN_EINVAL;
    struct irq *i = &irqs[line];
    int n = find_pirq(d, true, *pirq);
    int rc = n < 0 ? n : 0;
    bool were_on = lock_irq(&i->lock);
    if (i->domain == d) {
        rc = *pirq < 0 || *pirq == i->pirq ? 0 : -XEN_EEXIST;
        n = i->pirq;
    } else if (i->domain != NULL) {
        rc = -XEN_EBUSY;
    } else if (rc == 0) {
        rc = arch_interrupt_is_own((uint32_t)line) ? 0 : arch_interrupt_start_line((uint32_t)line);
        if (rc == 0)
            take(d, (uint32_t)line, n);
    }
    unlock_irq(&i->lock, were_on);
    if (rc == 0)
        *pirq = n;
    return rc;
}

int pirq_map_message(struct domain *d, const struct irq_message *m, int *pirq)
{
    int n = find_pirq(d, false, *pirq);
    if (n < 0)
        return n;
    for (uint32_t irq = arch_interrupt_lines(); irq < IRQS_MAX; irq++) {
        struct irq *i = &irqs[irq];
        bool were_on = lock_irq(&i->lock);
        bool is_free = i->domain == NULL;
        int rc = is_free ? arch_interrupt_start_message(irq, m) : 0;
        if (is_free && rc == 0)
            take(d, irq, n);
        unlock_irq(&i->lock, were_on);
        if (is_free) {
            *pirq = rc == 0 ? n : *pirq;
            return rc;
        }
    }
    return -XEN_ENOSPC;
}

/* ---- the page */

static void tell_held(const struct domain *d, uint32_t pirq, bool held)
{
    uint64_t *page = d->pirqs->held;
    if (page == NULL)
        return;
    if (held)
        __atomic_fetch_or(&page[pirq / 64], 1UL << pirq % 64, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(&page[pirq / 64], ~(1UL << pirq % 64), __ATOMIC_SEQ_CST);
}

int pirq_set_eoi_page(struct domain *d, mfn_t m, uint64_t *page, bool unmasks)
{
    struct domain_pirqs *p = d->pirqs;
    if (p->held != NULL)
        return -XEN_EBUSY;
    p->held_mfn = m;
    p->unmasks = unmasks;
    __atomic_store_n(&p->held, page, __ATOMIC_SEQ_CST);
    for (uint32_t n = 0; n < PIRQS_MAX; n++) {
        struct irq *i = &irqs[irq_of(d, n)];
        if (i == &irqs[PIRQ_FREE])
            continue;
        bool were_on = lock_irq(&i->lock);
        if (i->bound && (i->held || arch_interrupt_is_level((uint32_t)(i - irqs))))
            tell_held(d, n, true);
        unlock_irq(&i->lock, were_on);
    }
    return 0;
}

bool pirq_eoi_unmasks(const struct domain *d)
{
    return d->pirqs->unmasks;
}

mfn_t pirq_eoi_page(const struct domain *d)
{
    return d->pirqs == NULL ? MFN_NONE : d->pirqs->held_mfn;
}

/* ---- binding */

int pirq_may_bind(const struct domain *d, uint32_t pirq)
{
    uint32_t irq = irq_of(d, pirq);
    if (irq == PIRQ_FREE)
        return -XEN_EPERM;
    return irq < arch_interrupt_lines() && arch_interrupt_is_own(irq) ? -XEN_EBUSY : 0;
}

void pirq_bind(struct domain *d, uint32_t pirq)
{
    uint32_t irq = irq_of(d, pirq);
    struct irq *i = &irqs[irq];
    bool were_on = lock_irq(&i->lock);
    i->bound = true;
    i->held = false;
    if (arch_interrupt_is_level(irq))
        tell_held(d, pirq, true);
    arch_interrupt_mask(irq, false);
    unlock_irq(&i->lock, were_on);
}

/* With the interrupt's lock. */
static void unbind(struct irq *i)
{
    if (!i->bound)
        return;
    arch_interrupt_mask((uint32_t)(i - irqs), true);
    i->bound = i->held = false;
    tell_held(i->domain, i->pirq, false);
}

void pirq_unbind(struct domain *d, uint32_t pirq)
{
    uint32_t irq = irq_of(d, pirq);
    if (irq == PIRQ_FREE)
        return;
    bool were_on = lock_irq(&irqs[irq].lock);
    unbind(&irqs[irq]);
    unlock_irq(&irqs[irq].lock, were_on);
}

int pirq_unmap(struct domain *d, int pirq)
{
    uint32_t irq = pirq < 0 ? PIRQ_FREE : irq_of(d, (uint32_t)pirq);
    if (irq == PIRQ_FREE)
        return -XEN_EINVAL;
    struct irq *i = &irqs[irq];
    bool were_on = lock_irq(&i->lock);
    unbind(i);
    if (irq >= arch_interrupt_lines() || !arch_interrupt_is_own(irq))
        arch_interrupt_stop(irq);
    i->domain = NULL;
    unlock_irq(&i->lock, were_on);
    d->pirqs->irq[pirq] = PIRQ_FREE;
    return 0;
}

int pirq_set_line(int line, bool level, bool low)
{
    if (line < 0 || !arch_interrupt_exists((uint32_t)line))
        return -XEN_EINVAL;
    struct irq *i = &irqs[line];
    bool were_on = lock_irq(&i->lock);
    int rc = i->bound ? -XEN_EEXIST : arch_interrupt_set_line((uint32_t)line, level, low);
    unlock_irq(&i->lock, were_on);
    return rc;
}

/* ---- all of one function, or all */

/* Under D, a domain's own interrupts stay what they are. */
static bool is_of(const struct domain *d, uint32_t pirq, pci_function_t f, bool x_only)
{
    uint32_t irq = irq_of(d, pirq);
    return irq != PIRQ_FREE && arch_interrupt_is_of(irq, f, x_only);
}

bool pirq_function_in_use(const struct domain *d, pci_function_t f, bool x_only)
{
    for (uint32_t n = 0; n < PIRQS_MAX; n++) {
        if (is_of(d, n, f, x_only))
            return true;
    }
    return false;
}

void pirq_unmap_function(struct domain *d, pci_function_t f)
{
    for (uint32_t n = 0; n < PIRQS_MAX; n++) {
        if (is_of(d, n, f, false))
            pirq_unmap(d, (int)n);
    }
}

void pirq_restore_function(const struct domain *d, pci_function_t f)
{
    for (uint32_t n = 0; n < PIRQS_MAX; n++) {
        if (!is_of(d, n, f, false))
            continue;
        struct irq *i = &irqs[irq_of(d, n)];
        bool were_on = lock_irq(&i->lock);
        arch_interrupt_restore((uint32_t)(i - irqs));
        unlock_irq(&i->lock, were_on);
    }
}

void pirqs_end(struct domain *d)
{
    if (d->pirqs == NULL)
        return;
    for (uint32_t n = 0; n < PIRQS_MAX; n++)
        pirq_unmap(d, (int)n); /* if it is mapped */
    d->pirqs->held = NULL;
    d->pirqs->held_mfn = MFN_NONE;
}

/* ---- what arrives */

int pirq_eoi(struct domain *d, uint32_t pirq, bool *raise)
{
    uint32_t irq = irq_of(d, pirq);
    *raise = false;
    if (irq == PIRQ_FREE)
        return pirq < PIRQS_MAX && d->pirqs->irq[pirq] == PIRQ_RESERVED ? 0 : -XEN_EINVAL;
    struct irq *i = &irqs[irq];
    bool were_on = lock_irq(&i->lock);
    if (i->held) {
        bool level = arch_interrupt_is_level(irq);
        i->held = false;
        if (!level)
            tell_held(d, pirq, false);
        *raise = !level && arch_interrupt_forgets(irq);
        arch_interrupt_mask(irq, false);
    }
    unlock_irq(&i->lock, were_on);
    return 0;
}

void pirq_arrived(uint32_t irq)
{
    struct irq *i = &irqs[irq];
    uint32_t here = arch_cpu_id();
    lock(&i->lock);
    bool bound = i->bound;
    if (bound && arch_interrupt_is_level(irq)) {
        arch_interrupt_mask(irq, true);
        i->held = true;
    }
    unlock(&i->lock);
    if (!bound)
        return; /* was masked, or ended, while it was on its way */
    __atomic_fetch_or(&arrived[here].set[irq / 64], 1UL << irq % 64, __ATOMIC_RELAXED);
    cpu_request(here, WORK_INTERRUPTS);
}

/* Before its event: it is aimed at where that goes, and an edge held whose forerunner's event still
 * waits there. */
static void prepare(struct domain *d, uint32_t irq, uint32_t pirq)
{
    bool pending;
    struct irq *i = &irqs[irq];
    const struct vcpu *told = events_pirq_vcpu(d, pirq, &pending);
    if (told == NULL)
        return;
    bool were_on = lock_irq(&i->lock);
    if (i->bound && i->domain == d) {
        if (pending && !i->held && !arch_interrupt_is_level(irq)) {
            i->held = true;
            arch_interrupt_mask(irq, true);
            tell_held(d, pirq, true);
        }
        arch_interrupt_aim(irq, vcpu_cpu(told));
    }
    unlock_irq(&i->lock, were_on);
}

static void tell(uint32_t irq)
{
    struct irq *i = &irqs[irq];
    bool were_on = lock_irq(&i->lock);
    struct domain *d = i->bound ? i->domain : NULL;
    uint32_t pirq = i->pirq;
    if (d != NULL)
        domain_get_more(d);
    unlock_irq(&i->lock, were_on);
    if (d == NULL)
        return;
    prepare(d, irq, pirq);
    events_raise_pirq(d, pirq);
    domain_put(d);
}

void pirqs_tell(void)
{
    uint64_t *set = arrived[arch_cpu_id()].set;
    for (uint32_t w = 0; w < IRQS_MAX / 64; w++) {
        if (set[w] == 0)
            continue;
        for (uint64_t now = __atomic_exchange_n(&set[w], 0, __ATOMIC_RELAXED); now != 0;
             now &= now - 1)
            tell(w * 64 + (uint32_t)__builtin_ctzll(now));
    }
}

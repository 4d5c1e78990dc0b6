/* SPDX-License-Identifier: MIT */
#include "hv/core/timer.h"

#include "hv/core/arch.h"
#include "hv/core/lock.h"
#include "hv/core/time.h"

/* The queue compares keys as if time went in a circle (sched_before): guests may ask for more than
 * half of it. 292 years. */
#define TIMER_LATEST ((ns_t)INT64_MAX)

struct cpu_timers {
    struct lock lock; /* timer_lock; interrupts off */
    struct sched_queue queue;
    ns_t alarm;            /* what the CPU's alarm is set to */
    ns_t slice;            /* where it ends; this CPU's */
    struct timer *running; /* whose function this CPU is in; published */
} cacheline_aligned;

static struct cpu_timers cpu_timers[CPUS_MAX] = {
    [0 ... CPUS_MAX - 1] = {.lock = LOCK(LOCK_TIMERS), .alarm = NS_NEVER, .slice = NS_NEVER}};

void timer_init(struct timer *t, void (*expired)(struct timer *t))
{
    *t = (struct timer){.expired = expired};
}

bool timer_is_set(const struct timer *t)
{
    return sched_node_queued(&t->node);
}

/* The alarm may be earlier than needed, which costs a look, but never later. */
static void alarm_by(struct cpu_timers *c, ns_t when)
{
    if (when < c->alarm) {
        c->alarm = when;
        arch_alarm_set(when);
    }
}

/* With the timer's CPU locked; which CPU that is may change until it is. */
static struct cpu_timers *lock_home(struct timer *t, bool *were_on)
{
    for (;;) {
        uint32_t cpu = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        struct cpu_timers *c = &cpu_timers[cpu];
        *were_on = lock_irq(&c->lock);
        if (__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) == cpu)
            return c;
        unlock_irq(&c->lock, *were_on);
    }
}

void timer_stop(struct timer *t)
{
    bool were_on;
    struct cpu_timers *c = lock_home(t, &were_on);
    if (timer_is_set(t))
        sched_queue_remove(&c->queue, &t->node);
    unlock_irq(&c->lock, were_on);
}

void timer_kill(struct timer *t)
{
    bool were_on;
    struct cpu_timers *c = lock_home(t, &were_on);
    t->killed = true;
    if (timer_is_set(t))
        sched_queue_remove(&c->queue, &t->node);
    unlock_irq(&c->lock, were_on);
    for (uint32_t i = 0; i < CPUS_MAX; i++) {
        while (__atomic_load_n(&cpu_timers[i].running, __ATOMIC_ACQUIRE) == t)
            arch_relax();
    }
}

void timer_set(struct timer *t, ns_t when)
{
    uint32_t here = arch_cpu_id();
    struct cpu_timers *to = &cpu_timers[here];
    for (;;) {
        bool were_on;
        struct cpu_timers *c = lock_home(t, &were_on);
        if (timer_is_set(t))
            sched_queue_remove(&c->queue, &t->node);
        if (c == to && !t->killed) {
            t->node.key = when < TIMER_LATEST ? when : TIMER_LATEST;
            sched_queue_insert(&c->queue, &t->node);
            alarm_by(c, t->node.key);
        }
        /* Here it is set once this CPU is its home: another one may be setting it, too. */
        if (c != to)
            __atomic_store_n(&t->cpu, here, __ATOMIC_RELAXED);
        unlock_irq(&c->lock, were_on);
        if (c == to)
            return;
    }
}

void timer_set_slice(ns_t end)
{
    struct cpu_timers *c = &cpu_timers[arch_cpu_id()];
    c->slice = end;
    /* Only this CPU sets its alarm. Mostly one is set already that comes before. */
    if (unlikely(end < c->alarm)) {
        bool were_on = lock_irq(&c->lock);
        alarm_by(c, end);
        unlock_irq(&c->lock, were_on);
    }
}

bool timers_run(void)
{
    struct cpu_timers *c = &cpu_timers[arch_cpu_id()];
    bool were_on = lock_irq(&c->lock);
    for (;;) {
        struct sched_node *first = c->queue.first;
        if (first == NULL || first->key > time_now())
            break;
        struct timer *t = container_of(first, struct timer, node);
        sched_queue_remove(&c->queue, first);
        c->running = t;
        unlock_irq(&c->lock, were_on);
        t->expired(t);
        __atomic_store_n(&c->running, NULL, __ATOMIC_RELEASE);
        were_on = lock_irq(&c->lock);
    }
    bool over = c->slice <= time_now();
    if (over)
        c->slice = NS_NEVER;
    c->alarm = c->queue.first == NULL ? c->slice : min(c->slice, c->queue.first->key);
    arch_alarm_set(c->alarm);
    unlock_irq(&c->lock, were_on);
    return over;
}

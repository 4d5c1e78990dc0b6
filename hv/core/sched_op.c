/* SPDX-License-Identifier: MIT */
/* sched_op: a vcpu gives its CPU away; and set_timer_op, which belongs to blocking. */
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/schedule.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"

#include <xen/sched.h>

#define POLL_PORTS_MAX 128 /* the ABI's */

static bool upcall_due(const struct vcpu *v)
{
    return __atomic_load_n(&v->info->evtchn_upcall_pending, __ATOMIC_SEQ_CST) != 0;
}

/* Blocks first and looks then: an event that comes between finds it blocked, and wakes it. */
static long block(struct vcpu *v)
{
    v->info->evtchn_upcall_mask = 0;
    if (upcall_due(v))
        return 0;
    vcpu_pause(v, PAUSE_BLOCKED);
    if (upcall_due(v))
        vcpu_unpause(v, PAUSE_BLOCKED);
    return 0;
}

static bool any_pending(struct domain *d, const evtchn_port_t *ports, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (events_is_pending(d, ports[i]))
            return true;
    }
    return false;
}

static long poll(struct vcpu *v, vaddr_t argument)
{
    struct domain *d = v->domain;
    struct sched_poll p;
    evtchn_port_t ports[POLL_PORTS_MAX];

    if (!copy_from_guest(&p, argument, sizeof(p)))
        return -XEN_EFAULT;
    if (p.nr_ports > POLL_PORTS_MAX)
        return -XEN_EINVAL;
    if (!copy_from_guest(ports, guest_handle(p.ports), p.nr_ports * sizeof(ports[0])))
        return -XEN_EFAULT;
    for (uint32_t i = 0; i < p.nr_ports; i++) {
        if (ports[i] == 0 || ports[i] >= d->events.ports_max)
            return -XEN_EINVAL;
    }
    v->poll_port = p.nr_ports == 1 ? ports[0] : 0;
    events_poll_begin(v);
    vcpu_pause(v, PAUSE_BLOCKED);
    if ((upcall_due(v) && !v->info->evtchn_upcall_mask) || any_pending(d, ports, p.nr_ports)) {
        vcpu_poll_end(v);
        return 0;
    }
    if (p.timeout != 0)
        timer_set(&v->poll_timer, p.timeout);
    return 0;
}

static long shutdown(struct vcpu *v, vaddr_t argument)
{
    struct sched_shutdown s;
    if (!copy_from_guest(&s, argument, sizeof(s)))
        return -XEN_EFAULT;
    if (s.reason > SHUTDOWN_MAX)
        return -XEN_EINVAL;
    domain_shutdown(v->domain, (uint8_t)s.reason);
    return 0;
}

/* The reason is kept for when the domain is shut down otherwise; here that is by its crash. */
static long shutdown_code(struct vcpu *v, vaddr_t argument)
{
    struct sched_shutdown s;
    if (!copy_from_guest(&s, argument, sizeof(s)))
        return -XEN_EFAULT;
    if (s.reason > SHUTDOWN_MAX)
        return -XEN_EINVAL;
    v->domain->shutdown_code = (uint8_t)s.reason;
    v->domain->has_shutdown_code = true;
    return 0;
}

static void watchdog_expired(struct timer *t)
{
    struct watchdog *w = container_of(t, struct watchdog, timer);
    /* NULL: another CPU turned it off when it had already expired. */
    struct domain *d = __atomic_load_n(&w->domain, __ATOMIC_RELAXED);
    if (d != NULL)
        domain_shutdown(d, SHUTDOWN_watchdog);
}

/* id 0: a new one, whose number is returned. timeout, in seconds, 0: not any more. */
static long watchdog(struct domain *d, vaddr_t argument)
{
    struct sched_watchdog a;
    long rc = -XEN_EINVAL;
    if (!copy_from_guest(&a, argument, sizeof(a)))
        return -XEN_EFAULT;
    lock(&d->event_lock);
    if (a.id == 0) {
        uint32_t i = 0;
        while (i < WATCHDOGS && d->watchdogs[i].domain != NULL)
            i++;
        rc = a.timeout == 0 ? -XEN_EINVAL : i == WATCHDOGS ? -XEN_ENOSPC : (long)i + 1;
        if (rc > 0) {
            d->watchdogs[i].domain = d;
            timer_init(&d->watchdogs[i].timer, watchdog_expired);
        }
    } else if (a.id <= WATCHDOGS && d->watchdogs[a.id - 1].domain != NULL) {
        rc = 0;
    }
    if (rc >= 0) {
        struct watchdog *w = &d->watchdogs[rc > 0 ? rc - 1 : a.id - 1];
        if (a.timeout != 0) {
            timer_set(&w->timer, time_now() + a.timeout * NS_PER_S);
        } else {
            timer_stop(&w->timer);
            __atomic_store_n(&w->domain, NULL, __ATOMIC_RELAXED);
        }
    }
    unlock(&d->event_lock);
    return rc;
}

long do_sched_op(uint64_t op, uint64_t argument)
{
    struct vcpu *v = current_vcpu();
    switch ((unsigned)op) {
    case SCHEDOP_yield:
        schedule_yield();
        return 0;
    case SCHEDOP_block:
        return block(v);
    case SCHEDOP_shutdown:
        return shutdown(v, vaddr(argument));
    case SCHEDOP_shutdown_code:
        return shutdown_code(v, vaddr(argument));
    case SCHEDOP_watchdog:
        return watchdog(v->domain, vaddr(argument));
    case SCHEDOP_poll:
        return poll(v, vaddr(argument));
    default:
        return -XEN_ENOSYS;
    }
}

/* 0: none any more. */
long do_set_timer_op(uint64_t when)
{
    struct vcpu *v = current_vcpu();
    if (when == 0)
        timer_stop(&v->one_shot);
    else
        timer_set(&v->one_shot, when);
    return 0;
}

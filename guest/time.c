/* SPDX-License-Identifier: MIT */
#include "guest/time.h"
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/vcpu.h"

struct vcpu_time_info time_parameters(const struct vcpu_time_info *shared)
{
    struct vcpu_time_info copy;
    uint32_t version;
    do { /* odd while it is written, and another one after */
        version = __atomic_load_n(&shared->version, __ATOMIC_ACQUIRE);
        copy = *(const volatile struct vcpu_time_info *)shared;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (version & 1 || version != __atomic_load_n(&shared->version, __ATOMIC_RELAXED));
    return copy;
}

ns_t time_scale(const struct vcpu_time_info *parameters, uint64_t ticks)
{
    int8_t shift = parameters->tsc_shift;
    ticks = shift < 0 ? ticks >> -shift : ticks << shift;
    return NS((uint64_t)((unsigned __int128)ticks * parameters->tsc_to_system_mul >> 32));
}

ns_t time_system(void)
{
    const struct vcpu_time_info *shared = &vcpu_self()->info->time;
    struct vcpu_time_info parameters;
    uint64_t tsc;
    do { /* the counter belongs to these parameters only while they are the newest */
        parameters = time_parameters(shared);
        tsc = time_tsc();
    } while (parameters.version != __atomic_load_n(&shared->version, __ATOMIC_ACQUIRE));
    ns_t since = time_scale(&parameters, tsc - parameters.tsc_timestamp);
    return NS(parameters.system_time + since.n);
}

ns_t time_wall(void)
{
    uint32_t version;
    uint64_t seconds;
    uint64_t ns;
    do {
        version = __atomic_load_n(&shared_info->wc_version, __ATOMIC_ACQUIRE);
        seconds = (uint64_t)__atomic_load_n(&shared_info->wc_sec_hi, __ATOMIC_RELAXED) << 32 |
                  __atomic_load_n(&shared_info->wc_sec, __ATOMIC_RELAXED);
        ns = __atomic_load_n(&shared_info->wc_nsec, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
    } while (version & 1 || version != __atomic_load_n(&shared_info->wc_version, __ATOMIC_RELAXED));
    return NS(seconds * NS_PER_SECOND + ns + time_system().n);
}

/* ---- the vcpu's timer */

/* Each vcpu's timer port; 0 is none. */
static evtchn_port_t timer_ports[VCPU_MAX];

static struct {
    event_handler *handler;
    void *data;
} listeners[VCPU_MAX];

static struct timer *timers[VCPU_MAX]; /* the next to fire first; changed with upcalls masked */

/* Leaves the timer alone, which may be somebody's own, where nobody waits. */
static void program(unsigned vcpu)
{
    if (!timers[vcpu])
        return;
    ns_t deadline = timers[vcpu]->deadline;
    long error = hypercall_set_timer_op(deadline.n);
    if (error)
        power_panic("timer at %lu refused: error %ld", deadline.n, error);
}

static void fire_due(unsigned vcpu)
{
    while (timers[vcpu] && timers[vcpu]->deadline.n <= time_system().n) {
        struct timer *timer = timers[vcpu];
        timers[vcpu] = timer->next;
        timer->set = false;
        timer->fire(timer);
    }
    program(vcpu);
}

static void fired(evtchn_port_t port, void *data)
{
    (void)data;
    unsigned vcpu = vcpu_self()->id;
    fire_due(vcpu);
    if (listeners[vcpu].handler)
        listeners[vcpu].handler(port, listeners[vcpu].data);
}

/* A vcpu may start with a tick of 100 Hz, which nobody here asked for. */
static void bind_timer(unsigned vcpu)
{
    if (timer_ports[vcpu])
        return;
    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, vcpu, NULL);
    long port = event_bind_virq(VIRQ_TIMER, vcpu);
    if (port < 0)
        power_panic("vcpu %u: no timer event: error %ld", vcpu, port);
    timer_ports[vcpu] = (evtchn_port_t)port;
    event_handle(timer_ports[vcpu], fired, NULL);
    event_unmask(timer_ports[vcpu]);
}

evtchn_port_t time_on_timer(event_handler *handler, void *data)
{
    unsigned vcpu = vcpu_self()->id;
    bool masked = vcpu_mask();
    listeners[vcpu].handler = handler;
    listeners[vcpu].data = data;
    if (!masked)
        vcpu_unmask();
    bind_timer(vcpu);
    return timer_ports[vcpu];
}

static void unlink(struct timer *timer, unsigned vcpu)
{
    struct timer **at = &timers[vcpu];
    while (*at != timer)
        at = &(*at)->next;
    *at = timer->next;
    timer->set = false;
}

void timer_set(struct timer *timer, ns_t deadline)
{
    unsigned vcpu = vcpu_self()->id;
    bind_timer(vcpu);
    bool masked = vcpu_mask();
    if (timer->set)
        unlink(timer, vcpu);
    struct timer **at = &timers[vcpu];
    while (*at && (*at)->deadline.n <= deadline.n)
        at = &(*at)->next;
    timer->deadline = deadline;
    timer->next = *at;
    timer->set = true;
    *at = timer;
    if (timers[vcpu] == timer)
        program(vcpu);
    if (!masked)
        vcpu_unmask();
}

/* The hypervisor's timer stays as it is: at worst it fires for nobody. */
bool timer_cancel(struct timer *timer)
{
    bool masked = vcpu_mask();
    bool was = timer->set;
    if (was)
        unlink(timer, vcpu_self()->id);
    if (!masked)
        vcpu_unmask();
    return was;
}

static void just_return(struct timer *timer)
{
    (void)timer;
}

/*
 * Upcalls are masked from the look at the clock until the hypervisor blocks this vcpu and unmasks
 * them in one (SCHEDOP_block), so a timer that fires in between is not slept through.
 */
void time_sleep_until(ns_t deadline)
{
    struct timer timer = {.fire = just_return};
    bool masked = vcpu_mask();
    while (time_system().n < deadline.n) {
        timer_set(&timer, deadline);
        hypercall_sched_op(SCHEDOP_block, NULL);
        vcpu_mask();
    }
    timer_cancel(&timer);
    if (!masked)
        vcpu_unmask();
}

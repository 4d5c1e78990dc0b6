/* SPDX-License-Identifier: MIT */
/* Time as the hypervisor tells it, in ns, and the timer event. */
#ifndef GUEST_TIME_H
#define GUEST_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "guest/event.h"
#include "guest/xen.h"

typedef struct {
    uint64_t n;
} ns_t;

#define NS(number) ((ns_t){(number)})
#define NS_PER_US 1000UL
#define NS_PER_MS 1000000UL
#define NS_PER_SECOND 1000000000UL

/* The processor's counter, after all that was before it. */
static inline uint64_t time_tsc(void)
{
    uint32_t low;
    uint32_t high;
    asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* A copy of the parameters that was taken between two updates of them (xen/xen.h). */
struct vcpu_time_info time_parameters(const struct vcpu_time_info *shared);

/* Counter ticks as ns, by the parameters' scale: one that would overflow 64 bits is of no use. */
ns_t time_scale(const struct vcpu_time_info *parameters, uint64_t ticks);

/* Since the hypervisor started. */
ns_t time_system(void);

/* Since 1970, UTC. */
ns_t time_wall(void);

/*
 * Who is told of the calling vcpu's timer events besides those who sleep; NULL for nobody. Binds
 * VIRQ_TIMER, which a vcpu can do only once, and unmasks the port. The port is returned.
 */
evtchn_port_t time_on_timer(event_handler *handler, void *data);

/*
 * Waits, with the processor given away, until system time is `deadline` or later. Uses the
 * one-shot timer. No other thread runs meanwhile: that is thread_wait_until() (guest/thread.h).
 */
void time_sleep_until(ns_t deadline);

/*
 * A function that is called, like an event's handler, when system time has come to a deadline. Any
 * number of them share the vcpu's one-shot timer; a timer belongs to the vcpu that set it. They and
 * one's own set_timer_op do not mix.
 */
struct timer {
    ns_t deadline;
    void (*fire)(struct timer *timer);
    struct timer *next; /* in the vcpu's list, by deadline */
    bool set;
};

/* `fire` has been given. One that is set already gets the new deadline. */
void timer_set(struct timer *timer, ns_t deadline);

/* Was it still set? It will not fire then. */
bool timer_cancel(struct timer *timer);

#endif

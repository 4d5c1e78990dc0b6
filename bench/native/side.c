/* SPDX-License-Identifier: MIT */
/* What a side does outside its measured loop: meet, sleep, tell, and read clocks and counters. */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/native/side.h"

/* Spins before a waiter gives its processor away: the ones it waits for may need it. */
#define SPINS_BEFORE_YIELD 4096U

static void wait_for(struct side *s, const _Atomic uint32_t *word, uint32_t value)
{
    uint32_t spins = 0;
    while (atomic_load_explicit(word, memory_order_acquire) != value && !side_aborted(s)) {
        _mm_pause();
        if (++spins % SPINS_BEFORE_YIELD == 0)
            sched_yield();
    }
}

void side_laid_out(struct side *s)
{
    atomic_store_explicit(&s->exchange->laid_out, 1, memory_order_release);
}

void side_wait_laid_out(struct side *s)
{
    wait_for(s, &s->exchange->laid_out, 1);
}

void side_start_line(struct side *s)
{
    atomic_fetch_add_explicit(&s->exchange->arrived, 1, memory_order_acq_rel);
    wait_for(s, &s->exchange->arrived, s->exchange->point.fronts + 1);
}

void side_front_stops(struct side *s, uint64_t sent)
{
    atomic_fetch_add_explicit(&s->exchange->sent, sent, memory_order_relaxed);
    atomic_fetch_sub_explicit(&s->exchange->fronts_running, 1, memory_order_release);
    side_tell(s, SIDE_BACK);
}

void side_give_up(struct side *s)
{
    atomic_store(&s->exchange->abort, true);
    for (uint32_t i = 0; i < s->exchange->point.fronts; i++)
        side_tell(s, i);
    side_tell(s, SIDE_BACK);
}

void *side_private(struct side *s, size_t size)
{
    if (size > s->priv_size) {
        free(s->priv);
        s->priv_size = ring_round_up(size, RING_LINE);
        s->priv = aligned_alloc(RING_LINE, s->priv_size);
        if (s->priv == NULL)
            s->priv_size = 0;
    }
    if (s->priv != NULL)
        memset(s->priv, 0, s->priv_size);
    return s->priv;
}

void side_tell(struct side *s, uint32_t index)
{
    const uint64_t one = 1;
    s->tells++;
    while (write(s->eventfds[index], &one, sizeof one) < 0 && errno == EINTR)
        ;
}

void side_sleep(struct side *s, uint64_t deadline)
{
    const int fd = s->eventfds[s->index];
    uint64_t count;

    s->wakes++;
    if (deadline != NOTIFY_NEVER) {
        uint64_t now = side_now(s), left = deadline > now ? deadline - now : 0;
        struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000),
                                   .tv_nsec = (long)(left % 1000000000)};
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (ppoll(&wait, 1, &timeout, NULL) <= 0)
            return;
    }
    while (read(fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

/* ---- the meter ------------------------------------------------------------------------------ */

#define METER_FIRST 16U             /* requests before the first look */
#define METER_EVERY_MAX (1U << 20U) /* requests */
#define METER_LOOK_NS 20000.0       /* aim: a look at the time every so many ns */

static uint64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void meter_start(struct meter *m)
{
    uint64_t now = ticks_now();
    *m = (struct meter){.next = METER_FIRST,
                        .every = METER_FIRST,
                        .started = now,
                        .looked = now,
                        .phase = METER_WARM};
}

static void meter_begin(struct meter *m, struct side *s, uint64_t requests)
{
    counters_read(s->counter_fds, s->counters, m->begun_counters);
    m->begun_requests = requests;
    m->begun_tells = s->tells;
    m->begun_wakes = s->wakes;
    m->begun_cpu_ns = cpu_ns();
    m->begun = ticks_now();
    m->phase = METER_MEASURE;
}

static void meter_end(struct meter *m, struct side *s, uint64_t requests, uint64_t now)
{
    struct side_result *r = &s->exchange->results[s->index];
    r->ticks = now - m->begun;
    r->cpu_ns = cpu_ns() - m->begun_cpu_ns;
    r->requests = requests - m->begun_requests;
    r->tells = s->tells - m->begun_tells;
    r->wakes = s->wakes - m->begun_wakes;
    struct counter_reading readings[NATIVE_EVENTS_MAX];
    counters_read(s->counter_fds, s->counters, readings);
    for (uint32_t i = 0; i < s->counters; i++)
        r->counters[i] = counter_between(&m->begun_counters[i], &readings[i]);
    r->measured = true;
    m->phase = METER_DONE;
    if (s->index == SIDE_BACK)
        atomic_store_explicit(&s->exchange->back_measured, true, memory_order_release);
}

bool meter_look(struct meter *m, struct side *s, uint64_t requests)
{
    const struct exchange *x = s->exchange;
    const uint64_t now = ticks_now();
    const uint64_t aim = (uint64_t)(METER_LOOK_NS / x->ns_per_tick);

    if (x->crowded && m->idle >= METER_IDLE_LOOKS)
        sched_yield();
    m->idle = 0;
    if (requests >= m->next) {
        const uint64_t gap = now - m->looked;
        if (gap < aim / 2 && m->every < METER_EVERY_MAX)
            m->every *= 2;
        else if (gap > aim * 2 && m->every > 1)
            m->every /= 2;
        m->next = requests + m->every;
        m->looked = now;
    }

    if (m->phase == METER_WARM && now - m->started >= x->warm_ticks)
        meter_begin(m, s, requests);
    else if (m->phase == METER_MEASURE && now - m->begun >= x->duration_ticks &&
             requests != m->begun_requests)
        meter_end(m, s, requests, now);
    bool over =
        m->phase == METER_DONE && atomic_load_explicit(&x->back_measured, memory_order_acquire);
    return !over && !side_aborted(s);
}

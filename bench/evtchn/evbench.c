/* SPDX-License-Identifier: MIT */
/* A session, and one observation at a time of whichever measure. */
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/evtchn/parts.h"
#include "bench/native/processors.h"

#define WARM_SHARE 4U         /* warm-up: a fourth of the duration */
#define WARM_MIN_NS 500000ULL /* and at least this */

#define CLOCK_READINGS 1001U

/* The memory of the domains is on large pages where the system has them, as a hypervisor's is: what
 * is measured is not how this process's memory is mapped. */
#define LARGE_PAGE (2UL << 20)

/* ---- a session ------------------------------------------------------------------------------ */

static void *map_large(void)
{
    uint8_t *all = mmap(NULL, WORLD_BYTES + LARGE_PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    size_t before = -(uintptr_t)all % LARGE_PAGE;
    if (before != 0)
        munmap(all, before);
    if (before != LARGE_PAGE)
        munmap(all + before + WORLD_BYTES, LARGE_PAGE - before);
    (void)madvise(all + before, WORLD_BYTES, MADV_HUGEPAGE);
    return all + before;
}

static int by_size(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void *time_clock(void *arg)
{
    struct evbench *b = arg;
    uint64_t gaps[CLOCK_READINGS];
    processor_pin(b->config.cpu_producer);
    for (uint32_t i = 0; i < CLOCK_READINGS; i++) {
        uint64_t from = ticks_from();
        gaps[i] = ticks_now() - from;
    }
    qsort(gaps, CLOCK_READINGS, sizeof gaps[0], by_size);
    uint64_t step = gaps[0] != 0 ? gaps[0] : UINT64_MAX;
    for (uint32_t i = 1; i < CLOCK_READINGS; i++)
        if (gaps[i] != gaps[i - 1] && gaps[i] - gaps[i - 1] < step)
            step = gaps[i] - gaps[i - 1];
    uint64_t median = gaps[CLOCK_READINGS / 2];
    b->clock_ns = (double)median * 1e9 / b->tsc_hz;
    b->step_ns = (double)step * 1e9 / b->tsc_hz;
    return NULL;
}

/* Runs it in a thread of its own, for it changes its processor, and waits for it. false: none. */
static bool in_thread(void *(*what)(void *), void *arg)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, what, arg) != 0)
        return false;
    pthread_join(thread, NULL);
    return true;
}

int evbench_open(const struct evbench_config *config, struct evbench **bench, char *error,
                 size_t error_size)
{
    int two[2] = {config->cpu_producer, config->cpu_consumer};
    cpu_set_t allowed;
    if (processors_choose(two, &allowed, error, error_size) != 0)
        return -1;
    struct evbench *b = aligned_alloc(_Alignof(struct evbench), sizeof *b);
    if (b != NULL) {
        *b = (struct evbench){.config = {two[0], two[1]}, .tsc_hz = ticks_calibrate()};
        b->memory = map_large();
    }
    if (b == NULL || b->memory == NULL || !in_thread(time_clock, b)) {
        snprintf(error, error_size, "no memory, or no thread: %s", strerror(errno));
        evbench_close(b);
        return -1;
    }
    *bench = b;
    return 0;
}

void evbench_close(struct evbench *b)
{
    if (b == NULL)
        return;
    if (b->memory != NULL)
        munmap(b->memory, WORLD_BYTES);
    free(b);
}

int evbench_cpu_producer(const struct evbench *b)
{
    return b->config.cpu_producer;
}

int evbench_cpu_consumer(const struct evbench *b)
{
    return b->config.cpu_consumer;
}

double evbench_tsc_hz(const struct evbench *b)
{
    return b->tsc_hz;
}

double evbench_clock_ns(const struct evbench *b)
{
    return b->clock_ns;
}

double evbench_step_ns(const struct evbench *b)
{
    return b->step_ns;
}

/* ---- one observation ------------------------------------------------------------------------ */

static void *on_one_core(void *arg)
{
    struct run *run = arg;
    processor_pin(run->bench->config.cpu_producer);
    if (run->point->measure == EVBENCH_ORDER)
        measure_order(run);
    else
        measure_rounds(run);
    return NULL;
}

static void measure(struct run *run)
{
    const struct evbench_point *p = run->point;
    run->order = malloc((p->ports - 1) * sizeof *run->order);
    if (run->order == NULL) {
        run->fault = FAULT_MEMORY;
        return;
    }
    for (uint32_t i = 0; i < p->ports - 1; i++)
        run->order[i] = i + 1;
    /* Signals are the runner's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    if (evbench_on_two_cores(p->measure))
        measure_two_cores(run);
    else if (!in_thread(on_one_core, run))
        run->fault = FAULT_THREAD;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    free(run->order);
}

int evbench_observe(struct evbench *b, const struct evbench_point *p, uint64_t duration_ns,
                    struct evbench_observation *out, struct evbench_hists *hists, char *error,
                    size_t error_size)
{
    if (evbench_refusal(p, error, error_size) != NULL)
        return -1;
    const struct world_abi *abi = world_abi_at(p->abi);
    const uint64_t warm_ns = duration_ns / WARM_SHARE;
    struct evbench_observation seen = {.event_ns = NAN, .jain = NAN};
    struct run run = {
        .bench = b,
        .point = p,
        .duration_ticks = (uint64_t)((double)duration_ns * b->tsc_hz / 1e9),
        .warm_ticks =
            (uint64_t)((double)(warm_ns > WARM_MIN_NS ? warm_ns : WARM_MIN_NS) * b->tsc_hz / 1e9),
        .ns_per_tick = 1e9 / b->tsc_hz,
        .out = &seen,
    };
    hist_reset(&b->hists.latency);
    hist_reset(&b->hists.worst);
    hist_reset(&b->hists.last);
    run.fault = world_lay_out(&b->world, abi, p->ports, p->priorities, b->memory);
    if (run.fault == NULL)
        measure(&run);
    if (run.fault != NULL) {
        snprintf(error, error_size, "%s, %s: %s", abi->name, evbench_measure_name(p->measure),
                 run.fault);
        return -1;
    }
    *out = seen;
    if (hists != NULL)
        *hists = b->hists;
    return 0;
}

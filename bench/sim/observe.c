/* SPDX-License-Identifier: MIT */
/* One observation: a simulator is set up for a point, runs, says what it saw, and goes. */
#include "bench/sim/bursts.h"
#include "bench/sim/calls.h"
#include "bench/sim/params.h"
#include "bench/sim/workloads.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_ALIGN 128U /* of workloads' structures: what rings ask for */

static bool no_memory(const struct sim *sim)
{
    snprintf(sim->error, sim->error_size, "no memory for %u domains", sim->n_domains);
    return false;
}

static bool allocate(struct sim *sim)
{
    const struct sim_point *p = sim->point;
    size_t own = sim->workload == NULL ? 0 : p->wakers * sim->workload->size;
    own = (own + OWN_ALIGN - 1) / OWN_ALIGN * OWN_ALIGN;
    sim->domains = (struct domain *)calloc(sim->n_domains, sizeof *sim->domains);
    if (own != 0 && (sim->own = aligned_alloc(OWN_ALIGN, own)) != NULL)
        memset(sim->own, 0, own);
    uint64_t *weights = (uint64_t *)calloc(p->hogs + 1, sizeof *weights);
    bool ok = sim->domains != NULL && (own == 0 || sim->own != NULL) && weights != NULL;
    for (uint32_t i = 0; ok && i < p->hogs; i++)
        weights[i] = params_weight(p->weights, i);
    ok = ok && fairness_open(&sim->fairness, sim->domains, p->hogs, weights, p->cpus);
    free(weights);
    return ok || no_memory(sim);
}

static void release(struct sim *sim)
{
    fairness_close(&sim->fairness);
    free(sim->own);
    free(sim->domains);
    free(sim);
}

/* All domains join, in order, and then all hogs wake. */
static bool populate(struct sim *sim)
{
    uint32_t hogs = sim->point->hogs;
    for (uint32_t i = 0; i < sim->n_domains; i++) {
        struct domain *d = &sim->domains[i];
        d->sort = i < hogs ? SIM_HOG : SIM_WAKER;
        bool late = d->sort == SIM_WAKER && sim->workload->joins_late;
        if (!late && !sim_join(sim, d))
            return false;
    }
    for (uint32_t i = 0; i < hogs; i++) {
        sim->domains[i].left = SIM_ENDLESS;
        sim_wake(sim, &sim->domains[i]);
    }
    for (uint32_t i = hogs; i < sim->n_domains; i++)
        sim->workload->start(sim, &sim->domains[i]);
    return true;
}

/* trace: NULL, or what is told of every call. */
static bool set_up(struct sim *sim, const struct sim_point *point, struct calls_file *trace)
{
    sim->point = point;
    sim->workload = workload_of_mix(point->mix);
    sim->n_domains = point->hogs + point->wakers;
    sim->switch_ns = point->switch_ns;
    sim->begin = sim->sample = point->warmup_ns;
    sim->end = point->warmup_ns + point->duration_ns;
    sched_init(&sim->sched, sched_policy_named(point->policy), sim->sched_cpus, point->cpus, 0);
    for (uint32_t i = 0; i < point->cpus; i++) {
        sim->cpus[i].timer = AGENDA_NEVER;
        sim->cpus[i].late = random_stream(point->seed, SIM_DOMAINS_MAX + i, 0);
    }
    if (trace != NULL) {
        sim->sched.trace = calls_write;
        sim->sched.trace_arg = trace;
    }
    return allocate(sim) && params_of_scheduler(sim, sim->error, sim->error_size) && populate(sim);
}

static void harvest(const struct sim *sim, struct sim_observation *out)
{
    *out = (struct sim_observation){0};
    out->elapsed_ns = sim->point->duration_ns;
    out->busy_ns = sim->worked[SIM_HOG] + sim->worked[SIM_WAKER];
    out->overhead_ns = sim->overhead;
    out->idle_ns = sim->idle;
    out->decisions = sim->decisions;
    out->switches = sim->switches;
    out->migrations = sim->migrations;
    out->wakes = sim->wakes;
    out->jobs = sim->jobs;
    out->late = sim->late;
    out->hog_ns = sim->worked[SIM_HOG];
    out->host_ns = sim->host_time;
    for (uint32_t i = 0; i < sim->n_domains; i++)
        out->domains += sim->domains[i].present ? 1 : 0;
    fairness_report(&sim->fairness, out);
}

/* The machine stops, and every domain is removed. */
static void dissolve(struct sim *sim)
{
    for (uint32_t i = 0; i < sim->n_domains; i++) {
        struct domain *d = &sim->domains[i];
        if (!d->present)
            continue;
        sched_sleep(&sim->sched, &d->v, sim->now);
        d->present = !sched_remove(&sim->sched, &d->v, sim->now);
    }
}

static bool run(struct sim *sim, struct sim_observation *out)
{
    bool ok = sim_run(sim);
    if (ok && sim->workload != NULL && sim->workload->check != NULL) {
        sim->wrong = sim->workload->check(sim);
        ok = sim->wrong == NULL;
    }
    if (ok)
        harvest(sim, out);
    else if (sim->wrong != sim->error)
        snprintf(sim->error, sim->error_size, "%s", sim->wrong);
    dissolve(sim);
    return ok;
}

static int observe(const struct sim_point *point, struct sim_observation *out,
                   struct hist *dispatch, struct hist *latency, struct calls_file *trace,
                   char *error, size_t size)
{
    if (sim_refusal(point, error, size) != NULL)
        return -1;
    struct sim *sim = (struct sim *)calloc(1, sizeof *sim);
    if (sim == NULL) {
        snprintf(error, size, "no memory for a simulator");
        return -1;
    }
    struct bursts bursts = {NULL, 0};
    sim->error = error;
    sim->error_size = size;
    sim->dispatch = dispatch;
    sim->latency = latency;
    sim->bursts = &bursts;
    if (dispatch != NULL)
        hist_reset(dispatch);
    if (latency != NULL)
        hist_reset(latency);
    bool ok = point->mix != SIM_RECORDED || bursts_read(&bursts, point->workload, error, size);
    ok = ok && set_up(sim, point, trace) && run(sim, out);
    bursts_free(&bursts);
    release(sim);
    return ok ? 0 : -1;
}

int sim_observe(const struct sim_point *point, struct sim_observation *out, struct hist *dispatch,
                struct hist *latency, char *error, size_t error_size)
{
    return observe(point, out, dispatch, latency, NULL, error, error_size);
}

int sim_record(const struct sim_point *point, const char *path, struct sim_observation *out,
               char *error, size_t error_size)
{
    struct calls_file file;
    if (sim_refusal(point, error, error_size) != NULL ||
        !calls_create(&file, path, point->policy, point->cpus, error, error_size))
        return -1;
    int result = observe(point, out, NULL, NULL, &file, error, error_size);
    if (!calls_close(&file, error, error_size))
        return -1;
    return result;
}

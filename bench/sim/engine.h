/* SPDX-License-Identifier: MIT */
/*
 * The simulated machine: CPUs that pick, run and idle, and the domains on them.
 *
 * A CPU's next moment is the earlier of two: its timer, which the last decision set, and the end of
 * the work of the domain that runs. A context switch takes the CPU for switch_ns before the first
 * instruction of the new domain; what asks the CPU to pick meanwhile waits until it is over. To the
 * policy that time belongs to the new domain, as in a hypervisor that reads its clock when it
 * picks; here it is overhead, and nobody's work.
 *
 * Telling a CPU to pick takes no time: whatever becomes of one event is settled, CPUs in ascending
 * order, before the next. At the same moment measures are taken first, then come CPUs, then
 * domains.
 */
#ifndef BENCH_SIM_ENGINE_H
#define BENCH_SIM_ENGINE_H

#include "bench/sim/agenda.h"
#include "bench/sim/fairness.h"
#include "bench/sim/random.h"
#include "bench/sim/sim.h"
#include "sched-bvt/replay.h"
#include "sched-bvt/sched.h"

/* Slots of the agenda: CPUs, then domains. */
#define SIM_SLOT_DOMAINS SIM_CPUS_MAX

/* Work that never ends; and no sum with a simulated moment wraps. */
#define SIM_ENDLESS (1ULL << 62)

enum sim_sort { SIM_HOG, SIM_WAKER, SIM_SORTS };

struct domain {
    struct sched_vcpu v; /* its id is the index in sim.domains */
    uint64_t left;       /* ns of work until its workload is asked for more */
    uint64_t ran;        /* ns of work done */
    uint64_t woken;      /* when it last became runnable */
    uint32_t sort;       /* enum sim_sort */
    uint32_t last_cpu;   /* where it ran last, or SCHED_NO_CPU */
    bool present;        /* in the scheduler */
    bool awaited;        /* a waker that was woken and has not run yet */
    struct fairness_hog fair;
};

struct cpu {
    struct domain *runs; /* NULL: idle */
    struct domain *last; /* what it ran last; that one may come back without a switch */
    uint64_t since;      /* accounted up to here; ahead of now during a context switch */
    uint64_t timer;      /* when it picks, or once a context switch is over */
    struct random late;  /* by how much slices end late */
    uint64_t start;      /* number of the start of what it runs, if that is a hog; see fairness.h */
};

struct sim;
struct bursts;

/* What wakers do. All but start may be NULL where it is never called. */
struct workload {
    size_t size; /* of a waker's own structure, see workload_of() */

    /* Before anything runs, for each waker in order: it is in the scheduler, and BLOCKED. */
    void (*start)(struct sim *sim, struct domain *d);
    /* The work of d, which runs, is done: ns of more work, or 0: it blocks. */
    uint64_t (*done)(struct sim *sim, struct domain *d);
    /* d's moment (sim_alarm) has come. */
    void (*alarm)(struct sim *sim, struct domain *d);
    /* After the last event: NULL, or what is wrong. */
    const char *(*check)(const struct sim *sim);

    bool joins_late; /* start adds d to the scheduler itself, some time: sim_join */
};

struct sim {
    const struct sim_point *point;
    const struct workload *workload; /* NULL: no wakers */
    uint64_t now, begin, end;        /* begin..end is measured */
    uint64_t sample;                 /* when measuring begins, or the next window closes */
    uint64_t switch_ns;
    uint64_t todo; /* CPUs that should pick */
    struct sched sched;
    struct cpu cpus[SIM_CPUS_MAX];
    struct sched_cpu sched_cpus[SIM_CPUS_MAX];
    struct domain *domains; /* hogs first, then wakers */
    uint32_t n_domains;
    void *own;                   /* structures of the workload, one a waker */
    const struct bursts *bursts; /* of the mix recorded */
    struct fairness fairness;
    const char *wrong; /* what a workload found, or NULL: ends the run */
    char *error;       /* for a sentence about a parameter that was refused on the way */
    size_t error_size;

    /* Measured; reset at begin. */
    uint64_t worked[SIM_SORTS]; /* ns, by enum sim_sort */
    uint64_t overhead, idle;    /* ns */
    uint64_t decisions, switches, migrations, wakes, jobs, late;
    uint64_t host_time;              /* of this machine: CPU ns at begin, then from begin to end */
    struct hist *dispatch, *latency; /* NULL: not asked for */

    struct agenda agenda; /* last: it is large */
};

/* ---- For workloads ---- */

/* The waker's own structure. */
static inline void *workload_of(const struct sim *sim, const struct domain *d)
{
    size_t i = (size_t)(d - sim->domains) - sim->point->hogs;
    return (char *)sim->own + i * sim->workload->size;
}

/* The i-th waker. */
static inline struct domain *sim_waker(const struct sim *sim, uint32_t i)
{
    return &sim->domains[sim->point->hogs + i];
}

/* A random stream of d's; `use` tells those of one domain apart. */
static inline struct random sim_stream(const struct sim *sim, const struct domain *d, uint32_t use)
{
    return random_stream(sim->point->seed, (uint32_t)(d - sim->domains) - sim->point->hogs, use);
}

/* Calls alarm at that moment, and at no earlier one set before. */
static inline void sim_alarm(struct sim *sim, const struct domain *d, uint64_t moment)
{
    agenda_set(&sim->agenda, SIM_SLOT_DOMAINS + (uint32_t)(d - sim->domains), moment);
}

/* Makes d, which is BLOCKED, runnable; when it runs, it works for d->left and is asked again. */
void sim_wake(struct sim *sim, struct domain *d);

/* Adds d to the scheduler with the parameters of its sort. false: one was refused; the run ends. */
bool sim_join(struct sim *sim, struct domain *d);

/* A job that was given at that moment is done now. */
static inline void sim_job(struct sim *sim, uint64_t given)
{
    sim->jobs++;
    if (sim->latency != NULL)
        hist_record(sim->latency, sim->now - given);
}

/* Work of the next job, as the point has it. */
static inline uint64_t sim_service(const struct sim *sim, struct random *r)
{
    const struct sim_point *p = sim->point;
    return p->service == SIM_EXPONENTIAL ? random_exponential(r, p->service_ns) : p->service_ns;
}

/* Runs until `end`. false: something is wrong, and `wrong` says what. */
bool sim_run(struct sim *sim);

#endif

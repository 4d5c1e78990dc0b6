/* SPDX-License-Identifier: MIT */
/*
 * The sim platform: domains on simulated CPUs, scheduled by the policies' own code (sched-bvt/),
 * and one observation at a time is measured. Its clock is simulated ns.
 *
 * The policies are driven exactly as sched-bvt/sched.h tells an embedder to. A point and its seed
 * decide everything: the same point gives the same observation and the same histograms, to the bit,
 * on any machine; only host_ns differs. Random streams belong to a domain, not to a moment, so that
 * every policy is given the same arrivals and the same work.
 *
 * Domains have one vcpu each and are of two sorts. Hogs always want to run; shares and fairness are
 * theirs. Wakers sleep and wake as the mix says; latencies are theirs.
 *
 * Calling context: any thread; nothing is shared between calls.
 */
#ifndef BENCH_SIM_H
#define BENCH_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/hist/hist.h"
#include "sched-bvt/replay.h"

/* The i-th policy's name and one line on it, in the order of sched-bvt/policies.def; NULL past the
 * end. */
const char *sim_policy_name(size_t i);
const char *sim_policy_summary(size_t i);

/* What the wakers do. A job is a piece of work that a waker was given: its latency is from when it
 * was given until it is done. */
enum sim_mix {
    SIM_HOGS,        /* there are none: wakers must be 0 */
    SIM_PERIODIC,    /* a job every 1/load s, each waker from a random phase on */
    SIM_POISSON,     /* jobs arrive at each waker as a Poisson process of `load` a second */
    SIM_BURSTY,      /* works a job of `service`, sleeps for think_ns (exponential), again */
    SIM_FORK_BOMB,   /* as hogs, but added one by one, `load` a second; all removed at the end */
    SIM_CLOSED_LOOP, /* the first waker serves the others over a ring each; see below */
    SIM_RECORDED,    /* bursts read from a file, point.workload; see below */
    SIM_MIXES
};

/*
 * SIM_CLOSED_LOOP. Each client keeps `window` requests going. Each of them: sleep for think_ns
 * (exponential; 0: not at all), 5 us of work of the client (SIM_CLIENT_NS), a request into the
 * client's ring, `service` of work of the server, a response. Rings are rings/xen.h, 64 entries
 * (SIM_RING_ENTRIES); the server takes from them in turn. A side that sleeps is told by the event
 * index and then woken. A job is a request: given when it is published, done when its response is
 * consumed.
 *
 * SIM_RECORDED. A text file: one line a domain, "<name> <run> <block> <run> <block> ...", in ns,
 * from the beginning and round again; # begins a comment. The i-th waker does as line i modulo the
 * number of lines. A run is a job. docs/simulator.md gives the format in full.
 */
#define SIM_CLIENT_NS 5000U
#define SIM_RING_ENTRIES 64U

enum sim_service { SIM_CONSTANT, SIM_EXPONENTIAL, SIM_SERVICES };

/* Weights of hogs; wakers have the policy's default, 256. Any but equal is for policies that have
 * weights. */
enum sim_weights {
    SIM_EQUAL,     /* 256 each */
    SIM_LINEAR,    /* 64, 128, ... 512, and again */
    SIM_GEOMETRIC, /* 32, 64, ... 4096, and again */
    SIM_WEIGHTS
};

/* What users type and results show: "hogs", "periodic", "poisson", "bursty", "fork-bomb",
 * "closed-loop", "recorded"; "constant", "exponential"; "equal", "linear", "geometric". NULL past
 * the end. */
const char *sim_mix_name(enum sim_mix mix);
const char *sim_service_name(enum sim_service service);
const char *sim_weights_name(enum sim_weights weights);

#define SIM_CPUS_MAX 64U
#define SIM_DOMAINS_MAX 10000U
#define SIM_LOAD_MAX 1000000U
#define SIM_TIME_MAX 1000000000000ULL /* ns: of duration, and of warm-up */
#define SIM_WORK_MAX 10000000000ULL   /* ns: of service and think time */
#define SIM_SWITCH_MAX 1000000U       /* ns: of a context switch */
#define SIM_LATE_MAX 1000000U         /* ns: of the end of a slice */
#define SIM_POLICY_DEFAULT UINT64_MAX /* as an allowance */

/* What is measured: a point of a sweep. Start from SIM_DEFAULTS. */
struct sim_point {
    const char *policy;       /* by name */
    uint32_t cpus;            /* 1..64 */
    uint32_t hogs;            /* 0..10000 */
    uint32_t wakers;          /* 0..10000; hogs and wakers together 1..10000 */
    enum sim_mix mix;         /* what the wakers do */
    enum sim_weights weights; /* of the hogs */
    uint32_t load;            /* a second, 1..1000000: periodic, poisson, fork-bomb */
    uint64_t service_ns;      /* work of a job, 1..10^10; its mean, if exponential */
    enum sim_service service; /* not with periodic, which is constant */
    uint64_t think_ns;        /* mean sleep, 0..10^10: bursty (not 0), closed-loop */
    uint32_t window;          /* requests that each client keeps going, 1..64: closed-loop */
    const char *workload;     /* path of a file: recorded */
    uint64_t switch_ns;       /* cost of a context switch, 0..1000000 */
    uint64_t late_ns;         /* the end of a slice is late by at most this, 0..1000000 */
    uint64_t allowance_ns;    /* BVT's C, or SIM_POLICY_DEFAULT; only where the policy has it */
    bool warp;          /* wakers are warped, as SIM_WARP says; only where the policy has it */
    const char *params; /* more parameters of the policy, see below; NULL: none */
    bool shares;        /* share error in windows is measured: a quarter of the host's time */
    uint64_t seed;
    uint64_t warmup_ns;   /* simulated, not measured: 0..10^12 */
    uint64_t duration_ns; /* simulated and measured: 1..10^12 */
};

/*
 * "name=value", separated by commas; set after all else, in that order. A name of the whole
 * scheduler is set there, one of a domain's parameters in every domain, and with "hogs." or
 * "wakers." before it in those only: "allowance=1000000,wakers.weight=512,mcu=50000". Hogs' weight
 * only with equal weights.
 */

/*
 * late_ns. A machine's timer interrupts some time after it was to, and another time each time. Here
 * the end of a slice is late by 0..late_ns, at random, and the domain goes on meanwhile. With 0,
 * hogs that are alike stay level with each other to the ns for ever, and how long one that wakes at
 * their level waits is decided by the rule for ties alone. On a machine there are none.
 */

/* What `warp` sets in wakers: W of 1 s, without limits on it. One that asks for less than its share
 * runs as soon as it wakes; one that asks for more does until it has borrowed 1 s. */
#define SIM_WARP "wakers.warpback=1,wakers.warp=1000000000"

#define SIM_DEFAULTS                                                                               \
    (struct sim_point)                                                                             \
    {                                                                                              \
        .policy = "bvt", .cpus = 1, .hogs = 1, .mix = SIM_HOGS, .load = 100, .service_ns = 100000, \
        .think_ns = 1000000, .window = 1, .switch_ns = 2000, .allowance_ns = SIM_POLICY_DEFAULT,   \
        .shares = true, .seed = 1, .warmup_ns = 1000000000, .duration_ns = 10000000000             \
    }

/* NULL if the point can be measured, else text, filled with a sentence that says why not. Files are
 * not looked at: what is wrong in them, sim_observe says. */
const char *sim_refusal(const struct sim_point *point, char *text, size_t size);

/*
 * Share error in a window of some length. In a window in which hog i ran for s_i, all hogs together
 * for S, and should have had the share f_i of that (in proportion to weights; on many CPUs at most
 * one CPU each, as generalised processor sharing has it), it is
 *
 *     1/2 * sum over hogs of |s_i - f_i * S| / S
 *
 * the part of S that went to the wrong hog: 0 for perfect shares, up to 1. The measured interval is
 * cut into consecutive windows of each length; an incomplete last one is left out.
 */
#define SIM_WINDOWS 7U

struct sim_window {
    uint64_t length_ns; /* 10 ms, 30 ms, 100 ms, 300 ms, 1 s, 3 s, 10 s */
    uint64_t count; /* windows seen in which hogs ran; 0: nothing is known, mean and worst are 0 */
    double mean;    /* share error over all of them, each weighing as its S */
    double worst;   /* of any of them */
};

struct sim_observation {
    uint64_t elapsed_ns;  /* measured, simulated: the point's duration */
    uint64_t busy_ns;     /* of all CPUs together: work of domains; */
    uint64_t overhead_ns; /*   context switches; */
    uint64_t idle_ns;     /*   neither. The three add up to cpus * elapsed_ns */
    uint64_t decisions;   /* picks */
    uint64_t switches;    /* a CPU began with another domain than it had run last */
    uint64_t migrations;  /* a domain began on another CPU than it had run last on */
    uint64_t wakes;       /* wakers that became runnable */
    uint64_t jobs;        /* done; in a closed loop, requests */
    uint64_t late;        /* periodic: of them, done after the next one was given */
    uint64_t domains;     /* present at the end */
    uint64_t hog_ns;      /* work of hogs */
    bool has_fairness;    /* there were two hogs or more, and they ran */
    double jain;          /* (sum x)^2 / (n * sum x^2) over hogs, x_i = service / share f_i */
    struct sim_window windows[SIM_WINDOWS]; /* counts are 0 unless has_fairness and asked for */
    uint64_t host_ns; /* CPU time of the measured interval on this machine: not repeatable */
};

/* The i-th window length, ns; 0 past the end. */
uint64_t sim_window_length(size_t i);

/*
 * Measures one point. The histograms, if not NULL, are reset and filled with simulated ns:
 *   dispatch  of wakers, from becoming runnable until their first instruction, the context switch
 *             included (fork-bomb: from being added)
 *   latency   of jobs that were done in the measured interval
 * 0, or -1 with a sentence in error: a refusal, a file that cannot be read, no memory, a ring that
 * lost a request.
 */
int sim_observe(const struct sim_point *point, struct sim_observation *out, struct hist *dispatch,
                struct hist *latency, char *error, size_t error_size);

/* The same, and writes every call to the scheduler and its answer to a file, from the first one on,
 * in the format that sim_replay reads. */
int sim_record(const struct sim_point *point, const char *path, struct sim_observation *out,
               char *error, size_t error_size);

struct sim_replayed {
    uint64_t calls, decisions;
    bool same;                            /* every answer was as recorded */
    uint64_t line;                        /* of the first one that was not */
    struct sched_call recorded, answered; /* there: that call, and what it is now */
};

/* Makes the calls of such a file again, on the policy that it names. Of a console's output only the
 * lines with calls are read. 0, or -1 with a sentence in error: it cannot be read, or a line is not
 * a call (named by its number). */
int sim_replay(const char *path, struct sim_replayed *out, char *error, size_t error_size);

/* The same of a file that is open; name: what error calls it. */
int sim_replay_file(FILE *file, const char *name, struct sim_replayed *out, char *error,
                    size_t error_size);

#endif

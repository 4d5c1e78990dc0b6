/* SPDX-License-Identifier: MIT */
/*
 * Who got how much: the shares that hogs are due, the error in windows, and Jain's index. sim.h has
 * the definitions.
 *
 * Cost. A window is closed in time proportional to the hogs that ran in it, not to all: each start
 * of a hog is logged, and where a window's part of the log is shorter than the list of hogs, only
 * those in it are visited; of the others it is known that they ran for 0.
 */
#ifndef BENCH_SIM_FAIRNESS_H
#define BENCH_SIM_FAIRNESS_H

#include "bench/sim/sim.h"

struct domain;

#define FAIRNESS_ONE_BITS 60U /* a share of 1 is 2^60 */

/* What is kept of each hog; a part of its struct domain. */
struct fairness_hog {
    uint64_t share;               /* 2^60 of all in all, up to rounding */
    uint64_t began;               /* ns that it had run when windows began, */
    uint64_t before[SIM_WINDOWS]; /*   and when the present window of each length did */
};

struct fairness_window {
    uint64_t close;     /* when it is over */
    uint64_t from;      /* number of the first start that may belong to it */
    uint64_t total;     /* ns that all hogs had run when it began, since windows did */
    uint64_t misplaced; /* ns, in all windows so far; */
    uint64_t placed;    /*   of so many that hogs ran in them */
    uint64_t count;
    double worst; /* share error of any of them; one division, so the same everywhere */
};

struct fairness {
    struct domain *hogs;
    uint32_t n_hogs;
    struct domain **starts; /* the last starts */
    uint32_t mask;          /* how many of them are kept, less 1; that is a power of two */
    uint64_t logged;
    uint64_t next_longer; /* when the next window closes that is not of the shortest length */
    struct fairness_window windows[SIM_WINDOWS];
};

/* hogs: all of them, in a row. weights: one a hog, 1..65535. false: no memory. */
bool fairness_open(struct fairness *f, struct domain *hogs, uint32_t n_hogs,
                   const uint64_t *weights, uint32_t cpus);
void fairness_close(struct fairness *f);

/* That hog begins to run. The number of this start, from 0. */
static inline uint64_t fairness_start(struct fairness *f, struct domain *hog)
{
    f->starts[f->logged & f->mask] = hog;
    return f->logged++;
}

/* Windows begin now; all that ran is accounted. running: the number of the earliest start of a hog
 * that still runs, or of the next one. */
void fairness_begin(struct fairness *f, uint64_t now, uint64_t running);

/* Closes the windows that are over now. total: ns that all hogs ran since windows began. */
void fairness_tick(struct fairness *f, uint64_t now, uint64_t running, uint64_t total);

/* When the next window closes. */
static inline uint64_t fairness_next(const struct fairness *f)
{
    return f->windows[0].close; /* all others are multiples of the shortest */
}

/* Fills windows, jain and has_fairness, which are zero; as sim.h says. */
void fairness_report(const struct fairness *f, struct sim_observation *out);

#endif

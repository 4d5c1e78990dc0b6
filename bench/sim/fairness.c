/* SPDX-License-Identifier: MIT */
/* Shares, windows and Jain's index; fairness.h says what of it costs how much. */
#include "bench/sim/engine.h"

#include <stdlib.h>

#define MS 1000000ULL
#define ONE (1ULL << FAIRNESS_ONE_BITS)

/* Multiples of the first one. */
static const uint64_t lengths[SIM_WINDOWS] = {10 * MS,   30 * MS,   100 * MS,  300 * MS,
                                              1000 * MS, 3000 * MS, 10000 * MS};

uint64_t sim_window_length(size_t i)
{
    return i < SIM_WINDOWS ? lengths[i] : 0;
}

/* ---- What each is due ---- */

struct claim {
    uint64_t weight;
    uint32_t hog;
};

static int heavier_first(const void *a, const void *b)
{
    const struct claim *x = (const struct claim *)a, *y = (const struct claim *)b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return x->hog < y->hog ? -1 : 1;
}

/*
 * In proportion to weights, but nobody more than one CPU: those that would have more, heaviest
 * first, get one, and the rest is divided among the others in the same way (A. Chandra et al.,
 * "Surplus Fair Scheduling", OSDI 2000: weight readjustment). With fewer hogs than CPUs each has
 * one.
 */
static void divide(struct domain *hogs, struct claim *claims, uint32_t n, uint32_t cpus)
{
    qsort(claims, n, sizeof *claims, heavier_first);
    uint64_t weights = 0, left = ONE;
    for (uint32_t i = 0; i < n; i++)
        weights += claims[i].weight;
    uint32_t at_once = cpus < n ? cpus : n;
    uint64_t most = at_once == 0 ? ONE : ONE / at_once;
    for (uint32_t i = 0; i < n; i++) {
        unsigned __int128 part = (unsigned __int128)left * claims[i].weight / weights;
        uint64_t share = part < most ? (uint64_t)part : most;
        hogs[claims[i].hog].fair.share = share;
        left -= share;
        weights -= claims[i].weight;
    }
}

bool fairness_open(struct fairness *f, struct domain *hogs, uint32_t n_hogs,
                   const uint64_t *weights, uint32_t cpus)
{
    uint32_t kept = SIM_CPUS_MAX; /* as many as begin at once */
    while (kept < n_hogs)
        kept *= 2;
    *f = (struct fairness){.hogs = hogs, .n_hogs = n_hogs, .mask = kept - 1};
    f->starts = (struct domain **)calloc(kept, sizeof(struct domain *));
    struct claim *claims = (struct claim *)calloc(n_hogs + 1, sizeof *claims);
    bool ok = f->starts != NULL && claims != NULL;
    if (ok) {
        for (uint32_t i = 0; i < n_hogs; i++)
            claims[i] = (struct claim){.weight = weights[i], .hog = i};
        divide(hogs, claims, n_hogs, cpus);
    } else {
        fairness_close(f);
    }
    free(claims);
    return ok;
}

void fairness_close(struct fairness *f)
{
    free(f->starts);
    f->starts = NULL;
}

/* ---- Windows ---- */

void fairness_begin(struct fairness *f, uint64_t now, uint64_t running)
{
    for (uint32_t i = 0; i < f->n_hogs; i++) {
        struct fairness_hog *h = &f->hogs[i].fair;
        h->began = f->hogs[i].ran;
        for (uint32_t k = 0; k < SIM_WINDOWS; k++)
            h->before[k] = h->began;
    }
    for (uint32_t k = 0; k < SIM_WINDOWS; k++)
        f->windows[k] = (struct fairness_window){.close = now + lengths[k], .from = running};
    f->next_longer = now + lengths[1];
}

/*
 * What d had too much in window k, in which hogs ran for `all` ns. Shares and services both add up
 * to the whole, so what some have too much is what others have too little: half the sum of sim.h's
 * differences. One that did not run has nothing too much, nor has one that is visited again.
 */
static inline uint64_t excess(struct domain *d, uint32_t k, uint64_t all)
{
    uint64_t ran = d->ran - d->fair.before[k];
    uint64_t due = (uint64_t)(((unsigned __int128)d->fair.share * all) >> FAIRNESS_ONE_BITS);
    d->fair.before[k] = d->ran;
    return ran > due ? ran - due : 0;
}

static uint64_t excess_of_all(struct fairness *f, uint32_t k, uint64_t all)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < f->n_hogs; i++)
        sum += excess(&f->hogs[i], k, all);
    return sum;
}

/* Of those whose starts are the last n of the log; n is not above its size. */
static inline uint64_t excess_of_logged(struct fairness *f, uint64_t n, uint32_t k, uint64_t all)
{
    uint64_t sum = 0, first = (f->logged - n) & f->mask, end = first + n;
    uint64_t wrap = end > f->mask ? (uint64_t)f->mask + 1 : end;
    for (struct domain **d = &f->starts[first]; d != &f->starts[wrap]; d++)
        sum += excess(*d, k, all);
    for (struct domain **d = f->starts; d != &f->starts[end - wrap]; d++)
        sum += excess(*d, k, all);
    return sum;
}

static inline void close_window(struct fairness *f, uint32_t k, uint64_t running, uint64_t total)
{
    struct fairness_window *w = &f->windows[k];
    uint64_t all = total - w->total, n = f->logged - w->from;
    w->close += lengths[k];
    w->from = running;
    w->total = total;
    if (all == 0)
        return;
    uint64_t misplaced = n > f->n_hogs ? excess_of_all(f, k, all) : excess_of_logged(f, n, k, all);
    double error = (double)(int64_t)misplaced / (double)(int64_t)all;
    w->worst = error > w->worst ? error : w->worst;
    w->misplaced += misplaced;
    w->placed += all;
    w->count++;
}

void fairness_tick(struct fairness *f, uint64_t now, uint64_t running, uint64_t total)
{
    close_window(f, 0, running, total);
    if (now != f->next_longer)
        return;
    f->next_longer = UINT64_MAX;
    for (uint32_t k = 1; k < SIM_WINDOWS; k++) {
        struct fairness_window *w = &f->windows[k];
        if (w->close == now)
            close_window(f, k, running, total);
        f->next_longer = w->close < f->next_longer ? w->close : f->next_longer;
    }
}

/* ---- Results ---- */

/* Service per share, in 1/2^60. */
static unsigned __int128 relative(const struct domain *d)
{
    return ((unsigned __int128)(d->ran - d->fair.began) << FAIRNESS_ONE_BITS) / d->fair.share;
}

/* All are shifted to below 2^48, so that the sums of 10,000 and their squares fit into 128 bits. */
static double jain(const struct fairness *f)
{
    unsigned __int128 largest = 0, sum = 0, squares = 0;
    for (uint32_t i = 0; i < f->n_hogs; i++) {
        unsigned __int128 x = relative(&f->hogs[i]);
        largest = x > largest ? x : largest;
    }
    uint32_t shift = 0;
    while (largest >> shift >= 1ULL << 48)
        shift++;
    for (uint32_t i = 0; i < f->n_hogs; i++) {
        uint64_t x = (uint64_t)(relative(&f->hogs[i]) >> shift);
        sum += x;
        squares += (unsigned __int128)x * x;
    }
    return (double)(sum * sum) / (double)(squares * f->n_hogs);
}

void fairness_report(const struct fairness *f, struct sim_observation *out)
{
    uint64_t ran = 0;
    for (uint32_t i = 0; i < f->n_hogs; i++)
        ran += f->hogs[i].ran - f->hogs[i].fair.began;
    out->has_fairness = f->n_hogs >= 2 && ran != 0;
    if (out->has_fairness)
        out->jain = jain(f);
    for (uint32_t k = 0; k < SIM_WINDOWS; k++) {
        const struct fairness_window *w = &f->windows[k];
        struct sim_window *o = &out->windows[k];
        o->length_ns = lengths[k];
        if (!out->has_fairness || w->count == 0)
            continue;
        o->count = w->count;
        o->mean = (double)w->misplaced / (double)w->placed;
        o->worst = w->worst;
    }
}

/* SPDX-License-Identifier: MIT */
#include "bench/runner/schedule.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>

#define NS_PER_MS 1000000ULL

static bool is_seeded(const struct plan *plan)
{
    return plan->experiment->suite->seeded;
}

static uint64_t most_repetitions(const struct plan *plans, size_t plan_count)
{
    uint64_t most = 0;
    for (size_t i = 0; i < plan_count; i++)
        if (!is_seeded(&plans[i]) && plans[i].experiment->repetitions > most)
            most = plans[i].experiment->repetitions;
    return most;
}

/* One repetition of every experiment that is interleaved and still has one, unshuffled; returns how
 * many turns. */
static size_t fill_block(struct turn *block, const struct plan *plans, size_t plan_count,
                         uint64_t rep)
{
    size_t count = 0;
    for (size_t i = 0; i < plan_count; i++)
        for (size_t p = 0; !is_seeded(&plans[i]) && rep <= plans[i].experiment->repetitions &&
                           p < plans[i].point_count;
             p++)
            block[count++] = (struct turn){.rep = rep, .plan = i, .point = p};
    return count;
}

/* Takes a turn, if it is the shard's. */
static void take(struct schedule *schedule, const struct plan *plans, const struct turn *turn,
                 struct shard shard)
{
    if ((turn->point + turn->rep) % shard.of != shard.index - 1)
        return;
    schedule->turns[schedule->count++] = *turn;
    schedule->host_ns += turn_host_ns(plans, turn);
}

static void take_interleaved(struct schedule *schedule, const struct plan *plans, size_t plan_count,
                             uint32_t seed, struct shard shard)
{
    size_t points = 0;
    for (size_t i = 0; i < plan_count; i++)
        points += plans[i].point_count;
    struct turn *block = memory(points, sizeof(*block));
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(rng, seed);

    uint64_t seq = 0;
    for (uint64_t rep = 1; rep <= most_repetitions(plans, plan_count); rep++) {
        size_t count = fill_block(block, plans, plan_count, rep);
        if (count > 0) /* GSL takes no empty array */
            gsl_ran_shuffle(rng, block, count, sizeof(*block));
        for (size_t i = 0; i < count; i++) {
            block[i].seq = ++seq;
            take(schedule, plans, &block[i], shard);
        }
    }
    gsl_rng_free(rng);
    free(block);
}

static void take_in_order(struct schedule *schedule, const struct plan *plans, size_t i,
                          struct shard shard)
{
    struct turn turn = {.plan = i};
    for (turn.rep = 1; turn.rep <= plans[i].experiment->repetitions; turn.rep++)
        for (turn.point = 0; turn.point < plans[i].point_count; turn.point++) {
            turn.seq++;
            take(schedule, plans, &turn, shard);
        }
}

void schedule_make(struct schedule *schedule, const struct plan *plans, size_t plan_count,
                   uint32_t seed, struct shard shard)
{
    size_t all = 0;
    for (size_t i = 0; i < plan_count; i++)
        all += plans[i].point_count * plans[i].experiment->repetitions;
    *schedule = (struct schedule){.turns = memory(all, sizeof(struct turn))};
    take_interleaved(schedule, plans, plan_count, seed, shard);
    for (size_t i = 0; i < plan_count; i++)
        if (is_seeded(&plans[i]))
            take_in_order(schedule, plans, i, shard);
}

uint64_t turn_host_ns(const struct plan *plans, const struct turn *turn)
{
    const struct experiment *e = plans[turn->plan].experiment;
    return e->suite->host_ns(&plans[turn->plan].points[turn->point].point,
                             e->duration_ms * NS_PER_MS, turn->rep > 1);
}

/* Finalizer of splitmix64 (G. Steele, D. Lea, C. Flood, OOPSLA 2014): neighbouring seeds and
 * repetitions have nothing in common. */
uint64_t turn_seed(uint32_t seed, const struct turn *turn)
{
    uint64_t z = ((uint64_t)seed << 32) + turn->rep * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

void schedule_free(struct schedule *schedule)
{
    free(schedule->turns);
    *schedule = (struct schedule){0};
}

/* SPDX-License-Identifier: MIT */
#include "bench/runner/schedule.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>

#define NS_PER_MS 1000000ULL

static uint64_t most_repetitions(const struct plan *plans, size_t plan_count)
{
    uint64_t most = 0;
    for (size_t i = 0; i < plan_count; i++)
        if (plans[i].experiment->repetitions > most)
            most = plans[i].experiment->repetitions;
    return most;
}

/* One repetition of every experiment that still has one, unshuffled; returns how many turns. */
static size_t fill_block(struct turn *block, const struct plan *plans, size_t plan_count,
                         uint64_t rep)
{
    size_t count = 0;
    for (size_t i = 0; i < plan_count; i++)
        for (size_t p = 0; rep <= plans[i].experiment->repetitions && p < plans[i].point_count; p++)
            block[count++] = (struct turn){.rep = rep, .plan = i, .point = p};
    return count;
}

void schedule_make(struct schedule *schedule, const struct plan *plans, size_t plan_count,
                   uint32_t seed, struct shard shard)
{
    size_t points = 0, all = 0;
    for (size_t i = 0; i < plan_count; i++) {
        points += plans[i].point_count;
        all += plans[i].point_count * plans[i].experiment->repetitions;
    }
    *schedule = (struct schedule){.turns = memory(all, sizeof(struct turn))};
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
            if ((block[i].point + rep) % shard.of != shard.index - 1)
                continue;
            schedule->turns[schedule->count++] = block[i];
            schedule->duration_ns += plans[block[i].plan].experiment->duration_ms * NS_PER_MS;
        }
    }
    gsl_rng_free(rng);
    free(block);
}

void schedule_free(struct schedule *schedule)
{
    free(schedule->turns);
    *schedule = (struct schedule){0};
}

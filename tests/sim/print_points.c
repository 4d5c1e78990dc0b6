/* SPDX-License-Identifier: MIT */
/* Prints all that is observed at each point, but for the time that it took: for test_same. */
#include "tests/sim/points.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static void print_hist(const char *name, const struct hist *h)
{
    printf("%s %" PRIu64 " %" PRIu64 " %" PRIu64 ":", name, h->count, h->sum, h->max);
    for (uint32_t i = 0; i < HIST_BUCKETS; i++)
        if (h->buckets[i] != 0)
            printf(" %" PRIu32 "=%" PRIu64, i, h->buckets[i]);
    printf("\n");
}

static void print(const struct sim_point *p, const struct sim_observation *o)
{
    printf("%s\n", points_name(p));
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", o->elapsed_ns, o->busy_ns,
           o->overhead_ns, o->idle_ns);
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
           " %" PRIu64 "\n",
           o->decisions, o->switches, o->migrations, o->wakes, o->jobs, o->late, o->domains,
           o->hog_ns);
    printf("%d %a\n", o->has_fairness, o->jain);
    for (uint32_t k = 0; k < SIM_WINDOWS; k++)
        printf("%" PRIu64 " %" PRIu64 " %a %a\n", o->windows[k].length_ns, o->windows[k].count,
               o->windows[k].mean, o->windows[k].worst);
}

int main(void)
{
    static struct hist dispatch, latency;
    struct sim_point p;
    struct sim_observation o;
    char error[256];
    alarm(POINTS_WATCHDOG_S);
    for (size_t i = 0; points_at(i, &p); i++) {
        if (sim_observe(&p, &o, &dispatch, &latency, error, sizeof error) != 0) {
            fprintf(stderr, "%s: %s\n", points_name(&p), error);
            return 1;
        }
        print(&p, &o);
        print_hist("dispatch", &dispatch);
        print_hist("latency", &latency);
    }
    return 0;
}

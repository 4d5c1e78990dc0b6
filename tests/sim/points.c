/* SPDX-License-Identifier: MIT */
/* Points that cover everything; points.h says what. */
#include "tests/sim/points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILES_MAX 64

static char paths[FILES_MAX][32];
static int n_paths;

static void remove_files(void)
{
    while (n_paths > 0)
        unlink(paths[--n_paths]);
}

const char *points_file(const char *text)
{
    char *path = paths[n_paths];
    snprintf(path, sizeof paths[0], "/tmp/sim-test-XXXXXX");
    int fd = n_paths < FILES_MAX - 1 ? mkstemp(path) : -1;
    size_t length = strlen(text);
    if (fd < 0 || write(fd, text, length) != (ssize_t)length || close(fd) != 0) {
        fprintf(stderr, "cannot write %s\n", path);
        abort();
    }
    if (n_paths++ == 0)
        atexit(remove_files);
    return path;
}

const char *points_workload(void)
{
    static const char *path;
    if (path == NULL)
        path = points_file("compile 3000000 200000 500000 0 40000 7000000 # bursts of a build\n"
                           "edit 100000 30000000\n");
    return path;
}

static const struct machine {
    uint32_t cpus, hogs;
    uint64_t switch_ns;
} machines[] = {{1, 5, 2000}, {3, 7, 0}, {64, 100, 20000}, {2, 0, 1000}};

#define N_MACHINES (sizeof machines / sizeof machines[0])

bool points_at(size_t i, struct sim_point *p)
{
    const struct machine *m = &machines[i % N_MACHINES];
    size_t mix = i / N_MACHINES % SIM_MIXES;
    *p = SIM_DEFAULTS;
    p->policy = sim_policy_name(i / N_MACHINES / SIM_MIXES);
    p->mix = (enum sim_mix)mix;
    p->cpus = m->cpus;
    p->hogs = mix == SIM_HOGS ? m->hogs + 3 : m->hogs;
    p->wakers = mix == SIM_HOGS ? 0 : 9;
    p->switch_ns = m->switch_ns;
    p->load = 200;
    p->service = mix == SIM_PERIODIC ? SIM_CONSTANT : SIM_EXPONENTIAL;
    p->service_ns = mix == SIM_CLOSED_LOOP ? 30 * US : 400 * US;
    p->window = 3;
    p->workload = mix == SIM_RECORDED ? points_workload() : NULL;
    p->seed = i;
    p->warmup_ns = 15 * MS;
    p->duration_ns = 320 * MS + 12345;
    return p->policy != NULL;
}

const char *points_name(const struct sim_point *p)
{
    static char name[96];
    snprintf(name, sizeof name, "%s, %s, %u cpus, %u hogs, %u wakers", p->policy,
             sim_mix_name(p->mix), p->cpus, p->hogs, p->wakers);
    return name;
}

bool points_same(const struct sim_observation *a, const struct sim_observation *b)
{
    for (size_t k = 0; k < SIM_WINDOWS; k++) {
        const struct sim_window *x = &a->windows[k], *y = &b->windows[k];
        if (x->length_ns != y->length_ns || x->count != y->count || x->mean != y->mean ||
            x->worst != y->worst)
            return false;
    }
    return a->elapsed_ns == b->elapsed_ns && a->busy_ns == b->busy_ns &&
           a->overhead_ns == b->overhead_ns && a->idle_ns == b->idle_ns &&
           a->decisions == b->decisions && a->switches == b->switches &&
           a->migrations == b->migrations && a->wakes == b->wakes && a->jobs == b->jobs &&
           a->late == b->late && a->domains == b->domains && a->hog_ns == b->hog_ns &&
           a->has_fairness == b->has_fairness && a->jain == b->jain;
}

/* SPDX-License-Identifier: MIT */
/*
 * Replays files of calls. A file may come from anywhere: a call that breaks the rules of
 * sched-bvt/sched.h is refused with its line, and never made.
 */
#include "bench/sim/calls.h"
#include "bench/sim/sim.h"
#include "sched-bvt/policy.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#define MOMENT_MAX (1ULL << 60) /* of a call; see sched.h */

/* Numbers are the recorder's: any. */
struct numbered {
    uint32_t id;
    bool added;
    struct sched_vcpu vcpu;
};

struct replayer {
    struct sched sched;
    struct sched_cpu cpus[SCHED_CPUS_MAX];
    void *vcpus; /* struct numbered, by tsearch(3) */
    uint32_t n_vcpus;
    struct sched_call answered; /* the last call that the scheduler reported */
};

static int compare_ids(const void *a, const void *b)
{
    uint32_t x = ((const struct numbered *)a)->id, y = ((const struct numbered *)b)->id;
    return (x > y) - (x < y);
}

/* NULL: it never was. */
static struct numbered *find(const struct replayer *r, uint32_t id)
{
    const struct numbered key = {.id = id};
    struct numbered **at = (struct numbered **)tfind(&key, &r->vcpus, compare_ids);
    return at == NULL ? NULL : *at;
}

/* NULL: no memory. */
static struct numbered *find_or_make(struct replayer *r, uint32_t id)
{
    struct numbered *n = find(r, id);
    if (n != NULL)
        return n;
    n = (struct numbered *)calloc(1, sizeof *n);
    if (n == NULL)
        return NULL;
    n->id = id;
    if (tsearch(n, &r->vcpus, compare_ids) == NULL) {
        free(n);
        return NULL;
    }
    r->n_vcpus++;
    return n;
}

static struct sched_vcpu *vcpu_of(void *arg, uint32_t id)
{
    return &find((struct replayer *)arg, id)->vcpu;
}

static void note_answer(void *arg, const struct sched_call *call)
{
    ((struct replayer *)arg)->answered = *call;
}

static bool online(const struct replayer *r, uint64_t cpus)
{
    return (cpus & (UINT64_MAX >> (SCHED_CPUS_MAX - r->sched.n_cpus))) != 0;
}

/* Are the vcpu (none: the scheduler) and the parameter's index such that it can be set there? */
static bool has_param(const struct replayer *r, const struct sched_call *call)
{
    const struct sched_policy *p = r->sched.policy;
    return call->param < p->n_params &&
           (p->params[call->param].field.scope == SCHED_OF_VCPU) == (call->vcpu != SCHED_NO_VCPU);
}

/* NULL, or which rule the call breaks. */
static const char *broken_rule(const struct replayer *r, const struct sched_call *call)
{
    bool has_vcpu = call->vcpu != SCHED_NO_VCPU, has_cpu = call->cpu < r->sched.n_cpus;
    if (call->now >= MOMENT_MAX)
        return "a time below 2^60 ns";
    const struct numbered *n = has_vcpu ? find(r, call->vcpu) : NULL;
    const struct sched_vcpu *v = n == NULL ? NULL : &n->vcpu;
    bool added = n != NULL && n->added;
    switch ((enum sched_op)call->op) {
    case SCHED_OP_ADD:
        if (!has_vcpu || added)
            return "a vcpu that is not there yet";
        if (n == NULL && r->n_vcpus == SIM_DOMAINS_MAX)
            return "at most 10000 vcpus";
        return online(r, call->value) ? NULL : "an affinity with a CPU that exists";
    case SCHED_OP_WAKE:
        if (added && (!has_cpu || (v->affinity >> call->cpu & 1) == 0))
            return "a CPU that the vcpu may run on";
        break;
    case SCHED_OP_AFFINITY:
        if (!online(r, call->value))
            return "an affinity with a CPU that exists";
        break;
    case SCHED_OP_PARAM:
        if (!has_param(r, call))
            return "a parameter of the policy";
        return !has_vcpu || added ? NULL : "a vcpu that was added";
    case SCHED_OP_STEAL:
        if (call->other >= r->sched.n_cpus)
            return "a CPU that exists";
        return has_cpu ? NULL : "a CPU that exists";
    case SCHED_OP_PICK:
    case SCHED_OP_YIELD:
    case SCHED_OP_CHARGE:
        return has_cpu ? NULL : "a CPU that exists";
    default:
        break;
    }
    return added ? NULL : "a vcpu that was added";
}

static bool call_again(struct replayer *r, const struct sched_call *call, bool *same)
{
    struct numbered *n = NULL;
    if (call->op == SCHED_OP_ADD && (n = find_or_make(r, call->vcpu)) == NULL)
        return false;
    r->answered = *call;
    *same = sched_replay(&r->sched, call, vcpu_of, r);
    if (n != NULL)
        n->added = true;
    if (call->op == SCHED_OP_REMOVE) {
        n = find(r, call->vcpu);
        n->added = n->vcpu.status != SCHED_BLOCKED;
    }
    return true;
}

/* The first line. false: it is not one. */
static bool begin(struct replayer *r, const char *line)
{
    char policy[32];
    unsigned cpus;
    unsigned long long start;
    int length = 0;
    int words = sscanf(line, "ringside-calls 1 %31s %u %llu %n", policy, &cpus, &start, &length);
    if (words != 3 || line[length] != '\0' || cpus < 1 || cpus > SCHED_CPUS_MAX ||
        sched_policy_named(policy) == NULL)
        return false;
    sched_init(&r->sched, sched_policy_named(policy), r->cpus, cpus, start);
    r->sched.trace = note_answer;
    r->sched.trace_arg = r;
    return true;
}

/* A file's lines, or those of a console's output that are marked. */
struct lines {
    FILE *file;
    char *line;
    size_t room;
    uint64_t number; /* of the one that was read last */
    bool marked;
};

/* The next one, without its end and mark; NULL: none. */
static char *next_line(struct lines *l)
{
    ssize_t length;
    while ((length = getline(&l->line, &l->room, l->file)) >= 0) {
        l->number++;
        while (length > 0 && (l->line[length - 1] == '\n' || l->line[length - 1] == '\r'))
            l->line[--length] = '\0';
        if (!l->marked)
            return l->line;
        char *mark = strstr(l->line, CALLS_MARK);
        if (mark != NULL)
            return mark + strlen(CALLS_MARK);
    }
    return NULL;
}

/* The first call's line is the first line, or the first marked one. */
static bool read_head(struct replayer *r, struct lines *l)
{
    char *line = next_line(l);
    if (line == NULL || begin(r, line))
        return line != NULL;
    uint64_t number = l->number;
    l->marked = true;
    char *mark = strstr(line, CALLS_MARK);
    if (mark != NULL)
        line = mark + strlen(CALLS_MARK);
    else
        line = next_line(l);
    if (line != NULL)
        return begin(r, line);
    l->number = number;
    return false;
}

static bool replay_line(struct replayer *r, const struct lines *l, char *line, const char *path,
                        struct sim_replayed *out, char *error, size_t size)
{
    struct sched_call call;
    bool same = false;
    const char *expected = calls_parse(line, &call) ? broken_rule(r, &call) : "a call";
    if (expected != NULL) {
        snprintf(error, size, "%s:%llu: expected %s, found \"%.80s\"", path,
                 (unsigned long long)l->number, expected, line);
        return false;
    }
    if (!call_again(r, &call, &same)) {
        snprintf(error, size, "no memory to replay %s", path);
        return false;
    }
    out->calls++;
    out->decisions += call.op == SCHED_OP_PICK ? 1 : 0;
    if (!same && out->same) {
        out->same = false;
        out->line = l->number;
        out->recorded = call;
        out->answered = r->answered;
    }
    return true;
}

static bool replay(struct replayer *r, FILE *file, const char *path, struct sim_replayed *out,
                   char *error, size_t size)
{
    struct lines l = {.file = file};
    bool ok = read_head(r, &l);
    if (!ok)
        snprintf(error, size,
                 "%s:%llu: expected \"ringside-calls 1 <policy> <cpus> <start>\" with a policy of "
                 "sched-bvt/policies.def and 1..64 CPUs",
                 path, (unsigned long long)(l.number == 0 ? 1 : l.number));
    char *line;
    while (ok && (line = next_line(&l)) != NULL)
        ok = replay_line(r, &l, line, path, out, error, size);
    if (ok && ferror(file) != 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        ok = false;
    }
    free(l.line);
    return ok;
}

int sim_replay_file(FILE *file, const char *name, struct sim_replayed *out, char *error,
                    size_t error_size)
{
    *out = (struct sim_replayed){.same = true};
    struct replayer *r = (struct replayer *)calloc(1, sizeof *r);
    if (r == NULL) {
        snprintf(error, error_size, "no memory to replay %s", name);
        return -1;
    }
    bool ok = replay(r, file, name, out, error, error_size);
    tdestroy(r->vcpus, free);
    free(r);
    return ok ? 0 : -1;
}

int sim_replay(const char *path, struct sim_replayed *out, char *error, size_t error_size)
{
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
        return -1;
    }
    int result = sim_replay_file(file, path, out, error, error_size);
    fclose(file);
    return result;
}

/* SPDX-License-Identifier: MIT */
/*
 * Replays files of calls. A file may come from anywhere: a call that breaks the rules of
 * sched-bvt/sched.h is refused with its line, and never made.
 */
#include "bench/sim/calls.h"
#include "bench/sim/sim.h"
#include "sched-bvt/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOMENT_MAX (1ULL << 60) /* of a call; see sched.h */

struct replayer {
    struct sched sched;
    struct sched_cpu cpus[SCHED_CPUS_MAX];
    struct sched_vcpu vcpus[SIM_DOMAINS_MAX];
    bool added[SIM_DOMAINS_MAX];
};

static struct sched_vcpu *vcpu_of(void *arg, uint32_t id)
{
    return &((struct replayer *)arg)->vcpus[id];
}

static bool online(const struct replayer *r, uint64_t cpus)
{
    return (cpus & (UINT64_MAX >> (SCHED_CPUS_MAX - r->sched.n_cpus))) != 0;
}

/* Are v (NULL: the scheduler) and the parameter's index such that it can be set there? */
static bool has_param(const struct replayer *r, const struct sched_vcpu *v, uint32_t param)
{
    const struct sched_policy *p = r->sched.policy;
    return param < p->n_params && (p->params[param].field.scope == SCHED_OF_VCPU) == (v != NULL);
}

/* NULL, or which rule the call breaks. */
static const char *broken_rule(const struct replayer *r, const struct sched_call *call)
{
    bool has_vcpu = call->vcpu != SCHED_NO_VCPU, has_cpu = call->cpu < r->sched.n_cpus;
    if (call->now >= MOMENT_MAX)
        return "a time below 2^60 ns";
    if (has_vcpu && call->vcpu >= SIM_DOMAINS_MAX)
        return "a vcpu number below 10000";
    const struct sched_vcpu *v = has_vcpu ? &r->vcpus[call->vcpu] : NULL;
    bool added = v != NULL && r->added[call->vcpu];
    switch ((enum sched_op)call->op) {
    case SCHED_OP_ADD:
        if (v == NULL || added)
            return "a vcpu that is not there yet";
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
        if (!has_param(r, v, call->param))
            return "a parameter of the policy";
        return v == NULL || added ? NULL : "a vcpu that was added";
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

static bool call_again(struct replayer *r, const struct sched_call *call)
{
    bool same = sched_replay(&r->sched, call, vcpu_of, r);
    if (call->op == SCHED_OP_ADD)
        r->added[call->vcpu] = true;
    if (call->op == SCHED_OP_REMOVE && r->vcpus[call->vcpu].status == SCHED_BLOCKED)
        r->added[call->vcpu] = false;
    return same;
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
    return true;
}

static bool replay(struct replayer *r, FILE *file, const char *path, struct sim_replayed *out,
                   char *error, size_t size)
{
    char *line = NULL;
    size_t room = 0;
    bool ok = getline(&line, &room, file) >= 0 && begin(r, line);
    if (!ok)
        snprintf(error, size,
                 "%s:1: expected \"ringside-calls 1 <policy> <cpus> <start>\" with a policy of "
                 "sched-bvt/policies.def and 1..64 CPUs",
                 path);
    uint64_t number = 1;
    while (ok && getline(&line, &room, file) >= 0) {
        struct sched_call call;
        number++;
        bool parsed = calls_parse(line, &call);
        const char *expected = parsed ? broken_rule(r, &call) : "a call";
        if (expected != NULL) {
            line[strcspn(line, "\n")] = '\0';
            snprintf(error, size, "%s:%llu: expected %s, found \"%.80s\"", path,
                     (unsigned long long)number, expected, line);
            ok = false;
            break;
        }
        out->calls++;
        out->decisions += call.op == SCHED_OP_PICK ? 1 : 0;
        if (!call_again(r, &call) && out->same) {
            out->same = false;
            out->line = number;
        }
    }
    if (ok && ferror(file) != 0) {
        snprintf(error, size, "%s: %s", path, strerror(errno));
        ok = false;
    }
    free(line);
    return ok;
}

int sim_replay(const char *path, struct sim_replayed *out, char *error, size_t error_size)
{
    *out = (struct sim_replayed){.same = true};
    FILE *file = fopen(path, "r");
    struct replayer *r = (struct replayer *)calloc(1, sizeof *r);
    bool ok = file != NULL && r != NULL;
    if (file == NULL)
        snprintf(error, error_size, "%s: %s", path, strerror(errno));
    else if (r == NULL)
        snprintf(error, error_size, "no memory to replay %s", path);
    else
        ok = replay(r, file, path, out, error, error_size);
    if (file != NULL)
        fclose(file);
    free(r);
    return ok ? 0 : -1;
}

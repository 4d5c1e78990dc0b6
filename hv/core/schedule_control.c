/* SPDX-License-Identifier: MIT */
/* What changes while vcpus run: the policy's parameters, and which CPUs a vcpu may run on. */
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/cpu.h"
#include "hv/core/runstate.h"
#include "hv/core/schedule.h"
#include "hv/core/schedule_locks.h"
#include "hv/core/time.h"

uint64_t schedule_cpus(void)
{
    return sched.online;
}

const struct sched_policy *schedule_policy(void)
{
    return sched.policy;
}

static void request_picks(uint64_t cpus)
{
    for (; cpus != 0; cpus &= cpus - 1)
        cpu_request((uint32_t)__builtin_ctzll(cpus), WORK_SCHEDULE);
}

/* ---- parameters */

static struct sched_vcpu *sched_vcpu(const struct schedule_param *p)
{
    return p->vcpu == NULL ? NULL : &p->vcpu->sched;
}

bool schedule_param_get(const struct vcpu *v, const char *name, uint64_t *value)
{
    bool were_on = schedule_lock_all();
    bool found = sched_param_get(&sched, v == NULL ? NULL : &v->sched, name, value);
    schedule_unlock_all(were_on);
    return found;
}

/* Those that were set, in order, with what they were before. */
struct undo {
    uint32_t n;
    uint8_t which[SCHEDULE_PARAMS_MAX];
    uint64_t old[SCHEDULE_PARAMS_MAX];
};

static const char *set_one(const struct schedule_param *params, uint32_t i, struct undo *undo,
                           ns_t now)
{
    const struct schedule_param *p = &params[i];
    uint64_t old = 0;
    sched_param_get(&sched, sched_vcpu(p), p->name, &old);
    const char *refused = sched_param_set(&sched, sched_vcpu(p), p->name, p->value, now);
    if (refused == NULL) {
        undo->which[undo->n] = (uint8_t)i;
        undo->old[undo->n++] = old;
    }
    return refused;
}

/* What one allows may depend on another (a slice on its period): those that are refused are tried
 * again, as long as others are not. */
static const char *set_all(const struct schedule_param *params, uint32_t n, struct undo *undo,
                           ns_t now)
{
    uint8_t left[SCHEDULE_PARAMS_MAX];
    const char *refused = NULL;
    for (uint32_t i = 0; i < n; i++)
        left[i] = (uint8_t)i;
    for (uint32_t before = n + 1; n != 0 && n < before;) {
        before = n;
        n = 0;
        refused = NULL;
        for (uint32_t i = 0; i < before; i++) {
            const char *why = set_one(params, left[i], undo, now);
            if (why != NULL) {
                refused = why;
                left[n++] = left[i];
            }
        }
    }
    return refused;
}

/* Backwards, so that each step leads to what was there before it. */
static void undo_all(const struct schedule_param *params, const struct undo *undo, ns_t now)
{
    for (uint32_t i = undo->n; i-- != 0;) {
        const struct schedule_param *p = &params[undo->which[i]];
        const char *refused = sched_param_set(&sched, sched_vcpu(p), p->name, undo->old[i], now);
        ASSERT(refused == NULL);
    }
}

const char *schedule_params_set(const struct schedule_param *params, uint32_t n)
{
    ASSERT(n <= SCHEDULE_PARAMS_MAX);
    struct undo undo = {.n = 0};
    uint64_t cpus = 0;
    bool were_on = schedule_lock_all();
    ns_t now = time_now();
    const char *refused = set_all(params, n, &undo, now);
    if (refused != NULL)
        undo_all(params, &undo, now);
    for (uint32_t i = 0; i < n; i++)
        cpus |= params[i].vcpu == NULL ? sched.online : 1UL << vcpu_cpu(params[i].vcpu);
    schedule_unlock_all(were_on);
    request_picks(cpus);
    return refused;
}

/* ---- affinity */

void schedule_set_affinity(struct vcpu *v, uint64_t affinity)
{
    ASSERT((affinity & sched.online) != 0);
    bool were_on = schedule_lock_all();
    ns_t now = time_now();
    uint32_t from = vcpu_cpu(v);
    if (!sched_set_affinity(&sched, &v->sched, affinity, now)) {
        /* Where it is it may not be: as if it slept for a moment and woke elsewhere. If it runs,
         * whoever picks it there waits until its registers have been put away here. */
        sched_sleep(&sched, &v->sched, now);
        sched_set_affinity(&sched, &v->sched, affinity, now);
        sched_wake(&sched, &v->sched, sched_place(&sched, &v->sched), now);
    }
    uint64_t picks = 1UL << from | 1UL << vcpu_cpu(v);
    schedule_unlock_all(were_on);
    request_picks(picks);
}

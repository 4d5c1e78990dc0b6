/* SPDX-License-Identifier: MIT */
/* Makes a recorded call again; replay.h says what is in a record. */
#include "policy.h"
#include "replay.h"

bool sched_replay(struct sched *s, const struct sched_call *call,
                  struct sched_vcpu *(*vcpu)(void *arg, uint32_t id), void *arg)
{
    struct sched_vcpu *v = call->vcpu == SCHED_NO_VCPU ? NULL : vcpu(arg, call->vcpu);
    uint64_t now = call->now;
    switch ((enum sched_op)call->op) {
    case SCHED_OP_ADD:
        sched_add(s, v, call->vcpu, call->value, now);
        return sched_cpu_of(v) == call->cpu;
    case SCHED_OP_REMOVE:
        return sched_remove(s, v, now) == call->done;
    case SCHED_OP_WAKE:
        return sched_wake(s, v, call->cpu, now) == call->done;
    case SCHED_OP_SLEEP:
        sched_sleep(s, v, now);
        return true;
    case SCHED_OP_YIELD:
        sched_yield_on(s, call->cpu, now);
        return true;
    case SCHED_OP_CHARGE:
        sched_charge(s, call->cpu, now);
        return true;
    case SCHED_OP_PICK: {
        struct sched_decision d = sched_pick(s, call->cpu, now);
        uint32_t chosen = d.vcpu == NULL ? SCHED_NO_VCPU : d.vcpu->id;
        return chosen == call->chosen && d.slice == call->value && d.kick == call->kick;
    }
    case SCHED_OP_STEAL:
        return sched_steal(s, call->cpu, call->other, now) == call->done;
    case SCHED_OP_AFFINITY:
        return sched_set_affinity(s, v, call->value, now) == call->done;
    case SCHED_OP_PARAM: {
        const char *name = s->policy->params[call->param].field.name;
        return (sched_param_set(s, v, name, call->value, now) == NULL) == call->done;
    }
    }
    return false;
}

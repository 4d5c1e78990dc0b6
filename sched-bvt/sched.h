/* SPDX-License-Identifier: MIT */
/*
 * Domain scheduling: what an embedder (the hypervisor, the simulator, a test) calls.
 *
 * A scheduler is a policy (policies.def), chosen when it is initialised, on 1..64 CPUs, each with
 * its own run queue. It allocates nothing, keeps no globals, reads no clock, takes no lock and
 * calls nothing but the trace function that it is given. What it decides is a function of the calls
 * made to it and their arguments alone (memory addresses included out): the same calls in the same
 * order give the same decisions, so a recorded run can be replayed (replay.h).
 *
 * Memory is the embedder's, and embeds whatever state a policy keeps:
 *   struct sched        one
 *   struct sched_cpu[]  one each CPU
 *   struct sched_vcpu   one each vcpu, from sched_add to sched_remove
 *
 * Time is `now`, in ns from a fixed origin, below 2^60 (36 years). On a CPU it should not go back;
 * if it does, nothing is charged until it has caught up.
 *
 * A vcpu is BLOCKED, QUEUED (runnable, waiting on its CPU) or RUNNING (its CPU's current). A policy
 * may withhold a QUEUED one from running for a time (a budget used up): it is then parked, in no
 * run queue, and a timer brings it back. The embedder's part:
 *
 *   a vcpu becomes runnable   cpu = sched_place(s, v); if (sched_wake(s, v, cpu, now)) make that
 *                             CPU pick: by an interrupt if it is another one
 *   one blocks, or is paused  sched_sleep(s, v, now); then its CPU picks, if v was running
 *   one yields                sched_yield_on(s, cpu, now); then that CPU picks. Neither, unless
 *                             sched_may_yield(s)
 *   a CPU picks               victim = sched_victim(s, cpu);
 *                             if (victim != SCHED_NO_CPU) sched_steal(s, cpu, victim, now);
 *                             d = sched_pick(s, cpu, now); if d.vcpu is NULL (the current one was
 *                             parked, say), once more from the top; if it still is, be idle;
 *                             run d.vcpu; make each CPU in d.kick pick: there may be work for it;
 *                             pick again d.slice ns from now, or earlier when told to
 *
 * Done so, on a policy that migrates no CPU is idle while a vcpu that may run there waits anywhere.
 *
 * Who must hold what. Each CPU has a lock (the embedder's), and a call is made with the lock held
 * of every CPU that it names, of the one that the named vcpu is on (sched_cpu_of), and for a steal
 * of both. sched_init, sched_param_set of a parameter of the whole scheduler, and sched_dump need
 * all. sched_place, sched_victim and sched_may_yield need none: they look at published hints
 * (relaxed atomics) and may be outdated, which costs a better choice and nothing else: but where
 * affinities change while others place, look at the affinity again before sched_wake. sched_cpu_of
 * needs none either, and may be outdated too: whoever takes that CPU's lock looks again. sched_wake
 * on another CPU than the vcpu was on last needs both locks.
 *
 * Costs: every call is O(log n) in the vcpus of the CPUs that it names, but for: sched_dump, which
 * is O(all); sched_victim of a CPU with nothing to run and sched_add, O(CPUs); sched_pick, O(log n)
 * for each timer that is due, and for a policy that settles its accounts all at once (credit) O(n
 * log n) then.
 */
#ifndef SCHED_H
#define SCHED_H

#include "queue.h"

#define SCHED_CPUS_MAX 64U /* a set of CPUs is one word */
#define SCHED_NO_CPU UINT32_MAX
#define SCHED_FOREVER UINT64_MAX /* as a slice: until told to pick */
#define SCHED_ANY_CPU UINT64_MAX /* as an affinity */

/* Words of policy state in each structure; a policy that needs more does not compile. */
#define SCHED_WORDS 4U
#define SCHED_CPU_WORDS 12U
#define SCHED_VCPU_WORDS 24U

struct sched_policy;
struct sched_cpu;
struct sched_call;

enum sched_status { SCHED_BLOCKED, SCHED_QUEUED, SCHED_RUNNING };

/* Why a CPU picks: what happened since it last did. */
enum sched_why {
    SCHED_ELAPSED, /* nothing: the slice is over, or the embedder wants to look again */
    SCHED_WOKEN,   /* one that should preempt the current one became runnable */
    SCHED_YIELDED, /* the current one lets others go first */
};

struct sched_vcpu {
    struct sched_node ready; /* in its CPU's run queue, while QUEUED and not parked */
    struct sched_node timer; /* in its CPU's timers, while the policy waits for a moment */
    struct sched_cpu *cpu;   /* where it is, or was last; published */
    uint64_t affinity;       /* CPUs that it may run on, at least one that exists; published */
    uint64_t ran;            /* ns charged in all */
    uint64_t since;          /* when it blocked, while BLOCKED */
    uint32_t id;             /* the embedder's; what traces say */
    uint32_t probe;          /* rotates through the CPUs that placement compares with */
    uint8_t status;          /* enum sched_status */
    bool started;            /* has been runnable before */
    void *owner;             /* the embedder's */
    uint64_t state[SCHED_VCPU_WORDS];
};

struct sched_cpu {
    struct sched *sched;
    struct sched_queue ready;  /* by the policy's key: who runs next is first */
    struct sched_queue timers; /* by time */
    struct sched_vcpu *current;
    uint64_t charged; /* up to when the current one was charged */
    uint32_t id;
    uint8_t why;    /* enum sched_why */
    uint8_t shown;  /* its bits in sched.idle and sched.waiting */
    uint32_t kicks; /* rotates through the CPUs that this one compares itself with, to give */
    uint32_t looks; /* and to take; changed by sched_victim, by this CPU alone */
    /* Published by this CPU's lock holder, read by anyone: */
    uint32_t load;    /* vcpus runnable here */
    uint32_t homed;   /* vcpus whose CPU this is, in any state */
    uint64_t movable; /* CPUs that one of those that wait here may run on */
    uint64_t state[SCHED_CPU_WORDS];
};

struct sched {
    const struct sched_policy *policy;
    struct sched_cpu *cpus;
    uint32_t n_cpus;
    uint64_t online;  /* the set of all CPUs */
    uint64_t start;   /* where virtual clocks begin */
    uint64_t idle;    /* CPUs with nothing runnable; published */
    uint64_t waiting; /* CPUs where one waits in the run queue; published */
    void (*trace)(void *arg, const struct sched_call *call); /* NULL: not traced */
    void *trace_arg;
    uint64_t state[SCHED_WORDS];
};

struct sched_decision {
    struct sched_vcpu *vcpu; /* NULL: idle */
    uint64_t slice;          /* ns until the next pick, > 0; SCHED_FOREVER: until told */
    uint64_t kick; /* CPUs that should pick: they are idle, or one has much less to do, and
                    * could run one that waits here */
};

/* The policy of that name, or NULL; and all of them, for i from 0 until NULL. */
const struct sched_policy *sched_policy_named(const char *name);
const struct sched_policy *sched_policy_at(uint32_t i);

/*
 * cpus: n_cpus of them, 1..64. start: where virtual clocks begin: 0, unless one wants to see them
 * wrap. Parameters have their defaults. All CPUs are idle.
 */
void sched_init(struct sched *s, const struct sched_policy *policy, struct sched_cpu *cpus,
                uint32_t n_cpus, uint64_t start);

/* BLOCKED from now on, with default parameters; of what v holds, owner is kept and nothing else.
 * affinity: at least one CPU of this scheduler. Needs the locks of all CPUs in it. */
void sched_add(struct sched *s, struct sched_vcpu *v, uint32_t id, uint64_t affinity, uint64_t now);

/* false: it is not BLOCKED, and nothing was done. */
bool sched_remove(struct sched *s, struct sched_vcpu *v, uint64_t now);

/* Where v should wake: its last CPU if that is idle, else an idle one, else the less loaded of its
 * last and another one. What v may not run on is never named. */
uint32_t sched_place(struct sched *s, struct sched_vcpu *v);

/* cpu: one that v may run on. Nothing, if v is not BLOCKED. true: that CPU should pick. */
bool sched_wake(struct sched *s, struct sched_vcpu *v, uint32_t cpu, uint64_t now);

/* Nothing, if v is BLOCKED already. */
void sched_sleep(struct sched *s, struct sched_vcpu *v, uint64_t now);

/* Of the current one of this CPU; nothing, if there is none. It is charged by the pick that
 * follows: `now` is for the trace alone, and 0 will do without one. (POSIX has the name without
 * _on, and a hosted program would lose it.) */
void sched_yield_on(struct sched *s, uint32_t cpu, uint64_t now);

/* Could a yield make a difference? If not, neither sched_yield_on nor the pick behind it need be
 * called: the current one would go on, and nothing else be decided. No lock: what is published may
 * be outdated, and then the yield came before what it did not see. */
bool sched_may_yield(const struct sched *s);

/* Charges the current one of this CPU up to now; every other call with `now` does so too, but for
 * sched_yield_on. */
void sched_charge(struct sched *s, uint32_t cpu, uint64_t now);

struct sched_decision sched_pick(struct sched *s, uint32_t cpu, uint64_t now);

/* A CPU to steal from before this one picks, or SCHED_NO_CPU. */
uint32_t sched_victim(struct sched *s, uint32_t cpu);

/* Brings the first in line at the victim that may run on `thief`. false: there is none, or the
 * policy does not migrate. */
bool sched_steal(struct sched *s, uint32_t thief, uint32_t victim, uint64_t now);

/* false, and nothing done: v is not BLOCKED and its CPU is not in the set; put it to sleep, set,
 * and wake it elsewhere. The set has at least one CPU of this scheduler. */
bool sched_set_affinity(struct sched *s, struct sched_vcpu *v, uint64_t affinity, uint64_t now);

/*
 * Parameters. v is NULL for those of the whole scheduler. NULL, or why it was refused, with the
 * name of the parameter and its range; then nothing was changed. Afterwards the CPU of v (all CPUs)
 * should pick: who should run, and for how long, may be different now.
 */
const char *sched_param_set(struct sched *s, struct sched_vcpu *v, const char *name, uint64_t value,
                            uint64_t now);

/* false: no such parameter. */
bool sched_param_get(const struct sched *s, const struct sched_vcpu *v, const char *name,
                     uint64_t *value);

/*
 * Everything that a policy keeps, by name: for the scheduler (cpu and vcpu NULL), for each CPU
 * (vcpu NULL) and, where the embedder asks for one, for a vcpu. Parameters come first.
 */
typedef void sched_dump_fn(void *arg, const struct sched_cpu *cpu, const struct sched_vcpu *vcpu,
                           const char *name, const char *unit, uint64_t value);

void sched_dump(const struct sched *s, sched_dump_fn *say, void *arg);
void sched_dump_vcpu(const struct sched *s, const struct sched_vcpu *v, sched_dump_fn *say,
                     void *arg);

/* Is the state of this CPU consistent? O(n); for tests and audits. NULL, or what is wrong. */
const char *sched_audit(const struct sched_cpu *c);

static inline uint32_t sched_cpu_of(const struct sched_vcpu *v)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): an added vcpu has a CPU */
    return __atomic_load_n(&v->cpu, __ATOMIC_RELAXED)->id;
}

#endif

/* SPDX-License-Identifier: MIT */
#include "hv/core/schedule.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/console.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/guest_access.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/pirq.h"
#include "hv/core/runstate.h"
#include "hv/core/schedule_locks.h"
#include "hv/core/time.h"
#include "hv/core/trace.h"

static char policy_name[16] = "bvt";
OPTION_TEXT("sched", policy_name, "the scheduling policy, a name from sched-bvt/policies.def");

static const char policies[] =
#define SCHED_POLICY(id) " " #id
#include "sched-bvt/policies.def"
#undef SCHED_POLICY
    ;

/* What a guest reckons the time by does not change, but it multiplies what has passed since. */
#define TIME_PERIOD NS_PER_S

struct sched sched;
static struct sched_cpu sched_cpus[CPUS_MAX];

static struct {
    struct lock lock; /* sched_lock; interrupts off */
} cacheline_aligned cpus[CPUS_MAX];

void schedule_init(uint32_t n)
{
    const struct sched_policy *policy = sched_policy_named(policy_name);
    if (policy == NULL)
        panic("option 'sched': expected one of%s, found '%s'", policies, policy_name);
    sched_init(&sched, policy, sched_cpus, n, 0);
    for (uint32_t i = 0; i < n; i++)
        lock_init(&cpus[i].lock, LOCK_RUN_QUEUE, i);
    log_info("scheduling %u CPU%s by %s\n", n, n == 1 ? "" : "s", policy_name);
}

/* ---- locks of one or two CPUs, in order of their numbers */

bool schedule_lock_two(uint32_t a, uint32_t b)
{
    bool were_on = arch_irq_save();
    lock(&cpus[min(a, b)].lock);
    if (a != b)
        lock(&cpus[max(a, b)].lock);
    return were_on;
}

void schedule_unlock_two(uint32_t a, uint32_t b, bool were_on)
{
    if (a != b)
        unlock(&cpus[max(a, b)].lock);
    unlock(&cpus[min(a, b)].lock);
    arch_irq_restore(were_on);
}

uint32_t schedule_lock_with(const struct vcpu *v, uint32_t other, bool *were_on)
{
    for (;;) {
        uint32_t on = vcpu_cpu(v);
        *were_on = schedule_lock_two(on, other == SCHED_NO_CPU ? on : other);
        if (vcpu_cpu(v) == on)
            return on;
        schedule_unlock_two(on, other == SCHED_NO_CPU ? on : other, *were_on);
    }
}

bool schedule_lock_all(void)
{
    bool were_on = arch_irq_save();
    for (uint32_t i = 0; i < sched.n_cpus; i++)
        lock(&cpus[i].lock);
    return were_on;
}

void schedule_unlock_all(bool were_on)
{
    for (uint32_t i = sched.n_cpus; i-- > 0;)
        unlock(&cpus[i].lock);
    arch_irq_restore(were_on);
}

void schedule_trace(void (*record)(void *arg, const struct sched_call *call))
{
    bool were_on = schedule_lock_all();
    sched.trace = record;
    schedule_unlock_all(were_on);
}

/* ---- vcpus */

void schedule_add(struct vcpu *v)
{
    bool were_on = schedule_lock_all();
    v->sched.owner = v;
    sched_add(&sched, &v->sched, (uint32_t)v->domain->id << 8 | v->id, SCHED_ANY_CPU, time_now());
    schedule_unlock_all(were_on);
}

void schedule_remove(struct vcpu *v)
{
    bool were_on;
    uint32_t on = schedule_lock_with(v, SCHED_NO_CPU, &were_on);
    bool removed = sched_remove(&sched, &v->sched, time_now());
    schedule_unlock_two(on, on, were_on);
    ASSERT(removed);
}

void vcpu_pause(struct vcpu *v, uint32_t why)
{
    bool were_on;
    uint32_t on = schedule_lock_with(v, SCHED_NO_CPU, &were_on);
    uint32_t before = __atomic_fetch_or(&v->pauses, why, __ATOMIC_SEQ_CST);
    bool running = v->sched.status == SCHED_RUNNING;
    if (before == 0) {
        ns_t now = time_now();
        sched_sleep(&sched, &v->sched, now);
        if (!running)
            runstate_set(v, why == PAUSE_BLOCKED ? RUNSTATE_blocked : RUNSTATE_offline, now);
    }
    schedule_unlock_two(on, on, were_on);
    if (before == 0 && running)
        cpu_request(on, WORK_SCHEDULE);
}

/* The CPU that it should wake on; that one and its own are locked. It was placed without locks, and
 * may not run there any more. */
static uint32_t lock_to_wake(struct vcpu *v, bool *were_on)
{
    for (;;) {
        uint32_t to = sched_place(&sched, &v->sched);
        uint32_t on = schedule_lock_with(v, to, were_on);
        if (likely(v->sched.affinity >> to & 1))
            return to;
        schedule_unlock_two(on, to, *were_on);
    }
}

void vcpu_unpause(struct vcpu *v, uint32_t why)
{
    bool were_on;
    uint32_t to = lock_to_wake(v, &were_on);
    uint32_t on = vcpu_cpu(v);
    bool pick = false;
    uint32_t before = __atomic_fetch_and(&v->pauses, ~why, __ATOMIC_SEQ_CST);
    if (before != 0 && (before & ~why) == 0) {
        ns_t now = time_now();
        pick = sched_wake(&sched, &v->sched, to, now);
        if (v->state != RUNSTATE_running)
            runstate_set(v, RUNSTATE_runnable, now);
    }
    schedule_unlock_two(on, to, were_on);
    trace(TRACE_WAKE, trace_name(v), to);
    if (pick)
        cpu_request(to, WORK_SCHEDULE);
}

void vcpu_kick(struct vcpu *v)
{
    /* Blocking comes first: the current one may be about to. */
    if (unlikely(__atomic_load_n(&v->pauses, __ATOMIC_SEQ_CST) & PAUSE_BLOCKED))
        vcpu_poll_end(v);
    else if (v != current_vcpu()) {
        uint32_t holder = __atomic_load_n(&v->switched, __ATOMIC_RELAXED);
        if (holder != 0)
            cpu_request(holder - 1, 0);
    }
}

ns_t vcpu_virtual_now(const struct vcpu *v, ns_t now)
{
    ns_t ran = v->state_time[RUNSTATE_running];
    return v->state == RUNSTATE_running ? ran + (now - v->state_since) : ran;
}

/* ---- picking */

void schedule_yield(void)
{
    if (!sched_may_yield(&sched))
        return;
    uint32_t here = arch_cpu_id();
    bool were_on = lock_irq(&cpus[here].lock);
    sched_yield_on(&sched, here, sched.trace != NULL ? time_now() : 0);
    unlock_irq(&cpus[here].lock, were_on);
    arch_request_here(WORK_SCHEDULE);
}

static void steal(uint32_t here, ns_t now)
{
    uint32_t victim = sched_victim(&sched, here);
    if (victim == SCHED_NO_CPU)
        return;
    bool were_on = schedule_lock_two(here, victim);
    sched_steal(&sched, here, victim, now);
    schedule_unlock_two(here, victim, were_on);
}

/*
 * Who holds a vcpu's registers says so in `switched`: from when it picks it, with its run queue
 * locked, so that whoever stops the vcpu knows whom to wait for; until it has put them away.
 */
static void claim(struct vcpu *v, uint32_t here)
{
    if (__atomic_load_n(&v->switched, __ATOMIC_ACQUIRE) == 0)
        __atomic_store_n(&v->switched, 1 + here, __ATOMIC_RELAXED);
}

static bool is_claimed(const struct vcpu *v, uint32_t here)
{
    return __atomic_load_n(&v->switched, __ATOMIC_RELAXED) == 1 + here;
}

static struct sched_decision pick(uint32_t here, ns_t now)
{
    struct sched_decision d = {0};
    /* Twice: the current one may just have been parked (sched.h). */
    for (int i = 0; i < 2 && d.vcpu == NULL; i++) {
        if (sched.n_cpus > 1)
            steal(here, now);
        bool were_on = lock_irq(&cpus[here].lock);
        d = sched_pick(&sched, here, now);
        if (d.vcpu != NULL)
            claim(d.vcpu->owner, here);
        unlock_irq(&cpus[here].lock, were_on);
    }
    return d;
}

/*
 * For one that another CPU still had when this one picked it: it was stolen from there, or it was
 * stopped and started again, or sent here, while in a hypercall. false: it is no longer this CPU's,
 * which has been asked to pick again. The other CPU may in turn wait for this one to flush its TLB:
 * interrupts, which are off, are let in.
 */
static bool claim_later(struct vcpu *v, uint32_t here)
{
    bool mine = true;
    while (mine && !is_claimed(v, here)) {
        arch_irq_on();
        arch_relax();
        arch_irq_off();
        lock(&cpus[here].lock);
        mine = sched_cpus[here].current == &v->sched;
        if (mine)
            claim(v, here);
        unlock(&cpus[here].lock);
    }
    return mine;
}

static void kick_cpus(uint64_t set)
{
    for (; set != 0; set &= set - 1)
        cpu_request((uint32_t)__builtin_ctzll(set), WORK_SCHEDULE);
}

/* Another CPU may take it, or all of it be freed. */
static void put_away(struct vcpu *v)
{
    if (v != NULL)
        __atomic_store_n(&v->switched, 0, __ATOMIC_RELEASE);
}

/* The processor goes from one to another; either may be NULL. Interrupts off. */
static noreturn void switch_to(uint32_t here, struct vcpu *from, struct vcpu *to, ns_t now)
{
    if (from != NULL) {
        uint32_t pauses = __atomic_load_n(&from->pauses, __ATOMIC_RELAXED);
        runstate_set(from,
                     pauses == 0               ? RUNSTATE_runnable
                     : pauses == PAUSE_BLOCKED ? RUNSTATE_blocked
                                               : RUNSTATE_offline,
                     now);
        virtual_timer_suspend(from, now);
        arch_vcpu_save(from);
    }
    /* Its page tables are used until others are: then they may go with it. But nobody waits while
     * somebody else might wait for what this CPU holds. */
    if (to == NULL || unlikely(!is_claimed(to, here))) {
        arch_leave_guests();
        put_away(from);
        from = NULL;
        if (to == NULL || !claim_later(to, here))
            arch_go_idle();
    }
    runstate_set(to, RUNSTATE_running, now);
    arch_vcpu_load(to);
    put_away(from);
    virtual_timer_resume(to, now);
    if (unlikely(now >= to->time_due)) {
        time_publish(to);
        to->time_due = now + TIME_PERIOD;
    }
    arch_run_vcpu();
}

void schedule(void)
{
    lock_check_none();
    uint32_t here = arch_cpu_id();
    ns_t now = time_now();
    struct sched_decision d = pick(here, now);

    /* Idle too: one may be waiting for its budget. */
    timer_set_slice(d.slice == SCHED_FOREVER ? NS_NEVER : now + d.slice);
    kick_cpus(d.kick);

    struct vcpu *to = d.vcpu == NULL ? NULL : d.vcpu->owner;
    struct vcpu *from = current_vcpu();
    if (to == from)
        return;
    trace(TRACE_SCHEDULE, trace_name(from), trace_name(to));
    arch_irq_off();
    switch_to(here, from, to, now);
}

/* ---- work */

void cpu_request(uint32_t cpu, uint32_t work)
{
    if (work != 0)
        __atomic_fetch_or(&cpu_local_of(cpu)->work, work, __ATOMIC_SEQ_CST);
    if (cpu != arch_cpu_id())
        arch_cpu_poke(cpu);
}

/* All but picking, which comes last: it may be for others that it is asked for. */
static out_of_line uint32_t do_other_work(uint32_t work)
{
    if ((work & WORK_TIMERS) && timers_run())
        work |= WORK_SCHEDULE;
    if (work & WORK_INTERRUPTS)
        pirqs_tell();
    if (work & WORK_CONSOLE)
        console_tell();
    if (work & WORK_TRACE)
        trace_tell();
    if (work & WORK_FORGET)
        arch_forget();
    return work;
}

void cpu_do_work(void)
{
    arch_irq_on();
    lock_check_none();
    uint32_t work = __atomic_exchange_n(&this_cpu()->work, 0, __ATOMIC_SEQ_CST);
    if (work != WORK_SCHEDULE)
        work = do_other_work(work);
    if (work & WORK_SCHEDULE)
        schedule();
    if (work & WORK_GUEST)
        arch_guest_work();
    arch_irq_off();
}

noreturn void idle_loop(void)
{
    for (;;) {
        arch_irq_off();
        if (arch_work_pending())
            cpu_do_work();
        else
            arch_wait();
    }
}

/* SPDX-License-Identifier: MIT */
#include "hv/core/vcpu.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/frame.h"
#include "hv/core/schedule.h"
#include "hv/core/time.h"
#include "hv/public/ringside.h"

#include <xen/vcpu.h>

static void one_shot_expired(struct timer *t)
{
    events_raise_virq(container_of(t, struct vcpu, one_shot), VIRQ_TIMER);
}

static void periodic_expired(struct timer *t)
{
    struct vcpu *v = container_of(t, struct vcpu, periodic);
    ns_t period = __atomic_load_n(&v->period, __ATOMIC_RELAXED);
    /* It goes on with its vcpu: ticks of one that waits would be at the cost of who runs. */
    if (period == 0 || __atomic_load_n(&v->switched, __ATOMIC_ACQUIRE) == 0)
        return;
    ns_t now = time_now();
    /* Ticks that nobody could take are one. */
    ns_t next = (ns_t)t->node.key + period;
    timer_set(t, next > now ? next : now + period - (now - next) % period);
    events_raise_virq(v, VIRQ_TIMER);
}

static void poll_expired(struct timer *t)
{
    vcpu_poll_end(container_of(t, struct vcpu, poll_timer));
}

static void virtual_expired(struct timer *t)
{
    struct vcpu *v = container_of(t, struct vcpu, virtual_timer);
    v->virtual_deadline = NS_NEVER;
    events_raise_virq(v, VIRQ_RINGSIDE_VIRTUAL_TIMER);
}

static unsigned vcpu_order(void)
{
    return order_of(round_up(sizeof(struct vcpu), PAGE_SIZE) >> PAGE_SHIFT);
}

struct vcpu *vcpu_create(struct domain *d, uint32_t id)
{
    if (id >= d->vcpus_max || d->vcpus[id] != NULL)
        return NULL;
    struct vcpu *v = heap_alloc_mapped(vcpu_order());
    if (v == NULL)
        return NULL;
    if (!arch_vcpu_init(v)) {
        heap_free_mapped(v, vcpu_order());
        return NULL;
    }
    v->domain = d;
    v->id = id;
    v->info = &d->shared->vcpu_info[id];
    v->info->evtchn_upcall_mask = 1;
    v->info_mfn = MFN_NONE;
    v->pauses = PAUSE_DOWN | (d->control_pauses != 0 ? PAUSE_HELD : 0);
    v->state = RUNSTATE_offline;
    v->state_since = time_now();
    v->virtual_deadline = NS_NEVER;
    v->soft_affinity = SCHED_ANY_CPU;
    timer_init(&v->one_shot, one_shot_expired);
    timer_init(&v->periodic, periodic_expired);
    timer_init(&v->poll_timer, poll_expired);
    timer_init(&v->virtual_timer, virtual_expired);
    events_init_vcpu(v);
    schedule_add(v);
    __atomic_store_n(&d->vcpus[id], v, __ATOMIC_RELEASE);
    return v;
}

void vcpu_poll_end(struct vcpu *v)
{
    if (v->polling) {
        events_poll_end(v);
        timer_stop(&v->poll_timer);
    }
    vcpu_unpause(v, PAUSE_BLOCKED);
}

void vcpu_wait_stopped(const struct vcpu *v)
{
    ASSERT(v != current_vcpu());
    while (__atomic_load_n(&v->switched, __ATOMIC_ACQUIRE) != 0)
        arch_relax();
}

void vcpu_destroy(struct vcpu *v)
{
    vcpu_pause(v, PAUSE_DYING);
    vcpu_wait_stopped(v);
    timer_kill(&v->one_shot);
    timer_kill(&v->periodic);
    timer_kill(&v->poll_timer);
    timer_kill(&v->virtual_timer);
    events_poll_end(v);
    schedule_remove(v);
    arch_vcpu_forget(v);
}

int vcpu_release_frames(struct vcpu *v)
{
    int rc = arch_vcpu_release(v);
    if (rc != 0 || mfn_is_none(v->info_mfn))
        return rc;
    struct frame *f = frame_of(v->info_mfn);
    v->info = &v->domain->shared->vcpu_info[v->id];
    v->info_mfn = MFN_NONE;
    frame_put_writable(f);
    frame_put(f);
    return 0;
}

void vcpu_free(struct vcpu *v)
{
    arch_vcpu_free(v);
    heap_free_mapped(v, vcpu_order());
}

/* SPDX-License-Identifier: MIT */
/*
 * The end of a domain: everything that it holds is given back, in steps that can be interrupted.
 *
 * It runs no more and gets nothing more; its ports are closed, and peers find theirs unbound; then
 * goes what its vcpus use. What then keeps its page tables in use are pins, and checks that it
 * never came back to finish: a look at each of its frames ends those, and its own claim to the
 * frame. Tables give back what they refer to with their last use, so that in the end only frames
 * are left that others refer to. Others hear last that it has nothing of theirs mapped any more,
 * when that is so.
 */
#include "hv/core/assert.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/frame.h"
#include "hv/core/global_virq.h"
#include "hv/core/grant_table.h"
#include "hv/core/hypercall.h"
#include "hv/core/log.h"
#include "hv/core/vcpu.h"

static void stop(struct domain *d)
{
    __atomic_store_n(&d->dying, true, __ATOMIC_SEQ_CST);
    global_virq_forget(d);
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_destroy(d->vcpus[i]);
    }
    for (uint32_t i = 0; i < WATCHDOGS; i++)
        timer_kill(&d->watchdogs[i].timer);
}

static int release_vcpus(struct domain *d)
{
    int rc = 0;
    lock(&d->mm_lock);
    for (uint32_t i = 0; i < d->vcpus_max && rc == 0; i++) {
        if (d->vcpus[i] != NULL)
            rc = vcpu_release_frames(d->vcpus[i]);
    }
    unlock(&d->mm_lock);
    return rc;
}

/* A frame of the domain's, with a reference; mm_lock. */
static int release_frame(struct frame *f)
{
    int rc = frame_abandon(f);
    if (rc == 0 && (f->type & TYPE_PINNED)) {
        rc = frame_put_type(f);
        if (rc == 0) {
            __atomic_fetch_and(&f->type, ~TYPE_PINNED, __ATOMIC_RELAXED);
            frame_put(f);
        }
    }
    if (rc == 0 && frame_disown(f))
        frame_put(f);
    return rc;
}

static int release_frames(struct domain *d)
{
    int rc = 0;
    lock(&d->mm_lock);
    while (rc == 0) {
        mfn_t m = domain_next_frame(d, d->death_at);
        if (mfn_is_none(m))
            break;
        d->death_at = m.n;
        if (frame_get(m, d)) {
            rc = release_frame(frame_of(m));
            frame_put(frame_of(m));
        }
        if (rc == 0) {
            d->death_at = m.n + 1;
            rc = preempt_needed() ? -XEN_ERESTART : 0;
        }
    }
    unlock(&d->mm_lock);
    return rc;
}

/* Steps begin over when they are called again, and do what is left. */
static int step(struct domain *d)
{
    switch (d->death) {
    case DEATH_NONE:
        stop(d);
        return 0;
    case DEATH_PORTS:
        return events_close_all(d);
    case DEATH_VCPUS:
        return release_vcpus(d);
    case DEATH_FRAMES:
        return release_frames(d);
    default:
        return grant_table_release_mappings(d);
    }
}

int domain_kill(struct domain *d)
{
    if (d->death == DEATH_DONE)
        return 0;
    while (d->death != DEATH_DONE) {
        int rc = step(d);
        if (rc != 0)
            return rc;
        d->death++;
    }
    global_virq_raise(VIRQ_DOM_EXC);
    domain_put(d); /* the caller has another one */
    return 0;
}

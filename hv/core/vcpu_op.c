/* SPDX-License-Identifier: MIT */
/* vcpu_op: a domain manages its own vcpus. */
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/runstate.h"
#include "hv/core/schedule.h"
#include "hv/core/string.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"
#include "hv/public/ringside.h"

#include <xen/sched.h>
#include <xen/vcpu.h>

#define PERIOD_MIN NS_PER_MS /* shorter ones would leave time for nothing else */

static long up(struct vcpu *v)
{
    if (!arch_vcpu_initialised(v))
        return -XEN_EINVAL;
    vcpu_unpause(v, PAUSE_DOWN);
    return 0;
}

static long down(struct vcpu *v)
{
    /* The last one that is up takes the domain with it. */
    struct domain *d = v->domain;
    bool others = false;
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        const struct vcpu *w = d->vcpus[i];
        others = others || (w != NULL && w != v && !(w->pauses & PAUSE_DOWN));
    }
    if (!others && !(v->pauses & PAUSE_DOWN)) {
        domain_shutdown(d, SHUTDOWN_poweroff);
        return 0;
    }
    vcpu_pause(v, PAUSE_DOWN);
    return 0;
}

static long get_runstate(struct vcpu *v, vaddr_t to)
{
    struct vcpu_runstate_info info;
    runstate_get(v, &info);
    return copy_to_guest(to, &info, sizeof(info)) ? 0 : -XEN_EFAULT;
}

static long register_runstate(struct vcpu *v, vaddr_t from)
{
    struct vcpu_register_runstate_memory_area a;
    struct vcpu_runstate_info info;
    if (!copy_from_guest(&a, from, sizeof(a)))
        return -XEN_EFAULT;
    runstate_get(v, &info);
    if (a.addr.p != 0 && v == current_vcpu() &&
        !copy_to_guest(vaddr(a.addr.p), &info, sizeof(info)))
        return -XEN_EFAULT;
    v->runstate_area = vaddr(a.addr.p);
    return 0;
}

static long register_time(struct vcpu *v, vaddr_t from)
{
    struct vcpu_register_time_memory_area a;
    if (!copy_from_guest(&a, from, sizeof(a)))
        return -XEN_EFAULT;
    if (a.addr.p != 0 && v == current_vcpu() &&
        !copy_to_guest(vaddr(a.addr.p), &v->info->time, sizeof(v->info->time)))
        return -XEN_EFAULT;
    v->time_area = vaddr(a.addr.p);
    return 0;
}

static long set_periodic(struct vcpu *v, vaddr_t from)
{
    struct vcpu_set_periodic_timer a;
    if (!copy_from_guest(&a, from, sizeof(a)))
        return -XEN_EFAULT;
    if (a.period_ns < PERIOD_MIN || a.period_ns > NS_NEVER / 4)
        return -XEN_EINVAL;
    __atomic_store_n(&v->period, a.period_ns, __ATOMIC_RELAXED);
    __atomic_store_n(&v->has_own_timers, true, __ATOMIC_RELAXED);
    timer_set(&v->periodic, time_now() + a.period_ns);
    return 0;
}

static long set_single_shot(struct vcpu *v, vaddr_t from)
{
    struct vcpu_set_singleshot_timer a;
    if (v != current_vcpu())
        return -XEN_EINVAL;
    if (!copy_from_guest(&a, from, sizeof(a)))
        return -XEN_EFAULT;
    if (a.timeout_abs_ns == 0)
        timer_stop(&v->one_shot);
    else if ((a.flags & VCPU_SSHOTTMR_future) && a.timeout_abs_ns < time_now())
        return -XEN_ETIME;
    else
        timer_set(&v->one_shot, a.timeout_abs_ns);
    return 0;
}

static long set_virtual(struct vcpu *v, vaddr_t from)
{
    struct ringside_virtual_timer a;
    if (v != current_vcpu())
        return -XEN_EINVAL;
    if (!copy_from_guest(&a, from, sizeof(a)))
        return -XEN_EFAULT;
    timer_stop(&v->virtual_timer);
    v->virtual_deadline = a.timeout_abs_ns;
    v->has_own_timers = true;
    virtual_timer_resume(v, time_now());
    return 0;
}

static long stop_virtual(struct vcpu *v)
{
    if (v != current_vcpu())
        return -XEN_EINVAL;
    v->virtual_deadline = NS_NEVER;
    timer_stop(&v->virtual_timer);
    return 0;
}

/* vcpu_info moves to a frame of the guest's, once; it stays mapped, and the frame in use. */
static long register_info(struct vcpu *v, vaddr_t from)
{
    struct vcpu_register_vcpu_info a;
    if (!copy_from_guest(&a, from, sizeof(a)))
        return -XEN_EFAULT;
    if (a.offset > PAGE_SIZE - sizeof(struct vcpu_info) || a.offset % __alignof__(xen_ulong_t) != 0)
        return -XEN_ENXIO;
    if (!mfn_is_none(v->info_mfn))
        return -XEN_EINVAL;
    /* Another one that runs would go on with the old place. */
    if (v != current_vcpu() &&
        (!(v->pauses & PAUSE_DOWN) || __atomic_load_n(&v->switched, __ATOMIC_SEQ_CST) != 0))
        return -XEN_EINVAL;
    mfn_t m = mfn(a.mfn);
    if (!frame_get(m, v->domain))
        return -XEN_EINVAL;
    if (frame_get_writable(frame_of(m)) != 0) {
        frame_put(frame_of(m));
        return -XEN_EINVAL;
    }
    struct vcpu_info *to = (struct vcpu_info *)((char *)frame_map(m) + a.offset);
    *to = *v->info;
    v->info_mfn = m;
    v->info = to;
    events_move(v);
    return 0;
}

static long get_physical_id(const struct vcpu *v, vaddr_t to)
{
    struct vcpu_get_physid a = {.phys_id = arch_physical_id(v->id)};
    if (!v->domain->privileged)
        return -XEN_EINVAL;
    return copy_to_guest(to, &a, sizeof(a)) ? 0 : -XEN_EFAULT;
}

long do_vcpu_op(uint64_t op, uint64_t number, uint64_t argument)
{
    struct domain *d = current_vcpu()->domain;
    vaddr_t at = vaddr(argument);

    if ((uint32_t)number >= d->vcpus_max)
        return -XEN_ENOENT;
    struct vcpu *v = d->vcpus[(uint32_t)number];
    if (v == NULL)
        return -XEN_ENOENT;

    switch ((unsigned)op) {
    case VCPUOP_initialise:
        return arch_vcpu_initialise(v, at);
    case VCPUOP_up:
        return up(v);
    case VCPUOP_down:
        return down(v);
    case VCPUOP_is_up:
        return !(v->pauses & PAUSE_DOWN);
    case VCPUOP_get_runstate_info:
        return get_runstate(v, at);
    case VCPUOP_register_runstate_memory_area:
        return register_runstate(v, at);
    case VCPUOP_register_vcpu_time_memory_area:
        return register_time(v, at);
    case VCPUOP_set_periodic_timer:
        return set_periodic(v, at);
    case VCPUOP_stop_periodic_timer:
        __atomic_store_n(&v->period, 0, __ATOMIC_RELAXED);
        timer_stop(&v->periodic);
        return 0;
    case VCPUOP_set_singleshot_timer:
        return set_single_shot(v, at);
    case VCPUOP_stop_singleshot_timer:
        if (v != current_vcpu())
            return -XEN_EINVAL;
        timer_stop(&v->one_shot);
        return 0;
    case VCPUOP_register_vcpu_info:
        return register_info(v, at);
    case VCPUOP_send_nmi:
        arch_vcpu_nmi(v);
        return 0;
    case VCPUOP_get_physid:
        return get_physical_id(v, at);
    case VCPUOP_RINGSIDE_set_virtual_timer:
        return set_virtual(v, at);
    case VCPUOP_RINGSIDE_stop_virtual_timer:
        return stop_virtual(v);
    default:
        return -XEN_ENOSYS;
    }
}

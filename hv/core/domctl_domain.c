/* SPDX-License-Identifier: MIT */
/* domctl: the life of domains. */
#include "hv/core/domain.h"
#include "hv/core/domctl.h"
#include "hv/core/frame.h"
#include "hv/core/global_virq.h"
#include "hv/core/grant_table.h"
#include "hv/core/runstate.h"
#include "hv/core/string.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"

/* Flags that ask for nothing that there is not. */
#define FLAGS_KNOWN (XEN_DOMCTL_CDF_s3_integrity | XEN_DOMCTL_CDF_xs_domain)

static struct lock creation_lock = LOCK(LOCK_CREATION);

static bool is_caller(const struct domain *d)
{
    return d == current_vcpu()->domain;
}

/* ---- creation */

static long check_config(const struct xen_domctl_createdomain *c)
{
    if ((c->flags & ~FLAGS_KNOWN) != 0 || c->iommu_opts != 0 || c->vmtrace_size != 0)
        return -XEN_EINVAL;
    if (c->max_vcpus < 1 || c->max_vcpus > VCPUS_MAX)
        return -XEN_EINVAL;
    if (XEN_DOMCTL_GRANT_version(c->grant_opts) != 1 || (c->grant_opts & ~0xfU) != 0)
        return -XEN_EINVAL;
    if (!grant_table_allowed(c->max_grant_frames, c->max_maptrack_frames))
        return -XEN_EINVAL;
    if ((c->arch.misc_flags & ~XEN_X86_MSR_RELAXED) != 0 ||
        (c->arch.emulation_flags & ~XEN_X86_EMU_ALL) != 0)
        return -XEN_EINVAL;
    if (c->arch.emulation_flags != 0)
        return -XEN_EOPNOTSUPP;
    return c->cpupool_id == 0 ? 0 : -XEN_ESRCH;
}

/* creation_lock: what is free stays so. 0: choose one. */
static long choose_id(uint16_t *id)
{
    if (*id == 0 || *id >= DOMID_FIRST_RESERVED) {
        *id = domain_free_id();
        return *id != 0 ? 0 : -XEN_ENOMEM;
    }
    struct domain *d = domain_get(*id);
    if (d != NULL)
        domain_put(d);
    return d == NULL ? 0 : -XEN_EEXIST;
}

static long create(const struct xen_domctl_createdomain *c, uint16_t *id)
{
    long rc = choose_id(id);
    if (rc != 0)
        return rc;
    struct domain_config config = {
        .id = *id,
        .vcpus_max = c->max_vcpus,
        .ports_max = max(min(c->max_evtchn_port, EVTCHN_PORTS_MAX - 1) + 1, 2U),
        .grant_frames_max = c->max_grant_frames,
        .mapping_frames_max = c->max_maptrack_frames,
    };
    struct domain *d = domain_create(&config);
    if (d == NULL)
        return -XEN_ENOMEM;
    memcpy(d->handle, c->handle, sizeof(d->handle));
    wall_clock_publish(d);
    if (domain_publish(d))
        return 0;
    domain_discard(d); /* one that was dying has not left yet */
    return -XEN_EEXIST;
}

long domctl_createdomain(struct xen_domctl *op)
{
    long rc = check_config(&op->u.createdomain);
    if (rc != 0)
        return rc;
    lock(&creation_lock);
    rc = create(&op->u.createdomain, &op->domain);
    unlock(&creation_lock);
    return rc;
}

long domctl_max_vcpus(struct domain *d, struct xen_domctl *op)
{
    if (is_caller(d) || domain_is_dying(d) || op->u.max_vcpus.max != d->vcpus_max)
        return -XEN_EINVAL;
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] == NULL && vcpu_create(d, i) == NULL)
            return -XEN_ENOMEM;
    }
    return 0;
}

/* ---- life and death */

long domctl_pausedomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    return is_caller(d) ? -XEN_EINVAL : domain_pause(d);
}

long domctl_unpausedomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    return domain_unpause(d);
}

long domctl_resumedomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    if (is_caller(d) || domain_is_dying(d))
        return -XEN_EINVAL;
    domain_hold(d);
    domain_resume(d);
    domain_unhold(d);
    return 0;
}

long domctl_destroydomain(struct domain *d, struct xen_domctl *op)
{
    (void)op;
    return is_caller(d) ? -XEN_EINVAL : domain_kill(d);
}

/* ---- properties */

/* Less than it has: it gets no more until it has given back enough. */
long domctl_max_mem(struct domain *d, struct xen_domctl *op)
{
    uint64_t frames = op->u.max_mem.max_memkb >> (PAGE_SHIFT - 10);
    lock(&d->mm_lock);
    d->frames_max = frames;
    unlock(&d->mm_lock);
    return 0;
}

long domctl_setdomainhandle(struct domain *d, struct xen_domctl *op)
{
    memcpy(d->handle, op->u.setdomainhandle.handle, sizeof(d->handle));
    return 0;
}

long domctl_settimeoffset(struct domain *d, struct xen_domctl *op)
{
    d->wall_offset = op->u.settimeoffset.time_offset_seconds;
    wall_clock_publish(d);
    return 0;
}

long domctl_set_virq_handler(struct domain *d, struct xen_domctl *op)
{
    return global_virq_set_handler(d, op->u.set_virq_handler.virq);
}

static uint64_t running_time(const struct vcpu *v)
{
    struct vcpu_runstate_info info;
    runstate_get(v, &info);
    return info.time[RUNSTATE_running];
}

/* One that is blocked is so until one of its vcpus, of those that are up, is not. */
static void describe_vcpus(const struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    uint32_t flags = XEN_DOMINF_blocked;
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        const struct vcpu *v = d->vcpus[i];
        if (v == NULL)
            continue;
        uint32_t pauses = __atomic_load_n(&v->pauses, __ATOMIC_RELAXED);
        info->cpu_time += running_time(v);
        info->max_vcpu_id = i;
        if (pauses & PAUSE_DOWN)
            continue;
        info->nr_online_vcpus++;
        if (!(pauses & PAUSE_BLOCKED))
            flags &= ~XEN_DOMINF_blocked;
        if (__atomic_load_n(&v->switched, __ATOMIC_RELAXED) != 0)
            flags |= XEN_DOMINF_running;
    }
    info->flags = info->nr_online_vcpus != 0 ? flags : 0;
}

void domain_describe(struct domain *d, struct xen_domctl_getdomaininfo *info)
{
    *info = (struct xen_domctl_getdomaininfo){
        .domain = d->id,
        .tot_pages = d->frames,
        .max_pages = d->frames_max,
        .shared_info_frame = d->shared_mfn.n,
        .max_vcpu_id = XEN_INVALID_MAX_VCPU_ID,
    };
    describe_vcpus(d, info);
    bool shut_down = __atomic_load_n(&d->shut_down, __ATOMIC_SEQ_CST);
    info->flags |= (d->death == DEATH_DONE ? XEN_DOMINF_dying : 0) |
                   (shut_down ? XEN_DOMINF_shutdown : 0) |
                   (d->control_pauses != 0 ? XEN_DOMINF_paused : 0) |
                   (shut_down ? d->shutdown_reason : ~0U) << XEN_DOMINF_shutdownshift;
    memcpy(info->handle, d->handle, sizeof(info->handle));
}

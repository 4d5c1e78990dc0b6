/* SPDX-License-Identifier: MIT */
#include "hv/core/domctl_sched.h"

#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/runstate.h"
#include "hv/core/schedule.h"
#include "hv/core/string.h"
#include "hv/public/ringside.h"
#include "sched-bvt/policy.h"

/* ---- which policy it is, for Xen's tools */

uint32_t sysctl_sched_id(void)
{
    const char *name = schedule_policy()->name;
    return strcmp(name, "credit") == 0 ? XEN_SCHEDULER_CREDIT
           : strcmp(name, "sedf") == 0 ? XEN_SCHEDULER_RTDS
                                       : RINGSIDE_SCHEDULER;
}

static const struct sched_param *param_named(const char *name)
{
    const struct sched_policy *p = schedule_policy();
    for (uint32_t i = 0; i < p->n_params; i++) {
        if (strcmp(p->params[i].field.name, name) == 0)
            return &p->params[i];
    }
    return NULL;
}

static uint64_t param_of(const struct vcpu *v, const char *name)
{
    uint64_t value = 0;
    schedule_param_get(v, name, &value);
    return value;
}

/* The n-th vcpu of a domain. *rc: why there is none, as XEN_DOMCTL_* say it. */
static struct vcpu *vcpu_named(struct domain *d, uint32_t n, long *rc)
{
    *rc = -XEN_EINVAL;
    if (n >= d->vcpus_max)
        return NULL;
    struct vcpu *v = __atomic_load_n(&d->vcpus[n], __ATOMIC_ACQUIRE);
    *rc = -XEN_ESRCH;
    return v;
}

static uint32_t vcpus_of(struct domain *d, struct vcpu **all)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        struct vcpu *v = __atomic_load_n(&d->vcpus[i], __ATOMIC_ACQUIRE);
        if (v != NULL)
            all[n++] = v;
    }
    return n;
}

static long set(const struct schedule_param *params, uint32_t n)
{
    return schedule_params_set(params, n) == NULL ? 0 : -XEN_EINVAL;
}

/* ---- credit: of a domain */

#define CREDIT_KEEP_WEIGHT 0
#define CREDIT_KEEP_CAP UINT16_MAX
#define PERCENT 100U

/* Vcpu i's part of the domain's cap. 0 would be no limit. */
static uint64_t cap_part(uint32_t cap, uint32_t i, uint32_t n)
{
    if (cap == 0 || cap >= PERCENT * n)
        return 0;
    uint32_t part = cap / n + (i < cap % n ? 1 : 0);
    return max(part, 1U);
}

static long credit_put(struct domain *d, const struct xen_domctl_sched_credit *c)
{
    struct vcpu *all[VCPUS_MAX];
    struct schedule_param params[2 * VCPUS_MAX];
    uint32_t n_vcpus = vcpus_of(d, all);
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_vcpus; i++) {
        if (c->weight != CREDIT_KEEP_WEIGHT)
            params[n++] = (struct schedule_param){all[i], "weight", c->weight};
        if (c->cap != CREDIT_KEEP_CAP)
            params[n++] = (struct schedule_param){all[i], "cap", cap_part(c->cap, i, n_vcpus)};
    }
    return set(params, n);
}

static void credit_get(struct domain *d, struct xen_domctl_sched_credit *c)
{
    struct vcpu *all[VCPUS_MAX];
    uint32_t n_vcpus = vcpus_of(d, all);
    uint64_t cap = 0;
    bool unlimited = false;
    for (uint32_t i = 0; i < n_vcpus; i++) {
        uint64_t part = param_of(all[i], "cap");
        cap += part;
        unlimited = unlimited || part == 0;
    }
    uint64_t weight = n_vcpus == 0 ? param_named("weight")->initial : param_of(all[0], "weight");
    *c = (struct xen_domctl_sched_credit){(uint16_t)weight, unlimited ? 0 : (uint16_t)cap};
}

static long credit_op(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    switch (op->cmd) {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        return credit_put(d, &op->u.credit);
    case XEN_DOMCTL_SCHEDOP_getinfo:
        credit_get(d, &op->u.credit);
        return 0;
    default:
        return -XEN_EINVAL;
    }
}

/* ---- RTDS: of vcpus, in microseconds */

static uint32_t reservation_of(struct vcpu *v, const struct xen_domctl_sched_rtds *r,
                               struct schedule_param *params)
{
    params[0] = (struct schedule_param){v, "period", r->period * NS_PER_US};
    params[1] = (struct schedule_param){v, "slice", r->budget * NS_PER_US};
    params[2] = (struct schedule_param){v, "extra", (r->flags & XEN_DOMCTL_SCHEDRT_extra) != 0};
    return 3;
}

static long reservation_put_all(struct domain *d, const struct xen_domctl_sched_rtds *r)
{
    struct vcpu *all[VCPUS_MAX];
    struct schedule_param params[3 * VCPUS_MAX];
    uint32_t n_vcpus = vcpus_of(d, all);
    uint32_t n = 0;
    for (uint32_t i = 0; i < n_vcpus; i++)
        n += reservation_of(all[i], r, &params[n]);
    return set(params, n);
}

static struct xen_domctl_sched_rtds reservation(uint64_t period, uint64_t slice, uint64_t extra)
{
    return (struct xen_domctl_sched_rtds){
        .period = (uint32_t)(period / NS_PER_US),
        .budget = (uint32_t)(slice / NS_PER_US),
        .flags = extra != 0 ? XEN_DOMCTL_SCHEDRT_extra : 0,
    };
}

static long reservation_of_one(struct domain *d, bool put, struct xen_domctl_schedparam_vcpu *p)
{
    long rc;
    struct vcpu *v = vcpu_named(d, p->vcpuid, &rc);
    if (v == NULL)
        return -XEN_EINVAL;
    if (put) {
        struct schedule_param params[3];
        return set(params, reservation_of(v, &p->u.rtds, params));
    }
    p->u.rtds = reservation(param_of(v, "period"), param_of(v, "slice"), param_of(v, "extra"));
    return 0;
}

/* nr_vcpus becomes how many were done, which may be fewer: the caller goes on from there. */
static long reservations(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    bool put = op->cmd == XEN_DOMCTL_SCHEDOP_putvcpuinfo;
    vaddr_t list = guest_handle(op->u.v.vcpus);
    uint32_t n = 0;
    long rc = 0;
    while (n < op->u.v.nr_vcpus && !(n != 0 && preempt_needed())) {
        struct xen_domctl_schedparam_vcpu p;
        rc = copy_element_from_guest(&p, list, n, sizeof(p)) ? reservation_of_one(d, put, &p)
                                                             : -XEN_EFAULT;
        if (rc == 0 && !put && !copy_element_to_guest(list, n, &p, sizeof(p)))
            rc = -XEN_EFAULT;
        if (rc != 0)
            break;
        n++;
    }
    op->u.v.nr_vcpus = n;
    return rc;
}

static long reservation_op(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    switch (op->cmd) {
    case XEN_DOMCTL_SCHEDOP_putinfo:
        return reservation_put_all(d, &op->u.rtds);
    case XEN_DOMCTL_SCHEDOP_getinfo:
        op->u.rtds = reservation(param_named("period")->initial, param_named("slice")->initial,
                                 param_named("extra")->initial);
        return 0;
    case XEN_DOMCTL_SCHEDOP_putvcpuinfo:
    case XEN_DOMCTL_SCHEDOP_getvcpuinfo:
        return reservations(d, op);
    default:
        return -XEN_EINVAL;
    }
}

long domctl_scheduler_op(struct domain *d, struct xen_domctl_scheduler_op *op)
{
    if (op->sched_id != sysctl_sched_id())
        return -XEN_EINVAL;
    switch (op->sched_id) {
    case XEN_SCHEDULER_CREDIT:
        return credit_op(d, op);
    case XEN_SCHEDULER_RTDS:
        return reservation_op(d, op);
    default:
        return -XEN_EINVAL;
    }
}

/* ---- of the whole scheduler */

#define US_PER_MS (NS_PER_MS / NS_PER_US)

long sysctl_scheduler_op(struct xen_sysctl_scheduler_op *op)
{
    struct xen_sysctl_credit_schedule *c = &op->u.sched_credit;
    if (op->cmd != XEN_SYSCTL_SCHEDOP_putinfo && op->cmd != XEN_SYSCTL_SCHEDOP_getinfo)
        return -XEN_EINVAL;
    if (op->cpupool_id != 0)
        return -XEN_ESRCH;
    if (op->sched_id != sysctl_sched_id() || op->sched_id != XEN_SCHEDULER_CREDIT)
        return -XEN_EINVAL;
    if (op->cmd == XEN_SYSCTL_SCHEDOP_putinfo) {
        const struct schedule_param params[] = {
            {NULL, "timeslice", c->tslice_ms * NS_PER_MS},
            {NULL, "ratelimit", c->ratelimit_us * NS_PER_US},
        };
        /* Here a vcpu is free to move as soon as it does not run. */
        if (c->vcpu_migr_delay_us != 0 || set(params, array_size(params)) != 0)
            return -XEN_EINVAL;
    }
    *c = (struct xen_sysctl_credit_schedule){
        .tslice_ms = (uint32_t)(param_of(NULL, "timeslice") / NS_PER_MS),
        .ratelimit_us = (uint32_t)(param_of(NULL, "ratelimit") / NS_PER_US),
    };
    return 0;
}

/* ---- affinity */

/* The bitmap may be of any length: CPUs that it does not name are not in the set. */
static bool read_set(const struct xenctl_bitmap *b, uint64_t *set)
{
    uint32_t bits = min(b->nr_bits, 64U);
    *set = 0;
    if (!copy_from_guest(set, guest_handle(b->bitmap), (bits + 7) / 8))
        return false;
    if (bits < 64)
        *set &= (1UL << bits) - 1;
    return true;
}

static bool write_set(const struct xenctl_bitmap *b, uint64_t set)
{
    uint32_t bits = min(b->nr_bits, 64U);
    uint64_t bytes = ((uint64_t)b->nr_bits + 7) / 8;
    uint64_t known = (bits + 7) / 8;
    vaddr_t to = guest_handle(b->bitmap);
    if (bits < 64)
        set &= (1UL << bits) - 1;
    return copy_to_guest(to, &set, known) &&
           (bytes == known || clear_guest(vaddr(to.a + known), bytes - known));
}

static struct vcpu *affinity_target(struct domain *d, const struct xen_domctl_vcpuaffinity *a,
                                    long *rc)
{
    struct vcpu *v = vcpu_named(d, a->vcpu, rc);
    *rc = v == NULL ? *rc : -XEN_EINVAL;
    if (v == NULL || a->flags == 0 ||
        ((a->flags & XEN_VCPUAFFINITY_HARD) && a->cpumap_hard.bitmap.p == NULL) ||
        ((a->flags & XEN_VCPUAFFINITY_SOFT) && a->cpumap_soft.bitmap.p == NULL))
        return NULL;
    *rc = 0;
    return v;
}

long domctl_set_affinity(struct domain *d, struct xen_domctl_vcpuaffinity *a)
{
    long rc;
    struct vcpu *v = affinity_target(d, a, &rc);
    if (v == NULL)
        return rc;
    uint64_t hard = __atomic_load_n(&v->sched.affinity, __ATOMIC_RELAXED);
    uint64_t soft = v->soft_affinity;
    if ((a->flags & XEN_VCPUAFFINITY_HARD) && !read_set(&a->cpumap_hard, &hard))
        return -XEN_EFAULT;
    if ((a->flags & XEN_VCPUAFFINITY_SOFT) && !read_set(&a->cpumap_soft, &soft))
        return -XEN_EFAULT;
    uint64_t effective = hard & schedule_cpus();
    if (effective == 0)
        return -XEN_EINVAL;
    /* Told before it is done: then nothing can fail any more. */
    if ((a->flags & XEN_VCPUAFFINITY_HARD) && !write_set(&a->cpumap_hard, effective))
        return -XEN_EFAULT;
    if ((a->flags & XEN_VCPUAFFINITY_SOFT) && !write_set(&a->cpumap_soft, soft & effective))
        return -XEN_EFAULT;
    if (a->flags & XEN_VCPUAFFINITY_HARD)
        schedule_set_affinity(v, hard);
    v->soft_affinity = soft;
    return 0;
}

long domctl_get_affinity(struct domain *d, struct xen_domctl_vcpuaffinity *a)
{
    long rc;
    const struct vcpu *v = affinity_target(d, a, &rc);
    if (v == NULL)
        return rc;
    if ((a->flags & XEN_VCPUAFFINITY_HARD) &&
        !write_set(&a->cpumap_hard, __atomic_load_n(&v->sched.affinity, __ATOMIC_RELAXED)))
        return -XEN_EFAULT;
    if ((a->flags & XEN_VCPUAFFINITY_SOFT) && !write_set(&a->cpumap_soft, v->soft_affinity))
        return -XEN_EFAULT;
    return 0;
}

/* ---- what a vcpu does */

long domctl_vcpu_info(struct domain *d, struct xen_domctl_getvcpuinfo *info)
{
    long rc;
    const struct vcpu *v = vcpu_named(d, info->vcpu, &rc);
    if (v == NULL)
        return rc;
    struct vcpu_runstate_info states;
    runstate_get(v, &states);
    uint32_t pauses = __atomic_load_n(&v->pauses, __ATOMIC_RELAXED);
    info->online = !(pauses & PAUSE_DOWN);
    info->blocked = (pauses & PAUSE_BLOCKED) != 0;
    info->running = states.state == RUNSTATE_running;
    info->cpu_time = states.time[RUNSTATE_running];
    info->cpu = vcpu_cpu(v);
    return 0;
}

/* ---- the policy's own interface */

static void copy_name(char *to, const char *from)
{
    size_t n = strlen(from);
    memset(to, 0, RINGSIDE_SCHED_NAME);
    memcpy(to, from, min(n, RINGSIDE_SCHED_NAME - 1UL));
}

static long describe(vaddr_t argument)
{
    struct ringside_sched_param a;
    const struct sched_policy *policy = schedule_policy();
    if (!copy_from_guest(&a, argument, sizeof(a)))
        return -XEN_EFAULT;
    if (a.index >= policy->n_params)
        return -XEN_ENOENT;
    const struct sched_param *p = &policy->params[a.index];
    a.of_vcpu = p->field.scope == SCHED_OF_VCPU;
    a.min = p->min;
    a.max = p->max;
    a.initial = p->initial;
    copy_name(a.policy, policy->name);
    copy_name(a.name, p->field.name);
    copy_name(a.unit, p->field.unit);
    return copy_to_guest(argument, &a, sizeof(a)) ? 0 : -XEN_EFAULT;
}

/* In `all`, those that a request is about: NULL stands for the whole scheduler. */
static uint32_t targets(struct domain *d, const struct ringside_sched_value *a, struct vcpu **all)
{
    if (d == NULL) {
        all[0] = NULL;
        return 1;
    }
    if (a->vcpu == RINGSIDE_SCHED_ALL_VCPUS)
        return vcpus_of(d, all);
    long rc;
    all[0] = vcpu_named(d, a->vcpu, &rc);
    return all[0] != NULL;
}

static long get_or_set(bool put, struct domain *d, struct ringside_sched_value *a)
{
    struct vcpu *all[VCPUS_MAX];
    struct schedule_param params[VCPUS_MAX];
    uint64_t now;
    uint32_t n = targets(d, a, all);
    if (n == 0)
        return -XEN_EINVAL;
    if (!schedule_param_get(all[0], a->name, &now))
        return -XEN_ENOENT;
    if (!put) {
        a->value = now;
        return 0;
    }
    for (uint32_t i = 0; i < n; i++)
        params[i] = (struct schedule_param){all[i], a->name, a->value};
    return schedule_params_set(params, n) == NULL ? 0 : -XEN_ERANGE;
}

static long value_op(bool put, vaddr_t argument)
{
    struct ringside_sched_value a;
    if (!copy_from_guest(&a, argument, sizeof(a)))
        return -XEN_EFAULT;
    if (a.name[RINGSIDE_SCHED_NAME - 1] != '\0')
        return -XEN_ENOENT;
    struct domain *d = NULL;
    long rc = -XEN_ESRCH;
    if (a.vcpu != RINGSIDE_SCHED_WHOLE) {
        d = domain_get(a.domain);
        if (d == NULL)
            return rc;
        lock(&d->control_lock);
    }
    /* The scheduler has forgotten the vcpus of one that is dying. */
    if (d == NULL || !domain_is_dying(d))
        rc = get_or_set(put, d, &a);
    if (d != NULL) {
        unlock(&d->control_lock);
        domain_put(d);
    }
    if (rc == 0 && !put && !copy_to_guest(argument, &a, sizeof(a)))
        rc = -XEN_EFAULT;
    return rc;
}

static long cpu_counts(vaddr_t argument)
{
    struct ringside_cpu_counts a;
    if (!copy_from_guest(&a, argument, sizeof(a)))
        return -XEN_EFAULT;
    if (a.cpu >= arch_cpu_count())
        return -XEN_ENOENT;
    arch_cpu_counts(a.cpu, &a.flushes, &a.pokes);
    return copy_to_guest(argument, &a, sizeof(a)) ? 0 : -XEN_EFAULT;
}

long ringside_sched(uint32_t op, vaddr_t argument)
{
    switch (op) {
    case RINGSIDE_sched_describe:
        return describe(argument);
    case RINGSIDE_sched_set:
        return value_op(true, argument);
    case RINGSIDE_sched_get:
        return value_op(false, argument);
    case RINGSIDE_cpu_counts:
        return cpu_counts(argument);
    default:
        return -XEN_ENOSYS;
    }
}

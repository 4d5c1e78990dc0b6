/* SPDX-License-Identifier: MIT */
#include "dom0/scheduling.h"
#include "guest/control.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/start.h"
#include "guest/time.h"
#include "hv/public/ringside.h"

/* 0; -XEN_ENOENT: there is no such parameter, neither of vcpus nor of the whole scheduler; another
 * error: it cannot be had. */
static long set_here(domid_t domain, struct text name, uint64_t value)
{
    struct ringside_sched_value op = {
        .domain = domain, .vcpu = RINGSIDE_SCHED_ALL_VCPUS, .value = value};
    if (name.length >= sizeof(op.name))
        return -XEN_ENOENT;
    memcpy(op.name, name.at, name.length);
    long error = HYPERCALL(ringside, RINGSIDE_sched_set, &op, 0, 0, 0);
    if (error != -XEN_ENOENT)
        return error;
    op.vcpu = RINGSIDE_SCHED_WHOLE;
    return HYPERCALL(ringside, RINGSIDE_sched_set, &op, 0, 0, 0);
}

/* Xen's structures for its two schedulers are the same two words: one of them stands for both. */
_Static_assert(sizeof(struct xen_domctl_sched_credit) == sizeof(struct xen_domctl_sched_credit2),
               "weight and cap");

/* Of the whole scheduler, in ns here and in ms there. */
static long set_timeslice_on_xen(uint32_t scheduler, uint64_t value)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_scheduler_op,
        .u.scheduler_op = {.sched_id = scheduler, .cmd = XEN_SYSCTL_SCHEDOP_getinfo}};
    if (scheduler != XEN_SCHEDULER_CREDIT)
        return -XEN_ENOENT;
    if (value % NS_PER_MS != 0 || value / NS_PER_MS > XEN_SYSCTL_CSCHED_TSLICE_MAX)
        return -XEN_EINVAL;
    long error = control_system(&op);
    if (error)
        return error;
    op.u.scheduler_op.cmd = XEN_SYSCTL_SCHEDOP_putinfo;
    op.u.scheduler_op.u.sched_credit.tslice_ms = (uint32_t)(value / NS_PER_MS);
    return control_system(&op);
}

static long set_on_xen(domid_t domain, struct text name, uint64_t value)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_scheduler_op,
                            .domain = domain,
                            .u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_getinfo};
    uint32_t *id = &op.u.scheduler_op.sched_id;
    struct xen_domctl_sched_credit *credit = &op.u.scheduler_op.u.credit;
    long error = control_scheduler(id);
    if (error)
        return error;
    if (text_is(name, "timeslice"))
        return set_timeslice_on_xen(*id, value);
    bool weight = text_is(name, "weight");
    if ((*id != XEN_SCHEDULER_CREDIT && *id != XEN_SCHEDULER_CREDIT2) ||
        (!weight && !text_is(name, "cap")))
        return -XEN_ENOENT;
    if (value > UINT16_MAX)
        return -XEN_EINVAL;
    error = control_domain(&op);
    if (error)
        return error;
    *(weight ? &credit->weight : &credit->cap) = (uint16_t)value;
    op.u.scheduler_op.cmd = XEN_DOMCTL_SCHEDOP_putinfo;
    return control_domain(&op);
}

/* A word name=value, as the description has checked but for the value. */
static bool set_one(const struct domain *domain, struct text word, struct problem *problem)
{
    const char *name_of = domain->setup->name;
    struct text name = {word.at, 0};
    while (word.at[name.length] != '=')
        name.length++;
    struct text digits = {word.at + name.length + 1, word.length - name.length - 1};
    uint64_t value;
    if (!string_number(digits.at, digits.length, &value))
        return problem_is(problem, "%s: schedule: expected a number, found `%.*s'", name_of,
                          (int)word.length, word.at);
    long error = start_on_ringside() ? set_here(domain->id, name, value)
                                     : set_on_xen(domain->id, name, value);
    if (error == -XEN_ENOENT) {
        printf("# %s: this scheduler has no parameter %.*s\n", name_of, (int)name.length, name.at);
        return true;
    }
    return !error || problem_is(problem, "%s: %.*s is refused by the scheduler: error %ld", name_of,
                                (int)word.length, word.at, error);
}

bool scheduling_set(const struct domain *domain, struct text settings, struct problem *problem)
{
    for (struct text word = text_word(&settings); word.length > 0; word = text_word(&settings)) {
        if (!set_one(domain, word, problem))
            return false;
    }
    return true;
}

bool scheduling_pin(const struct domain *domain, uint64_t cpus, struct problem *problem)
{
    for (unsigned vcpu = 0; cpus && vcpu < domain->setup->vcpus; vcpu++) {
        long error = control_affinity(domain->id, vcpu, cpus);
        if (error)
            return problem_is(problem, "%s: vcpu %u: CPUs %lx are refused: error %ld",
                              domain->setup->name, vcpu, cpus, error);
    }
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "dom0/domain.h"
#include "dom0/build.h"
#include "guest/control.h"
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/start.h"

#define TSC_NEVER_EMULATED 2 /* tsc_mode of xen/arch-x86/cpuid.h's leaf and Xen's xl.cfg(5) */

/* Steps of domain_create() behind the first: what fails takes the domain with it. */
static bool limit(const struct domain *d, struct problem *problem)
{
    uint64_t pages = d->setup->memory / PAGE_SIZE;
    long error = control_max_memory(d->id, pages);
    if (error)
        return problem_is(problem, "a maximum of %lu pages is refused: error %ld", pages, error);
    error = control_max_vcpus(d->id, d->setup->vcpus);
    if (error)
        return problem_is(problem, "%u vcpus are refused: error %ld", d->setup->vcpus, error);
    return true;
}

/*
 * Without a counter that is known to tick alike everywhere, Xen would emulate the instruction that
 * reads it, at more than most of what is measured costs. Ringside never does.
 */
static bool let_read_counter(const struct domain *d, struct problem *problem)
{
    if (start_on_ringside())
        return true;
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_settscinfo, .domain = d->id, .u.tsc_info.tsc_mode = TSC_NEVER_EMULATED};
    long error = control_domain(&op);
    return !error || problem_is(problem, "its time stamp counter: error %ld", error);
}

/*
 * Before it has ports, which is the only time for it. Xen has none but those which a domain enters
 * by itself.
 */
static bool choose_events(const struct domain *d, struct problem *problem)
{
    const char *name = d->setup->events;
    if (!name || !strcmp(name, "fifo") || !start_on_ringside())
        return true;
    long error = event_choose(d->id, name);
    return !error || problem_is(problem, "events by %s are refused: error %ld", name, error);
}

static bool connect(struct domain *d, struct problem *problem)
{
    return domain_port(d, DOMID_SELF, &d->console_port, problem) &&
           domain_port(d, DOMID_SELF, &d->store_port, problem) &&
           console_bind(&d->console, d->setup->name, d->id, d->console_port, problem);
}

bool domain_create(struct domain *domain, const struct domain_setup *setup, struct problem *problem)
{
    struct xen_domctl_createdomain config = {
        .max_vcpus = setup->vcpus,
        .max_evtchn_port = setup->ports,
        .max_grant_frames = -1, /* the hypervisor's defaults */
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
    };
    *domain = (struct domain){.setup = setup};
    long error = control_create(&config, &domain->id);
    if (error)
        return problem_is(problem, "%s: a new domain is refused: error %ld", setup->name, error);
    domain->exists = true;
    if (limit(domain, problem) && let_read_counter(domain, problem) &&
        choose_events(domain, problem) && connect(domain, problem))
        return true;
    struct problem ignored;
    domain_destroy(domain, &ignored);
    return problem_of(problem, setup->name);
}

bool domain_build(struct domain *domain, const char *command_line, struct problem *problem)
{
    uint64_t console;
    return (build_domain(domain, command_line, &console, problem) &&
            console_map(&domain->console, domain->id, console, problem)) ||
           problem_of(problem, domain->setup->name);
}

bool domain_unpause(struct domain *domain, struct problem *problem)
{
    long error = control_unpause(domain->id);
    return !error ||
           problem_is(problem, "%s: cannot be unpaused: error %ld", domain->setup->name, error);
}

bool domain_pause(struct domain *domain, struct problem *problem)
{
    long error = control_pause(domain->id);
    return !error ||
           problem_is(problem, "%s: cannot be paused: error %ld", domain->setup->name, error);
}

enum domain_state domain_state(const struct domain *domain, unsigned *reason)
{
    struct xen_domctl_getdomaininfo info;
    if (!domain->exists || control_info(domain->id, &info))
        return DOMAIN_GONE;
    if (!(info.flags & XEN_DOMINF_shutdown))
        return DOMAIN_RUNS;
    *reason = control_shutdown_reason(&info);
    return DOMAIN_ENDED;
}

const char *domain_reason_name(unsigned reason)
{
    static const char *const names[] = {
        [SHUTDOWN_poweroff] = "power off", [SHUTDOWN_reboot] = "reboot",
        [SHUTDOWN_suspend] = "suspend",    [SHUTDOWN_crash] = "crash",
        [SHUTDOWN_watchdog] = "watchdog",  [SHUTDOWN_soft_reset] = "soft reset",
    };
    return reason < sizeof(names) / sizeof(*names) ? names[reason] : "unknown";
}

bool domain_destroy(struct domain *domain, struct problem *problem)
{
    if (!domain->exists)
        return true;
    console_close(&domain->console);
    long error = control_destroy(domain->id);
    if (error)
        return problem_is(problem, "%s: cannot be destroyed: error %ld", domain->setup->name,
                          error);
    domain->exists = false;
    return true;
}

bool domain_port(const struct domain *domain, domid_t remote, evtchn_port_t *port,
                 struct problem *problem)
{
    struct evtchn_alloc_unbound alloc = {.dom = domain->id, .remote_dom = remote};
    long error = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
    *port = alloc.port;
    return !error || problem_is(problem, "no port for domain %u: error %ld", remote, error);
}

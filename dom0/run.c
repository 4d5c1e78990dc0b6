/* SPDX-License-Identifier: MIT */
#include "dom0/run.h"
#include "dom0/domain.h"
#include "dom0/scheduling.h"
#include "dom0/watch.h"
#include "dom0/wiring.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"

#define FOREVER NS(INT64_MAX) /* a deadline that is not reached */

/* By the places that domains and channels have in the description. */
static const struct description *description;
static struct domain_setup setups[DESCRIBED_DOMAINS_MAX];
static struct domain domains[DESCRIBED_DOMAINS_MAX];
static struct domain *pointers[DESCRIBED_DOMAINS_MAX];
static uint32_t restarts[DESCRIBED_DOMAINS_MAX]; /* how many there were */
static struct wire wires[DESCRIBED_CHANNELS_MAX];

/* ---- starting */

static bool find(const struct archive *archive, const struct described_domain *d, struct text name,
                 struct file *file, struct problem *problem)
{
    return archive_find(archive, name.at, name.length, file) ||
           problem_is(problem, "%s: expected a file `%.*s' in the ramdisk, found none", d->name,
                      (int)name.length, name.at);
}

static bool set_up(const struct archive *archive, unsigned n, struct problem *problem)
{
    const struct described_domain *d = &description->domains[n];
    struct domain_setup *setup = &setups[n];
    *setup = (struct domain_setup){.name = d->name,
                                   .memory = d->memory,
                                   .vcpus = d->vcpus,
                                   .ports = d->ports,
                                   .events = d->events};
    domains[n] = (struct domain){.setup = setup};
    pointers[n] = &domains[n];
    restarts[n] = 0;
    return find(archive, d, d->kernel, &setup->kernel, problem) &&
           (d->ramdisk.length == 0 || find(archive, d, d->ramdisk, &setup->ramdisk, problem));
}

static bool create(unsigned n, struct problem *problem)
{
    const struct described_domain *d = &description->domains[n];
    return domain_create(&domains[n], &setups[n], problem) &&
           scheduling_set(&domains[n], d->schedule, problem) &&
           scheduling_pin(&domains[n], d->cpus, problem);
}

static bool build(unsigned n, struct problem *problem)
{
    char line[MAX_GUEST_CMDLINE];
    return wire_command_line(description, wires, n, line, problem) &&
           domain_build(&domains[n], line, problem);
}

/* Each step of all, before the next step: who is there must be known before anybody is told. */
static bool start_all(struct problem *problem)
{
    for (unsigned i = 0; i < description->domains_count; i++) {
        if (!create(i, problem))
            return false;
    }
    if (!wire_channels(description, pointers, wires, problem))
        return false;
    for (unsigned i = 0; i < description->domains_count; i++) {
        if (!build(i, problem))
            return false;
    }
    for (unsigned i = 0; i < description->domains_count; i++) {
        if (!domain_unpause(&domains[i], problem))
            return false;
    }
    return true;
}

/* ---- ending */

static bool wants_restart(unsigned n, unsigned reason)
{
    const struct described_domain *d = &description->domains[n];
    if (d->only_crashes && reason != SHUTDOWN_crash)
        return false;
    return d->restarts == RESTART_ALWAYS || restarts[n] < d->restarts;
}

static bool ended(unsigned n, unsigned reason, struct problem *problem)
{
    const struct described_domain *d = &description->domains[n];
    bool again = wants_restart(n, reason);
    bool crashed = reason == SHUTDOWN_crash;
    if (!domain_destroy(&domains[n], problem))
        return false;
    printf("# %s: ended: %s%s\n", d->name, domain_reason_name(reason), again ? ", again" : "");
    if (again) {
        restarts[n]++;
        return create(n, problem) && build(n, problem) && domain_unpause(&domains[n], problem);
    }
    return !crashed || !d->ends || problem_is(problem, "%s: crashed", d->name);
}

/* Is there none left that the run waits for? */
static bool all_done(void)
{
    for (unsigned i = 0; i < description->domains_count; i++) {
        if (description->domains[i].ends && domains[i].exists)
            return false;
    }
    return true;
}

bool run_watch(struct problem *problem)
{
    uint64_t seconds = description->limit_seconds;
    ns_t limit = seconds ? NS(time_system().n + seconds * NS_PER_SECOND) : FOREVER;
    while (!all_done()) {
        unsigned reason;
        int n = watch_end(pointers, description->domains_count, limit, &reason);
        if (n < 0)
            return problem_is(problem, "the limit of %lu s was reached", seconds);
        if (!ended((unsigned)n, reason, problem))
            return false;
    }
    return true;
}

/* Goes on with the others when one cannot be. */
bool run_end(struct problem *problem)
{
    bool good = true;
    for (unsigned i = 0; i < description->domains_count; i++)
        good &= domain_destroy(&domains[i], problem);
    return good;
}

bool run_begin(const struct description *described, const struct archive *archive,
               struct problem *problem)
{
    description = described;
    for (unsigned i = 0; i < description->domains_count; i++)
        domains[i] = (struct domain){0};
    for (unsigned i = 0; i < description->domains_count; i++) {
        if (!set_up(archive, i, problem))
            return false;
    }
    return start_all(problem);
}

struct domain *run_domain(unsigned n)
{
    return &domains[n];
}

bool run(const struct description *described, const struct archive *archive,
         struct problem *problem)
{
    bool good = run_begin(described, archive, problem) && run_watch(problem);
    struct problem last;
    if (run_end(&last))
        return good;
    if (good)
        *problem = last;
    return false;
}

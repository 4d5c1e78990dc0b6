/* SPDX-License-Identifier: MIT */
/*
 * The suite `domains`: rings, events and schedulers inside a hypervisor, under QEMU or on a machine
 * of its own. Its measures are in files of their own, which domains_measures.def lists.
 */
#include "bench/runner/suites/domains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/manifest.h"
#include "bench/runner/suites/bare.h"
#include "bench/sim/sim.h"
#include "rings/notify.h"

/* Typical times of a boot, and of a point in it. */
#define BOOT_NS 700000000ULL
#define XEN_BOOT_NS 9000000000ULL
#define POINT_NS 50000000ULL
#define BARE_BOOT_NS 60000000000ULL /* with the firmware's part */

static const struct domains_machine machines[] = {
    {"qemu-icount", "instructions", false, MACHINE_RINGSIDE, MACHINE_ICOUNT},
    {"qemu-tcg", "tsc", false, MACHINE_RINGSIDE, MACHINE_TCG},
    {"qemu-kvm", "tsc", false, MACHINE_RINGSIDE, MACHINE_KVM},
    {BARE_PLATFORM, "tsc", false, MACHINE_RINGSIDE, MACHINE_BARE},
    {"xen-icount", "instructions", false, MACHINE_XEN, MACHINE_ICOUNT},
    {"xen-tcg", "tsc", false, MACHINE_XEN, MACHINE_TCG},
    {"sim", "simulated-ns", true, 0, 0},
};

static const struct axis axes[] = {
#define AXIS(id, name, type, min, max, summary) {name, AXIS_##type, min, max, summary},
#include "bench/runner/suites/domains_axes.def"
#undef AXIS
};

static const struct metric metrics[] = {
#define METRIC(id, name, unit, better, summary) {name, unit, better, summary},
#include "bench/runner/suites/domains_metrics.def"
#undef METRIC
};

static const char *const measure_names[] = {
#define MEASURE(id, name) #name,
#include "bench/runner/suites/domains_measures.def"
#undef MEASURE
};

/* In the order of domains_group. */
static const struct suite_group groups[] = {
    {"layouts", "layout", "Layouts"},
    {"schedulers", "scheduler", "Schedulers"},
    {"abis", "abi", "ABIs: ways of delivering events"},
};

const struct domains_machine *domains_machine_at(size_t i)
{
    return i < sizeof(machines) / sizeof(*machines) ? &machines[i] : NULL;
}

const struct domains_machine *domains_machine_of(const struct point *p)
{
    return &machines[p->at[DOMAINS_AXIS_MACHINE]];
}

static size_t layout_count(void)
{
    size_t n = 0;
    while (domains_layout_name(n) != NULL)
        n++;
    return n;
}

static size_t scheduler_count(void)
{
    size_t n = 0;
    while (sim_policy_name(n) != NULL)
        n++;
    return n;
}

enum domains_group domains_group_of(const struct point *p)
{
    if (p->subject < layout_count())
        return DOMAINS_LAYOUTS;
    return p->subject < layout_count() + scheduler_count() ? DOMAINS_SCHEDULERS : DOMAINS_ABIS;
}

const char *domains_subject_name(const struct point *p)
{
    switch (domains_group_of(p)) {
    case DOMAINS_LAYOUTS:
        return domains_layout_name(p->subject);
    case DOMAINS_SCHEDULERS:
        return sim_policy_name(p->subject - layout_count());
    default:
        return domains_abi_name(p->subject - layout_count() - scheduler_count());
    }
}

static const char *summary_of(const struct point *p)
{
    switch (domains_group_of(p)) {
    case DOMAINS_LAYOUTS:
        return "a ring between two domains";
    case DOMAINS_SCHEDULERS:
        return sim_policy_summary(p->subject - layout_count());
    default:
        return "events between two domains";
    }
}

static bool subject(size_t i, struct suite_subject *out)
{
    const struct point p = {.subject = i};
    if (domains_subject_name(&p) == NULL)
        return false;
    *out = (struct suite_subject){
        .name = domains_subject_name(&p), .group = domains_group_of(&p), .summary = summary_of(&p)};
    return true;
}

static const char *choice(size_t axis, unsigned i)
{
    static const char *const switches[] = {"off", "on"};
    switch (axis) {
    case DOMAINS_AXIS_MEASURE:
        return i < DOMAINS_MEASURES ? measure_names[i] : NULL;
    case DOMAINS_AXIS_MACHINE:
        return domains_machine_at(i) == NULL ? NULL : domains_machine_at(i)->name;
    case DOMAINS_AXIS_POLICY:
        return i < NOTIFY_POLICIES ? notify_name((enum notify_policy)i) : NULL;
    case DOMAINS_AXIS_EVENTS:
        return domains_abi_name(i);
    case DOMAINS_AXIS_BESIDE:
        return domains_trouble_name(i);
    case DOMAINS_AXIS_PMU:
        return domains_pmu_name(i);
    case DOMAINS_AXIS_UNTIL:
        return domains_stage_name(i);
    case DOMAINS_AXIS_AGAIN:
    case DOMAINS_AXIS_URGENT:
    case DOMAINS_AXIS_WARP:
        return i < 2 ? switches[i] : NULL;
    case DOMAINS_AXIS_WEIGHTS:
        return sim_weights_name((enum sim_weights)i);
    default:
        return NULL;
    }
}

static uint64_t initial(size_t axis)
{
    switch (axis) {
    case DOMAINS_AXIS_CPUS:
    case DOMAINS_AXIS_BATCH:
    case DOMAINS_AXIS_HOGS:
    case DOMAINS_AXIS_ROW:
        return 1;
    case DOMAINS_AXIS_PORTS:
        return 64;
    case DOMAINS_AXIS_POLICY:
        return NOTIFY_event_index;
    case DOMAINS_AXIS_EVENTS:
        return DOMAINS_ABI_two_level_64;
    case DOMAINS_AXIS_ENTRIES:
        return 256;
    case DOMAINS_AXIS_REQUESTS:
        return 4000;
    case DOMAINS_AXIS_COALESCE_N:
        return NOTIFY_DEFAULTS.coalesce_n;
    case DOMAINS_AXIS_COALESCE_NS:
        return NOTIFY_DEFAULTS.coalesce_ns;
    case DOMAINS_AXIS_LOAD:
        return SIM_DEFAULTS.load;
    case DOMAINS_AXIS_SERVICE_NS:
        return SIM_DEFAULTS.service_ns;
    case DOMAINS_AXIS_SLICE_MS:
        return 10;
    case DOMAINS_AXIS_SPAN_MS:
        return 2000;
    default:
        return 0;
    }
}

static const struct domains_measure *const measures[] = {
#define MEASURE(id, name) &domains_measure_##name,
#include "bench/runner/suites/domains_measures.def"
#undef MEASURE
};

const struct domains_measure *domains_measure_of(const struct point *p)
{
    return measures[p->at[DOMAINS_AXIS_MEASURE]];
}

static bool is_bvt(const struct point *p)
{
    return domains_group_of(p) == DOMAINS_SCHEDULERS && strcmp(domains_subject_name(p), "bvt") == 0;
}

static bool is_coalesce(const struct point *p)
{
    return (domains_measure_of(p)->axes & DOMAINS_BIT(POLICY)) != 0 &&
           p->at[DOMAINS_AXIS_POLICY] == NOTIFY_coalesce;
}

static bool is_fifo(const struct point *p)
{
    return domains_group_of(p) == DOMAINS_ABIS && domains_abi_of(p) == DOMAINS_ABI_fifo;
}

bool domains_means(size_t axis, const struct point *p)
{
    const struct domains_measure *measure = domains_measure_of(p);
    uint64_t bits = DOMAINS_BIT(MEASURE) | DOMAINS_BIT(MACHINE) | measure->axes |
                    (is_bvt(p) ? measure->axes_of_bvt : 0) |
                    (is_coalesce(p) ? measure->axes_of_coalesce : 0) |
                    (is_fifo(p) ? measure->axes_of_fifo : 0);
    return bits >> axis & 1;
}

static const char *platform(const struct point *p)
{
    return domains_machine_of(p)->name;
}

static const char *clock_name(const struct point *p)
{
    return domains_machine_of(p)->clock;
}

bool domains_is_exact(const char *clock)
{
    return strcmp(clock, "tsc") != 0;
}

static const char *missing(const struct point *p)
{
    return domains_missing(domains_machine_of(p));
}

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    const struct domains_machine *where = domains_machine_of(p);
    const struct domains_measure *measure = domains_measure_of(p);
    if (measure->group != domains_group_of(p)) {
        snprintf(text, SUITE_REASON, "%s is measured of %s, not of %s",
                 measure_names[p->at[DOMAINS_AXIS_MEASURE]], groups[measure->group].many,
                 groups[domains_group_of(p)].many);
        return text;
    }
    if (where->is_sim && measure->unpredicted != NULL)
        return measure->unpredicted;
    if ((measure->axes & DOMAINS_BIT(CPUS)) != 0 && where->engine == MACHINE_ICOUNT &&
        p->at[DOMAINS_AXIS_CPUS] > 1)
        return "a clock that counts instructions has one processor";
    if (measure->group == DOMAINS_SCHEDULERS && !where->is_sim &&
        where->hypervisor == MACHINE_XEN && strcmp(domains_subject_name(p), "credit") != 0)
        return "of these schedulers Xen has credit";
    return measure->refusal == NULL ? NULL : measure->refusal(p, text);
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    (void)duration_ns;
    (void)again;
    const struct domains_machine *where = domains_machine_of(p);
    if (where->is_sim)
        return POINT_NS / 10;
    uint64_t boot = where->hypervisor == MACHINE_XEN ? XEN_BOOT_NS : BOOT_NS;
    if (where->engine == MACHINE_BARE)
        boot = BARE_BOOT_NS;
    return domains_measure_of(p)->together == 0 ? boot : boot / NOTIFY_POLICIES + POINT_NS;
}

/* ---- observing ---- */

static void *open_domains(const struct suite_config *config, struct fault *fault)
{
    return domains_counters_choose(config->events, fault) ? domains_session_open() : NULL;
}

static void close_domains(void *session)
{
    domains_session_close(session);
    domains_counters_forget();
}

static bool observe(void *session, const struct point *p, uint64_t duration_ns, uint64_t seed,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)duration_ns;
    return domains_machine_of(p)->is_sim ? domains_measure_of(p)->predict(p, out, latency, fault)
                                         : domains_observe(session, p, seed, out, latency, fault);
}

static bool is_over(const void *session)
{
    (void)session;
    return bare_is_over();
}

/* ---- what it says of itself ---- */

static struct strings columns(const void *session)
{
    (void)session;
    return domains_counters_columns();
}

static json_t *describe(const void *of, json_t *machine)
{
    const char *qemu = domains_session_qemu(of);
    json_object_set_new(machine, "qemu", qemu == NULL ? json_null() : json_string(qemu));
    bare_describe(machine);
    return domains_counters_describe();
}

static char *caption(const json_t *manifest, const char *experiment)
{
    (void)experiment;
    const char *bare = manifest_collected(manifest);
    char *where = bare != NULL
                      ? format_text("On %s", bare)
                      : format_text("Inside QEMU %s, an instruction for a ns where the clock "
                                    "counts them",
                                    manifest_text(manifest, "machine", "qemu"));
    char *text = format_text("%s; ringside %s, commit %.12s, %s", where,
                             manifest_text(manifest, "program", "version"),
                             manifest_text(manifest, "program", "commit"),
                             manifest_text(manifest, "program", "compiler"));
    free(where);
    return text;
}

_Static_assert(DOMAINS_METRICS + DOMAINS_COUNTERS_MAX <= METRICS_MAX,
               "an observation holds all metrics");

const struct suite suite_domains = {
    .name = "domains",
    .summary = "rings and schedulers inside a hypervisor, under QEMU",
    .work = "operations",
    .seeded = true,
    .has_counters = true,
    .exact = domains_is_exact,
    .headline = DOMAINS_AXIS_POLICY,
    .groups = groups,
    .group_count = sizeof(groups) / sizeof(*groups),
    .axes = axes,
    .axis_count = sizeof(axes) / sizeof(*axes),
    .metrics = metrics,
    .metric_count = DOMAINS_METRICS,
    .placing = DOMAINS_AXIS_MACHINE,
    .required = DOMAINS_AXIS_MEASURE,
    .follower = AXIS_NONE,
    .leader = AXIS_NONE,
    .subject = subject,
    .choice = choice,
    .initial = initial,
    .means = domains_means,
    .platform = platform,
    .clock = clock_name,
    .missing = missing,
    .refusal = refusal,
    .host_ns = host_ns,
    .open = open_domains,
    .close = close_domains,
    .columns = columns,
    .describe = describe,
    .caption = caption,
    .observe = observe,
    .pack = domains_pack,
    .is_over = is_over,
};

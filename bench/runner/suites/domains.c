/* SPDX-License-Identifier: MIT */
/*
 * The suite `domains`: rings and schedulers inside a hypervisor, under QEMU.
 *
 * Where the machine's clock counts instructions, or the time is simulated, a point is always the
 * same number: an observation that is not the first one's is a fault. A repetition is a boot; what
 * one boot says of several points is kept for them. A repetition is known by its seed, which
 * nothing else of this suite follows from.
 */
#include "bench/runner/suites/domains.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/manifest.h"
#include "bench/sim/sim.h"
#include "rings/notify.h"

/* Typical times of a boot, and of a point in it. */
#define BOOT_NS 700000000ULL
#define XEN_BOOT_NS 9000000000ULL
#define POINT_NS 50000000ULL

/* The control domain has a third; the others some 5 MiB each. */
#define MEMORY_MIB 256
#define XEN_MEMORY_MIB 512
#define CONTROL_MEMORY "dom0_mem=64M"

/* Those of `scale`, and of the others, with the control domain in MEMORY_MIB. */
#define CROWD_MEMORY_MIB 768
#define FEW_HOGS 24

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static const struct domains_machine machines[] = {
    {"qemu-icount", "instructions", false, MACHINE_RINGSIDE, MACHINE_ICOUNT},
    {"qemu-tcg", "tsc", false, MACHINE_RINGSIDE, MACHINE_TCG},
    {"qemu-kvm", "tsc", false, MACHINE_RINGSIDE, MACHINE_KVM},
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
    static const char *const measures[] = {"throughput", "latency", "share",     "wakeup",
                                           "scale",      "events",  "isolation", "start"};
    static const char *const switches[] = {"off", "on"};
    switch (axis) {
    case DOMAINS_AXIS_MEASURE:
        return i < DOMAINS_MEASURES ? measures[i] : NULL;
    case DOMAINS_AXIS_MACHINE:
        return domains_machine_at(i) == NULL ? NULL : domains_machine_at(i)->name;
    case DOMAINS_AXIS_POLICY:
        return i < NOTIFY_POLICIES ? notify_name((enum notify_policy)i) : NULL;
    case DOMAINS_AXIS_EVENTS:
        return domains_abi_name(i);
    case DOMAINS_AXIS_BESIDE:
        return domains_trouble_name(i);
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
    case DOMAINS_AXIS_ENTRIES:
        return 256;
    case DOMAINS_AXIS_REQUESTS:
        return 4000;
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

static bool means(size_t axis, const struct point *p)
{
    bool of_rings = domains_group_of(p) == DOMAINS_LAYOUTS;
    bool of_abis = domains_group_of(p) == DOMAINS_ABIS, of_schedulers = !of_rings && !of_abis;
    bool wakeup = p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_WAKEUP;
    bool scale = p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_SCALE;
    if (p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_ISOLATION && axis > DOMAINS_AXIS_MACHINE)
        return axis == DOMAINS_AXIS_BESIDE || axis == DOMAINS_AXIS_SPAN_MS;
    if (p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_START && axis > DOMAINS_AXIS_MACHINE)
        return axis == DOMAINS_AXIS_ROW;
    switch (axis) {
    case DOMAINS_AXIS_MEASURE:
    case DOMAINS_AXIS_MACHINE:
        return true;
    case DOMAINS_AXIS_CPUS:
        return !of_schedulers;
    case DOMAINS_AXIS_PORTS:
        return of_abis;
    case DOMAINS_AXIS_POLICY:
    case DOMAINS_AXIS_EVENTS:
    case DOMAINS_AXIS_BATCH:
    case DOMAINS_AXIS_ENTRIES:
    case DOMAINS_AXIS_REQUESTS:
        return of_rings;
    case DOMAINS_AXIS_WARP: /* what is not BVT has none */
        return of_schedulers && wakeup && strcmp(domains_subject_name(p), "bvt") == 0;
    case DOMAINS_AXIS_LOAD:
    case DOMAINS_AXIS_SERVICE_NS:
        return of_schedulers && wakeup;
    case DOMAINS_AXIS_BESIDE:
    case DOMAINS_AXIS_ROW:
        return false;
    case DOMAINS_AXIS_SLICE_MS:
        return of_schedulers && scale;
    case DOMAINS_AXIS_WEIGHTS:
    case DOMAINS_AXIS_SPAN_MS:
        return of_schedulers && !scale;
    default:
        return of_schedulers;
    }
}

static const char *platform(const struct point *p)
{
    return domains_machine_of(p)->name;
}

static const char *clock_name(const struct point *p)
{
    return domains_machine_of(p)->clock;
}

static bool is_exact(const char *clock)
{
    return strcmp(clock, "tsc") != 0;
}

static const char *missing(const struct point *p)
{
    return domains_missing(domains_machine_of(p));
}

struct kind {
    enum domains_group group; /* whose measure it is */
    void (*boot)(const struct point *p, struct domains_boot *boot);
    bool (*compute)(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault);
};

static const struct kind *kind_of(const struct point *p)
{
    static const struct kind kinds[] = {
        [DOMAINS_THROUGHPUT] = {DOMAINS_LAYOUTS, domains_ring_boot, domains_ring_compute},
        [DOMAINS_LATENCY] = {DOMAINS_LAYOUTS, domains_ring_boot, domains_ring_compute},
        [DOMAINS_SHARE] = {DOMAINS_SCHEDULERS, domains_sched_boot, domains_sched_compute},
        [DOMAINS_WAKEUP] = {DOMAINS_SCHEDULERS, domains_sched_boot, domains_sched_compute},
        [DOMAINS_SCALE] = {DOMAINS_SCHEDULERS, domains_scale_boot, domains_scale_compute},
        [DOMAINS_ISOLATION] = {DOMAINS_SCHEDULERS, domains_isolation_boot,
                               domains_isolation_compute},
        [DOMAINS_START] = {DOMAINS_SCHEDULERS, domains_start_boot, domains_start_compute},
        [DOMAINS_EVENTS] = {DOMAINS_ABIS, domains_ports_boot, domains_ports_compute},
    };
    return &kinds[p->at[DOMAINS_AXIS_MEASURE]];
}

static const char *refusal(const struct point *p, char text[SUITE_REASON])
{
    const struct domains_machine *where = domains_machine_of(p);
    bool of_rings = domains_group_of(p) == DOMAINS_LAYOUTS;
    bool of_schedulers = domains_group_of(p) == DOMAINS_SCHEDULERS;
    uint64_t measure = p->at[DOMAINS_AXIS_MEASURE];
    if (kind_of(p)->group != domains_group_of(p))
        return "layouts have throughput and latency, schedulers share, wakeup, scale, "
               "isolation and start, abis events";
    if (!of_schedulers && where->is_sim)
        return "the simulator has no rings and events of domains";
    if (!of_schedulers && where->engine == MACHINE_ICOUNT && p->at[DOMAINS_AXIS_CPUS] > 1)
        return "a clock that counts instructions has one processor";
    if (measure == DOMAINS_EVENTS)
        return domains_ports_refusal(p, text);
    if ((measure == DOMAINS_ISOLATION || measure == DOMAINS_START) && where->is_sim)
        return "the simulator has no domains that make trouble, or are made";
    if (measure == DOMAINS_SCALE && where->is_sim)
        return "what is lost to switches is given to the simulator; `ringside run sched-scale`";
    if (!of_rings && measure != DOMAINS_SCALE && p->at[DOMAINS_AXIS_HOGS] > FEW_HOGS)
        return "more hogs than " TEXT(FEW_HOGS) " are of the measure scale";
    if (!of_rings && !where->is_sim && where->hypervisor == MACHINE_XEN &&
        strcmp(domains_subject_name(p), "credit") != 0)
        return "of these schedulers Xen has credit";
    if (!of_rings && p->at[DOMAINS_AXIS_WEIGHTS] != SIM_EQUAL) {
        struct sim_point point = SIM_DEFAULTS;
        point.policy = domains_subject_name(p);
        point.weights = (enum sim_weights)p->at[DOMAINS_AXIS_WEIGHTS];
        return sim_refusal(&point, text, SUITE_REASON);
    }
    if (measure == DOMAINS_SCALE)
        return domains_scale_refusal(p, text);
    return of_rings ? domains_ring_refusal(p, text) : NULL;
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    (void)duration_ns;
    (void)again;
    const struct domains_machine *where = domains_machine_of(p);
    if (where->is_sim)
        return POINT_NS / 10;
    uint64_t boot = where->hypervisor == MACHINE_XEN ? XEN_BOOT_NS : BOOT_NS;
    return domains_group_of(p) == DOMAINS_LAYOUTS ? boot / NOTIFY_POLICIES + POINT_NS : boot;
}

/* ---- what is measured ---- */

/* ---- boots ---- */

struct kept {
    char *key;     /* its points have it in common */
    uint64_t seed; /* of its repetition */
    struct domains_boot boot;
    bool failed;
};

struct session {
    struct kept **at;
    size_t count;
    char *qemu; /* its version, or NULL */
};

static void *open_domains(const struct suite_config *config, struct fault *fault)
{
    (void)config;
    (void)fault;
    struct session *session = memory(1, sizeof(*session));
    session->qemu = machine_qemu_version();
    return session;
}

static void close_domains(void *of)
{
    struct session *session = of;
    for (size_t i = 0; i < session->count; i++) {
        domains_boot_free(&session->at[i]->boot);
        free(session->at[i]->key);
        free(session->at[i]);
    }
    free(session->at);
    free(session->qemu);
    free(session);
}

/* All of a point that a boot depends on. */
static char *key_of(const struct point *p)
{
    char *key = format_text("%zu", p->subject);
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(&suite_domains); a++) {
        if (!means(a, p) || a == DOMAINS_AXIS_POLICY)
            continue;
        char *longer = format_text("%s,%zu=%llu", key, a, (unsigned long long)p->at[a]);
        free(key);
        key = longer;
    }
    return key;
}

static unsigned memory_of(const struct point *p)
{
    if (p->at[DOMAINS_AXIS_MEASURE] == DOMAINS_SCALE)
        return CROWD_MEMORY_MIB;
    return domains_machine_of(p)->hypervisor == MACHINE_XEN ? XEN_MEMORY_MIB : MEMORY_MIB;
}

static void plan_boot(const struct point *p, struct domains_boot *boot)
{
    const struct domains_machine *where = domains_machine_of(p);
    bool of_schedulers = domains_group_of(p) == DOMAINS_SCHEDULERS,
         on_xen = where->hypervisor == MACHINE_XEN;
    boot->machine = (struct machine){.hypervisor = where->hypervisor,
                                     .engine = where->engine,
                                     .cpus = of_schedulers ? 1 : (unsigned)p->at[DOMAINS_AXIS_CPUS],
                                     .memory_mib = memory_of(p)};
    boot->options =
        format_text("%s%s%s", on_xen ? "dom0_max_vcpus=1" : CONTROL_MEMORY,
                    of_schedulers ? " sched=" : "", of_schedulers ? domains_subject_name(p) : "");
    kind_of(p)->boot(p, boot);
}

static struct kept *find(struct session *session, const char *key, const uint64_t *seed)
{
    for (size_t i = 0; i < session->count; i++)
        if (strcmp(session->at[i]->key, key) == 0 &&
            (seed == NULL || session->at[i]->seed == *seed))
            return session->at[i];
    return NULL;
}

/* That of the point's repetition; NULL with a fault. One that failed is not tried again for the
 * other points. */
static struct kept *boot_of(struct session *session, const struct point *p, uint64_t seed,
                            struct fault *fault)
{
    char *key = key_of(p);
    struct kept *kept = find(session, key, &seed);
    if (kept == NULL) {
        kept = memory(1, sizeof(*kept));
        *kept = (struct kept){.key = copy_text(key), .seed = seed};
        plan_boot(p, &kept->boot);
        session->at = memory_grow(session->at, session->count + 1, sizeof(*session->at));
        session->at[session->count++] = kept;
        kept->failed = !domains_boot(&kept->boot, fault);
    } else if (kept->failed) {
        fault_set(fault, "%s", "the boot that has it failed");
    }
    free(key);
    return kept->failed ? NULL : kept;
}

/* The first line that differs. */
static void first_difference(const char *a, const char *b, struct fault *fault)
{
    const char *line = a, *other = b;
    while (*a != '\0' && *a == *b) {
        if (*a == '\n')
            line = a + 1, other = b + 1;
        a++, b++;
    }
    fault_set(fault,
              "a boot must be like the other, so something from outside gets into the machine; the "
              "first said %.*s, this one %.*s",
              (int)strcspn(line, "\n"), line, (int)strcspn(other, "\n"), other);
}

static bool observe_boot(struct session *session, const struct point *p, uint64_t seed,
                         struct observation *out, struct hist *latency, struct fault *fault)
{
    bool of_rings = domains_group_of(p) == DOMAINS_LAYOUTS;
    size_t place = of_rings ? domains_ring_place(p) : 0;
    struct kept *kept = boot_of(session, p, seed, fault);
    if (kept == NULL)
        return false;
    const struct domains_result *result = &kept->boot.results[place];
    if (result->wrong != NULL)
        return fault_set(fault, "%s", result->wrong);
    const struct kept *first = find(session, kept->key, NULL);
    if (is_exact(clock_name(p)) && !first->failed && first->boot.results[place].wrong == NULL &&
        strcmp(first->boot.results[place].text, result->text) != 0) {
        first_difference(first->boot.results[place].text, result->text, fault);
        return false;
    }
    return kind_of(p)->compute(p, result, out, latency, fault);
}

static bool observe(void *of, const struct point *p, uint64_t duration_ns, uint64_t seed,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)duration_ns;
    *out = (struct observation){0};
    for (size_t i = 0; i < METRICS_MAX; i++)
        out->values[i] = NAN;
    return domains_machine_of(p)->is_sim ? domains_sched_predict(p, out, latency, fault)
                                         : observe_boot(of, p, seed, out, latency, fault);
}

/* ---- what it says of itself ---- */

static struct strings columns(const void *session)
{
    (void)session;
    return suite_metric_columns(&suite_domains);
}

static json_t *describe(const void *of, json_t *machine)
{
    const struct session *session = of;
    json_object_set_new(machine, "qemu",
                        session->qemu == NULL ? json_null() : json_string(session->qemu));
    return NULL;
}

static char *caption(const json_t *manifest, const char *experiment)
{
    (void)experiment;
    return format_text("Inside QEMU %s, an instruction for a ns where the clock counts them; "
                       "ringside %s, commit %.12s, %s",
                       manifest_text(manifest, "machine", "qemu"),
                       manifest_text(manifest, "program", "version"),
                       manifest_text(manifest, "program", "commit"),
                       manifest_text(manifest, "program", "compiler"));
}

_Static_assert(DOMAINS_METRICS <= METRICS_MAX, "an observation holds all metrics");

const struct suite suite_domains = {
    .name = "domains",
    .summary = "rings and schedulers inside a hypervisor, under QEMU",
    .work = "operations",
    .seeded = true,
    .exact = is_exact,
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
    .means = means,
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
};

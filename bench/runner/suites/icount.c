/* SPDX-License-Identifier: MIT */
/*
 * The suite `icount`: path lengths of hypervisors, in instructions under QEMU's -icount.
 *
 * A boot measures every operation, and a repetition is a boot: the first of its observations boots,
 * the others take their number from it. A repetition is known by its seed, which nothing else of
 * this suite follows from. All boots must give the same numbers; one that does not is a fault.
 */
#include <stdlib.h>

#include "bench/runner/manifest.h"
#include "bench/runner/suite.h"
#include "bench/runner/suites/icount.h"

#define HUNDREDTHS 100.0
#define NS_PER_INSTRUCTION 1 /* of the machine, by shift=0 */

#define GUEST "guest/path-length"
#define MEMORY_MIB 256

/* Typical times of a boot, of which an operation has its share. */
static const uint64_t boot_ns[MACHINE_HYPERVISORS] = {
    [MACHINE_RINGSIDE] = 800000000,
    [MACHINE_XEN] = 9000000000,
};

enum {
    ICOUNT_AXIS_BEFORE = AXIS_FIRST_SWEPT - 1,
#define AXIS(id, name, type, min, max, summary) ICOUNT_AXIS_##id,
#include "bench/runner/suites/icount_axes.def"
#undef AXIS
};

enum {
#define METRIC(id, name, unit, better, summary) ICOUNT_METRIC_##id,
#include "bench/runner/suites/icount_metrics.def"
#undef METRIC
    ICOUNT_METRICS
};

static const struct axis axes[] = {
#define AXIS(id, name, type, min, max, summary) {name, AXIS_##type, min, max, summary},
#include "bench/runner/suites/icount_axes.def"
#undef AXIS
};

static const struct metric metrics[] = {
#define METRIC(id, name, unit, better, summary) {name, unit, better, summary},
#include "bench/runner/suites/icount_metrics.def"
#undef METRIC
};

static const struct suite_group groups[] = {
    {"operations", "operation", "Operations of a guest"},
};

static bool subject(size_t i, struct suite_subject *out)
{
    if (icount_operation_name(i) == NULL)
        return false;
    *out = (struct suite_subject){.name = icount_operation_name(i),
                                  .summary = icount_operation_summary((enum icount_operation)i)};
    return true;
}

static const char *choice(size_t axis, unsigned i)
{
    return axis == ICOUNT_AXIS_HYPERVISOR ? machine_hypervisor_name(i) : NULL;
}

static uint64_t initial(size_t axis)
{
    (void)axis;
    return MACHINE_RINGSIDE;
}

static enum machine_hypervisor hypervisor_of(const struct point *p)
{
    return (enum machine_hypervisor)p->at[ICOUNT_AXIS_HYPERVISOR];
}

static const char *platform(const struct point *p)
{
    return hypervisor_of(p) == MACHINE_XEN ? "xen-icount" : "qemu-icount";
}

static const char *clock_name(const struct point *p)
{
    (void)p;
    return "instructions";
}

static bool is_exact(const char *clock)
{
    (void)clock;
    return true;
}

static const char *missing(const struct point *p)
{
    return machine_missing(hypervisor_of(p), GUEST);
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    (void)duration_ns;
    (void)again;
    return boot_ns[hypervisor_of(p)] / ICOUNT_OPERATIONS;
}

/* ---- observing ---- */

struct boot {
    uint64_t seed; /* of its repetition */
    struct icount_costs costs;
};

/* The boots of a hypervisor. After one that failed there is none: the next would fail likewise. */
struct boots {
    struct boot *at;
    size_t count;
    bool failed;
};

struct session {
    struct boots of[MACHINE_HYPERVISORS];
    char *qemu; /* its version, or NULL */
};

static void *open_icount(const struct suite_config *config, struct fault *fault)
{
    (void)config;
    (void)fault;
    struct session *session = memory(1, sizeof(*session));
    session->qemu = machine_qemu_version();
    return session;
}

static void close_icount(void *of)
{
    struct session *session = of;
    for (size_t i = 0; i < MACHINE_HYPERVISORS; i++)
        free(session->of[i].at);
    free(session->qemu);
    free(session);
}

static void add_image(json_t *images, const char *name)
{
    char *fingerprint = machine_fingerprint(name);
    json_object_set_new(images, name, fingerprint == NULL ? json_null() : json_string(fingerprint));
    free(fingerprint);
}

static json_t *describe(const void *of, json_t *machine)
{
    const struct session *session = of;
    json_object_set_new(machine, "qemu",
                        session->qemu == NULL ? json_null() : json_string(session->qemu));
    json_t *images = json_object();
    for (size_t i = 0; i < MACHINE_HYPERVISORS; i++)
        add_image(images, machine_hypervisor_image((enum machine_hypervisor)i));
    add_image(images, GUEST);
    json_object_set_new(machine, "images", images);
    return NULL;
}

static char *caption(const json_t *manifest, const char *experiment)
{
    (void)experiment;
    return format_text("QEMU %s, -icount shift=0, one processor; ringside %s, commit %.12s, %s",
                       manifest_text(manifest, "machine", "qemu"),
                       manifest_text(manifest, "program", "version"),
                       manifest_text(manifest, "program", "commit"),
                       manifest_text(manifest, "program", "compiler"));
}

static struct machine machine_of(enum machine_hypervisor hypervisor)
{
    return (struct machine){.hypervisor = hypervisor,
                            .engine = MACHINE_ICOUNT,
                            .cpus = 1,
                            .memory_mib = MEMORY_MIB,
                            .guest = GUEST};
}

/* A fault says what went wrong, by which command, and what the console said last. */
static bool run_boot(enum machine_hypervisor hypervisor, struct icount_costs *costs,
                     struct fault *fault)
{
    const struct machine machine = machine_of(hypervisor);
    struct program_end end;
    if (!machine_boot(&machine, &end, fault))
        return false;
    bool good = icount_read(end.text, costs, fault);
    if (good && !machine_ended(&machine, &end))
        good = fault_set(fault, "%s", "everything was measured, but the machine ended wrongly");
    if (!good)
        machine_explain(&machine, &end, fault);
    free(end.text);
    return good;
}

/* That of the repetition with this seed; NULL with a fault. */
static const struct boot *boot_of(struct session *session, enum machine_hypervisor hypervisor,
                                  uint64_t seed, struct fault *fault)
{
    struct boots *boots = &session->of[hypervisor];
    for (size_t i = 0; i < boots->count; i++)
        if (boots->at[i].seed == seed)
            return &boots->at[i];
    struct boot boot = {.seed = seed};
    if (boots->failed) {
        fault_set(fault, "an earlier boot of %s failed", machine_hypervisor_name(hypervisor));
        return NULL;
    }
    boots->failed = !run_boot(hypervisor, &boot.costs, fault);
    if (boots->failed)
        return NULL;
    boots->at = memory_grow(boots->at, boots->count + 1, sizeof(boot));
    boots->at[boots->count] = boot;
    return &boots->at[boots->count++];
}

static bool same(enum machine_hypervisor hypervisor, double cost, double first, struct fault *fault)
{
    if (cost == first)
        return true;
    const struct machine machine = machine_of(hypervisor);
    char *by = machine_command(&machine);
    fault_set(fault,
              "%.2f instructions, but %.2f in the first boot: a boot must be like the other, so "
              "something from outside gets into the machine\n  by: %s",
              cost, first, by);
    free(by);
    return false;
}

static bool observe(void *of, const struct point *p, uint64_t duration_ns, uint64_t seed,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)duration_ns;
    (void)latency;
    struct session *session = of;
    enum machine_hypervisor hypervisor = hypervisor_of(p);
    const struct boot *boot = boot_of(session, hypervisor, seed, fault);
    if (boot == NULL)
        return false;
    double cost = (double)boot->costs.of[p->subject] / HUNDREDTHS;
    double first = (double)session->of[hypervisor].at[0].costs.of[p->subject] / HUNDREDTHS;
    out->work = 1;
    out->elapsed_ns = (uint64_t)(cost * NS_PER_INSTRUCTION);
    out->values[ICOUNT_METRIC_INSTRUCTIONS] = cost;
    return same(hypervisor, cost, first, fault);
}

_Static_assert(ICOUNT_METRICS <= METRICS_MAX, "an observation holds all metrics");

const struct suite suite_icount = {
    .name = "icount",
    .summary = "path lengths of hypervisors, in instructions under QEMU",
    .work = "operations",
    .seeded = true,
    .exact = is_exact,
    .headline = ICOUNT_AXIS_HYPERVISOR,
    .groups = groups,
    .group_count = sizeof(groups) / sizeof(*groups),
    .axes = axes,
    .axis_count = sizeof(axes) / sizeof(*axes),
    .metrics = metrics,
    .metric_count = ICOUNT_METRICS,
    .placing = ICOUNT_AXIS_HYPERVISOR,
    .required = AXIS_NONE,
    .follower = AXIS_NONE,
    .leader = AXIS_NONE,
    .subject = subject,
    .choice = choice,
    .initial = initial,
    .platform = platform,
    .clock = clock_name,
    .missing = missing,
    .host_ns = host_ns,
    .open = open_icount,
    .close = close_icount,
    .describe = describe,
    .caption = caption,
    .observe = observe,
};

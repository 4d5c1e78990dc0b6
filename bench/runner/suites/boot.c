/* SPDX-License-Identifier: MIT */
/*
 * The suite `boot`: how long a machine takes to a guest's first instruction, under QEMU's TCG. An
 * observation is a boot, by QEMU's own loader or by GRUB from a medium.
 *
 * The hypervisor tells, by the machine's time-stamp counter, which under TCG is the host's clock
 * since the machine began.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/manifest.h"
#include "bench/runner/place.h"
#include "bench/runner/suite.h"
#include "bench/runner/suites/machine.h"

#define GUEST "guest/path-length"
#define MEDIUM "ringside.iso"
#define MEMORY_MIB 512
#define NS_PER_US 1000

/* What the hypervisor says, in microseconds (hv/arch/x86_64/start.c). */
#define SAID "(hv) boot: entered after %" SCNu64 " us, control domain after %" SCNu64 " us"

enum loader { LOADER_KERNEL, LOADER_GRUB_BIOS, LOADER_GRUB_UEFI, LOADERS };

static const struct {
    const char *name, *summary;
    uint64_t host_ns; /* typical, of all of a boot */
} loaders[LOADERS] = {
    [LOADER_KERNEL] = {"kernel", "QEMU's own loader (-kernel), SeaBIOS", 1500000000},
    [LOADER_GRUB_BIOS] = {"grub-bios", "GRUB from the medium, SeaBIOS", 6000000000},
    [LOADER_GRUB_UEFI] = {"grub-uefi", "GRUB from the medium, OVMF", 20000000000},
};

enum {
    BOOT_AXIS_BEFORE = AXIS_FIRST_SWEPT - 1,
#define AXIS(id, name, type, min, max, summary) BOOT_AXIS_##id,
#include "bench/runner/suites/boot_axes.def"
#undef AXIS
};

enum {
#define METRIC(id, name, unit, better, summary) BOOT_METRIC_##id,
#include "bench/runner/suites/boot_metrics.def"
#undef METRIC
    BOOT_METRICS
};

static const struct axis axes[] = {
#define AXIS(id, name, type, min, max, summary) {name, AXIS_##type, min, max, summary},
#include "bench/runner/suites/boot_axes.def"
#undef AXIS
};

static const struct metric metrics[] = {
#define METRIC(id, name, unit, better, summary) {name, unit, better, summary},
#include "bench/runner/suites/boot_metrics.def"
#undef METRIC
};

static const struct suite_group groups[] = {{"loaders", "loader", "Ways to boot"}};

static bool subject(size_t i, struct suite_subject *out)
{
    if (i >= LOADERS)
        return false;
    *out = (struct suite_subject){.name = loaders[i].name, .summary = loaders[i].summary};
    return true;
}

static uint64_t initial(size_t axis)
{
    (void)axis;
    return 1;
}

static const char *platform(const struct point *p)
{
    (void)p;
    return "qemu-tcg";
}

static const char *clock_name(const struct point *p)
{
    (void)p;
    return "tsc";
}

static bool lies_beside(const char *name)
{
    char *path = place_of_program(name);
    bool there = access(path, R_OK) == 0;
    free(path);
    return there;
}

static const char *missing(const struct point *p)
{
    const char *reason = machine_missing(MACHINE_RINGSIDE, GUEST);
    if (reason != NULL || p->subject == LOADER_KERNEL)
        return reason;
    if (!lies_beside(MEDIUM))
        return MEDIUM " is not beside this program; `make iso` builds it";
    if (p->subject == LOADER_GRUB_UEFI && access(MACHINE_UEFI, R_OK) != 0)
        return MACHINE_UEFI " is not there; `make deps` installs it (Debian's ovmf)";
    return NULL;
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    (void)duration_ns;
    (void)again;
    return loaders[p->subject].host_ns;
}

/* ---- observing ---- */

static struct machine machine_of(const struct point *p)
{
    return (struct machine){.hypervisor = MACHINE_RINGSIDE,
                            .engine = MACHINE_TCG,
                            .cpus = (unsigned)p->at[BOOT_AXIS_CPUS],
                            .memory_mib = MEMORY_MIB,
                            .medium = p->subject == LOADER_KERNEL ? NULL : MEDIUM,
                            .uefi = p->subject == LOADER_GRUB_UEFI,
                            .guest = GUEST};
}

static char *caption(const json_t *manifest, const char *experiment)
{
    (void)experiment;
    return format_text("QEMU's TCG; ringside %s, commit %.12s",
                       manifest_text(manifest, "program", "version"),
                       manifest_text(manifest, "program", "commit"));
}

/* What the hypervisor said of its times, in a console's lines of which others may be anything. */
static bool read_times(const char *console, uint64_t *entered, uint64_t *guest)
{
    for (const char *at = console; (at = strstr(at, "(hv) boot: ")) != NULL; at++)
        if (sscanf(at, SAID, entered, guest) == 2)
            return true;
    return false;
}

static bool observe(void *session, const struct point *p, uint64_t duration_ns, uint64_t seed,
                    struct observation *out, struct hist *latency, struct fault *fault)
{
    (void)session;
    (void)duration_ns;
    (void)seed;
    (void)latency;
    const struct machine machine = machine_of(p);
    struct program_end end;
    uint64_t entered = 0, guest = 0;
    if (!machine_boot(&machine, &end, fault))
        return false;
    bool good = read_times(end.text, &entered, &guest);
    if (!good)
        fault_set(fault, "the hypervisor did not say when it reached its guest");
    else if (!machine_ended(&machine, &end))
        good = fault_set(fault, "the machine ended wrongly");
    if (!good)
        machine_explain(&machine, &end, fault);
    free(end.text);
    out->work = 1;
    out->elapsed_ns = (entered + guest) * NS_PER_US;
    out->values[BOOT_METRIC_LOADER] = (double)(entered * NS_PER_US);
    out->values[BOOT_METRIC_HYPERVISOR] = (double)(guest * NS_PER_US);
    return good;
}

_Static_assert(BOOT_METRICS <= METRICS_MAX, "an observation holds all metrics");

const struct suite suite_boot = {
    .name = "boot",
    .summary = "time to a guest's first instruction, under QEMU",
    .work = "boots",
    .bounded = true,
    .headline = BOOT_AXIS_CPUS,
    .groups = groups,
    .group_count = sizeof(groups) / sizeof(*groups),
    .axes = axes,
    .axis_count = sizeof(axes) / sizeof(*axes),
    .metrics = metrics,
    .metric_count = BOOT_METRICS,
    .placing = AXIS_NONE,
    .required = AXIS_NONE,
    .follower = AXIS_NONE,
    .leader = AXIS_NONE,
    .subject = subject,
    .initial = initial,
    .platform = platform,
    .clock = clock_name,
    .missing = missing,
    .host_ns = host_ns,
    .caption = caption,
    .observe = observe,
};

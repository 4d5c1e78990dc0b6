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
#include "bench/runner/program.h"
#include "bench/runner/suite.h"

#define QEMU "qemu-system-x86_64"
#define IMAGE "ringside.elf"
#define GUEST "guest/path-length"
#define MEDIUM "ringside.iso"
#define FIRMWARE "/usr/share/ovmf/OVMF.fd"

#define LIMIT_S "120"
#define LIMIT_KILL_S "5"  /* after it, if QEMU does not end */
#define STATUS_OFF 33     /* the guest powered off (hv/arch/x86_64/end.c) */
#define CONSOLE_SHOWN 400 /* bytes of what was said last, in a fault */

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
    if (!program_in_path(QEMU))
        return QEMU " is not installed; `make deps` installs it (Debian's qemu-system-x86)";
    if (p->subject == LOADER_KERNEL)
        return lies_beside(IMAGE) && lies_beside(GUEST) ? NULL
                                                        : IMAGE
                   " and " GUEST " are not beside this program; `make all` builds them";
    if (!lies_beside(MEDIUM))
        return MEDIUM " is not beside this program; `make iso` builds it";
    if (p->subject == LOADER_GRUB_UEFI && access(FIRMWARE, R_OK) != 0)
        return FIRMWARE " is not there; `make deps` installs it (Debian's ovmf)";
    return NULL;
}

static uint64_t host_ns(const struct point *p, uint64_t duration_ns, bool again)
{
    (void)duration_ns;
    (void)again;
    return loaders[p->subject].host_ns;
}

/* ---- observing ---- */

static char *caption(const json_t *manifest, const char *experiment)
{
    (void)experiment;
    return format_text("QEMU's TCG; ringside %s, commit %.12s",
                       manifest_text(manifest, "program", "version"),
                       manifest_text(manifest, "program", "commit"));
}

static void add_all(struct strings *argv, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strings_add(argv, words[i]);
}

static struct strings command(const struct point *p)
{
    char *image = place_of_program(IMAGE), *guest = place_of_program(GUEST);
    char *medium = place_of_program(MEDIUM);
    char *cpus = format_text("%" PRIu64, p->at[BOOT_AXIS_CPUS]);
    const char *const machine[] = {"timeout",    "-k",
                                   LIMIT_KILL_S, LIMIT_S,
                                   QEMU,         "-machine",
                                   "pc",         "-cpu",
                                   "qemu64",     "-m",
                                   "512",        "-smp",
                                   cpus,         "-accel",
                                   "tcg",        "-no-user-config",
                                   "-display",   "none",
                                   "-no-reboot", "-nodefaults",
                                   "-serial",    "file:/dev/stdout",
                                   "-device",    "isa-debug-exit,iobase=0xf4,iosize=4"};
    const char *const kernel[] = {"-kernel", image, "-append", "exit-port=0xf4", "-initrd", guest};
    const char *const cdrom[] = {"-cdrom", medium, "-boot", "d"};
    const char *const bios[] = {"-bios", FIRMWARE};
    struct strings argv = {0};
    add_all(&argv, machine, sizeof(machine) / sizeof(*machine));
    if (p->subject == LOADER_KERNEL)
        add_all(&argv, kernel, sizeof(kernel) / sizeof(*kernel));
    else
        add_all(&argv, cdrom, sizeof(cdrom) / sizeof(*cdrom));
    if (p->subject == LOADER_GRUB_UEFI)
        add_all(&argv, bios, sizeof(bios) / sizeof(*bios));
    free(cpus);
    free(medium);
    free(guest);
    free(image);
    return argv;
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
    struct strings argv = command(p);
    struct program_end end;
    char **ended = memory(argv.count + 1, sizeof(*ended)); /* by a NULL */
    memcpy(ended, argv.at, argv.count * sizeof(*ended));
    bool good = program_run(ended, &end, fault);
    free(ended);
    strings_free(&argv);
    if (!good)
        return false;
    for (size_t i = 0; i < end.length; i++)
        if (end.text[i] == '\0')
            end.text[i] = '?';
    const char *last =
        end.length > CONSOLE_SHOWN ? end.text + end.length - CONSOLE_SHOWN : end.text;
    uint64_t entered = 0, guest = 0;
    if (!read_times(end.text, &entered, &guest))
        good = fault_set(fault,
                         "the hypervisor did not say when it reached its guest; QEMU's exit status "
                         "is %d, and the console's end:\n%s",
                         end.status, last);
    else if (end.status != STATUS_OFF)
        good = fault_set(fault, "expected exit status %d of QEMU, found %d; the console's end:\n%s",
                         STATUS_OFF, end.status, last);
    free(end.text);
    const double us_per_ms = 1000;
    out->work = 1;
    out->elapsed_ns = (entered + guest) * 1000;
    out->values[BOOT_METRIC_LOADER] = (double)entered / us_per_ms;
    out->values[BOOT_METRIC_HYPERVISOR] = (double)guest / us_per_ms;
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

/* SPDX-License-Identifier: MIT */
/* A boot with points: its ramdisk, and what becomes of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/interrupt.h"
#include "bench/runner/place.h"
#include "bench/runner/suites/bare.h"
#include "bench/runner/suites/domains.h"

#define CONTROL "guest/bench/control"
#define RAMDISK_TOOL "dom0/ramdisk"

const char *domains_missing(const struct domains_machine *where)
{
    if (where->is_sim)
        return NULL;
    if (where->engine == MACHINE_BARE)
        return bare_missing(CONTROL);
    const char *reason = machine_missing(where->hypervisor, CONTROL);
    return reason == NULL && where->engine == MACHINE_KVM ? machine_kvm_missing() : reason;
}

/* ---- the ramdisk ---- */

static bool write_file(const char *path, const char *bytes, size_t size, struct fault *fault)
{
    FILE *out = fopen(path, "we");
    bool good = out != NULL && fwrite(bytes, 1, size, out) == size;
    if (out != NULL)
        good &= fclose(out) == 0;
    return good || fault_set(fault, "%s: cannot be written: %s", path, strerror(errno));
}

/* NAME=FILE for each workload and description; descriptions are written into the folder. */
static bool list_files(const struct domains_boot *boot, const char *folder, struct strings *files,
                       struct fault *fault)
{
    for (size_t i = 0; i < boot->workloads.count; i++) {
        char *image = format_text("guest/bench/%s", boot->workloads.at[i]);
        char *path = place_of_program(image);
        char *file = format_text("%s=%s", boot->workloads.at[i], path);
        strings_add(files, file);
        free(file);
        free(path);
        free(image);
    }
    bool good = true;
    for (size_t i = 0; good && i < boot->points.count; i++) {
        char *path = format_text("%s/point-%zu", folder, i);
        char *file = format_text("point-%zu=%s", i, path);
        good = write_file(path, boot->points.at[i], strlen(boot->points.at[i]), fault);
        strings_add(files, file);
        free(file);
        free(path);
    }
    return good;
}

static bool make_ramdisk(const struct domains_boot *boot, const char *folder, const char *to,
                         struct fault *fault)
{
    struct strings files = {0};
    char *tool = place_of(RAMDISK_TOOL);
    bool good = list_files(boot, folder, &files, fault);
    char **argv = memory(files.count + 2, sizeof(*argv)); /* ends in a NULL */
    argv[0] = tool;
    if (files.count > 0)
        memcpy(argv + 1, files.at, files.count * sizeof(*argv));
    struct program_end end;
    good = good && program_run(argv, &end, fault);
    if (good) {
        good = end.status == 0 ? write_file(to, end.text, end.length, fault)
                               : fault_set(fault, "%s failed with status %d: %.200s", tool,
                                           end.status, end.text);
        free(end.text);
    }
    free(argv);
    free(tool);
    strings_free(&files);
    return good;
}

/* What was made in it, and the folder. */
static void remove_folder(const struct domains_boot *boot, const char *folder, const char *ramdisk)
{
    for (size_t i = 0; i < boot->points.count; i++) {
        char *path = format_text("%s/point-%zu", folder, i);
        unlink(path);
        free(path);
    }
    unlink(ramdisk);
    rmdir(folder);
}

/* ---- the boot ---- */

static bool run(struct domains_boot *boot, void *of, struct fault *fault)
{
    (void)of;
    struct program_end end;
    if (!machine_boot(&boot->machine, &end, fault))
        return false;
    bool good = domains_read(end.text, boot->results, boot->points.count, fault);
    if (good && !machine_ended(&boot->machine, &end))
        good = fault_set(fault, "%s", "everything was measured, but the machine ended wrongly");
    if (!good)
        machine_explain(&boot->machine, &end, fault);
    free(end.text);
    return good;
}

/* A folder for the ramdisk; NULL with a fault. The caller frees. */
static char *make_folder(struct fault *fault)
{
    const char *base = getenv("TMPDIR");
    char *folder = format_text("%s/ringside-XXXXXX", base == NULL ? "/tmp" : base);
    if (mkdtemp(folder) != NULL)
        return folder;
    fault_set(fault, "%s: no folder can be made for a ramdisk: %s", folder, strerror(errno));
    free(folder);
    return NULL;
}

/* Does `with` it what is to be done with the machine and its ramdisk. Where a boot went wrong its
 * ramdisk stays, for the command that boots it again; one that was interrupted did not. */
static bool with_ramdisk(struct domains_boot *boot,
                         bool (*with)(struct domains_boot *boot, void *of, struct fault *fault),
                         void *of, struct fault *fault)
{
    char *folder = make_folder(fault);
    if (folder == NULL)
        return false;
    char *ramdisk = format_text("%s/ramdisk", folder);
    boot->machine.ramdisk = ramdisk;
    boot->machine.options = boot->options;
    boot->machine.arguments = boot->arguments;
    boot->machine.guest = boot->control == NULL ? CONTROL : boot->control;
    bool made = make_ramdisk(boot, folder, ramdisk, fault);
    bool good = made && with(boot, of, fault);
    bool in_medium = boot->machine.engine == MACHINE_BARE;
    if (good || !made || in_medium || interrupt_wait(0))
        remove_folder(boot, folder, ramdisk);
    boot->machine.ramdisk = NULL;
    free(ramdisk);
    free(folder);
    return good;
}

bool domains_boot(struct domains_boot *boot, struct fault *fault)
{
    boot->results = memory(boot->points.count, sizeof(*boot->results));
    return with_ramdisk(boot, run, NULL, fault);
}

static bool pack(struct domains_boot *boot, void *medium, struct fault *fault)
{
    return bare_pack(&boot->machine, medium, fault);
}

bool domains_boot_pack(struct domains_boot *boot, struct medium *medium, struct fault *fault)
{
    return with_ramdisk(boot, pack, medium, fault);
}

void domains_boot_free(struct domains_boot *boot)
{
    for (size_t i = 0; boot->results != NULL && i < boot->points.count; i++)
        domains_result_free(&boot->results[i]);
    free(boot->results);
    free(boot->options);
    free(boot->arguments);
    strings_free(&boot->workloads);
    strings_free(&boot->points);
}

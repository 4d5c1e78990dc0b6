/* SPDX-License-Identifier: MIT */
#include "bench/runner/medium.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/runner/fingerprint.h"
#include "bench/runner/folder.h"
#include "bench/runner/place.h"
#include "bench/runner/program.h"

#define CONFIGURATION "bench/runner/medium/grub.cfg"
#define GRUB_PLACE "boot/grub/grub.cfg"
#define LABEL_PLACE "ringside/label"
#define FILES "ringside/files"
#define BOOTS "ringside/boots"
#define UNFINISHED ".new"

/* Deepest first, as they are removed. */
static const char *const folders[] = {"boot/grub", "boot", FILES, BOOTS, "ringside"};

/* ---- boots ---- */

/* A part of a boot that may be missing. */
static bool add_part(uint64_t *name, const char *path, struct fault *fault)
{
    char *part = path == NULL ? copy_text("") : fingerprint_file(path, fault);
    if (part == NULL)
        return false;
    fingerprint_add_text(name, part);
    free(part);
    return true;
}

char *medium_boot_name(const struct medium_boot *boot, struct fault *fault)
{
    uint64_t name = FINGERPRINT_BEGIN;
    if (!add_part(&name, boot->hypervisor, fault) || !add_part(&name, boot->guest, fault) ||
        !add_part(&name, boot->ramdisk, fault))
        return NULL;
    fingerprint_add_text(&name, boot->options);
    fingerprint_add_text(&name, boot->arguments);
    return fingerprint_text(name);
}

/* Its name on the medium, where it is once; NULL with a fault. The caller frees. */
static char *add_file(struct medium *m, const char *path, struct fault *fault)
{
    char *name = fingerprint_file(path, fault);
    if (name == NULL || strings_hold(&m->files, name))
        return name;
    char *to = format_text("%s/" FILES "/%s", m->folder, name);
    bool good = folder_copy(path, to, fault);
    free(to);
    if (good) {
        strings_add(&m->files, name);
        return name;
    }
    free(name);
    return NULL;
}

/* One of GRUB's commands, to load a file; the command line has no characters that mean anything to
 * it but $console, which is the medium's. */
static bool add_load(struct medium *m, const char *command, const char *path, const char *line,
                     FILE *out, struct fault *fault)
{
    char *name = add_file(m, path, fault);
    if (name != NULL)
        fprintf(out, "%s /" FILES "/%s%s%s\n", command, name, *line == '\0' ? "" : " ", line);
    free(name);
    return name != NULL;
}

static bool write_boot(struct medium *m, const char *path, const struct medium_boot *boot,
                       struct fault *fault)
{
    FILE *out = fopen(path, "we");
    if (out == NULL)
        return fault_set(fault, "%s: cannot be written: %s", path, strerror(errno));
    char *options = format_text("$console %s", boot->options);
    bool good = add_load(m, "multiboot2", boot->hypervisor, options, out, fault) &&
                add_load(m, "module2", boot->guest, boot->arguments, out, fault) &&
                (boot->ramdisk == NULL || add_load(m, "module2", boot->ramdisk, "", out, fault));
    free(options);
    fputs("boot\n", out);
    bool written = !ferror(out);
    written &= fclose(out) == 0;
    if (good && !written)
        fault_set(fault, "%s: cannot be written: %s", path, strerror(errno));
    return good && written;
}

bool medium_add(struct medium *m, const struct medium_boot *boot, struct fault *fault)
{
    char *name = medium_boot_name(boot, fault);
    bool good = name != NULL;
    if (good && !strings_hold(&m->boots, name)) {
        char *path = format_text("%s/" BOOTS "/%s", m->folder, name);
        strings_add(&m->boots, name);
        good = write_boot(m, path, boot, fault);
        free(path);
    }
    free(name);
    return good;
}

/* ---- the folder ---- */

bool medium_begin(struct medium *m, struct fault *fault)
{
    const char *base = getenv("TMPDIR");
    *m = (struct medium){
        .folder = format_text("%s/ringside-medium-XXXXXX", base == NULL ? "/tmp" : base)};
    if (mkdtemp(m->folder) == NULL) {
        fault_set(fault, "%s: no folder can be made for a medium: %s", m->folder, strerror(errno));
        free(m->folder);
        m->folder = NULL;
        return false;
    }
    bool good = true;
    for (size_t i = 0; good && i < sizeof(folders) / sizeof(*folders); i++)
        good = folder_make(m->folder, folders[i], fault);
    return good;
}

static void remove_one(const struct medium *m, const char *place, const char *name)
{
    char *path = format_text("%s/%s%s", m->folder, place, name);
    if (unlink(path) != 0)
        rmdir(path);
    free(path);
}

void medium_end(struct medium *m)
{
    if (m->folder == NULL)
        return;
    for (size_t i = 0; i < m->files.count; i++)
        remove_one(m, FILES "/", m->files.at[i]);
    for (size_t i = 0; i < m->boots.count; i++)
        remove_one(m, BOOTS "/", m->boots.at[i]);
    remove_one(m, GRUB_PLACE, "");
    remove_one(m, LABEL_PLACE, "");
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        remove_one(m, folders[i], "");
    rmdir(m->folder);
    strings_free(&m->files);
    strings_free(&m->boots);
    strings_free(&m->packed);
    free(m->folder);
    m->folder = NULL;
}

/* ---- the image ---- */

static bool write_label(const struct medium *m, const struct label *label, struct fault *fault)
{
    char *path = format_text("%s/" LABEL_PLACE, m->folder);
    FILE *out = fopen(path, "we");
    bool good = out != NULL;
    if (good) {
        label_write(label, out);
        good = !ferror(out);
        good &= fclose(out) == 0;
    }
    if (!good)
        fault_set(fault, "%s: cannot be written: %s", path, strerror(errno));
    free(path);
    return good;
}

/* A line of the configuration, with what its words between @ stand for. */
static void put_line(const char *line, const struct medium_console *console, FILE *out)
{
    while (*line != '\0') {
        if (strncmp(line, "@UNIT@", 6) == 0)
            fprintf(out, "%u", console->unit), line += 6;
        else if (strncmp(line, "@BAUD@", 6) == 0)
            fprintf(out, "%u", console->bits_per_s), line += 6;
        else if (strncmp(line, "@CONSOLE@", 9) == 0)
            fprintf(out, "com%u", console->unit + 1), line += 9;
        else
            fputc(*line++, out);
    }
}

static bool write_configuration(const struct medium *m, const struct medium_console *console,
                                struct fault *fault)
{
    char line[512];
    char *from = place_of(CONFIGURATION), *to = format_text("%s/" GRUB_PLACE, m->folder);
    FILE *in = fopen(from, "re"), *out = in == NULL ? NULL : fopen(to, "we");
    bool good = out != NULL;
    while (good && fgets(line, sizeof(line), in) != NULL)
        put_line(line, console, out);
    if (good)
        good = !ferror(in) && !ferror(out);
    if (out != NULL)
        good &= fclose(out) == 0;
    if (!good)
        fault_set(fault, "%s cannot be copied to %s: %s", from, to, strerror(errno));
    if (in != NULL)
        fclose(in);
    free(to);
    free(from);
    return good;
}

static bool make_image(const struct medium *m, const char *to, struct fault *fault)
{
    char *unfinished = format_text("%s" UNFINISHED, to);
    char *const argv[] = {MEDIUM_TOOL, "-o", unfinished, m->folder, NULL};
    struct program_end end;
    bool good = program_run(argv, &end, fault);
    if (good && end.status != 0) /* what went wrong is in the last lines */
        good = fault_set(fault, MEDIUM_TOOL " failed with status %d: ...%s", end.status,
                         end.length > 600 ? end.text + end.length - 600 : end.text);
    else if (good && rename(unfinished, to) != 0)
        good = fault_set(fault, "%s cannot be written: %s", to, strerror(errno));
    if (!good)
        unlink(unfinished);
    free(end.text);
    free(unfinished);
    return good;
}

bool medium_write(const struct medium *m, const struct label *label,
                  const struct medium_console *console, const char *to, struct fault *fault)
{
    return write_label(m, label, fault) && write_configuration(m, console, fault) &&
           make_image(m, to, fault);
}

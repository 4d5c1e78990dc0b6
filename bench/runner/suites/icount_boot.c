/* SPDX-License-Identifier: MIT */
/*
 * Boots: QEMU's command line, and what is said where one goes wrong.
 *
 * With -icount shift=0 an instruction is a nanosecond of the machine's time; with its calendar on
 * that time too, nothing of the host gets into the machine, and every boot is the same.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/place.h"
#include "bench/runner/program.h"
#include "bench/runner/suites/icount.h"

#define GUEST "guest/path-length"

/* Boots take one second and ten; a machine that others use takes some times that. */
#define LIMIT_S "120"
#define LIMIT_KILL_S "5" /* after it, if QEMU does not end */

/* Exit statuses: of `timeout`, and of a shell for a program that it cannot find. */
#define STATUS_TIMEOUT 124
#define STATUS_KILLED (128 + 9)

static const struct hypervisor {
    const char *name, *image;
    const char *options;         /* its command line */
    const char *guest_arguments; /* and the guest's, with a blank before */
    const char *remedy;
    int ends; /* QEMU's exit status when the guest has come to its end */
} hypervisors[] = {
    [ICOUNT_RINGSIDE] = {"ringside", "ringside.elf", "exit-port=0xf4", "", "`make all` builds it",
                         33},
    /* A reset is how Xen ends when the domain reboots, and -no-reboot makes that QEMU's end. */
    [ICOUNT_XEN] = {"xen", "oracle/boot/xen-4.17-amd64",
                    "console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=none "
                    "dom0_mem=128M,max:128M",
                    " end=reboot",
                    "`make oracle` unpacks it from Debian's xen-hypervisor-4.17-amd64", 0},
};

/* What exit statuses of QEMU mean, for ringside's exit port (hv/arch/x86_64/end.c). */
static const struct {
    int status;
    const char *meaning;
} ends[] = {
    {33, "the guest powered off"},   {35, "the guest rebooted"},   {37, "the guest crashed"},
    {39, "the hypervisor panicked"}, {0, "the machine was reset"}, {1, "QEMU refused"},
    {127, "QEMU was not found"},
};

const char *icount_hypervisor_name(size_t hypervisor)
{
    return hypervisor < ICOUNT_HYPERVISORS ? hypervisors[hypervisor].name : NULL;
}

static bool readable(const char *path)
{
    return access(path, R_OK) == 0;
}

const char *icount_missing(enum icount_hypervisor hypervisor)
{
    static char reasons[ICOUNT_HYPERVISORS][256];
    const struct hypervisor *h = &hypervisors[hypervisor];
    char *image = place_of_program(h->image), *guest = place_of_program(GUEST);
    const char *reason = NULL;
    if (!program_in_path(ICOUNT_PROGRAM)) {
        reason =
            ICOUNT_PROGRAM " is not installed; `make deps` installs it (Debian's qemu-system-x86)";
    } else if (!readable(image)) {
        snprintf(reasons[hypervisor], sizeof(*reasons), "on %s: %s is not beside this program; %s",
                 h->name, h->image, h->remedy);
        reason = reasons[hypervisor];
    } else if (!readable(guest)) {
        reason = GUEST " is not beside this program; `make all` builds it";
    }
    free(image);
    free(guest);
    return reason;
}

/* FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo), 64 bits: tells images apart, and nothing more. */
static char *fingerprint_of(const char *name)
{
    char *path = place_of_program(name);
    FILE *in = fopen(path, "re");
    free(path);
    if (in == NULL)
        return NULL;
    uint64_t hash = 0xcbf29ce484222325;
    for (int c; (c = getc(in)) != EOF;)
        hash = (hash ^ (unsigned)c) * 0x100000001b3;
    bool good = !ferror(in);
    fclose(in);
    return good ? format_text("%016" PRIx64, hash) : NULL;
}

bool icount_file(size_t i, const char **name, char **fingerprint)
{
    if (i > ICOUNT_HYPERVISORS)
        return false;
    *name = i == ICOUNT_HYPERVISORS ? GUEST : hypervisors[i].image;
    *fingerprint = fingerprint_of(*name);
    return true;
}

/* ---- the command ---- */

static struct strings command(enum icount_hypervisor hypervisor)
{
    static const char *const machine[] = {"timeout",
                                          "-k",
                                          LIMIT_KILL_S,
                                          LIMIT_S,
                                          ICOUNT_PROGRAM,
                                          "-machine",
                                          "pc",
                                          "-cpu",
                                          "qemu64",
                                          "-m",
                                          "256",
                                          "-smp",
                                          "1",
                                          "-icount",
                                          "shift=0",
                                          "-rtc",
                                          "base=2026-01-01,clock=vm",
                                          "-no-user-config",
                                          "-nodefaults",
                                          "-display",
                                          "none",
                                          "-no-reboot",
                                          "-serial",
                                          "file:/dev/stdout"};
    const struct hypervisor *h = &hypervisors[hypervisor];
    struct strings argv = {0};
    for (size_t i = 0; i < sizeof(machine) / sizeof(*machine); i++)
        strings_add(&argv, machine[i]);
    if (hypervisor == ICOUNT_RINGSIDE) {
        strings_add(&argv, "-device");
        strings_add(&argv, "isa-debug-exit,iobase=0xf4,iosize=4");
    }
    char *image = place_of_program(h->image), *guest = place_of_program(GUEST);
    char *module = format_text("%s%s", guest, h->guest_arguments);
    const char *const loaded[] = {"-kernel", image, "-append", h->options, "-initrd", module};
    for (size_t i = 0; i < sizeof(loaded) / sizeof(*loaded); i++)
        strings_add(&argv, loaded[i]);
    free(module);
    free(guest);
    free(image);
    return argv;
}

/* A word as a shell takes it: in quotes where it needs them. Paths with a ' are not ours. */
static char *shell_word(const char *word)
{
    for (const char *c = word; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("_./,:=+-", *c) == NULL)
            return format_text("'%s'", word);
    return copy_text(word);
}

char *icount_command(enum icount_hypervisor hypervisor)
{
    struct strings argv = command(hypervisor), words = {0};
    for (size_t i = 0; i < argv.count; i++) {
        char *word = shell_word(argv.at[i]);
        strings_add(&words, word);
        free(word);
    }
    char *text = strings_join(&words, " ");
    strings_free(&words);
    strings_free(&argv);
    return text;
}

/* ---- a boot ---- */

/* How QEMU ended, where that was not as it should. */
static char *end_text(int status)
{
    if (status == STATUS_TIMEOUT || status == STATUS_KILLED)
        return copy_text("no end within " LIMIT_S " s");
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
        if (ends[i].status == status)
            return format_text("%s (exit status %d)", ends[i].meaning, status);
    return format_text("QEMU's exit status is %d", status);
}

/* The last lines of what was printed, indented, what cannot be printed as `?`; the caller frees. */
static char *last_lines(const char *console)
{
    enum { LINES = 6, LETTERS = 120 };
    struct strings lines = {0}, last = {0};
    char *text = copy_text(console), *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        line[strcspn(line, "\r")] = '\0';
        if (*line != '\0')
            strings_add(&lines, line);
    }
    for (size_t i = lines.count > LINES ? lines.count - LINES : 0; i < lines.count; i++) {
        char *line = format_text("  | %.*s", LETTERS, lines.at[i]);
        for (char *c = line; *c != '\0'; c++)
            if (!isprint((unsigned char)*c))
                *c = '?';
        strings_add(&last, line);
        free(line);
    }
    char *joined = last.count == 0 ? copy_text("  (nothing)") : strings_join(&last, "\n");
    strings_free(&lines);
    strings_free(&last);
    free(text);
    return joined;
}

/* The fault of a boot, from the sentence on what is wrong in `fault`, and how QEMU ended. */
static bool explain(enum icount_hypervisor hypervisor, const struct program_end *end,
                    struct fault *fault)
{
    char *wrong = copy_text(fault->text), *how = end_text(end->status);
    char *last = last_lines(end->text), *by = icount_command(hypervisor);
    fault_set(fault, "%s; %s\n  the console's last lines:\n%s\n  by: %s", wrong, how, last, by);
    free(by);
    free(last);
    free(how);
    free(wrong);
    return false;
}

bool icount_boot(enum icount_hypervisor hypervisor, struct icount_costs *costs, struct fault *fault)
{
    struct strings argv = command(hypervisor);
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
    good = icount_read(end.text, costs, fault);
    if (good && end.status != hypervisors[hypervisor].ends)
        good = fault_set(fault, "%s", "everything was measured, but the machine ended wrongly");
    if (!good)
        explain(hypervisor, &end, fault);
    free(end.text);
    return good;
}

char *icount_qemu_version(void)
{
    static const char before[] = "version ";
    char *const argv[] = {"timeout", LIMIT_KILL_S, ICOUNT_PROGRAM, "--version", NULL};
    struct program_end end;
    struct fault fault;
    if (!program_in_path(ICOUNT_PROGRAM) || !program_run(argv, &end, &fault))
        return NULL;
    const char *at = end.status == 0 ? strstr(end.text, before) : NULL;
    char *version = NULL;
    if (at != NULL)
        version =
            format_text("%.*s", (int)strcspn(at + strlen(before), " \n"), at + strlen(before));
    free(end.text);
    return version;
}

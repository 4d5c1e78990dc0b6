/* SPDX-License-Identifier: MIT */
/* QEMU's command line, and what is said where a boot goes wrong. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/fingerprint.h"
#include "bench/runner/place.h"
#include "bench/runner/suites/bare.h"
#include "bench/runner/suites/machine.h"

/* Boots take one second and ten; a machine that others use takes some times that. */
#define LIMIT_S "120"
#define LIMIT_KILL_S "5" /* after it, if QEMU does not end */

/* A guest of a second under TCG; where KVM is there but does not work, it hangs. */
#define PROBE_GUEST "guest/path-length"
#define PROBE_LIMIT_S "10"

/* Exit statuses: of `timeout`, and of a shell for a program that it cannot find. */
#define STATUS_TIMEOUT 124
#define STATUS_KILLED (128 + 9)

static const struct hypervisor {
    const char *name, *image;
    const char *options;   /* its command line */
    const char *arguments; /* and the guest's */
    const char *remedy;
    int ends; /* QEMU's exit status when the guest has come to its end */
} hypervisors[] = {
    [MACHINE_RINGSIDE] = {"ringside", "ringside.elf", "exit-port=0xf4", NULL,
                          "`make all` builds it", 33},
    /* A reset is how Xen ends when the domain reboots, and -no-reboot makes that QEMU's end. */
    [MACHINE_XEN] = {"xen", "oracle/boot/xen-4.17-amd64",
                     "console=com1 com1=115200,8n1 loglvl=warning guest_loglvl=none "
                     "dom0_mem=128M,max:128M",
                     "end=reboot",
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

const char *machine_hypervisor_name(size_t hypervisor)
{
    return hypervisor < MACHINE_HYPERVISORS ? hypervisors[hypervisor].name : NULL;
}

const char *machine_hypervisor_image(enum machine_hypervisor hypervisor)
{
    return hypervisors[hypervisor].image;
}

static bool readable(const char *path)
{
    return access(path, R_OK) == 0;
}

const char *machine_images_missing(enum machine_hypervisor hypervisor, const char *guest_name)
{
    static char reasons[MACHINE_HYPERVISORS][256];
    char *to = reasons[hypervisor];
    const struct hypervisor *h = &hypervisors[hypervisor];
    char *image = place_of_program(h->image), *guest = place_of_program(guest_name);
    const char *reason = to;
    if (!readable(image))
        snprintf(to, sizeof(*reasons), "on %s: %s is not beside this program; %s", h->name,
                 h->image, h->remedy);
    else if (!readable(guest))
        snprintf(to, sizeof(*reasons), "%s is not beside this program; `make all` builds it",
                 guest_name);
    else
        reason = NULL;
    free(image);
    free(guest);
    return reason;
}

const char *machine_missing(enum machine_hypervisor hypervisor, const char *guest)
{
    if (!program_in_path(MACHINE_PROGRAM))
        return MACHINE_PROGRAM
            " is not installed; `make deps` installs it (Debian's qemu-system-x86)";
    return machine_images_missing(hypervisor, guest);
}

char *machine_fingerprint(const char *name)
{
    struct fault fault;
    char *path = place_of_program(name), *fingerprint = fingerprint_file(path, &fault);
    free(path);
    return fingerprint;
}

/* ---- the command ---- */

static void add_all(struct strings *argv, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strings_add(argv, words[i]);
}

/* Words with a blank between them, none for those that are NULL; the caller frees. */
static char *words_of(const char *a, const char *b, const char *c)
{
    const char *const words[] = {a, b, c};
    struct strings list = {0};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (words[i] != NULL)
            strings_add(&list, words[i]);
    char *text = strings_join(&list, " ");
    strings_free(&list);
    return text;
}

static void add_engine(struct strings *argv, enum machine_engine engine)
{
    static const char *const icount[] = {"-icount", "shift=0,sleep=off", "-rtc",
                                         "base=2026-01-01,clock=vm"};
    static const char *const tcg[] = {"-accel", "tcg,thread=multi"};
    static const char *const kvm[] = {"-accel", "kvm"};
    switch (engine) {
    case MACHINE_ICOUNT:
        add_all(argv, icount, sizeof(icount) / sizeof(*icount));
        break;
    case MACHINE_TCG:
        add_all(argv, tcg, sizeof(tcg) / sizeof(*tcg));
        break;
    case MACHINE_KVM:
        add_all(argv, kvm, sizeof(kvm) / sizeof(*kvm));
        break;
    case MACHINE_BARE: /* has no command */
        break;
    }
}

static void add_loaded(struct strings *argv, const struct machine *m)
{
    const struct hypervisor *h = &hypervisors[m->hypervisor];
    char *image = place_of_program(h->image), *guest = place_of_program(m->guest);
    char *options = words_of(h->options, m->options, NULL);
    char *module = words_of(guest, h->arguments, m->arguments);
    char *modules =
        m->ramdisk == NULL ? copy_text(module) : format_text("%s,%s", module, m->ramdisk);
    const char *const loaded[] = {"-kernel", image, "-append", options, "-initrd", modules};
    add_all(argv, loaded, sizeof(loaded) / sizeof(*loaded));
    free(modules);
    free(module);
    free(options);
    free(guest);
    free(image);
}

static void add_medium(struct strings *argv, const struct machine *m)
{
    char *medium = place_of_program(m->medium);
    const char *const loaded[] = {"-cdrom", medium, "-boot", "d", "-bios", MACHINE_UEFI};
    add_all(argv, loaded, m->uefi ? 6 : 4);
    free(medium);
}

static struct strings command(const struct machine *m, const char *limit_s)
{
    static const char *const console[] = {
        "-no-user-config", "-nodefaults", "-display",        "none",
        "-no-reboot",      "-serial",     "file:/dev/stdout"};
    char *memory_mib = format_text("%u", m->memory_mib), *cpus = format_text("%u", m->cpus);
    const char *const machine[] = {"timeout",
                                   "-k",
                                   LIMIT_KILL_S,
                                   limit_s,
                                   MACHINE_PROGRAM,
                                   "-machine",
                                   "pc",
                                   "-cpu",
                                   m->engine == MACHINE_KVM ? "host" : "qemu64",
                                   "-m",
                                   memory_mib,
                                   "-smp",
                                   cpus};
    struct strings argv = {0};
    add_all(&argv, machine, sizeof(machine) / sizeof(*machine));
    add_engine(&argv, m->engine);
    add_all(&argv, console, sizeof(console) / sizeof(*console));
    if (m->hypervisor == MACHINE_RINGSIDE) {
        strings_add(&argv, "-device");
        strings_add(&argv, "isa-debug-exit,iobase=0xf4,iosize=4");
    }
    if (m->medium != NULL)
        add_medium(&argv, m);
    else
        add_loaded(&argv, m);
    free(cpus);
    free(memory_mib);
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

char *machine_command(const struct machine *m)
{
    if (m->engine == MACHINE_BARE)
        return bare_command(m);
    struct strings argv = command(m, LIMIT_S), words = {0};
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
    if (status == STATUS_TIMEOUT)
        return copy_text("no end within " LIMIT_S " s");
    if (status == STATUS_KILLED) /* which `timeout` does too, where it has to */
        return copy_text("QEMU was killed, or did not end within " LIMIT_S " s");
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

bool machine_explain(const struct machine *m, const struct program_end *end, struct fault *fault)
{
    char *wrong = copy_text(fault->text);
    char *how = m->engine == MACHINE_BARE ? bare_end_text(end) : end_text(end->status);
    char *last = last_lines(end->text), *by = machine_command(m);
    fault_set(fault, "%s; %s\n  the console's last lines:\n%s\n  by: %s", wrong, how, last, by);
    free(by);
    free(last);
    free(how);
    free(wrong);
    return false;
}

static bool boot(const struct machine *m, const char *limit_s, struct program_end *end,
                 struct fault *fault)
{
    struct strings argv = command(m, limit_s);
    char **ended = memory(argv.count + 1, sizeof(*ended)); /* by a NULL */
    memcpy(ended, argv.at, argv.count * sizeof(*ended));
    bool good = program_run(ended, end, fault);
    free(ended);
    strings_free(&argv);
    for (size_t i = 0; good && i < end->length; i++)
        if (end->text[i] == '\0')
            end->text[i] = '?';
    return good;
}

bool machine_boot(const struct machine *m, struct program_end *end, struct fault *fault)
{
    return m->engine == MACHINE_BARE ? bare_boot(m, end, fault) : boot(m, LIMIT_S, end, fault);
}

bool machine_ended(const struct machine *m, const struct program_end *end)
{
    return m->engine == MACHINE_BARE ? bare_ended(end)
                                     : end->status == hypervisors[m->hypervisor].ends;
}

/* That /dev/kvm can be opened proves nothing: there are hosts whose KVM never runs the guest. */
const char *machine_kvm_missing(void)
{
    static const struct machine probe = {.hypervisor = MACHINE_RINGSIDE,
                                         .engine = MACHINE_KVM,
                                         .cpus = 1,
                                         .memory_mib = 256,
                                         .guest = PROBE_GUEST};
    static const char *reason;
    static bool is_known;
    if (is_known)
        return reason;
    struct program_end end;
    struct fault fault;
    is_known = true;
    reason = machine_missing(probe.hypervisor, probe.guest);
    if (reason != NULL)
        return reason;
    if (access("/dev/kvm", R_OK | W_OK) != 0)
        return reason = "KVM: /dev/kvm is not there, or not for this user";
    if (!boot(&probe, PROBE_LIMIT_S, &end, &fault))
        return reason = "KVM: QEMU could not be run";
    if (!machine_ended(&probe, &end))
        reason = "KVM: a guest did not come to its end within " PROBE_LIMIT_S " s; "
                 "qemu-tcg is there instead";
    free(end.text);
    return reason;
}

char *machine_qemu_version(void)
{
    static const char before[] = "version ";
    char *const argv[] = {"timeout", LIMIT_KILL_S, MACHINE_PROGRAM, "--version", NULL};
    struct program_end end;
    struct fault fault;
    if (!program_in_path(MACHINE_PROGRAM) || !program_run(argv, &end, &fault))
        return NULL;
    const char *at = end.status == 0 ? strstr(end.text, before) : NULL;
    char *version = NULL;
    if (at != NULL)
        version =
            format_text("%.*s", (int)strcspn(at + strlen(before), " \n"), at + strlen(before));
    free(end.text);
    return version;
}

/* SPDX-License-Identifier: MIT */
/*
 * The command `replay`: the calls that a hypervisor made to its scheduler, made again here. They
 * are in a file, or a machine is booted for them.
 */
#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/commands.h"
#include "bench/runner/place.h"
#include "bench/runner/program.h"
#include "bench/sim/calls.h"
#include "bench/sim/sim.h"

#define QEMU "qemu-system-x86_64"
#define LIMIT_S "120"
#define LIMIT_KILL_S "5" /* after it, if QEMU does not end */

/* As many records a processor as the hypervisor takes, so that a run has room. */
#define OPTIONS "exit-port=0xf4 trace=calls trace-records=32768"

/* The self-tests that have the scheduler work, and not those that read the records themselves. */
#define SELFTESTS "only=sched_*:time_*:vcpu*"

#define CPUS_MAX 32 /* of the hypervisor */

struct request {
    const char *path; /* NULL: boot */
    const char *guest, *arguments, *options;
    uint64_t cpus;
};

enum { KEY_CPUS = 1, KEY_GUEST, KEY_ARGUMENTS, KEY_OPTIONS };

static const struct argp_option options[] = {
    {"boot", 'b', NULL, 0, "boot the hypervisor under QEMU, and replay what it recorded", 0},
    {"cpus", KEY_CPUS, "N", 0, "its processors (1..32; default 1)", 0},
    {"guest", KEY_GUEST, "NAME", 0, "its first domain: guest/NAME beside this program (selftest)",
     0},
    {"arguments", KEY_ARGUMENTS, "WORDS", 0, "for the guest (" SELFTESTS ")", 0},
    {"options", KEY_OPTIONS, "WORDS", 0, "more of the hypervisor's options, as sched=credit", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *q = state->input;
    static bool boot, of_boot;
    switch (key) {
    case 'b':
        boot = true;
        return 0;
    case KEY_CPUS:
        of_boot = true;
        if (!parse_whole(arg, 1, CPUS_MAX, &q->cpus))
            argp_error(state, "--cpus: expected 1..%d, found '%s'", CPUS_MAX, arg);
        return 0;
    case KEY_GUEST:
    case KEY_ARGUMENTS:
    case KEY_OPTIONS:
        of_boot = true;
        *(key == KEY_GUEST ? &q->guest : key == KEY_ARGUMENTS ? &q->arguments : &q->options) = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (q->path != NULL)
            argp_error(state, "too many arguments: %s", arg);
        q->path = arg;
        return 0;
    case ARGP_KEY_END:
        if (boot == (q->path != NULL))
            argp_error(state, "expected a FILE or --boot, %s",
                       boot ? "found both" : "found neither");
        if (of_boot && !boot)
            argp_error(state, "options of a machine go with --boot");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What the console said; the caller frees. NULL with a fault: the machine did not end. */
static char *boot(const struct request *q, struct fault *fault)
{
    char *image = place_of_program("ringside.elf"), *name = format_text("guest/%s", q->guest);
    char *guest = place_of_program(name);
    char *line = format_text(OPTIONS "%s%s", *q->options == '\0' ? "" : " ", q->options);
    char *module = format_text("%s %s", guest, q->arguments);
    char *cpus = format_text("%" PRIu64, q->cpus);
    char *const argv[] = {"timeout",     "-k",
                          LIMIT_KILL_S,  LIMIT_S,
                          QEMU,          "-machine",
                          "pc",          "-m",
                          "256",         "-smp",
                          cpus,          "-no-user-config",
                          "-nodefaults", "-display",
                          "none",        "-no-reboot",
                          "-serial",     "file:/dev/stdout",
                          "-device",     "isa-debug-exit,iobase=0xf4,iosize=4",
                          "-kernel",     image,
                          "-append",     line,
                          "-initrd",     module,
                          NULL};
    struct program_end end = {0};
    bool good = program_in_path(QEMU) ||
                fault_set(fault, QEMU " is not installed; `make deps` installs it");
    good = good && program_run(argv, &end, fault);
    /* Off, by the hypervisor's exit port; a domain that crashed has made its calls, too. */
    if (good && end.status != 33 && end.status != 37) {
        const char *said = end.length > 400 ? end.text + end.length - 400 : end.text;
        good = fault_set(fault,
                         "the machine did not come to its end: QEMU's status is %d; it said:\n%s",
                         end.status, said);
    }
    free(cpus);
    free(module);
    free(line);
    free(guest);
    free(name);
    free(image);
    if (good)
        return end.text;
    free(end.text);
    return NULL;
}

static int replay(const struct request *q, struct sim_replayed *r, struct fault *fault)
{
    if (q->path != NULL && strcmp(q->path, "-") != 0)
        return sim_replay(q->path, r, fault->text, sizeof(fault->text));
    if (q->path != NULL)
        return sim_replay_file(stdin, "standard input", r, fault->text, sizeof(fault->text));
    char *said = boot(q, fault);
    if (said == NULL)
        return -1;
    FILE *file = fmemopen(said, strlen(said), "r");
    int result = -1;
    if (file == NULL)
        fault_set(fault, "cannot read what the machine said");
    else
        result = sim_replay_file(file, "the console", r, fault->text, sizeof(fault->text));
    if (file != NULL)
        fclose(file);
    free(said);
    return result;
}

int command_replay(int argc, char **argv)
{
    const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "FILE\n--boot",
        .doc =
            "Makes the calls of a record again, which a hypervisor with trace=calls printed, and "
            "says whether its scheduler's decisions were the same. FILE holds the calls, or all "
            "that its console said; - is standard input.",
    };
    struct request q = {.guest = "selftest", .arguments = SELFTESTS, .options = "", .cpus = 1};
    struct sim_replayed r;
    struct fault fault;
    argp_parse(&argp, argc, argv, 0, NULL, &q);
    if (replay(&q, &r, &fault) != 0) {
        say("%s", fault.text);
        return EXIT_FAILED;
    }
    if (r.decisions == 0) {
        say("no decision was recorded: nothing is shown to be the same");
        return EXIT_FAILED;
    }
    printf("%" PRIu64 " call%s, %" PRIu64 " decision%s: ", r.calls, plural(r.calls), r.decisions,
           plural(r.decisions));
    if (r.same) {
        printf("all as recorded\n");
        return EXIT_DONE;
    }
    printf("line %" PRIu64 " was answered otherwise\n  recorded  ", r.line);
    calls_print(stdout, &r.recorded);
    printf("  replayed  ");
    calls_print(stdout, &r.answered);
    return EXIT_WORSE; /* as the manual has it: a decision was another one */
}

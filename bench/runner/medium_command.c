/* SPDX-License-Identifier: MIT */
/* ringside medium: writes experiments to a medium that a machine of its own boots from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/runner/chosen.h"
#include "bench/runner/commands.h"
#include "bench/runner/environment.h"
#include "bench/runner/line.h"
#include "bench/runner/program.h"
#include "bench/runner/report.h"
#include "bench/runner/run_options.h"
#include "bench/runner/suites/bare.h"

#define MIB 1048576.0

enum option_key {
    KEY_BAUD = 'b',
    KEY_PORT = 'p',
};

static const struct argp_option argp_options[] = {
    {"out", RUN_KEY_OUT, "FILE", 0, "The image (default: ringside-medium.iso)", 0},
    {"quick", RUN_KEY_QUICK, NULL, 0, "The short form of each experiment", 0},
    {"full", RUN_KEY_FULL, NULL, 0, "The long form, for papers", 0},
    {"set", RUN_KEY_SET, "KEY=VALUE", 0, "As of `ringside run`; may be repeated", 0},
    {"port", KEY_PORT, "NAME", 0, "com1 (the default) or com2: the machine's serial port", 0},
    {"baud", KEY_BAUD, "N", 0, "Bits a second there (default: 115200)", 0},
    {0}};

struct options {
    struct medium_console console;
    struct run_options run;
};

static void set_port(struct options *o, const char *arg, struct argp_state *state)
{
    if (strcmp(arg, "com1") != 0 && strcmp(arg, "com2") != 0)
        argp_error(state, "--port %s: must be com1 or com2", arg);
    o->console.unit = strcmp(arg, "com2") == 0;
}

static void set_baud(struct options *o, const char *arg, struct argp_state *state)
{
    uint64_t speed;
    if (parse_whole(arg, 1, UINT32_MAX, &speed) && line_has_speed(speed))
        o->console.bits_per_s = (unsigned)speed;
    else
        argp_error(state, "--baud %s: must be 9600, 19200, 38400, 57600 or 115200", arg);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_PORT:
        set_port(o, arg, state);
        return 0;
    case KEY_BAUD:
        set_baud(o, arg, state);
        return 0;
    default:
        return run_options_take(&o->run, key, arg, state);
    }
}

static void refuse(const struct chosen *chosen, struct fault *fault)
{
    for (size_t i = 0; i < chosen->count; i++)
        for (size_t k = 0; k < chosen->plans[i].left_out_count; k++)
            say("%s: %s", chosen->experiments[i]->name, chosen->plans[i].left_out[k].reason);
    fault_set(fault, "there is nothing that such a machine could measure");
}

/* Adds what all points boot; 0 with a fault. Points that cannot be measured there are named. */
static size_t pack(const struct chosen *chosen, struct medium *medium, struct fault *fault)
{
    size_t points = 0;
    for (size_t i = 0; i < chosen->count; i++) {
        const struct plan *plan = &chosen->plans[i];
        for (size_t k = 0; k < plan->point_count; k++, points++)
            if (!plan->experiment->suite->pack(&plan->points[k].point, medium, fault))
                return 0;
        for (size_t k = 0; k < plan->missing_count; k++)
            say("%s: %zu point%s left out: %s", plan->experiment->name, plan->missing[k].points,
                plural(plan->missing[k].points), plan->missing[k].reason);
    }
    if (points == 0)
        refuse(chosen, fault);
    return points;
}

static bool write_medium(const struct options *o, const struct medium *medium, const char *to,
                         struct fault *fault)
{
    struct label label = {.hypervisor =
                              machine_fingerprint(machine_hypervisor_image(MACHINE_RINGSIDE)),
                          .program = copy_text(environment_version()),
                          .effort = o->run.parameters.effort,
                          .sets = o->run.parameters.sets,
                          .experiments = o->run.names};
    bool good = medium_write(medium, &label, &o->console, to, fault);
    free(label.hypervisor);
    free(label.program);
    return good;
}

/* The experiments on the platform, which is not on the label: a collector sets it itself. */
static int read_chosen(const struct options *o, struct chosen *chosen, struct fault *fault)
{
    struct parameters parameters = o->run.parameters;
    parameters.sets = (struct strings){0};
    for (size_t i = 0; i < o->run.parameters.sets.count; i++)
        strings_add(&parameters.sets, o->run.parameters.sets.at[i]);
    strings_add(&parameters.sets, "platform=" BARE_PLATFORM);
    int status = chosen_read(chosen, &o->run.names, &parameters, fault);
    strings_free(&parameters.sets);
    return status;
}

static int make(const struct options *o, struct fault *fault)
{
    struct chosen chosen = {0};
    struct medium medium = {0};
    const char *to = o->run.out == NULL ? "ringside-medium.iso" : o->run.out;
    bare_use(NULL);
    int status = read_chosen(o, &chosen, fault);
    if (status == EXIT_DONE) {
        size_t points = medium_begin(&medium, fault) ? pack(&chosen, &medium, fault) : 0;
        bool good = points > 0 && write_medium(o, &medium, to, fault);
        struct stat file;
        if (good && stat(to, &file) == 0)
            printf("%s: %zu point%s in %zu boot%s, %.1f MiB\n", to, points, plural(points),
                   medium.boots.count, plural(medium.boots.count), (double)file.st_size / MIB);
        status = good ? EXIT_DONE : EXIT_FAILED;
    }
    medium_end(&medium);
    chosen_free(&chosen);
    return status;
}

int command_medium(int argc, char **argv)
{
    const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "EXPERIMENT...",
        .doc = "Writes the image of a medium, for a stick or a disc, from which a machine boots by "
               "BIOS or by UEFI what the experiments need; `ringside collect` then measures there. "
               "docs/bare-metal.md says how.",
    };
    struct options o = {.console = {.unit = 0, .bits_per_s = 115200}};
    struct fault fault;
    run_options_begin(&o.run);
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    int status = EXIT_FAILED;
    if (!program_in_path(MEDIUM_TOOL))
        fault_set(&fault, MEDIUM_TOOL " is not installed; `make deps` installs it (Debian's "
                                      "grub-common, with grub-pc-bin, grub-efi-amd64-bin, xorriso "
                                      "and mtools)");
    else
        status = make(&o, &fault);
    if (status != EXIT_DONE)
        say("%s", fault.text);
    run_options_free(&o.run);
    return status;
}

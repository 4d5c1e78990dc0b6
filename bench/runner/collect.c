/* SPDX-License-Identifier: MIT */
/* ringside collect: measures on a machine that boots a medium, over a serial line. */
#include <stdlib.h>
#include <string.h>

#include "bench/runner/commands.h"
#include "bench/runner/interrupt.h"
#include "bench/runner/line.h"
#include "bench/runner/run.h"
#include "bench/runner/suites/bare.h"

#define BITS_PER_S 115200
#define LIMIT_S 300 /* boots take seconds; some measure for a minute, and all print at the end */
#define PATIENCE_S 1800 /* somebody has to go to the machine */
#define SECONDS_MAX 1000000

enum option_key {
    KEY_BAUD = 'b',
    KEY_LIMIT = 'l',
    KEY_PATIENCE = 'p',
    KEY_LOG = 'L',
};

static const struct argp_option argp_options[] = {
    {"quick", RUN_KEY_QUICK, NULL, 0, "The short form of each experiment", 0},
    {"full", RUN_KEY_FULL, NULL, 0, "The long form, for papers", 0},
    {"out", RUN_KEY_OUT, "DIR", 0,
     "Where to write: a folder that does not exist yet, or is empty (default: "
     "results/TIME-EXPERIMENTS)",
     0},
    {"seed", RUN_KEY_SEED, "N", 0, "Of the bootstrap (default: drawn)", 0},
    {"set", RUN_KEY_SET, "KEY=VALUE", 0, "As of `ringside run`; may be repeated", 0},
    {"repetitions", RUN_KEY_REPETITIONS, "N", 0, "Boots for each point", 0},
    {"baud", KEY_BAUD, "N", 0, "Bits a second on the line (default: 115200)", 0},
    {"limit", KEY_LIMIT, "S", 0, "Seconds that a boot may take, without firmware (default: 300)",
     0},
    {"patience", KEY_PATIENCE, "S", 0,
     "Seconds that the machine may take to ask what to boot (default: 1800)", 0},
    {"log", KEY_LOG, "FILE", 0, "Keep all that the machine says", 0},
    {0}};

struct options {
    struct loader_terms terms;
    struct run_options run;
};

static unsigned whole(const char *name, const char *arg, uint64_t max, struct argp_state *state)
{
    uint64_t value = 1;
    if (!parse_whole(arg, 1, max, &value))
        argp_error(state, "--%s %s: must be a whole number in 1..%llu", name, arg,
                   (unsigned long long)max);
    return (unsigned)value;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case KEY_BAUD:
        o->terms.bits_per_s = whole("baud", arg, BITS_PER_S, state);
        if (!line_has_speed(o->terms.bits_per_s))
            argp_error(state, "--baud %s: must be 9600, 19200, 38400, 57600 or 115200", arg);
        return 0;
    case KEY_LIMIT:
        o->terms.limit_s = whole("limit", arg, SECONDS_MAX, state);
        return 0;
    case KEY_PATIENCE:
        o->terms.patience_s = whole("patience", arg, SECONDS_MAX, state);
        return 0;
    case KEY_LOG:
        o->terms.log = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->terms.device != NULL)
            return run_options_take(&o->run, key, arg, state);
        o->terms.device = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "over which device? As /dev/ttyUSB0");
        return 0;
    default:
        return run_options_take(&o->run, key, arg, state);
    }
}

/* The hypervisor on the medium must be the one beside this program: names of boots follow from what
 * is there. */
static bool is_ours(const struct label *label, struct fault *fault)
{
    const char *image = machine_hypervisor_image(MACHINE_RINGSIDE);
    char *fingerprint = machine_fingerprint(image);
    bool good = fingerprint != NULL && strcmp(fingerprint, label->hypervisor) == 0;
    if (fingerprint == NULL)
        fault_set(fault, "%s is not beside this program; `make all` builds it", image);
    else if (!good)
        fault_set(fault,
                  "the medium in the machine has another hypervisor than is beside this program: "
                  "ringside %s made it; collect by that one, or make the medium again",
                  label->program);
    free(fingerprint);
    return good;
}

/* What the medium was made for, where nothing was asked for. */
static bool take_label(const struct label *label, struct run_options *run, struct fault *fault)
{
    if (run->names.count > 0)
        return true;
    if (run->parameters.effort != EFFORT_STANDARD && run->parameters.effort != label->effort)
        return fault_set(fault,
                         "the medium in the machine was made for the %s forms of its "
                         "experiments",
                         effort_name(label->effort));
    run->parameters.effort = label->effort;
    for (size_t i = 0; i < label->experiments.count; i++)
        strings_add(&run->names, label->experiments.at[i]);
    struct strings own = run->parameters.sets;
    run->parameters.sets = (struct strings){0};
    for (size_t i = 0; i < label->sets.count; i++)
        strings_add(&run->parameters.sets, label->sets.at[i]);
    for (size_t i = 0; i < own.count; i++) /* which come last, and win */
        strings_add(&run->parameters.sets, own.at[i]);
    strings_free(&own);
    return true;
}

static int collect(struct options *o, char **argv, struct loader *loader)
{
    struct fault fault;
    if (!loader_wait(loader, &fault) || !is_ours(loader_label(loader), &fault) ||
        !take_label(loader_label(loader), &o->run, &fault)) {
        say("%s", fault.text);
        run_options_free(&o->run);
        return EXIT_FAILED;
    }
    const struct label *label = loader_label(loader);
    say("%s: %s", o->terms.device, label->machine == NULL ? "a machine" : label->machine);
    run_options_set(&o->run, "platform", BARE_PLATFORM);
    bare_use(loader);
    int status = run_measure(&o->run, argv);
    bare_use(NULL);
    return status;
}

int command_collect(int argc, char **argv)
{
    const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "DEVICE [EXPERIMENT...]",
        .doc = "Measures on the machine at the other end of a serial line, which has booted a "
               "medium of `ringside medium`: tells it what to boot, one after another, and reads "
               "what it says. Leaves what `ringside run` leaves. Without experiments: what the "
               "medium was made for. docs/bare-metal.md says how to set it up.",
    };
    struct options o = {
        .terms = {.bits_per_s = BITS_PER_S, .limit_s = LIMIT_S, .patience_s = PATIENCE_S}};
    struct fault fault;
    run_options_begin(&o.run);
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    interrupt_block();
    struct loader *loader = loader_open(&o.terms, &fault);
    if (loader == NULL) {
        say("%s", fault.text);
        run_options_free(&o.run);
        return EXIT_FAILED;
    }
    int status = collect(&o, argv, loader);
    loader_close(loader);
    return status;
}

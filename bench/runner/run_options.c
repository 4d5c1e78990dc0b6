/* SPDX-License-Identifier: MIT */
#include "bench/runner/run_options.h"

#include <argp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define SHARDS_MAX 10000

/* Beside enum run_option_key. */
enum option_key {
    KEY_PROCESSES = 'p',
    KEY_EVENTS = 'e',
    KEY_CPUS = 'c',
    KEY_DURATION = 'd',
    KEY_SHARD = 'n',
    KEY_PLATFORM = 'P',
};

static const struct argp_option argp_options[] = {
    {"quick", RUN_KEY_QUICK, NULL, 0, "The short form of each experiment", 0},
    {"full", RUN_KEY_FULL, NULL, 0, "The long form, for papers", 0},
    {"out", RUN_KEY_OUT, "DIR", 0,
     "Where to write: a folder that does not exist yet, or is empty (default: "
     "results/TIME-EXPERIMENTS)",
     0},
    {"seed", RUN_KEY_SEED, "N", 0,
     "Of the random order, simulations and the bootstrap (default: drawn)", 0},
    {"set", RUN_KEY_SET, "KEY=VALUE", 0,
     "Replace an axis, subjects, repetitions or duration_ms in every sweep of the suites that have "
     "it; several values between commas; may be repeated",
     0},
    {"platform", KEY_PLATFORM, "NAME", 0,
     "Where: native, sim, qemu-icount, qemu-tcg, qemu-kvm, xen-icount, xen-tcg, as far as the "
     "experiments can be (`ringside collect`: bare-metal)",
     0},
    {"repetitions", RUN_KEY_REPETITIONS, "N", 0, "Observations of each point", 0},
    {"duration", KEY_DURATION, "MS", 0, "Length of an observation, in (simulated) milliseconds", 0},
    {"shard", KEY_SHARD, "I/N", 0, "Only the I-th of N parts; `ringside merge` joins them", 0},
    {"processes", KEY_PROCESSES, NULL, 0, "Two processes rather than two threads", 0},
    {"events", KEY_EVENTS, "LIST", 0, "Hardware counters, by libpfm4's names, between commas", 0},
    {"cpus", KEY_CPUS, "A,B", 0, "Processors of front and back end (default: the first two)", 0},
    {0}};

static void set_effort(struct run_options *o, enum effort effort, struct argp_state *state)
{
    if (o->parameters.effort != EFFORT_STANDARD && o->parameters.effort != effort)
        argp_error(state, "--quick and --full exclude each other");
    o->parameters.effort = effort;
}

static void set_seed(struct run_options *o, const char *arg, struct argp_state *state)
{
    uint64_t seed;
    if (!parse_whole(arg, 0, SEED_MAX, &seed))
        argp_error(state, "--seed %s: must be a whole number in 0..%u", arg, SEED_MAX);
    else
        o->parameters.seed = (uint32_t)seed;
}

static void set_cpus(struct run_options *o, const char *arg, struct argp_state *state)
{
    struct strings parts = strings_split(arg);
    uint64_t front, back;
    if (parts.count != 2 || !parse_whole(parts.at[0], 0, INT_MAX, &front) ||
        !parse_whole(parts.at[1], 0, INT_MAX, &back) || front == back) {
        argp_error(state, "--cpus %s: must be two different processors, as 0,1", arg);
    } else {
        o->cpu_front = (int)front;
        o->cpu_back = (int)back;
    }
    strings_free(&parts);
}

static void set_shard(struct run_options *o, const char *arg, struct argp_state *state)
{
    struct shard shard = {0};
    char *copy = copy_text(arg);
    char *slash = strchr(copy, '/');
    if (slash != NULL)
        *slash = '\0';
    if (slash == NULL || !parse_whole(slash + 1, 1, SHARDS_MAX, &shard.of) ||
        !parse_whole(copy, 1, shard.of, &shard.index))
        argp_error(state, "--shard %s: must be I/N with I in 1..N and N in 1..%d, as 1/4", arg,
                   SHARDS_MAX);
    o->parameters.shard = shard;
    free(copy);
}

static void add_set(struct run_options *o, const char *arg, struct argp_state *state)
{
    if (strchr(arg, '=') == NULL)
        argp_error(state, "--set %s: must be KEY=VALUE, as batch=1,32", arg);
    strings_add(&o->parameters.sets, arg);
}

/* --duration and --repetitions are settings that have a name of their own. */
void run_options_set(struct run_options *o, const char *key, const char *value)
{
    char *text = format_text("%s=%s", key, value);
    strings_add(&o->parameters.sets, text);
    free(text);
}

error_t run_options_take(struct run_options *o, int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case RUN_KEY_QUICK:
        set_effort(o, EFFORT_QUICK, state);
        return 0;
    case RUN_KEY_FULL:
        set_effort(o, EFFORT_FULL, state);
        return 0;
    case RUN_KEY_OUT:
        o->out = arg;
        return 0;
    case RUN_KEY_SEED:
        set_seed(o, arg, state);
        return 0;
    case RUN_KEY_SET:
        add_set(o, arg, state);
        return 0;
    case RUN_KEY_REPETITIONS:
        run_options_set(o, "repetitions", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (strings_hold(&o->names, arg))
            argp_error(state, "%s is named twice", arg);
        strings_add(&o->names, arg);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which experiments? `ringside list experiments` shows them");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct run_options *o = state->input;
    switch (key) {
    case KEY_PLATFORM:
        run_options_set(o, "platform", arg);
        return 0;
    case KEY_DURATION:
        run_options_set(o, "duration_ms", arg);
        return 0;
    case KEY_SHARD:
        set_shard(o, arg, state);
        return 0;
    case KEY_PROCESSES:
        o->parameters.processes = true;
        return 0;
    case KEY_EVENTS:
        o->parameters.events = arg;
        return 0;
    case KEY_CPUS:
        set_cpus(o, arg, state);
        return 0;
    default:
        return run_options_take(o, key, arg, state);
    }
}

static uint32_t drawn_seed(void)
{
    uint32_t seed;
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        say("cannot draw a seed; give one by --seed");
        exit(EXIT_FAILED);
    }
    return seed;
}

void run_options_begin(struct run_options *options)
{
    *options = (struct run_options){
        .parameters = {.seed = drawn_seed(), .shard = {1, 1}}, .cpu_front = -1, .cpu_back = -1};
}

void run_options_parse(struct run_options *options, int argc, char **argv)
{
    const struct argp argp = {
        .options = argp_options,
        .parser = parse,
        .args_doc = "EXPERIMENT...",
        .doc = "Measures all points of the experiments, prints tables and draws figures. What this "
               "machine does is measured in random order, what is simulated after it. An "
               "experiment is one of `ringside list experiments`, or the path of a "
               "description.",
    };
    run_options_begin(options);
    argp_parse(&argp, argc, argv, 0, NULL, options);
}

void run_options_free(struct run_options *options)
{
    strings_free(&options->names);
    strings_free(&options->parameters.sets);
}

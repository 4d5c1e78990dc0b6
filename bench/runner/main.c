/* SPDX-License-Identifier: MIT */
/* ringside: the host tool. Its commands are in the files of their names. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/commands.h"
#include "bench/runner/environment.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"list", command_list, "what can be measured, and by which experiments"},
    {"run", command_run, "measure experiments, show tables, draw figures"},
    {"plot", command_plot, "draw the figures of a run again"},
    {"show", command_show, "print environment, tables and targets of a run"},
    {"compare", command_compare, "ratios of one run over another, with intervals"},
    {"merge", command_merge, "join the shards of a sweep into one run"},
    {"replay", command_replay, "make a hypervisor's scheduling decisions again"},
    {"medium", command_medium, "write experiments to a medium that a machine boots from"},
    {"collect", command_collect, "measure on that machine, over a serial line"},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static void print_version(FILE *out, struct argp_state *state)
{
    (void)state;
    fprintf(out, "ringside %s\n", environment_version());
}

void (*argp_program_version_hook)(FILE *, struct argp_state *) = print_version;

struct choice {
    const struct command *command;
    int at; /* index in argv */
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct choice *choice = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        for (size_t i = 0; i < COMMANDS; i++)
            if (strcmp(commands[i].name, arg) == 0)
                choice->command = &commands[i];
        if (choice->command == NULL)
            argp_error(state, "no command '%s'", arg);
        choice->at = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which command?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* The commands, for --help. */
static char *list_commands(int key, const char *text, void *input)
{
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC)
        return (char *)text;
    char *doc = copy_text("Commands (each has its own --help):\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        char *more = format_text("%s  %-9s%s\n", doc, commands[i].name, commands[i].summary);
        free(doc);
        doc = more;
    }
    return doc;
}

int main(int argc, char **argv)
{
    argp_err_exit_status = EXIT_USAGE;
    /* Of the programs that are run: what they say is read, and gnuplot is given UTF-8. */
    setenv("LC_ALL", "C.UTF-8", 1);
    const struct argp argp = {
        .parser = parse,
        .args_doc = "COMMAND [ARGUMENT...]",
        .doc = "Measures I/O rings, event channels and schedulers: on this machine, in domains "
               "under QEMU or on a machine of its own, in simulation.\v",
        .help_filter = list_commands,
    };
    struct choice choice = {0};
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &choice);

    char *name = format_text("ringside %s", choice.command->name);
    argv[choice.at] = name;
    int status = choice.command->run(argc - choice.at, argv + choice.at);
    free(name);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        say("cannot write to standard output");
        return EXIT_FAILED;
    }
    return status;
}

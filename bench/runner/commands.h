/* SPDX-License-Identifier: MIT */
/* The commands of ringside, each given its own arguments (argv[0]: "ringside COMMAND"). They return
 * the exit status. */
#ifndef RUNNER_COMMANDS_H
#define RUNNER_COMMANDS_H

#include "bench/runner/text.h"

int command_list(int argc, char **argv);
int command_run(int argc, char **argv);
int command_plot(int argc, char **argv);
int command_show(int argc, char **argv);
int command_compare(int argc, char **argv);
int command_merge(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_medium(int argc, char **argv);
int command_collect(int argc, char **argv);

/* For commands whose arguments are folders or names alone: fills operands (freed by the caller),
 * and ends the program with usage if there are not min..max of them. */
struct strings parse_operands(int argc, char **argv, const char *usage, const char *doc, size_t min,
                              size_t max);

#endif

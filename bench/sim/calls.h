/* SPDX-License-Identifier: MIT */
/*
 * Files of calls to a scheduler: what sched-bvt/replay.h records, as text.
 *
 *   ringside-calls 1 <policy> <cpus> <start>          start: sched_init's, where clocks begin
 *   <op> <now> <vcpu> <cpu> <other> <chosen> <param> <value> <kick> <done>
 *   ...
 *
 * op is add, remove, wake, sleep, yield, charge, pick, steal, affinity or param; the other words
 * are the members of struct sched_call, in decimal, but for kick, which is hexadecimal. - is none.
 * A recorder that has no file system prints such lines on a console, each behind CALLS_MARK.
 */
#ifndef BENCH_SIM_CALLS_H
#define BENCH_SIM_CALLS_H

#include <stdbool.h>
#include <stdio.h>

#include "sched-bvt/replay.h"

#define CALLS_MARK "(hv) calls: "

struct calls_file {
    FILE *file;
    const char *path;
};

/* false, with a sentence in error. */
bool calls_create(struct calls_file *f, const char *path, const char *policy, uint32_t cpus,
                  char *error, size_t size);
bool calls_close(struct calls_file *f, char *error, size_t size);

/* A struct sched's trace; arg: struct calls_file. An error shows when it is closed. */
void calls_write(void *arg, const struct sched_call *call);

/* One line, and its end. */
void calls_print(FILE *file, const struct sched_call *call);

/* One line. false: it is not a call. */
bool calls_parse(const char *line, struct sched_call *call);

#endif

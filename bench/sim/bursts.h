/* SPDX-License-Identifier: MIT */
/*
 * Files of bursts, which the mix `recorded` plays. Text; a line is a domain:
 *
 *   <name> <run> <block> <run> <block> ...      ns: run 1..10^10, block 0..10^10; one pair or more
 *
 * What follows a # is a comment; empty lines are passed over. A file has 1..10000 domains.
 */
#ifndef BENCH_SIM_BURSTS_H
#define BENCH_SIM_BURSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct burst {
    uint64_t run, block; /* ns */
};

struct burst_line {
    struct burst *bursts;
    size_t count;
};

struct bursts {
    struct burst_line *lines;
    size_t count;
};

/* false, with a sentence in error that names file and line; nothing is kept then. */
bool bursts_read(struct bursts *b, const char *path, char *error, size_t size);
void bursts_free(struct bursts *b);

#endif

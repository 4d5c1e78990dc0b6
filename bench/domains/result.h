/* SPDX-License-Identifier: MIT */
/*
 * What a workload measured, on its console: only after the measured interval, from memory. The host
 * reads it back (bench/runner/suites/domains_read.c):
 *
 *     @ number NAME VALUE
 *     @ list NAME VALUE ...                 in order; goes on in the next line of that name
 *     @ hist NAME COUNT SUM MIN MAX CLIPPED
 *     @ buckets NAME INDEX:COUNT ...        those of the histogram that hold anything, in order
 *     @ end LINES SUM                       how many lines, and their checksum: a line that is cut,
 *                                           lost or there twice is found
 *
 * The checksum is FNV-1a (G. Fowler, L. C. Noll, K.-P. Vo) of 32 bits over the lines and their
 * ends.
 */
#ifndef BENCH_DOMAINS_RESULT_H
#define BENCH_DOMAINS_RESULT_H

#include <stdint.h>

struct hist;

void result_begin(void);

/* For a control domain: nobody else puts a name before its lines. */
void result_begin_as(const char *name);
void result_number(const char *name, uint64_t value);
void result_list(const char *name, const uint64_t *values, unsigned count);
void result_hist(const char *name, const struct hist *hist);
void result_end(void);

#endif

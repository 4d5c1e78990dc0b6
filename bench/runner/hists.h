/* SPDX-License-Identifier: MIT */
/*
 * Latency histograms on disk. Each observation's is a line of hist/<experiment>/observations.csv:
 *
 *   seq,count,sum,min,max,clipped,buckets
 *
 * where buckets lists those that hold anything, in ascending order, as `gap` or `gap:count` with
 * blanks between: gap is the bucket's index (bench/hist/hist.h) less that of the one before it, and
 * a count that is left out is 1. Nothing is lost, so that histograms can be merged from it.
 */
#ifndef RUNNER_HISTS_H
#define RUNNER_HISTS_H

#include <stdio.h>

#include "bench/hist/hist.h"
#include "bench/runner/text.h"

#define HISTS_HEADER "seq,count,sum,min,max,clipped,buckets\n"

/* A line with its newline; the caller frees. */
char *hists_line(uint64_t seq, const struct hist *hist);

/* The reverse, without the newline; false if it is not such a line. */
bool hists_parse(const char *line, uint64_t *seq, struct hist *hist);

/*
 * Writes the percentile distribution in the text form of HdrHistogram (G. Tene,
 * hdrhistogram.org: AbstractHistogram.outputPercentileDistribution with 5 ticks per half distance),
 * in ns, as its plotters read it.
 */
void hists_write_hgrm(FILE *out, const struct hist *hist);

#endif

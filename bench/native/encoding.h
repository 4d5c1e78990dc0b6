/* SPDX-License-Identifier: MIT */
/*
 * Names of hardware counters, and what libpfm4 makes of them: for perf_event_open(2) on this
 * machine, and as selectors for a processor of any model, which who runs below Linux programs by
 * itself.
 *
 * A name is one of the default set's or libpfm4's own. Calling context: one thread, between
 * encoding_open() and encoding_close().
 */
#ifndef BENCH_NATIVE_ENCODING_H
#define BENCH_NATIVE_ENCODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perf_event_attr;

/* May be nested. false: libpfm4 cannot be initialised. */
bool encoding_open(void);
void encoding_close(void);

/* The i-th name of the default set; NULL past the end. And all of them, as a sentence has them. */
const char *encoding_default(size_t i);
#define ENCODING_DEFAULTS                                                                    \
    "cycles, instructions, l1d-misses, llc-misses, snoops, task-clock, context-switches or " \
    "page-faults"

/* Is it one of the default set's? Of those: does a kernel count it, and no processor? */
bool encoding_is_default(const char *name);
bool encoding_is_kernels(const char *name);

/* For user and kernel mode: a context switch, say, happens in the kernel. NULL if done, else why
 * not. */
const char *encoding_for_perf(const char *name, struct perf_event_attr *attr);

enum encoding_vendor { ENCODING_INTEL, ENCODING_AMD };

/* A kind of processor. */
struct encoding_model {
    const char *name; /* libpfm4's, as "skl" */
    enum encoding_vendor vendor;
};

/* The one that runs this; false: libpfm4 does not know it. */
bool encoding_model_here(struct encoding_model *model);

/* By libpfm4's name; false: it knows none of that name. */
bool encoding_model_named(const char *name, struct encoding_model *model);

/* The i-th that it knows, about the newest first; NULL past the end. */
const char *encoding_model_at(size_t i);

/*
 * What a programmable counter of the model's core is to count: event, unit, edge, invert and
 * threshold, at the bits of a selector (Intel SDM volume 3B, figure 19-1; AMD APM volume 2, 13.2.1)
 * and nothing else of it: whose privilege, and when, whoever programs it adds. NULL if done, else
 * why not.
 */
const char *encoding_for_model(const struct encoding_model *model, const char *name,
                               uint64_t *selector);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the native platform can measure, as a table of functions. A layout's entry is generated from
 * layouts.def; a peer's or a raw limit's is written in its own file; subjects.c lists them all.
 */
#ifndef BENCH_NATIVE_SUBJECT_H
#define BENCH_NATIVE_SUBJECT_H

#include "bench/native/side.h"

struct native_ops {
    uint32_t measures; /* bit per enum native_measure */
    uint32_t fronts_max;
    uint32_t batch_max; /* 0: the window */
    /* NULL, or says why it does not carry this geometry (beyond these limits) */
    const char *(*refusal)(const struct native_point *point);
    /* bytes of the region that front and back share */
    size_t (*region)(const struct native_point *point);
    /* most requests outstanding */
    uint32_t (*window)(const struct native_point *point);
    /* run by the workers, from attaching to the last request */
    void (*front)(struct side *side);
    void (*back)(struct side *side);
};

struct native_subject {
    const char *name;
    enum native_kind kind;
    const char *summary;
    const char *missing; /* NULL, or why this build cannot run it */
    uint32_t without;    /* bit per policy that it cannot carry */
    const char *without_why;
    const struct native_ops *ops; /* NULL if missing */
};

#define SUBJECT_MEASURE(m) (1U << NATIVE_##m)
#define SUBJECT_POLLS_ONLY (((1U << NOTIFY_POLICIES) - 1) & ~RING_NO(poll))

#endif

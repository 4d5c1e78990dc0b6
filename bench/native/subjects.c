/* SPDX-License-Identifier: MIT */
/* The list of what can be measured, and what of it cannot be put together. */
#include <stdio.h>

#include "bench/native/subject.h"

#define RING_LAYOUT(id, name, without, why) extern const struct native_ops native_layout_##id;
#include "rings/layouts.def"
#undef RING_LAYOUT

extern const struct native_ops native_raw_pingpong, native_raw_stream, native_xen_macros;

#define NEEDS_PEERS(package) \
    package " was not there at build time: make deps-peers, then build again"
#define POLLS_ONLY .without = SUBJECT_POLLS_ONLY, .without_why = "it has no notification of its own"

#ifdef HAVE_DPDK
extern const struct native_ops native_dpdk_spsc, native_dpdk_mpsc;
#define DPDK(which) .ops = &native_dpdk_##which
#else
#define DPDK(which) .missing = NEEDS_PEERS("libdpdk-dev")
#endif
#ifdef HAVE_CK
extern const struct native_ops native_ck_spsc;
#define CK(which) .ops = &native_ck_##which
#else
#define CK(which) .missing = NEEDS_PEERS("libck-dev")
#endif
#ifdef HAVE_URING
extern const struct native_ops native_io_uring_nop;
#define URING .ops = &native_io_uring_nop
#else
#define URING .missing = NEEDS_PEERS("liburing-dev")
#endif

static const struct native_subject subjects[] = {
#define RING_LAYOUT(id_, name_, without_, why_) \
    {.name = name_,                             \
     .kind = NATIVE_LAYOUT,                     \
     .summary = "rings/" #id_ ".h",             \
     .without = without_,                       \
     .without_why = why_,                       \
     .ops = &native_layout_##id_},
#include "rings/layouts.def"
#undef RING_LAYOUT
    {.name = "dpdk-spsc",
     .kind = NATIVE_PEER,
     .summary = "DPDK rte_ring, one producer and one consumer, burst calls of the element API",
     POLLS_ONLY,
     DPDK(spsc)},
    {.name = "dpdk-mpsc",
     .kind = NATIVE_PEER,
     .summary = "DPDK rte_ring, many producers and one consumer, burst calls of the element API",
     POLLS_ONLY,
     DPDK(mpsc)},
    {.name = "ck-spsc",
     .kind = NATIVE_PEER,
     .summary = "ConcurrencyKit ck_ring, one producer and one consumer",
     POLLS_ONLY,
     CK(spsc)},
    {.name = "xen-macros",
     .kind = NATIVE_PEER,
     .summary = "the macros of Xen's public io/ring.h",
     POLLS_ONLY,
     .ops = &native_xen_macros},
    {.name = "io-uring-nop",
     .kind = NATIVE_PEER,
     .summary = "io_uring no-operations by liburing: the kernel is the back end",
     POLLS_ONLY,
     URING},
    {.name = "raw-pingpong",
     .kind = NATIVE_RAW,
     .summary = "two cache lines, each written by one core and watched by the other",
     POLLS_ONLY,
     .ops = &native_raw_pingpong},
    {.name = "raw-stream",
     .kind = NATIVE_RAW,
     .summary = "blocks of 4 KiB written by one core and read by the other",
     POLLS_ONLY,
     .ops = &native_raw_stream},
};

static const char *const measures[] = {[NATIVE_ONE_WAY] = "one-way",
                                       [NATIVE_PAIRS] = "pairs",
                                       [NATIVE_ROUND_TRIP] = "round-trip",
                                       [NATIVE_OFFERED_LOAD] = "offered-load"};
static const char *const transports[] = {
    [NATIVE_BUSY_POLL] = "busy-poll", [NATIVE_EVENTFD] = "eventfd"};

const char *native_measure_name(enum native_measure measure)
{
    return (unsigned)measure < NATIVE_MEASURES ? measures[measure] : NULL;
}

const char *native_transport_name(enum native_transport transport)
{
    return (unsigned)transport < NATIVE_TRANSPORTS ? transports[transport] : NULL;
}

const struct native_subject *native_subject_at(size_t i)
{
    return i < sizeof subjects / sizeof subjects[0] ? &subjects[i] : NULL;
}

const char *native_subject_name(const struct native_subject *subject)
{
    return subject->name;
}

enum native_kind native_subject_kind(const struct native_subject *subject)
{
    return subject->kind;
}

const char *native_subject_summary(const struct native_subject *subject)
{
    return subject->summary;
}

const char *native_subject_missing(const struct native_subject *subject)
{
    return subject->missing;
}

const char *native_refusal(const struct native_point *p)
{
    static char text[NATIVE_TEXT];
    const struct native_subject *s = p->subject;
    const struct native_ops *ops = s->ops;

    if (s->missing != NULL)
        return s->missing;
    if ((unsigned)p->measure >= NATIVE_MEASURES || !(ops->measures & (1U << p->measure)))
        return "this subject does not do this measure";
    if ((unsigned)p->policy >= NOTIFY_POLICIES)
        return "no such notification policy";
    if (s->without & (1U << p->policy))
        return s->without_why;
    if ((p->transport == NATIVE_BUSY_POLL) != (p->policy == NOTIFY_poll))
        return "transport busy-poll goes with policy poll, and only with it";
    if (p->measure == NATIVE_ONE_WAY && p->policy != NOTIFY_poll)
        return "one-way traffic is measured by busy polling";
    if (p->measure == NATIVE_OFFERED_LOAD && !(p->load > 0))
        return "an offered load is a number of requests per second above 0";

    struct ring_geometry g = {.entries = p->entries,
                              .req_size = p->req_size,
                              .rsp_size = p->rsp_size,
                              .fronts = p->fronts};
    int error = ring_geometry_check(&g, ops->fronts_max);
    if (error != RING_OK)
        return ring_error_text(error);
    const char *refusal = ops->refusal != NULL ? ops->refusal(p) : NULL;
    if (refusal != NULL)
        return refusal;
    const char *params = notify_params_check(&p->params);
    if (params != NULL)
        return params;

    uint32_t batch_max = ops->batch_max != 0 ? ops->batch_max : ops->window(p);
    if (batch_max > SIDE_BATCH_MAX)
        batch_max = SIDE_BATCH_MAX;
    if (p->batch == 0 || p->batch > batch_max) {
        snprintf(text, sizeof text, "batch %u is not in 1..%u, which is what %u entries hold",
                 p->batch, batch_max, p->entries);
        return text;
    }
    return NULL;
}

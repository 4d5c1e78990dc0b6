/* SPDX-License-Identifier: MIT */
/*
 * Peer: io_uring's own rings by liburing, with requests that do nothing. The kernel is the back end
 * and answers inside the system call that submits, so only the front end's processor works: it is
 * the cost of a batch through a kernel, not of a hand-over between two cores.
 */
#include <liburing.h>

#include "bench/native/subject.h"

static size_t region(const struct native_point *p)
{
    (void)p;
    return RING_ALIGN;
}

static uint32_t window(const struct native_point *p)
{
    return p->entries;
}

/* Submits `batch` requests and takes their completions; false on an error. */
static bool exchange_batch(struct io_uring *ring, uint64_t number, uint32_t batch, bool *damaged)
{
    for (uint32_t i = 0; i < batch; i++) {
        struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
        if (sqe == NULL)
            return false;
        io_uring_prep_nop(sqe);
        io_uring_sqe_set_data64(sqe, number + i);
    }
    if (io_uring_submit_and_wait(ring, batch) != (int)batch)
        return false;
    struct io_uring_cqe *cqes[SIDE_BATCH_MAX];
    for (uint32_t taken = 0; taken < batch;) {
        unsigned n = io_uring_peek_batch_cqe(ring, cqes, batch - taken);
        for (unsigned i = 0; i < n; i++)
            *damaged |= io_uring_cqe_get_data64(cqes[i]) != number + taken + i;
        io_uring_cq_advance(ring, n);
        taken += n;
    }
    return true;
}

static void front(struct side *s)
{
    struct side_result *r = &s->exchange->results[s->index];
    const struct native_point *p = &s->exchange->point;
    const double ns_per_tick = s->exchange->ns_per_tick;
    const bool timed = p->measure == NATIVE_ROUND_TRIP;
    struct io_uring ring;
    struct meter m;
    uint64_t sent = 0;
    bool going = true;

    int error = io_uring_queue_init(p->entries, &ring, 0);
    if (error < 0)
        r->error = "io_uring_queue_init failed: the kernel has no io_uring, or forbids it";
    side_laid_out(s);
    side_start_line(s);
    meter_start(&m);
    while (r->error == NULL && going) {
        uint64_t start = timed ? ticks_now() : 0;
        if (!exchange_batch(&ring, sent, p->batch, &r->damaged)) {
            r->error = "io_uring_submit_and_wait failed";
            break;
        }
        if (timed && m.phase == METER_MEASURE)
            hist_record(&s->exchange->latency,
                        (uint64_t)((double)(ticks_now() - start) * ns_per_tick));
        sent += p->batch;
        if (meter_due(&m, sent))
            going = meter_look(&m, s, sent);
    }
    if (error >= 0)
        io_uring_queue_exit(&ring);
    side_front_stops(s, sent);
}

/* The kernel serves; this processor only keeps the time, asleep. */
static void back(struct side *s)
{
    side_wait_laid_out(s);
    atomic_store(&s->exchange->back_measured, true);
    side_start_line(s);
    while (atomic_load(&s->exchange->fronts_running) != 0 && !side_aborted(s))
        side_sleep(s, NOTIFY_NEVER);
    s->exchange->results[SIDE_BACK].measured = true;
}

const struct native_ops native_io_uring_nop = {
    .measures = SUBJECT_MEASURE(PAIRS) | SUBJECT_MEASURE(ROUND_TRIP),
    .fronts_max = 1,
    .region = region,
    .window = window,
    .front = front,
    .back = back,
};

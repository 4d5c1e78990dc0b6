/* SPDX-License-Identifier: MIT */
/*
 * What two cores of this machine do with no ring between them, as a yardstick. It is measured like
 * any subject, so a ring with a kinder access pattern may come out ahead of it:
 *
 *   raw-pingpong  a line that one core writes and the other watches, in each direction
 *   raw-stream    blocks that one core writes and the other reads, far enough apart in time that
 *                 the flag which hands a block over costs nothing; counted in elements of req_size
 */
#include "bench/native/subject.h"

struct pingpong {
    _Atomic uint64_t ping __attribute__((aligned(RING_APART)));
    _Atomic uint64_t pong __attribute__((aligned(RING_APART)));
};

static size_t pingpong_region(const struct native_point *p)
{
    (void)p;
    return sizeof(struct pingpong);
}

static uint32_t one(const struct native_point *p)
{
    (void)p;
    return 1;
}

#define PINGPONG_STOP UINT64_MAX

static void pingpong_front(struct side *s)
{
    struct pingpong *line = (struct pingpong *)s->region;
    const double ns_per_tick = s->exchange->ns_per_tick;
    struct meter m;
    uint64_t round = 0;
    bool going = true;

    atomic_store(&line->ping, 0);
    atomic_store(&line->pong, 0);
    side_laid_out(s);
    side_start_line(s);
    meter_start(&m);
    while (going) {
        uint64_t start = ticks_now();
        round++;
        atomic_store_explicit(&line->ping, round, memory_order_release);
        while (atomic_load_explicit(&line->pong, memory_order_acquire) != round)
            if (meter_idle_due(&m) && !(going = meter_look(&m, s, round)) && side_aborted(s))
                break;
        if (m.phase == METER_MEASURE)
            hist_record(&s->exchange->latency,
                        (uint64_t)((double)(ticks_now() - start) * ns_per_tick));
        if (meter_due(&m, round))
            going = meter_look(&m, s, round);
    }
    atomic_store_explicit(&line->ping, PINGPONG_STOP, memory_order_release);
    side_front_stops(s, round);
}

static void pingpong_back(struct side *s)
{
    struct pingpong *line = (struct pingpong *)s->region;
    struct meter m;
    uint64_t round = 0;

    side_wait_laid_out(s);
    side_start_line(s);
    meter_start(&m);
    for (;;) {
        uint64_t seen = atomic_load_explicit(&line->ping, memory_order_acquire);
        if (seen == PINGPONG_STOP)
            break;
        if (seen == round) {
            if (meter_idle_due(&m) && (meter_look(&m, s, round), side_aborted(s)))
                break;
            continue;
        }
        round = seen;
        atomic_store_explicit(&line->pong, round, memory_order_release);
        if (meter_due(&m, round))
            meter_look(&m, s, round);
    }
}

const struct native_ops native_raw_pingpong = {
    .measures = SUBJECT_MEASURE(ROUND_TRIP),
    .fronts_max = 1,
    .region = pingpong_region,
    .window = one,
    .front = pingpong_front,
    .back = pingpong_back,
};

/* Together half of a first-level data cache: what the reader has taken, the writer finds no further
 * away than in the reader's cache. */
#define STREAM_BLOCK 4096U /* bytes */
#define STREAM_BLOCKS 4U
#define STREAM_WORDS (STREAM_BLOCK / 8)

struct stream {
    _Atomic uint64_t written __attribute__((aligned(RING_APART))); /* blocks */
    _Atomic uint64_t read __attribute__((aligned(RING_APART)));
    uint64_t words[STREAM_BLOCKS][STREAM_WORDS] __attribute__((aligned(RING_APART)));
};

static size_t stream_region(const struct native_point *p)
{
    (void)p;
    return sizeof(struct stream);
}

static uint32_t stream_window(const struct native_point *p)
{
    return STREAM_BLOCKS * STREAM_BLOCK / p->req_size;
}

static void stream_front(struct side *s)
{
    struct stream *stream = (struct stream *)s->region;
    const uint64_t per_block = STREAM_BLOCK / s->exchange->point.req_size;
    struct meter m;
    uint64_t written = 0;
    bool going = true;

    atomic_store(&stream->written, 0);
    atomic_store(&stream->read, 0);
    side_laid_out(s);
    side_start_line(s);
    meter_start(&m);
    while (going) {
        if (written - atomic_load_explicit(&stream->read, memory_order_acquire) >= STREAM_BLOCKS) {
            if (meter_idle_due(&m))
                going = meter_look(&m, s, written * per_block);
            continue;
        }
        uint64_t *block = stream->words[written % STREAM_BLOCKS];
        for (uint32_t w = 0; w < STREAM_WORDS; w++)
            block[w] = written + w;
        written++;
        atomic_store_explicit(&stream->written, written, memory_order_release);
        if (meter_due(&m, written * per_block))
            going = meter_look(&m, s, written * per_block);
    }
    side_front_stops(s, written * per_block);
}

static void stream_back(struct side *s)
{
    struct stream *stream = (struct stream *)s->region;
    struct side_result *r = &s->exchange->results[SIDE_BACK];
    const uint64_t per_block = STREAM_BLOCK / s->exchange->point.req_size;
    struct meter m;
    uint64_t read = 0, difference = 0;

    side_wait_laid_out(s);
    side_start_line(s);
    meter_start(&m);
    for (;;) {
        if (atomic_load_explicit(&stream->written, memory_order_acquire) == read) {
            if (meter_idle_due(&m)) {
                meter_look(&m, s, read * per_block);
                if (side_all_received(s, read * per_block) || side_aborted(s))
                    break;
            }
            continue;
        }
        const uint64_t *block = stream->words[read % STREAM_BLOCKS];
        for (uint32_t w = 0; w < STREAM_WORDS; w += RING_LINE / 8)
            ring_prefetch(&block[w]);
        for (uint32_t w = 0; w < STREAM_WORDS; w++)
            difference |= block[w] ^ (read + w);
        read++;
        atomic_store_explicit(&stream->read, read, memory_order_release);
        if (meter_due(&m, read * per_block))
            meter_look(&m, s, read * per_block);
    }
    r->damaged |= difference != 0;
}

const struct native_ops native_raw_stream = {
    .measures = SUBJECT_MEASURE(ONE_WAY),
    .fronts_max = 1,
    .region = stream_region,
    .window = stream_window,
    .front = stream_front,
    .back = stream_back,
};

/* SPDX-License-Identifier: MIT */
/*
 * An input makes calls on both ends of a ring, in any order that the contract allows, while the
 * shared memory changes under them.
 *
 * Checked: results are in range; each call makes O(n) shared accesses, all within the region
 * (fuzz.c); a broken direction stays broken; the sanitizers find any other stray access, for every
 * buffer has exactly its size. As long as nothing was changed, both ends are honest: then no call
 * reads a word twice, nothing breaks, requests arrive in order, and each is answered once.
 */
#include <stdlib.h>
#include <string.h>

#include "rings/layout.h"
#include "tests/fuzz/fuzz.h"

#define ENTRIES_LOG2_MAX 6U
#define FRONTS 4U      /* at most, where there may be more than one; only front end 0 is driven */
#define IDS (1U << 16) /* requests that are told apart in a run; more end it */

/* Shared accesses of a call: a part for each entry (a chain of descriptors, its ring slot, its
 * flags), one for probing in powers of two, and a constant: control words, what was held back, and
 * for compare-and-swap the attempts that ring.h's bound on front ends allows. */
#define ACCESSES_EACH 8U
#define ACCESSES_BASE (((R(TRAITS) & RING_MANY_FRONTS) ? 4 * RING_FRONTS_MAX : 0) + 64U)

static const bool release_frees = (R(TRAITS) & RING_RELEASE_FREES) != 0;

static const uint32_t starts[] = {0, 0xffff, 0x7ffe, 0xfffe, 0x7fffffff, 0xfffffffd, 0xffffffff};
#define STARTS (sizeof(starts) / sizeof(starts[0]))

struct pending {
    uint32_t id, tag;
};

struct session {
    struct ring_geometry g;
    uint32_t capacity;
    struct R(front) * f;
    struct R(back) * b;
    uint8_t *req, *rsp; /* private buffers of exactly an element */

    uint32_t req_granted, rsp_granted;     /* reserved, not yet published */
    uint32_t req_peeked, rsp_peeked;       /* of the last peek, until a release */
    uint32_t req_published, rsp_published; /* counts since the start */
    uint32_t req_released, rsp_released;
    uint32_t req_seen, rsp_seen; /* one past the last entry ever peeked */
    uint32_t taken;              /* one past the last request in the pool */
    uint32_t outstanding;        /* as the front end counts them */
    struct pending *pool;        /* read and not answered */
    uint32_t pooled, pool_max;
    bool req_tx_broken, rsp_tx_broken, req_rx_broken, rsp_rx_broken;
    bool one_way; /* requests only, as many at a time as it likes; where releasing frees */
    bool over;
};

static uint8_t answered[IDS];

#define CALL(op, n) fuzz_call(#op, ACCESSES_BASE + (size_t)ACCESSES_EACH * (n))

/* 1..max, and sometimes far more than any ring has. */
static uint32_t some(uint32_t max)
{
    uint8_t byte = fuzz_u8();
    if (byte == 0xff)
        return 0x7fffffff;
    return 1 + byte % (max == 0 ? 1 : max);
}

static uint32_t some_size(uint32_t max)
{
    return 4 + fuzz_u8() % (max / 4) * 4;
}

/* Slots of a ring or lane at most, and so the most that a call can grant or find. */
static uint32_t at_most(const struct session *s, uint32_t n)
{
    return ring_min(n, 2 * s->g.entries);
}

/* What a call that can fail may return: 0..n, or broken; and broken for ever, but never among the
 * honest. */
static uint32_t granted(const struct session *s, int32_t result, uint32_t n, bool *broken)
{
    fuzz_check(result == RING_EBROKEN || (result >= 0 && (uint32_t)result <= at_most(s, n)));
    if (*broken)
        fuzz_check(result == RING_EBROKEN);
    if (result == RING_EBROKEN) {
        fuzz_check(fuzz_hostile());
        *broken = true;
        return 0;
    }
    return (uint32_t)result;
}

static void req_reserve(struct session *s)
{
    uint32_t n = some(s->capacity + 2);
    if (release_frees && !s->one_way) /* else the ring itself knows */
        n = ring_min(n, s->capacity - s->outstanding);
    if (s->req_granted != 0 || n == 0)
        return;
    CALL(req_reserve, at_most(s, n));
    s->req_granted = granted(s, R(req_reserve)(s->f, n), n, &s->req_tx_broken);
    s->over = s->over || s->req_published + s->req_granted > IDS;
}

static void req_publish(struct session *s)
{
    uint32_t n = s->req_granted;
    if (n == 0)
        return;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = s->req_published + i;
        answered[id] = 0;
        memset(s->req, (int)id, s->g.req_size);
        memcpy(s->req, &id, 4);
        CALL(req_write, 0);
        R(req_write)(s->f, i, s->req, some_size(s->g.req_size));
    }
    s->req_published += n;
    if (!s->one_way)
        s->outstanding += n;
    s->req_granted = 0;
    CALL(req_publish, n);
    R(req_publish)(s->f, n);
}

static void req_peek(struct session *s)
{
    uint32_t n = some(s->capacity + 2);
    CALL(req_peek, at_most(s, n));
    uint32_t found = granted(s, R(req_peek)(s->b, n), n, &s->req_rx_broken);
    s->req_peeked = found;
    if (s->req_released + found > s->req_seen)
        s->req_seen = s->req_released + found;
    if (!fuzz_hostile())
        fuzz_check(s->req_released + found <= s->req_published);
}

static struct pending read_one(struct session *s, uint32_t i)
{
    struct pending p;
    CALL(req_read, 0);
    p.tag = R(req_read)(s->b, i, s->req, some_size(s->g.req_size));
    memcpy(&p.id, s->req, 4);
    if (!fuzz_hostile())
        fuzz_check(p.id == s->req_released + i);
    return p;
}

static void req_read(struct session *s)
{
    if (s->req_peeked != 0)
        read_one(s, fuzz_u8() % s->req_peeked);
}

/* Reads the first n of the last peek into the pool, as far as they are not there yet. */
static void take(struct session *s, uint32_t n)
{
    while (s->taken < s->req_released + n)
        s->pool[s->pooled++] = read_one(s, s->taken++ - s->req_released);
}

static uint32_t takeable(const struct session *s)
{
    return ring_min(s->req_peeked, s->taken - s->req_released + s->pool_max - s->pooled);
}

/* To be answered before they are released. */
static void req_take(struct session *s)
{
    uint32_t n = takeable(s);
    if (release_frees && n != 0)
        take(s, some(n) % (n + 1));
}

static void req_release(struct session *s)
{
    uint32_t n = takeable(s);
    if (n == 0)
        return;
    n = ring_min(n, some(n));
    take(s, n);
    if (s->one_way)
        s->pooled = 0; /* never answered */
    s->req_released += n;
    s->req_peeked = 0; /* what is left is peeked at again */
    CALL(req_release, n);
    R(req_release)(s->b, n);
}

static void rsp_reserve(struct session *s)
{
    uint32_t n = ring_min(some(s->capacity), s->pooled);
    if (s->rsp_granted != 0 || n == 0 || s->one_way)
        return;
    CALL(rsp_reserve, n);
    s->rsp_granted = granted(s, R(rsp_reserve)(s->b, n), n, &s->rsp_tx_broken);
}

static void rsp_publish(struct session *s)
{
    uint32_t n = s->rsp_granted;
    if (n == 0)
        return;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t pick = fuzz_u8() % s->pooled;
        struct pending p = s->pool[pick];
        s->pool[pick] = s->pool[--s->pooled];
        memset(s->rsp, (int)p.id, s->g.rsp_size);
        memcpy(s->rsp, &p.id, 4);
        CALL(rsp_write, 0);
        R(rsp_write)(s->b, i, p.tag, s->rsp, some_size(s->g.rsp_size));
    }
    s->rsp_published += n;
    s->rsp_granted = 0;
    CALL(rsp_publish, n);
    R(rsp_publish)(s->b, n);
}

static void rsp_peek(struct session *s)
{
    uint32_t n = some(s->capacity + 2);
    CALL(rsp_peek, at_most(s, n));
    uint32_t found = granted(s, R(rsp_peek)(s->f, n), n, &s->rsp_rx_broken);
    s->rsp_peeked = found;
    if (s->rsp_released + found > s->rsp_seen)
        s->rsp_seen = s->rsp_released + found;
    if (!fuzz_hostile())
        fuzz_check(s->rsp_released + found <= s->rsp_published);
    if (!release_frees) /* a slot or descriptor is answered once, whoever says otherwise */
        fuzz_check(s->rsp_released + found <= s->req_published);
}

static uint32_t read_response(struct session *s, uint32_t i)
{
    uint32_t id;
    CALL(rsp_read, 0);
    R(rsp_read)(s->f, i, s->rsp, some_size(s->g.rsp_size));
    memcpy(&id, s->rsp, 4);
    return id;
}

static void rsp_read(struct session *s)
{
    if (s->rsp_peeked != 0)
        read_response(s, fuzz_u8() % s->rsp_peeked);
}

static void rsp_release(struct session *s)
{
    if (s->rsp_peeked == 0)
        return;
    uint32_t n = ring_min(s->rsp_peeked, some(s->rsp_peeked));
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = read_response(s, i);
        if (!fuzz_hostile()) {
            fuzz_check(id < s->req_published);
            fuzz_check(answered[id]++ == 0);
        }
    }
    s->outstanding -= ring_min(n, s->outstanding);
    s->rsp_released += n;
    s->rsp_peeked = 0;
    CALL(rsp_release, n);
    R(rsp_release)(s->f, n);
}

static void req_ask(struct session *s)
{
    CALL(req_ask, 0);
    R(req_ask)(s->f);
}

static void rsp_ask(struct session *s)
{
    CALL(rsp_ask, s->g.fronts);
    uint64_t fronts = R(rsp_ask)(s->b);
    fuzz_check(fronts >> s->g.fronts == 0);
}

static void rsp_reached(struct session *s)
{
    CALL(rsp_reached, s->g.fronts);
    uint64_t fronts = R(rsp_reached)(s->b);
    fuzz_check(fronts >> s->g.fronts == 0);
}

static void req_arm(struct session *s)
{
    if (s->req_seen > s->req_released)
        return; /* all that was peeked must have been released */
    uint32_t after = ring_min(some(s->capacity), s->capacity);
    CALL(req_arm, 0);
    bool already = R(req_arm)(s->b, after);
    if (s->req_rx_broken)
        fuzz_check(already); /* who slept now would do so for ever */
    if (!fuzz_hostile() && already)
        fuzz_check(s->req_published > s->req_released);
}

static void rsp_arm(struct session *s)
{
    if (s->rsp_seen > s->rsp_released)
        return;
    uint32_t after = ring_min(some(s->capacity), s->capacity);
    CALL(rsp_arm, 0);
    bool already = R(rsp_arm)(s->f, after);
    if (s->rsp_rx_broken)
        fuzz_check(already);
    if (!fuzz_hostile() && already)
        fuzz_check(s->rsp_published > s->rsp_released);
}

static void step(struct session *s)
{
    switch (fuzz_u8() % 22) {
    case 0:
        req_reserve(s);
        break;
    case 1:
        req_publish(s);
        break;
    case 2:
        req_reserve(s);
        req_publish(s);
        break;
    case 3:
        CALL(req_flush, 0);
        R(req_flush)(s->f);
        break;
    case 4:
        req_ask(s);
        break;
    case 5:
        req_peek(s);
        break;
    case 6:
        req_read(s);
        break;
    case 7:
        req_take(s);
        break;
    case 8:
        req_release(s);
        break;
    case 9:
        req_arm(s);
        break;
    case 10:
        CALL(req_disarm, 0);
        R(req_disarm)(s->b);
        break;
    case 11:
        rsp_reserve(s);
        break;
    case 12:
        rsp_publish(s);
        break;
    case 13:
        CALL(rsp_flush, s->g.fronts);
        R(rsp_flush)(s->b);
        break;
    case 14:
        rsp_ask(s);
        break;
    case 15:
        rsp_reached(s);
        break;
    case 16:
        rsp_peek(s);
        break;
    case 17:
        rsp_read(s);
        break;
    case 18:
        rsp_release(s);
        break;
    case 19:
        if (fuzz_u8() & 1) {
            rsp_arm(s);
        } else {
            CALL(rsp_disarm, 0);
            R(rsp_disarm)(s->f);
        }
        break;
    case 20:
        fuzz_scribble();
        break;
    default:
        fuzz_plan();
        break;
    }
}

static void *exactly(size_t size, size_t align)
{
    void *p = NULL;
    if (posix_memalign(&p, align, size) != 0)
        abort();
    memset(p, 0xa5, size); /* a layout must not count on zeroes */
    return p;
}

void R(fuzz_one)(const uint8_t *data, size_t size);
void R(fuzz_one)(const uint8_t *data, size_t size)
{
    struct session s = {0};
    struct ring_footprint fp = {0};

    fuzz_begin(data, size);
    uint8_t shape = fuzz_u8();
    s.g.entries = 2U << shape % ENTRIES_LOG2_MAX;
    s.g.fronts = (R(TRAITS) & RING_MANY_FRONTS) != 0 ? 1 + (shape >> 3) % FRONTS : 1;
    s.one_way = release_frees && shape >> 6 == 3;
    s.g.req_size = RING_SIZE_MIN + fuzz_u8() % 63 * 4;
    s.g.rsp_size = RING_SIZE_MIN + fuzz_u8() % 63 * 4;
    s.g.start = starts[fuzz_u8() % STARTS];

    fuzz_check(R(footprint)(&s.g, &fp) == RING_OK);
    s.capacity = R(capacity)(&s.g);
    void *shared = exactly(fp.shared, RING_ALIGN);
    void *front_priv = fp.front != 0 ? exactly(fp.front, sizeof(uint64_t)) : NULL;
    void *back_priv = fp.back != 0 ? exactly(fp.back, sizeof(uint64_t)) : NULL;
    s.f = (struct R(front) *)exactly(sizeof(*s.f), _Alignof(max_align_t));
    s.b = (struct R(back) *)exactly(sizeof(*s.b), _Alignof(max_align_t));
    s.req = (uint8_t *)exactly(s.g.req_size, sizeof(void *));
    s.rsp = (uint8_t *)exactly(s.g.rsp_size, sizeof(void *));
    s.pool_max = 2 * s.g.entries;
    s.pool = (struct pending *)exactly(s.pool_max * sizeof(*s.pool), sizeof(void *));

    fuzz_region(shared, fp.shared);
    fuzz_call("front_init", SIZE_MAX);
    fuzz_check(R(front_init)(s.f, &s.g, shared, front_priv) == RING_OK);
    for (uint8_t n = fuzz_u8() % 4; n != 0; n--)
        fuzz_scribble(); /* attaching trusts nothing that it finds */
    fuzz_call("back_attach", SIZE_MAX);
    fuzz_check(R(back_attach)(s.b, &s.g, shared, back_priv) == RING_OK);

    while (fuzz_more() && !s.over)
        step(&s);

    free(s.pool);
    free(s.rsp);
    free(s.req);
    free(s.b);
    free(s.f);
    free(back_priv);
    free(front_priv);
    free(shared);
}

/* SPDX-License-Identifier: MIT */
/*
 * The virtio-packed layout against a minimal device and a minimal driver, written here from VIRTIO
 * 1.2, section 2.8, on the structures of <linux/virtio_ring.h>. Neither looks at the layout's own
 * code or assumes its habits: both walk the ring with an offset and a wrap counter, the device
 * takes chains of any length, and the driver hands out ids and buffers in no order.
 */
#define RING_LAYOUT virtio_packed
#define EVENT_PERIOD(entries) (entries) /* two laps of chains of two */

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#define F_AVAIL (1U << VRING_PACKED_DESC_F_AVAIL)
#define F_USED (1U << VRING_PACKED_DESC_F_USED)
#define EVENT_WRAP (1U << VRING_PACKED_EVENT_F_WRAP_CTR)

/* A place in the ring, as 2.8.1 has it. */
struct cursor {
    uint16_t offset;
    bool wrap;
};

/* Both foreign ends; a channel has one of them. */
struct peer {
    uint16_t num;
    struct vring_packed_desc *ring;
    struct vring_packed_desc_event *driver_event, *device_event;
    uint8_t *region;           /* bus address 0 */
    struct cursor avail, used; /* the next descriptor to make available or take; likewise used */

    /* By id: where the response goes, and how many descriptors the chain has. */
    struct {
        uint64_t addr;
        uint32_t len;
        uint16_t elements;
    } chain[64];

    /* Driver: ids and places for buffers that are not in use. */
    uint16_t ids[64], places[64];
    uint32_t chains; /* how many of each */
    uint32_t buffers, place_size;
};

#include "tests/interop/interop.h"

static struct ring_geometry game_geometry(size_t game)
{
    return (struct ring_geometry){.entries = interop_sizes[game % INTEROP_SIZES],
                                  .req_size = game % 2 != 0 ? 12 : 16,
                                  .rsp_size = game % 2 != 0 ? 24 : 8,
                                  .fronts = 1,
                                  .start = interop_starts[game / INTEROP_SIZES]};
}

#define GAMES (INTEROP_SIZES * INTEROP_STARTS)

static void advance(const struct peer *p, struct cursor *cursor, uint32_t descriptors)
{
    for (; descriptors != 0; descriptors--)
        if (++cursor->offset == p->num) {
            cursor->offset = 0;
            cursor->wrap = !cursor->wrap;
        }
}

static uint16_t mark(bool avail, bool used)
{
    return (uint16_t)((avail ? F_AVAIL : 0) | (used ? F_USED : 0));
}

static uint16_t off_wrap(struct cursor cursor)
{
    return (uint16_t)(cursor.offset | (cursor.wrap ? EVENT_WRAP : 0));
}

/*
 * Must the peer be told, of whom `event` is, that `passed` descriptors were written up to `at`? As
 * 2.8.10 has it: when the descriptor at that offset is written in the lap with that wrap counter.
 */
static bool event_due(const struct peer *p, const struct vring_packed_desc_event *event,
                      struct cursor at, uint32_t passed)
{
    assert_int_equal(event->flags, VRING_PACKED_EVENT_FLAG_DESC);
    assert_true((event->off_wrap & ~EVENT_WRAP) < p->num);
    struct cursor from = at;
    from.wrap = passed > from.offset ? !from.wrap : from.wrap;
    from.offset = (uint16_t)((from.offset + p->num - passed) % p->num);
    if (passed == p->num) /* a whole lap: from where `at` is, the lap before */
        from = (struct cursor){at.offset, !at.wrap};
    for (; passed != 0; passed--) {
        if (off_wrap(from) == event->off_wrap)
            return true;
        advance(p, &from, 1);
    }
    return false;
}

/* 2.8.1: both wrap counters begin at 1; a ring that begins elsewhere is in the lap of that place.
 */
static void peer_attach(struct channel *c)
{
    struct peer *p = &c->peer;
    uint32_t start = c->geometry.start;
    p->num = (uint16_t)c->geometry.entries;
    p->region = c->shared;
    p->ring = (struct vring_packed_desc *)c->shared;
    size_t events = (p->num * sizeof(*p->ring) + 127) / 128 * 128;
    p->driver_event = (struct vring_packed_desc_event *)(c->shared + events);
    p->device_event = (struct vring_packed_desc_event *)(c->shared + events + 128);
    p->avail = p->used = (struct cursor){(uint16_t)(start % p->num), start / p->num % 2 == 0};
}

/* ---- The device ---- */

/* 2.8.6: the id is in the last descriptor, and all of them are marked in the lap that they lie in.
 */
static void device_takes_requests(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint32_t n = some(c, rng);
    for (; n != 0; n--) {
        uint16_t flags = __atomic_load_n(&p->ring[p->avail.offset].flags, __ATOMIC_ACQUIRE);
        if ((flags & (F_AVAIL | F_USED)) != mark(p->avail.wrap, !p->avail.wrap))
            break;
        uint8_t request[RING_SIZE_MAX];
        uint32_t size = 0;
        uint64_t addr = 0;
        uint32_t len = 0;
        uint16_t id = 0, elements = 0;
        for (bool more = true; more; elements++) {
            assert_true(elements < p->num);
            const struct vring_packed_desc *d = &p->ring[p->avail.offset];
            assert_int_equal(d->flags & (F_AVAIL | F_USED), mark(p->avail.wrap, !p->avail.wrap));
            assert_int_equal(
                d->flags & ~(F_AVAIL | F_USED | VRING_DESC_F_NEXT | VRING_DESC_F_WRITE), 0);
            assert_true(d->addr <= c->size && d->len <= c->size - d->addr);
            assert_int_equal(len, 0); /* nothing after the writable element */
            if (d->flags & VRING_DESC_F_WRITE) {
                addr = d->addr;
                len = d->len;
            } else {
                assert_true(size + d->len <= sizeof(request));
                memcpy(request + size, p->region + d->addr, d->len);
                size += d->len;
            }
            more = d->flags & VRING_DESC_F_NEXT;
            id = d->id;
            advance(p, &p->avail, 1);
        }
        assert_int_equal(size, c->geometry.req_size);
        assert_int_equal(len, c->geometry.rsp_size);
        assert_true(id < p->num);
        p->chain[id].addr = addr;
        p->chain[id].len = len;
        p->chain[id].elements = elements;
        took_request(c, request, id);
    }
    assert_true(n == 0 || c->seen == c->sent);
}

static void device_responds(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint32_t before = c->done, passed = 0;
    for (uint32_t n = ring_min(some(c, rng), c->pendings); n != 0; n--) {
        uint8_t response[RING_SIZE_MAX];
        uint16_t id = (uint16_t)next_response(c, rng, response);
        memcpy(p->region + p->chain[id].addr, response, c->geometry.rsp_size);
        struct vring_packed_desc *d = &p->ring[p->used.offset];
        d->id = id;
        d->len = c->geometry.rsp_size;
        __atomic_store_n(&d->flags, mark(p->used.wrap, p->used.wrap) | VRING_DESC_F_WRITE,
                         __ATOMIC_SEQ_CST);
        advance(p, &p->used, p->chain[id].elements);
        passed += p->chain[id].elements;
    }
    assert_int_equal(event_due(p, p->driver_event, p->used, passed),
                     due(c, c->rsp_event, before, c->done));
}

/* To be told of the after-th chain from here, by any of its descriptors. */
static void device_arms(struct channel *c, struct rng *rng)
{
    uint32_t after = 1 + rng_below(rng, c->capacity);
    struct cursor at = c->peer.avail;
    c->req_event = c->seen + after;
    advance(&c->peer, &at, 2 * (after - 1) + rng_below(rng, 2));
    *c->peer.device_event = (struct vring_packed_desc_event){.off_wrap = off_wrap(at),
                                                             .flags = VRING_PACKED_EVENT_FLAG_DESC};
}

static void test_our_front_device(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    for (size_t game = 0; game < GAMES; game++) {
        struct ring_geometry geometry = game_geometry(game);
        struct channel *c = channel_open(&geometry);
        our_front_init(c);
        peer_attach(c);
        play(c, &rng,
             (move_fn *const[]){our_requests, our_takes_responses, our_arms_responses,
                                device_takes_requests, device_responds, device_arms});
    }
}

/* ---- The driver ---- */

static void shuffle(uint16_t *list, uint32_t n, struct rng *rng)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = rng_below(rng, i + 1);
        list[i] = list[at];
        list[at] = (uint16_t)i;
    }
}

/* Buffers lie right behind the rings, as many as there may be chains, on any alignment. */
static void driver_init(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    peer_attach(c);
    *p->driver_event = *p->device_event = (struct vring_packed_desc_event){
        .off_wrap = off_wrap(p->avail), .flags = VRING_PACKED_EVENT_FLAG_DESC};
    p->buffers = (uint32_t)((uint8_t *)(p->device_event + 1) - p->region);
    p->place_size = ((uint32_t)c->size - p->buffers) / c->capacity;
    p->chains = c->capacity;
    shuffle(p->ids, p->num, rng); /* more than can be in flight */
    shuffle(p->places, c->capacity, rng);
}

/* 2.8.21.1: the first descriptor's flags last. Its id is reserved: only the last one's counts. */
static void driver_makes_available(struct channel *c, uint64_t place, uint16_t id)
{
    struct peer *p = &c->peer;
    struct vring_packed_desc *readable = &p->ring[p->avail.offset];
    uint16_t flags = mark(p->avail.wrap, !p->avail.wrap) | VRING_DESC_F_NEXT;
    *readable = (struct vring_packed_desc){.addr = place + c->geometry.rsp_size,
                                           .len = c->geometry.req_size,
                                           .id = 0xdead,
                                           .flags = readable->flags};
    advance(p, &p->avail, 1);
    p->ring[p->avail.offset] = (struct vring_packed_desc){
        .addr = place,
        .len = c->geometry.rsp_size,
        .id = id,
        .flags = mark(p->avail.wrap, !p->avail.wrap) | VRING_DESC_F_WRITE};
    advance(p, &p->avail, 1);
    __atomic_store_n(&readable->flags, flags, __ATOMIC_SEQ_CST);
}

static void driver_sends(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint32_t before = c->sent;
    for (uint32_t n = ring_min(some(c, rng), p->chains); n != 0; n--) {
        uint16_t id = p->ids[--p->chains];
        uint64_t place = p->buffers + p->places[p->chains] * p->place_size;
        p->chain[id].addr = place;
        p->chain[id].elements = 2;
        next_request(c, p->region + place + c->geometry.rsp_size);
        driver_makes_available(c, place, id);
    }
    assert_int_equal(event_due(p, p->device_event, p->avail, 2 * (c->sent - before)),
                     due(c, c->req_event, before, c->sent));
}

static void driver_receives(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint32_t n = some(c, rng);
    for (; n != 0 && c->got != c->sent; n--) {
        const struct vring_packed_desc *d = &p->ring[p->used.offset];
        uint16_t flags = __atomic_load_n(&d->flags, __ATOMIC_ACQUIRE), id = d->id;
        if ((flags & (F_AVAIL | F_USED)) != mark(p->used.wrap, p->used.wrap))
            break;
        assert_true(id < p->num && p->chain[id].elements != 0);
        assert_int_equal(flags & VRING_DESC_F_WRITE, VRING_DESC_F_WRITE);
        assert_int_equal(d->len, c->geometry.rsp_size);
        took_response(c, p->region + p->chain[id].addr);
        advance(p, &p->used, p->chain[id].elements);
        p->chain[id].elements = 0;
        p->places[p->chains] = (uint16_t)((p->chain[id].addr - p->buffers) / p->place_size);
        p->ids[p->chains++] = id;
    }
    assert_true(n == 0 || c->got == c->done);
}

static void driver_arms(struct channel *c, struct rng *rng)
{
    uint32_t after = 1 + rng_below(rng, c->capacity);
    struct cursor at = c->peer.used;
    c->rsp_event = c->got + after;
    advance(&c->peer, &at, 2 * (after - 1));
    *c->peer.driver_event = (struct vring_packed_desc_event){.off_wrap = off_wrap(at),
                                                             .flags = VRING_PACKED_EVENT_FLAG_DESC};
}

static void test_driver_our_back(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(2);
    for (size_t game = 0; game < GAMES; game++) {
        struct ring_geometry geometry = game_geometry(game);
        struct channel *c = channel_open(&geometry);
        driver_init(c, &rng);
        our_back_attach(c);
        play(c, &rng,
             (move_fn *const[]){driver_sends, driver_receives, driver_arms, our_takes_requests,
                                our_responses, our_arms_requests});
    }
}

/* ---- What no correct peer does ---- */

/* A driver that has made available one chain of 8 descriptors: 0 to read, 1 to write. */
static struct channel *one_chain(void)
{
    struct ring_geometry geometry = {8, 16, 8, 1, 0};
    struct rng rng = rng_seeded(3);
    struct channel *c = channel_open(&geometry);
    driver_init(c, &rng);
    our_back_attach(c);
    driver_makes_available(c, c->peer.buffers, 5);
    return c;
}

/* Peeking for n finds out, and the end stays broken. */
static void refused_by_back(struct channel *c, uint32_t n)
{
    assert_int_equal(R(req_peek)(&c->back, n), RING_EBROKEN);
    assert_int_equal(R(req_peek)(&c->back, 1), RING_EBROKEN);
    assert_int_equal(R(rsp_reserve)(&c->back, 1), RING_EBROKEN);
    assert_true(R(req_arm)(&c->back, 1));
}

static void test_back_refuses(void **state)
{
    (void)state;
    struct channel *c = one_chain();
    assert_int_equal(R(req_peek)(&c->back, 8), 1);

    static const struct {
        int desc;                      /* 0 or 1 of one_chain() */
        struct vring_packed_desc xor ; /* what is wrong with it */
    } wrong[] = {
        {0, {.flags = VRING_DESC_F_NEXT}},     /* one descriptor only */
        {0, {.flags = VRING_DESC_F_WRITE}},    /* nothing to read */
        {0, {.flags = VRING_DESC_F_INDIRECT}}, /* not offered */
        {0, {.len = 16 ^ 20}},
        {0, {.len = 16 ^ 12}},
        {0, {.addr = 1ULL << 63}},
        {0, {.addr = 1ULL << 32}},
        {1, {.flags = VRING_DESC_F_NEXT}},  /* three descriptors */
        {1, {.flags = VRING_DESC_F_WRITE}}, /* nothing to write */
        {1, {.flags = VRING_DESC_F_INDIRECT}},
        {1, {.flags = F_AVAIL}},          /* not available */
        {1, {.flags = F_AVAIL | F_USED}}, /* in the other lap */
        {1, {.len = 8 ^ 4}},
        {1, {.len = 1U << 31}},
        {1, {.addr = 1ULL << 63}},
        {1, {.addr = 1ULL << 32}},
        {1, {.id = 5 ^ 8}}, /* not below the queue size */
        {1, {.id = 5 ^ 0xffff}},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        c = one_chain();
        struct vring_packed_desc *d = &c->peer.ring[wrong[i].desc];
        d->addr ^= wrong[i].xor.addr;
        d->len ^= wrong[i].xor.len;
        d->id ^= wrong[i].xor.id;
        d->flags ^= wrong[i].xor.flags;
        refused_by_back(c, 8);
    }

    c = one_chain();
    driver_makes_available(c, c->peer.buffers, 5); /* in flight already */
    refused_by_back(c, 2);
}

/* The last bytes of the region may be used, and none behind them. */
static void test_back_knows_the_edge(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++)
        for (int which = 0; which < 2; which++) {
            struct channel *c = one_chain();
            struct vring_packed_desc *d = &c->peer.ring[which];
            d->addr = c->size - d->len + (uint32_t)over;
            assert_int_equal(R(req_peek)(&c->back, 1), over ? RING_EBROKEN : 1);
        }
}

/* With all chains in flight, a descriptor that says it is available cannot be, and is not taken. */
static void test_back_takes_no_more_than_fit(void **state)
{
    (void)state;
    struct channel *c = one_chain();
    for (uint16_t id = 0; id < 3; id++)
        driver_makes_available(c, c->peer.buffers, id);
    assert_int_equal(R(req_peek)(&c->back, 8), 4);
    R(req_release)(&c->back, 4);
    driver_makes_available(c, c->peer.buffers, 7);
    assert_int_equal(R(req_peek)(&c->back, 8), 0);
}

/* What a back end has checked, it does not read again. */
static void test_back_reads_once(void **state)
{
    (void)state;
    struct channel *c = one_chain();
    uint8_t request[16], response[8], got[16];
    payload_fill(request, sizeof(request), PAYLOAD_REQUEST, 7);
    payload_fill(response, sizeof(response), PAYLOAD_RESPONSE, 7);
    uint64_t readable = c->peer.ring[0].addr, writable = c->peer.ring[1].addr;
    memcpy(c->shared + readable, request, sizeof(request));
    assert_int_equal(R(req_peek)(&c->back, 1), 1);
    memset(c->peer.ring, 0xff, 8 * sizeof(struct vring_packed_desc));
    uint32_t tag = R(req_read)(&c->back, 0, got, sizeof(got));
    assert_memory_equal(got, request, sizeof(request));
    R(req_release)(&c->back, 1);
    assert_int_equal(R(rsp_reserve)(&c->back, 1), 1);
    R(rsp_write)(&c->back, 0, tag, response, sizeof(response));
    R(rsp_publish)(&c->back, 1);
    assert_memory_equal(c->shared + writable, response, sizeof(response));
    assert_int_equal(c->peer.ring[0].id, 5);
    assert_int_equal(c->peer.ring[0].flags, mark(true, true) | VRING_DESC_F_WRITE);
}

/* A tag that is not in flight is a bug of the caller: nothing is written, nothing published. */
static void test_back_refuses_tags(void **state)
{
    (void)state;
    static const uint32_t tags[] = {0, 4, 8, UINT32_MAX};
    for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
        struct channel *c = one_chain();
        struct vring_packed_desc before = c->peer.ring[0];
        assert_int_equal(R(req_peek)(&c->back, 1), 1);
        R(req_release)(&c->back, 1);
        assert_int_equal(R(rsp_reserve)(&c->back, 1), 1);
        R(rsp_write)(&c->back, 0, tags[i], "01234567", 8);
        R(rsp_publish)(&c->back, 1);
        assert_memory_equal(&before, &c->peer.ring[0], sizeof(before));
        refused_by_back(c, 8);
    }
}

/* 2.8.3: a response of no bytes is used without WRITE. */
static void test_empty_response(void **state)
{
    (void)state;
    struct channel *c = one_chain();
    assert_int_equal(R(req_peek)(&c->back, 1), 1);
    R(req_release)(&c->back, 1);
    assert_int_equal(R(rsp_reserve)(&c->back, 1), 1);
    R(rsp_write)(&c->back, 0, 5, "", 0);
    R(rsp_publish)(&c->back, 1);
    assert_int_equal(c->peer.ring[0].flags, mark(true, true));
}

/* Our front end with two requests out: ids of its own choice, as a device sees them. */
static struct channel *two_requests(void)
{
    struct ring_geometry geometry = {8, 16, 8, 1, 0};
    struct channel *c = channel_open(&geometry);
    our_front_init(c);
    peer_attach(c);
    uint8_t request[16] = {0};
    assert_int_equal(R(req_reserve)(&c->front, 2), 2);
    R(req_write)(&c->front, 0, request, sizeof(request));
    R(req_write)(&c->front, 1, request, sizeof(request));
    R(req_publish)(&c->front, 2);
    return c;
}

static void device_uses(struct channel *c, uint16_t id, uint32_t len, uint16_t flags)
{
    struct peer *p = &c->peer;
    struct vring_packed_desc *d = &p->ring[p->used.offset];
    d->id = id;
    d->len = len;
    d->flags = mark(p->used.wrap, p->used.wrap) | flags;
    advance(p, &p->used, 2);
}

static void refused_by_front(struct channel *c)
{
    assert_int_equal(R(rsp_peek)(&c->front, 8), RING_EBROKEN);
    assert_int_equal(R(rsp_peek)(&c->front, 1), RING_EBROKEN);
    assert_int_equal(R(req_reserve)(&c->front, 1), RING_EBROKEN);
    assert_true(R(rsp_arm)(&c->front, 1));
}

static void test_front_refuses(void **state)
{
    (void)state;
    struct channel *c = two_requests();
    uint16_t first = c->peer.ring[1].id, second = c->peer.ring[3].id;
    device_uses(c, second, 4, VRING_DESC_F_WRITE);        /* less than the buffer holds is legal */
    device_uses(c, first, UINT32_MAX, VRING_DESC_F_NEXT); /* 2.8.4, 2.8.6: both ignored */
    device_uses(c, first, 8, VRING_DESC_F_WRITE); /* and where nothing is out, none is looked for */
    assert_int_equal(R(rsp_peek)(&c->front, 8), 2);

    c = two_requests();
    device_uses(c, first, 12, VRING_DESC_F_WRITE); /* longer than the buffer */
    refused_by_front(c);

    for (uint32_t id = 0; id <= UINT16_MAX; id += id < 8 ? 1 : id) { /* not in flight */
        if (id == first || id == second)
            continue;
        c = two_requests();
        device_uses(c, (uint16_t)id, 8, VRING_DESC_F_WRITE);
        refused_by_front(c);
    }

    c = two_requests();
    device_uses(c, first, 8, VRING_DESC_F_WRITE);
    device_uses(c, first, 8, VRING_DESC_F_WRITE); /* twice */
    refused_by_front(c);
}

/* ---- Shape, and the other ways to ask for notifications ---- */

static void test_event_modes(void **state)
{
    (void)state;
    static const struct {
        uint16_t flags;
        bool tell;
    } modes[] = {{VRING_PACKED_EVENT_FLAG_ENABLE, true},
                 {VRING_PACKED_EVENT_FLAG_DISABLE, false},
                 {3, true}}; /* reserved: telling too much does no harm */
    for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
        struct channel *c = two_requests();
        c->peer.device_event->flags = modes[i].flags;
        assert_int_equal(R(req_ask)(&c->front), modes[i].tell);
        assert_false(R(req_ask)(&c->front)); /* nothing new since */

        c = one_chain();
        c->peer.driver_event->flags = modes[i].flags;
        assert_int_equal(R(req_peek)(&c->back, 1), 1);
        R(req_release)(&c->back, 1);
        assert_int_equal(R(rsp_reserve)(&c->back, 1), 1);
        R(rsp_write)(&c->back, 0, 5, "01234567", 8);
        R(rsp_publish)(&c->back, 1);
        assert_int_equal(R(rsp_ask)(&c->back), modes[i].tell);
        assert_int_equal(R(rsp_ask)(&c->back), 0);
    }
}

/* 2.8.13: a fresh ring is zero, and both sides ask for the first descriptor of the first lap. */
static void test_fresh(void **state)
{
    (void)state;
    for (size_t game = 0; game < INTEROP_SIZES; game++) {
        struct ring_geometry geometry = game_geometry(game);
        struct channel *c = channel_open(&geometry);
        memset(c->shared, 0xa5, c->size);
        our_front_init(c);
        peer_attach(c);
        for (uint32_t i = 0; i < geometry.entries; i++) {
            static const struct vring_packed_desc zero;
            assert_memory_equal(&c->peer.ring[i], &zero, sizeof(zero));
        }
        assert_int_equal(c->peer.driver_event->off_wrap, EVENT_WRAP);
        assert_int_equal(c->peer.driver_event->flags, VRING_PACKED_EVENT_FLAG_DESC);
        assert_int_equal(c->peer.device_event->off_wrap, EVENT_WRAP);
        assert_int_equal(c->peer.device_event->flags, VRING_PACKED_EVENT_FLAG_DESC);
        assert_false(R(rsp_arm)(&c->front, 1));

        /* In the second lap, a descriptor of zeroes would be a used one. */
        geometry.start = geometry.entries;
        c = channel_open(&geometry);
        our_front_init(c);
        assert_int_equal(R(rsp_peek)(&c->front, 1), 0);
        assert_false(R(rsp_arm)(&c->front, 1));
    }
}

static void test_shape(void **state)
{
    (void)state;
    struct vring_packed_desc example = {
        .addr = 1, .len = 0x02030405, .id = 0x0607, .flags = 0x0809};
    struct virtio_packed_desc same = {1, virtio_packed_rest(0x02030405, 0x0607, 0x0809)};
    assert_int_equal(sizeof(same), sizeof(example));
    assert_memory_equal(&example, &same, sizeof(same));

    struct vring_packed_desc_event event = {.off_wrap = 3 | EVENT_WRAP,
                                            .flags = VRING_PACKED_EVENT_FLAG_DESC};
    uint32_t word = virtio_packed_event(8, 16 + 3);
    assert_int_equal(sizeof(event), sizeof(word));
    assert_memory_equal(&event, &word, sizeof(word));
    event.off_wrap = 3;
    word = virtio_packed_event(8, 8 + 3);
    assert_memory_equal(&event, &word, sizeof(word));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_fresh),
        cmocka_unit_test(test_event_modes),
        cmocka_unit_test(test_our_front_device),
        cmocka_unit_test(test_driver_our_back),
        cmocka_unit_test(test_back_refuses),
        cmocka_unit_test(test_back_knows_the_edge),
        cmocka_unit_test(test_back_takes_no_more_than_fit),
        cmocka_unit_test(test_back_reads_once),
        cmocka_unit_test(test_back_refuses_tags),
        cmocka_unit_test(test_empty_response),
        cmocka_unit_test(test_front_refuses),
    };
    return tap_run("interop virtio-packed", tests, sizeof(tests) / sizeof(*tests));
}

/* SPDX-License-Identifier: MIT */
/*
 * The virtio-split layout against a minimal device and a minimal driver, written here from VIRTIO
 * 1.2, section 2.7, on the structures, macros and placement of <linux/virtio_ring.h>. Neither looks
 * at the layout's own code or assumes its habits: the device walks chains of any length, and the
 * driver hands out descriptors and buffers in no order.
 */
#define RING_LAYOUT virtio_split
#define EVENT_PERIOD(entries) ((void)(entries), 1ULL << 16)

#include <linux/virtio_ring.h>
#include <stdbool.h>
#include <stdint.h>

#define VRING_ALIGN 128 /* of the used ring: what the layout places it at */

/* Both foreign ends; a channel has one of them. Of the ring only what 2.7 says is used. */
struct peer {
    struct vring ring;
    uint8_t *region;              /* bus address 0 */
    uint16_t avail_idx, used_idx; /* the next entry to write, or to read */

    /* Device: where the response to a head goes. */
    struct {
        uint64_t addr;
        uint32_t len;
    } writable[64];

    /* Driver: descriptors not in use; where buffers lie, and the places there not in use. */
    uint16_t free[64];
    uint32_t frees;
    uint16_t places[32];
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

static void peer_attach(struct channel *c)
{
    struct peer *p = &c->peer;
    p->region = c->shared;
    p->avail_idx = p->used_idx = (uint16_t)c->geometry.start;
    vring_init(&p->ring, c->geometry.entries, c->shared, VRING_ALIGN);
}

/* ---- The device ---- */

/* One element of a chain must lie in the region, which is all the memory that there is. */
static void check_element(const struct channel *c, const struct vring_desc *d)
{
    assert_true(d->addr <= c->size && d->len <= c->size - d->addr);
}

/* 2.7.5: readable elements first, then writable ones; no flag that was not negotiated. */
static void device_takes_requests(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint16_t avail_idx = __atomic_load_n(&p->ring.avail->idx, __ATOMIC_ACQUIRE);
    assert_int_equal((uint16_t)(avail_idx - p->avail_idx), c->sent - c->seen);
    assert_int_equal(p->ring.avail->flags, 0); /* 2.7.7.1: with event index */
    for (uint32_t n = some(c, rng); n != 0 && p->avail_idx != avail_idx; n--) {
        uint16_t head = p->ring.avail->ring[p->avail_idx++ % p->ring.num], at = head;
        uint8_t request[RING_SIZE_MAX];
        uint32_t size = 0, elements = 0;
        p->writable[head].len = 0;
        for (bool more = true; more; elements++) {
            assert_true(at < p->ring.num && elements < p->ring.num);
            const struct vring_desc *d = &p->ring.desc[at];
            assert_int_equal(d->flags & ~(VRING_DESC_F_NEXT | VRING_DESC_F_WRITE), 0);
            check_element(c, d);
            if (d->flags & VRING_DESC_F_WRITE) {
                assert_int_equal(p->writable[head].len, 0);
                p->writable[head].addr = d->addr;
                p->writable[head].len = d->len;
            } else {
                assert_int_equal(p->writable[head].len, 0);
                assert_true(size + d->len <= sizeof(request));
                memcpy(request + size, p->region + d->addr, d->len);
                size += d->len;
            }
            more = d->flags & VRING_DESC_F_NEXT;
            at = d->next;
        }
        assert_int_equal(size, c->geometry.req_size);
        assert_int_equal(p->writable[head].len, c->geometry.rsp_size);
        took_request(c, request, head);
    }
}

static void device_responds(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint16_t old = p->used_idx;
    uint32_t before = c->done;
    for (uint32_t n = ring_min(some(c, rng), c->pendings); n != 0; n--) {
        uint8_t response[RING_SIZE_MAX];
        uint32_t head = next_response(c, rng, response);
        memcpy(p->region + p->writable[head].addr, response, c->geometry.rsp_size);
        p->ring.used->ring[p->used_idx % p->ring.num] =
            (struct vring_used_elem){.id = head, .len = c->geometry.rsp_size};
        p->used_idx++;
    }
    __atomic_store_n(&p->ring.used->idx, p->used_idx, __ATOMIC_SEQ_CST);
    assert_int_equal(vring_need_event(vring_used_event(&p->ring), p->used_idx, old),
                     due(c, c->rsp_event, before, c->done));
}

/* 2.7.10.1: avail_event is the index after whose use the driver is to notify. */
static void device_arms(struct channel *c, struct rng *rng)
{
    uint32_t after = 1 + rng_below(rng, c->capacity);
    c->req_event = c->seen + after;
    vring_avail_event(&c->peer.ring) = (uint16_t)(c->peer.avail_idx + after - 1);
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
    p->ring.avail->idx = p->ring.used->idx = (uint16_t)c->geometry.start;
    vring_used_event(&p->ring) = vring_avail_event(&p->ring) = (uint16_t)c->geometry.start;
    p->buffers = (uint32_t)vring_size(p->ring.num, VRING_ALIGN);
    p->place_size = ((uint32_t)c->size - p->buffers) / c->capacity;
    p->frees = p->ring.num;
    shuffle(p->free, p->ring.num, rng);
    shuffle(p->places, c->capacity, rng);
}

static void driver_sends(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint16_t old = p->avail_idx;
    uint32_t before = c->sent;
    for (uint32_t n = ring_min(some(c, rng), p->frees / 2); n != 0; n--) {
        uint16_t head = p->free[--p->frees], tail = p->free[--p->frees];
        uint32_t place = p->buffers + p->places[p->frees / 2] * p->place_size;
        struct vring_desc readable = {.addr = place + c->geometry.rsp_size,
                                      .len = c->geometry.req_size,
                                      .flags = VRING_DESC_F_NEXT,
                                      .next = tail};
        struct vring_desc writable = {.addr = place,
                                      .len = c->geometry.rsp_size,
                                      .flags = VRING_DESC_F_WRITE,
                                      .next = 0xffff};
        next_request(c, p->region + readable.addr);
        p->ring.desc[head] = readable;
        p->ring.desc[tail] = writable;
        p->ring.avail->ring[p->avail_idx++ % p->ring.num] = head;
    }
    __atomic_store_n(&p->ring.avail->idx, p->avail_idx, __ATOMIC_SEQ_CST);
    assert_int_equal(p->ring.used->flags, 0);
    assert_int_equal(vring_need_event(vring_avail_event(&p->ring), p->avail_idx, old),
                     due(c, c->req_event, before, c->sent));
}

static void driver_receives(struct channel *c, struct rng *rng)
{
    struct peer *p = &c->peer;
    uint16_t used_idx = __atomic_load_n(&p->ring.used->idx, __ATOMIC_ACQUIRE);
    assert_int_equal((uint16_t)(used_idx - p->used_idx), c->done - c->got);
    for (uint32_t n = some(c, rng); n != 0 && p->used_idx != used_idx; n--) {
        struct vring_used_elem used = p->ring.used->ring[p->used_idx++ % p->ring.num];
        assert_true(used.id < p->ring.num);
        assert_int_equal(used.len, c->geometry.rsp_size);
        uint16_t head = (uint16_t)used.id, tail = p->ring.desc[head].next;
        took_response(c, p->region + p->ring.desc[tail].addr);
        p->places[p->frees / 2] =
            (uint16_t)((p->ring.desc[tail].addr - p->buffers) / p->place_size);
        p->free[p->frees++] = tail;
        p->free[p->frees++] = head;
    }
}

static void driver_arms(struct channel *c, struct rng *rng)
{
    uint32_t after = 1 + rng_below(rng, c->capacity);
    c->rsp_event = c->got + after;
    vring_used_event(&c->peer.ring) = (uint16_t)(c->peer.used_idx + after - 1);
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

/* A driver that has one chain, head 2 and tail 1, of 8, ready to be made available. */
static struct channel *one_chain(void)
{
    struct ring_geometry geometry = {8, 16, 8, 1, 0};
    struct rng rng = rng_seeded(3);
    struct channel *c = channel_open(&geometry);
    driver_init(c, &rng);
    our_back_attach(c);
    struct vring *ring = &c->peer.ring;
    ring->desc[2] = (struct vring_desc){c->peer.buffers + 8, 16, VRING_DESC_F_NEXT, 1};
    ring->desc[1] = (struct vring_desc){c->peer.buffers, 8, VRING_DESC_F_WRITE, 0};
    ring->avail->ring[0] = 2;
    ring->avail->idx = 1;
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
        int desc;               /* 1 or 2 of one_chain() */
        struct vring_desc xor ; /* what is wrong with it */
    } wrong[] = {
        {2, {.flags = VRING_DESC_F_NEXT}},     /* one descriptor only */
        {2, {.flags = VRING_DESC_F_WRITE}},    /* nothing to read */
        {2, {.flags = VRING_DESC_F_INDIRECT}}, /* not offered */
        {2, {.len = 16 ^ 20}},
        {2, {.len = 16 ^ 12}},
        {2, {.addr = 1ULL << 63}},
        {2, {.addr = 1ULL << 32}},
        {2, {.next = 1 ^ 8}},
        {2, {.next = 1 ^ 0xffff}},
        {1, {.flags = VRING_DESC_F_NEXT}},  /* three descriptors */
        {1, {.flags = VRING_DESC_F_WRITE}}, /* nothing to write */
        {1, {.flags = VRING_DESC_F_INDIRECT}},
        {1, {.len = 8 ^ 4}},
        {1, {.len = 1U << 31}},
        {1, {.addr = 1ULL << 63}},
        {1, {.addr = 1ULL << 32}},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        c = one_chain();
        struct vring_desc *d = &c->peer.ring.desc[wrong[i].desc];
        d->addr ^= wrong[i].xor.addr;
        d->len ^= wrong[i].xor.len;
        d->flags ^= wrong[i].xor.flags;
        d->next ^= wrong[i].xor.next;
        refused_by_back(c, 8);
    }
}

/* The last bytes of the region may be used, and none behind them. */
static void test_back_knows_the_edge(void **state)
{
    (void)state;
    for (int over = 0; over < 2; over++)
        for (int which = 1; which <= 2; which++) {
            struct channel *c = one_chain();
            struct vring_desc *d = &c->peer.ring.desc[which];
            d->addr = c->size - d->len + (uint32_t)over;
            assert_int_equal(R(req_peek)(&c->back, 1), over ? RING_EBROKEN : 1);

            c = one_chain();
            d = &c->peer.ring.desc[which];
            d->addr = 0 - (uint64_t)d->len; /* ends at 2^64 */
            refused_by_back(c, 1);
        }
    for (int over = 0; over < 2; over++) { /* a longer response buffer than is needed */
        struct channel *c = one_chain();
        struct vring_desc *d = &c->peer.ring.desc[1];
        d->len = (uint32_t)(c->size - d->addr) + (uint32_t)over;
        assert_int_equal(R(req_peek)(&c->back, 1), over ? RING_EBROKEN : 1);
    }
}

static void test_back_refuses_entries(void **state)
{
    (void)state;
    struct channel *c;
    for (uint32_t head = 8; head <= UINT16_MAX; head += 1 + head / 2) {
        c = one_chain();
        c->peer.ring.avail->ring[0] = (uint16_t)head; /* no such descriptor */
        refused_by_back(c, 8);
    }

    c = one_chain();
    c->peer.ring.avail->idx = 5; /* more than all chains */
    refused_by_back(c, 1);

    c = one_chain();
    c->peer.ring.avail->ring[1] = 2; /* in flight already */
    c->peer.ring.avail->idx = 2;
    refused_by_back(c, 2);

    c = one_chain();
    c->peer.ring.avail->idx = 2;
    assert_int_equal(R(req_peek)(&c->back, 1), 1);
    c->peer.ring.avail->idx = 1; /* taken back */
    refused_by_back(c, 3);
}

/* What a back end has checked, it does not read again. */
static void test_back_reads_once(void **state)
{
    (void)state;
    struct channel *c = one_chain();
    uint8_t request[16], response[8], got[16];
    payload_fill(request, sizeof(request), PAYLOAD_REQUEST, 7);
    payload_fill(response, sizeof(response), PAYLOAD_RESPONSE, 7);
    uint64_t readable = c->peer.ring.desc[2].addr, writable = c->peer.ring.desc[1].addr;
    memcpy(c->shared + readable, request, sizeof(request));
    assert_int_equal(R(req_peek)(&c->back, 1), 1);
    memset(c->peer.ring.desc, 0xff, 8 * sizeof(struct vring_desc));
    c->peer.ring.avail->ring[0] = 0xffff;
    uint32_t tag = R(req_read)(&c->back, 0, got, sizeof(got));
    assert_memory_equal(got, request, sizeof(request));
    R(req_release)(&c->back, 1);
    assert_int_equal(R(rsp_reserve)(&c->back, 1), 1);
    R(rsp_write)(&c->back, 0, tag, response, sizeof(response));
    R(rsp_publish)(&c->back, 1);
    assert_memory_equal(c->shared + writable, response, sizeof(response));
    assert_int_equal(c->peer.ring.used->ring[0].id, 2);
    assert_int_equal(c->peer.ring.used->idx, 1);
}

/* A tag that is not in flight is a bug of the caller: nothing is written, nothing published. */
static void test_back_refuses_tags(void **state)
{
    (void)state;
    static const uint32_t tags[] = {0, 1, 8, UINT32_MAX};
    for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
        struct channel *c = one_chain();
        assert_int_equal(R(req_peek)(&c->back, 1), 1);
        R(req_release)(&c->back, 1);
        assert_int_equal(R(rsp_reserve)(&c->back, 1), 1);
        R(rsp_write)(&c->back, 0, tags[i], "01234567", 8);
        R(rsp_publish)(&c->back, 1);
        assert_int_equal(c->peer.ring.used->idx, 0);
        refused_by_back(c, 8);
    }
}

/* Our front end with two requests out: heads of its own choice, as a device sees them. */
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

static void device_uses(struct channel *c, uint32_t id, uint32_t len)
{
    struct vring_used *used = c->peer.ring.used;
    used->ring[used->idx % 8] = (struct vring_used_elem){.id = id, .len = len};
    used->idx++;
}

static void refused_by_front(struct channel *c, uint32_t n)
{
    assert_int_equal(R(rsp_peek)(&c->front, n), RING_EBROKEN);
    assert_int_equal(R(rsp_peek)(&c->front, 1), RING_EBROKEN);
    assert_int_equal(R(req_reserve)(&c->front, 1), RING_EBROKEN);
    assert_true(R(rsp_arm)(&c->front, 1));
}

static void test_front_refuses(void **state)
{
    (void)state;
    struct channel *c = two_requests();
    uint16_t first = c->peer.ring.avail->ring[0], second = c->peer.ring.avail->ring[1];
    device_uses(c, second, 8);
    device_uses(c, first, 4); /* less than the buffer holds is legal */
    assert_int_equal(R(rsp_peek)(&c->front, 8), 2);

    const struct vring_used_elem wrong[] = {
        {.id = 8, .len = 8}, /* no such descriptor */
        {.id = UINT32_MAX - 1, .len = 8},
        {.id = first | 0x10000u, .len = 8},              /* not even in the low half */
        {.id = c->peer.ring.desc[first].next, .len = 8}, /* not a head */
        {.id = first, .len = 12},                        /* longer than the buffer */
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        c = two_requests();
        device_uses(c, wrong[i].id, wrong[i].len);
        refused_by_front(c, 8);
    }

    for (uint16_t head = 0; head < 8; head++) { /* not in flight */
        if (head == first || head == second)
            continue;
        c = two_requests();
        device_uses(c, head, 8);
        refused_by_front(c, 8);
    }

    c = two_requests();
    device_uses(c, first, 8);
    device_uses(c, first, 8); /* twice */
    refused_by_front(c, 8);

    c = two_requests();
    device_uses(c, first, 8);
    device_uses(c, second, 8);
    c->peer.ring.used->idx = 3; /* more than were asked for */
    refused_by_front(c, 2);

    c = two_requests();
    device_uses(c, first, 8);
    device_uses(c, second, 8);
    assert_int_equal(R(rsp_peek)(&c->front, 1), 1);
    c->peer.ring.used->idx = 1; /* taken back */
    refused_by_front(c, 3);
}

/* ---- Shape ---- */

static void test_shape(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct virtio_split_desc), sizeof(struct vring_desc));
    assert_int_equal(sizeof(struct virtio_split_used_elem), sizeof(struct vring_used_elem));
    assert_int_equal(offsetof(struct virtio_split_desc, addr), offsetof(struct vring_desc, addr));
    assert_int_equal(offsetof(struct virtio_split_avail, idx), offsetof(struct vring_avail, idx));
    assert_int_equal(offsetof(struct virtio_split_avail, ring), offsetof(struct vring_avail, ring));
    assert_int_equal(offsetof(struct virtio_split_used, idx), offsetof(struct vring_used, idx));
    assert_int_equal(offsetof(struct virtio_split_used, ring), offsetof(struct vring_used, ring));

    struct vring_desc example = {.addr = 1, .len = 0x02030405, .flags = 0x0607, .next = 0x0809};
    struct virtio_split_desc same = {1, virtio_split_rest(0x02030405, 0x0607, 0x0809)};
    assert_memory_equal(&example, &same, sizeof(same));

    for (uint32_t entries = RING_ENTRIES_MIN; entries <= RING_ENTRIES_MAX; entries *= 2) {
        struct ring_geometry geometry = {entries, 16, 8, 1, 0};
        static _Alignas(RING_ALIGN) uint8_t base[1 << 20];
        struct vring ring;
        vring_init(&ring, entries, base, VRING_ALIGN);
        assert_int_equal((uintptr_t)ring.avail, (uintptr_t)base + virtio_split_avail_at(entries));
        assert_int_equal((uintptr_t)ring.used, (uintptr_t)base + virtio_split_used_at(entries));
        assert_int_equal(
            (uintptr_t)&vring_used_event(&ring),
            (uintptr_t)virtio_split_used_event((struct virtio_split_avail *)ring.avail, entries));
        assert_int_equal(
            (uintptr_t)&vring_avail_event(&ring),
            (uintptr_t)virtio_split_avail_event((struct virtio_split_used *)ring.used, entries));
        assert_true(virtio_split_buffers(&geometry).req_at >= vring_size(entries, VRING_ALIGN));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_our_front_device),
        cmocka_unit_test(test_driver_our_back),
        cmocka_unit_test(test_back_refuses),
        cmocka_unit_test(test_back_knows_the_edge),
        cmocka_unit_test(test_back_refuses_entries),
        cmocka_unit_test(test_back_reads_once),
        cmocka_unit_test(test_back_refuses_tags),
        cmocka_unit_test(test_front_refuses),
    };
    return tap_run("interop virtio-split", tests, sizeof(tests) / sizeof(*tests));
}

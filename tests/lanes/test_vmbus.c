/* SPDX-License-Identifier: MIT */
/*
 * rings/vmbus.h byte by byte: what it writes is read back, and what it reads was written, through
 * the field names of struct hv_ring_buffer and struct vmpacket_descriptor (Linux,
 * include/linux/hyperv.h), declared here a second time; packets of different lengths; peers that
 * lie, one lie at a time; tellings when an ask covers several publications.
 */
#include <stdlib.h>
#include <string.h>

#include "rings/vmbus.h"
#include "tests/unit/tap.h"

#define ENTRIES 16U
#define SIZE 24U /* bytes of the longest element */
#define PACKET (16U + SIZE + 8U)

struct control {
    uint32_t write_index, read_index, interrupt_mask, pending_send_sz;
    uint32_t reserved1[12];
    uint32_t feature_bits;
    uint8_t reserved2[4028];
    uint8_t buffer[];
} __attribute__((packed));

struct descriptor {
    uint16_t type, offset8, len8, flags;
    uint64_t trans_id;
} __attribute__((packed));

struct rig {
    struct ring_geometry g;
    void *shared, *front_priv, *back_priv;
    struct vmbus_front f;
    struct vmbus_back b;
    struct control *req; /* the request lane as the peer sees it */
    uint32_t data;       /* bytes of its buffer */
};

static void rig_open(struct rig *rig, uint32_t start)
{
    *rig = (struct rig){.g = {ENTRIES, SIZE, SIZE, 1, start}};
    struct ring_footprint fp = {0};
    assert_int_equal(vmbus_footprint(&rig->g, &fp), RING_OK);
    assert_int_equal(posix_memalign(&rig->shared, RING_ALIGN, fp.shared), 0);
    memset(rig->shared, 0xa5, fp.shared);
    /* NOLINTBEGIN(clang-analyzer-optin.portability.UnixAPI): the footprint is never 0 here */
    rig->front_priv = malloc(fp.front);
    rig->back_priv = malloc(fp.back);
    /* NOLINTEND(clang-analyzer-optin.portability.UnixAPI) */
    assert_non_null(rig->front_priv);
    assert_non_null(rig->back_priv);
    assert_int_equal(vmbus_front_init(&rig->f, &rig->g, rig->shared, rig->front_priv), RING_OK);
    assert_int_equal(vmbus_back_attach(&rig->b, &rig->g, rig->shared, rig->back_priv), RING_OK);
    rig->req = (struct control *)rig->shared;
    rig->data = (uint32_t)(fp.shared / 2 - sizeof(struct control));
    assert_int_equal(rig->data % 4096, 0);
}

static void rig_close(struct rig *rig)
{
    free(rig->shared);
    free(rig->front_priv);
    free(rig->back_priv);
}

static void send(struct rig *rig, uint8_t fill, uint32_t size)
{
    uint8_t bytes[SIZE];
    memset(bytes, fill, sizeof(bytes));
    assert_int_equal(vmbus_req_reserve(&rig->f, 1), 1);
    vmbus_req_write(&rig->f, 0, bytes, size);
    vmbus_req_publish(&rig->f, 1);
}

/* The back end finds exactly one request: `size` bytes of `fill`, and zeros after them. */
static void expect(struct rig *rig, uint8_t fill, uint32_t size)
{
    uint8_t bytes[SIZE], want[SIZE] = {0};
    memset(bytes, 0x5a, sizeof(bytes));
    memset(want, fill, size);
    assert_int_equal(vmbus_req_peek(&rig->b, 1), 1);
    vmbus_req_read(&rig->b, 0, bytes, SIZE);
    assert_memory_equal(bytes, want, SIZE);
    vmbus_req_release(&rig->b, 1);
}

/* Copies from the peer's view of the data, around its end. */
static void peer_get(const struct rig *rig, uint32_t at, void *dst, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        ((uint8_t *)dst)[i] = rig->req->buffer[(at + i) % rig->data];
}

/* Writes a packet as the peer does, lengths in bytes and possibly lies, and moves write_index. */
static void peer_put(struct rig *rig, uint16_t type, uint32_t offset, uint32_t length,
                     uint32_t advance, uint8_t fill)
{
    struct descriptor d = {type, (uint16_t)(offset / 8), (uint16_t)(length / 8), 0, 7};
    uint32_t at = rig->req->write_index;
    for (uint32_t i = 0; i < sizeof(d); i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.uninitialized.Assign): d has no padding */
        rig->req->buffer[(at + i) % rig->data] = ((const uint8_t *)&d)[i];
    for (uint32_t i = sizeof(d); i + 8 < advance; i++)
        rig->req->buffer[(at + i) % rig->data] = fill;
    rig->req->write_index = (at + advance) % rig->data;
}

static void test_control_page(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 0);
    assert_int_equal(rig.req->write_index, 0);
    assert_int_equal(rig.req->read_index, 0);
    assert_int_equal(rig.req->interrupt_mask, 0);
    assert_int_equal(rig.req->pending_send_sz, 0);
    assert_int_equal(rig.req->feature_bits, 0);
    send(&rig, 1, SIZE);
    assert_int_equal(rig.req->write_index, PACKET);
    vmbus_req_disarm(&rig.b);
    assert_int_equal(rig.req->interrupt_mask, 1);
    expect(&rig, 1, SIZE);
    assert_int_equal(vmbus_req_peek(&rig.b, 1), 0);
    assert_int_equal(rig.req->read_index, PACKET);
    rig_close(&rig);

    rig_open(&rig, 5);
    assert_int_equal(rig.req->write_index, 40);
    assert_int_equal(rig.req->read_index, 40);
    rig_close(&rig);
}

/* Every length, begun at every multiple of 8 of the data, so that each field wraps. */
static void test_packets_at_each_offset(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 0);
    for (uint32_t size = 4; size <= SIZE; size += 4) {
        uint32_t padded = (size + 7) / 8 * 8;
        for (uint32_t start = 0; start < rig.data / 8; start++) {
            rig_close(&rig);
            rig_open(&rig, start);
            uint8_t fill = (uint8_t)(start | 1);
            send(&rig, fill, size);

            struct descriptor d;
            uint8_t payload[SIZE], want[SIZE] = {0};
            uint64_t trailer;
            peer_get(&rig, start * 8, &d, sizeof(d));
            assert_int_equal(d.type, 6);
            assert_int_equal(d.offset8, 2);
            assert_int_equal(d.len8, 2 + padded / 8);
            assert_int_equal(d.flags, 0);
            assert_int_equal(d.trans_id, start);
            peer_get(&rig, start * 8 + 16, payload, padded);
            memset(want, fill, size);
            assert_memory_equal(payload, want, padded);
            peer_get(&rig, start * 8 + 16 + padded, &trailer, 8);
            assert_true(trailer == (uint64_t)start * 8 << 32);
            assert_int_equal(rig.req->write_index, (start * 8 + padded + 24) % rig.data);
            expect(&rig, fill, size);
        }
    }
    rig_close(&rig);
}

/* A batch of different lengths lies without gaps, and more than `entries` short ones fit. */
static void test_short_packets_pack(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {8, 24, 4, 16, 12};
    struct rig rig;
    rig_open(&rig, 0);
    uint8_t bytes[SIZE];
    assert_int_equal(vmbus_req_reserve(&rig.f, 5), 5);
    for (uint32_t i = 0; i < 5; i++) {
        memset(bytes, (int)i + 1, sizeof(bytes));
        vmbus_req_write(&rig.f, i, bytes, sizes[i]);
    }
    vmbus_req_publish(&rig.f, 5);
    assert_int_equal(rig.req->write_index, 5 * 24 + 8 + 24 + 8 + 16 + 16);
    for (uint32_t i = 0; i < 5; i++)
        expect(&rig, (uint8_t)(i + 1), sizes[i]);
    assert_int_equal(vmbus_req_peek(&rig.b, 1), 0);

    uint32_t sent = 0;
    while (vmbus_req_reserve(&rig.f, 1) == 1) {
        send(&rig, (uint8_t)sent, 8);
        sent++;
    }
    assert_in_range(sent, ENTRIES + 1, ENTRIES * PACKET / 32);
    assert_in_range(vmbus_req_peek(&rig.b, UINT32_MAX / 2), 1, ENTRIES);
    for (uint32_t i = 0; i < sent; i++)
        expect(&rig, (uint8_t)i, 8);
    assert_int_equal(vmbus_req_peek(&rig.b, 1), 0);
    rig_close(&rig);
}

/* Payload that begins later, as packets with more descriptors have it, and packets cut to nothing.
 */
static void test_reads_the_peers_packets(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        peer_put(&rig, 6, 16, 40, 48, (uint8_t)i);
        peer_put(&rig, 6, 32, 48, 56, (uint8_t)i);
        peer_put(&rig, 6, 16, 16, 24, (uint8_t)i);
        expect(&rig, (uint8_t)i, 24);
        expect(&rig, (uint8_t)i, 16);
        expect(&rig, 0, 0);
        assert_int_equal(vmbus_req_peek(&rig.b, 1), 0);
        assert_int_equal(rig.req->read_index, rig.req->write_index);
    }
    rig_close(&rig);
}

static void back_is_broken(struct rig *rig)
{
    assert_int_equal(vmbus_req_peek(&rig->b, 4), RING_EBROKEN);
    assert_true(vmbus_req_arm(&rig->b, 1));
    vmbus_req_release(&rig->b, 1);
    assert_int_equal(vmbus_req_peek(&rig->b, 1), RING_EBROKEN);
}

static void test_headers_that_lie(void **state)
{
    (void)state;
    static const struct {
        uint16_t type;
        uint32_t offset, length, advance;
    } lies[] = {
        {0, 16, 40, 48},               /* not in-band data */
        {6, 8, 32, 40},                /* payload begins within the header */
        {6, 48, 40, 48},               /* payload begins behind its end */
        {6, 16, 48, 56},               /* longer than the geometry allows */
        {6, 16, 40, 40},               /* longer than what was published */
        {6, 16, 24, 24},               /* no room for the trailer */
        {6, 65535 * 8, 65535 * 8, 48}, /* far behind its end */
    };
    for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        for (uint32_t before = 0; before <= 2; before++) {
            struct rig rig;
            rig_open(&rig, 0);
            for (uint32_t k = 0; k < before; k++) {
                peer_put(&rig, 6, 16, 40, 48, 1);
                expect(&rig, 1, SIZE);
            }
            peer_put(&rig, lies[i].type, lies[i].offset, lies[i].length, lies[i].advance, 1);
            back_is_broken(&rig);
            rig_close(&rig);
        }
    }
}

static void test_indices_that_lie(void **state)
{
    (void)state;
    struct rig rig;
    for (int lie = 0; lie < 4; lie++) {
        rig_open(&rig, 0);
        peer_put(&rig, 6, 16, 40, 48, 1);
        peer_put(&rig, 6, 16, 40, 48, 1);
        expect(&rig, 1, SIZE);
        expect(&rig, 1, SIZE);
        uint32_t bad[] = {rig.data, 2 * PACKET + 4, PACKET, UINT32_MAX - 7};
        rig.req->write_index = bad[lie];
        back_is_broken(&rig);
        rig_close(&rig);

        rig_open(&rig, 0);
        peer_put(&rig, 6, 16, 40, 48, 1);
        rig.req->write_index = rig.data + 8 * (uint32_t)lie; /* a packet, but no such offset */
        assert_int_equal(vmbus_req_peek(&rig.b, 1), RING_EBROKEN);
        back_is_broken(&rig);
        rig_close(&rig);

        rig_open(&rig, 0);
        for (uint32_t i = 0; i < ENTRIES; i++)
            send(&rig, 1, SIZE);
        rig.req->read_index = PACKET;
        assert_int_equal(vmbus_req_reserve(&rig.f, 2), 1);
        uint32_t bad_read[] = {rig.data, PACKET + 4, 0, ENTRIES * PACKET + 8};
        rig.req->read_index = bad_read[lie];
        assert_int_equal(vmbus_req_reserve(&rig.f, 2), RING_EBROKEN);
        assert_int_equal(vmbus_req_reserve(&rig.f, 1), RING_EBROKEN);
        rig_close(&rig);
    }
}

/* The header that was checked is the one that is used: a length changed later changes nothing. */
static void test_length_changed_after_the_check(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 0);
    send(&rig, 1, SIZE);
    send(&rig, 2, SIZE);
    assert_int_equal(vmbus_req_peek(&rig.b, 2), 2);
    memset(rig.req->buffer, 0xff, 8);
    expect(&rig, 1, SIZE);
    expect(&rig, 2, SIZE);
    rig_close(&rig);
}

/*
 * One ask for two publications, the first of which the consumer has read before it armed: at the
 * ask the ring holds one packet, and at the ask before its read_index was elsewhere. A test for
 * "was empty before" would say no, and the consumer would sleep for ever.
 */
static void test_tells_of_the_second_of_two(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, 0);
    send(&rig, 1, SIZE);
    expect(&rig, 1, SIZE);
    assert_int_equal(vmbus_req_peek(&rig.b, 1), 0);
    assert_false(vmbus_req_arm(&rig.b, 1));
    send(&rig, 2, SIZE);
    assert_true(vmbus_req_ask(&rig.f));
    assert_false(vmbus_req_ask(&rig.f));
    vmbus_req_disarm(&rig.b);
    send(&rig, 3, SIZE);
    assert_false(vmbus_req_ask(&rig.f));
    assert_true(vmbus_req_arm(&rig.b, 1));
    assert_int_equal(rig.req->interrupt_mask, 1);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_control_page),
        cmocka_unit_test(test_packets_at_each_offset),
        cmocka_unit_test(test_short_packets_pack),
        cmocka_unit_test(test_reads_the_peers_packets),
        cmocka_unit_test(test_headers_that_lie),
        cmocka_unit_test(test_indices_that_lie),
        cmocka_unit_test(test_length_changed_after_the_check),
        cmocka_unit_test(test_tells_of_the_second_of_two),
    };
    return tap_run("vmbus", tests, sizeof(tests) / sizeof(tests[0]));
}

/* SPDX-License-Identifier: MIT */
/*
 * vmbus: two byte rings of packets of variable length, with an interrupt mask.
 *
 * Source: the ring buffers of Hyper-V's VMBus as Linux publishes them, include/linux/hyperv.h:
 * struct hv_ring_buffer (names and offsets of the control page) and struct vmpacket_descriptor
 * (names and offsets of the packet header), VM_PKT_DATA_INBAND. All fields are little-endian.
 *
 * One lane (requests; a second one for responses follows at the next multiple of 128):
 *
 *   offset  size  written by  what
 *   0       4     producer    write_index: where the next packet begins, bytes into the data
 *   4       4     consumer    read_index: where the oldest unread packet begins
 *   8       4     consumer    interrupt_mask: 0 tell me, else do not
 *   12      4     producer    pending_send_sz: room that it waits for; always 0, see below
 *   16      48    -           reserved
 *   64      4     -           feature_bits: 0, pending_send_sz is not used
 *   68      4028  -           reserved, to the end of the page
 *   4096    data  producer    packets, one behind the other, wrapping at the end of the data
 *
 * The indices and the mask lie in one line, which both sides write: that is the published layout.
 * The indices are equal where the ring is empty, so it is never filled completely.
 *
 *   packet: 0   2     type: 6, in-band data
 *           2   2     offset8: bytes from the packet's begin to its payload / 8; written as 2
 *           4   2     len8: bytes of header and payload, without trailer / 8
 *           6   2     flags: 0, no completion asked for
 *           8   8     trans_id: number of the packet in its lane
 *           16  n     payload, padded with zeros to a multiple of 8
 *           .   8     trailer: offset of this packet << 32
 *
 * A packet is as long as what was written. The data takes `entries` packets of the geometry's size
 * plus the 8 bytes that tell full from empty, rounded up to pages; what the rounding adds is not
 * used, so that the ring is full at `entries` such packets. More packets fit if they are shorter.
 * Everything lies at multiples of 8, so a header word never wraps, but a packet may.
 *
 * geometry.start s: the first packet begins at 8 * s modulo the size of the data.
 *
 * Ordering:
 *   publish   store-release write_index -> peek's load-acquire: packets are written before they
 *             are seen.
 *   release   store-release read_index -> reserve's load-acquire: packets are read before their
 *             bytes are written again. Told at the latest when peek finds nothing, as the
 *             published protocol's batched reading does: until then the ring only seems fuller.
 *   ask/arm   write_index=; fence; interrupt_mask?  against  interrupt_mask=; fence; write_index?
 *             (Dekker; see lamport.h)
 *
 * No wake-up is lost: a consumer that sleeps has stored mask 0, passed the fence and found
 * write_index unchanged. Any later packet's write_index is stored after that load, so its producer,
 * who passes its own fence in the next ask, reads mask 0; and that ask has something published
 * since the last one, so it answers yes. The published protocol asks in addition that the ring was
 * empty before the write. That is right only with one ask a write: where an ask covers several
 * publications, the consumer may have read the first of them and gone to sleep before the second,
 * and the ring was not at its read_index at the ask before. So emptiness is not looked at here;
 * the cost is telling a consumer that was woken and has not yet masked.
 *
 * pending_send_sz is for a producer that sleeps until there is room. Ringside's front ends sleep
 * for responses instead, and back ends have room for the response of every request they took.
 *
 * Hostile peers: an index that is not a multiple of 8 within the data or that goes back, a packet
 * of another type, longer than what was published or than the geometry allows, or whose payload
 * begins within its header or behind its end breaks the end. trans_id and trailer are not read.
 */
#ifndef RING_VMBUS_H
#define RING_VMBUS_H

#include "duplex.h"

enum { vmbus_TRAITS = RING_RELEASE_FREES };

#define VMBUS_PAGE 4096U
#define VMBUS_UNIT 8U /* everything is aligned to, and lengths in headers count */
#define VMBUS_HEADER 16U
#define VMBUS_TRAILER 8U
#define VMBUS_INBAND 6U

/* Packets that the consumer releases before it moves read_index: an eighth of the ring, so that
 * seven eighths stay in use and the line moves less often than once a packet. */
#define VMBUS_HOLD_SHARE 8U

struct vmbus_lane {
    uint32_t write_index;
    uint32_t read_index;
    uint32_t interrupt_mask;
    uint32_t pending_send_sz;
    uint32_t reserved1[12];
    uint32_t feature_bits;
    uint8_t reserved2[VMBUS_PAGE - 68];
    uint8_t data[];
};

_Static_assert(offsetof(struct vmbus_lane, feature_bits) == 64, "control page as published");
_Static_assert(offsetof(struct vmbus_lane, data) == VMBUS_PAGE, "control page as published");

/* Offsets into the data are multiples of 8, below its size. */
struct vmbus_tx {
    struct vmbus_lane *lane;
    uint32_t data;   /* bytes */
    uint32_t limit;  /* bytes of it that may be in use */
    uint32_t packet; /* bytes of the longest packet */
    uint32_t write;  /* published; what lane->write_index holds */
    uint32_t fill;   /* written; `write` except between reserve and publish */
    uint32_t read;   /* lane->read_index as last read and checked */
    uint32_t number; /* of the next packet */
    bool unasked;    /* something was published since the last ask */
    bool broken;
};

/* A packet that was parsed: all that is known of it from here on. */
struct vmbus_packet {
    uint32_t at;    /* where its payload begins */
    uint32_t bytes; /* of payload; the trailer follows */
};

struct vmbus_rx {
    struct vmbus_lane *lane;
    struct vmbus_packet *packets; /* private, a ring of `entries` */
    uint32_t entries;
    uint32_t data;     /* bytes */
    uint32_t payload;  /* bytes of the longest payload */
    uint32_t hold;     /* packets */
    uint32_t held;     /* packets between returned and read; below hold */
    uint32_t tail;     /* packets released, free-running */
    uint32_t parsed;   /* packets parsed, free-running; tail <= parsed <= tail + entries */
    uint32_t at;       /* where the next packet to parse begins */
    uint32_t write;    /* lane->write_index as last read and checked */
    uint32_t read;     /* where packet `tail` begins */
    uint32_t returned; /* what lane->read_index holds; ring order: returned, read, at, write */
    bool broken;
};

static inline uint32_t vmbus_packet_max(const struct ring_lane *g)
{
    return VMBUS_HEADER + ring_stride(g->size) + VMBUS_TRAILER;
}

static inline uint32_t vmbus_data(const struct ring_lane *g)
{
    return (uint32_t)ring_round_up(g->entries * vmbus_packet_max(g) + VMBUS_UNIT, VMBUS_PAGE);
}

static inline uint32_t vmbus_start(const struct ring_lane *g)
{
    return (uint32_t)((uint64_t)g->start * VMBUS_UNIT % vmbus_data(g));
}

/* The offset at < 2 * data, within the data. */
static inline uint32_t vmbus_wrap(uint32_t at, uint32_t data)
{
    return at < data ? at : at - data;
}

/* Bytes from one offset on to another. */
static inline uint32_t vmbus_between(uint32_t from, uint32_t to, uint32_t data)
{
    return to >= from ? to - from : to + data - from;
}

static inline bool vmbus_offset_ok(uint32_t at, uint32_t data)
{
    return at < data && at % VMBUS_UNIT == 0;
}

static inline uint32_t vmbus_hold(uint32_t entries)
{
    uint32_t hold = entries / VMBUS_HOLD_SHARE;
    return hold == 0 ? 1 : hold;
}

static inline size_t vmbus_lane_footprint(const struct ring_lane *g)
{
    return sizeof(struct vmbus_lane) + vmbus_data(g);
}

static inline size_t vmbus_rx_private(const struct ring_lane *g)
{
    return g->entries * sizeof(struct vmbus_packet);
}

static inline void vmbus_lane_init(void *shared, const struct ring_lane *g)
{
    struct vmbus_lane *lane = (struct vmbus_lane *)shared;
    ring_store(&lane->interrupt_mask, 0);
    ring_store(&lane->pending_send_sz, 0);
    for (uint32_t i = 0; i < sizeof(lane->reserved1) / sizeof(lane->reserved1[0]); i++)
        ring_store(&lane->reserved1[i], 0);
    ring_store(&lane->feature_bits, 0);
    ring_store(&lane->read_index, vmbus_start(g));
    ring_store_release(&lane->write_index, vmbus_start(g));
}

static inline void vmbus_tx_attach(struct vmbus_tx *tx, void *shared, const struct ring_lane *g)
{
    *tx = (struct vmbus_tx){.lane = (struct vmbus_lane *)shared,
                            .data = vmbus_data(g),
                            .limit = g->entries * vmbus_packet_max(g),
                            .packet = vmbus_packet_max(g),
                            .write = vmbus_start(g),
                            .fill = vmbus_start(g),
                            .read = vmbus_start(g),
                            .number = g->start};
}

static inline void vmbus_rx_attach(struct vmbus_rx *rx, void *shared, const struct ring_lane *g)
{
    *rx = (struct vmbus_rx){.lane = (struct vmbus_lane *)shared,
                            .entries = g->entries,
                            .data = vmbus_data(g),
                            .payload = ring_stride(g->size),
                            .hold = vmbus_hold(g->entries),
                            .tail = g->start,
                            .parsed = g->start,
                            .at = vmbus_start(g),
                            .write = vmbus_start(g),
                            .read = vmbus_start(g),
                            .returned = vmbus_start(g)};
}

static inline void vmbus_rx_give(struct vmbus_rx *rx, void *priv)
{
    rx->packets = (struct vmbus_packet *)priv;
}

static inline int32_t vmbus_tx_reserve(struct vmbus_tx *tx, uint32_t n)
{
    if (tx->broken)
        return RING_EBROKEN;
    uint32_t used = vmbus_between(tx->read, tx->write, tx->data);
    if ((uint64_t)n * tx->packet <= tx->limit - used)
        return (int32_t)n;

    uint32_t read = ring_load_acquire(&tx->lane->read_index);
    if (!vmbus_offset_ok(read, tx->data) || vmbus_between(read, tx->write, tx->data) > used) {
        tx->broken = true;
        return RING_EBROKEN;
    }
    tx->read = read;
    used = vmbus_between(read, tx->write, tx->data);
    return (int32_t)ring_min(n, (tx->limit - used) / tx->packet);
}

/* Copies to the data at an offset, around its end; size a multiple of 4. */
static inline void vmbus_put(struct vmbus_lane *lane, uint32_t data, uint32_t at, const void *src,
                             uint32_t size)
{
    uint32_t first = ring_min(size, data - at);
    ring_copy_out(lane->data + at, src, first);
    ring_copy_out(lane->data, (const uint8_t *)src + first, size - first);
}

/* The same from the data. */
static inline void vmbus_get(const struct vmbus_lane *lane, uint32_t data, uint32_t at, void *dst,
                             uint32_t size)
{
    uint32_t first = ring_min(size, data - at);
    ring_copy_in(dst, lane->data + at, first);
    ring_copy_in((uint8_t *)dst + first, lane->data, size - first);
}

RING_INLINE void vmbus_tx_write(struct vmbus_tx *tx, uint32_t i, const void *src, uint32_t size)
{
    (void)i; /* each is written once and in ascending order: packets need no gaps */
    const uint64_t zero = 0;
    uint32_t payload = ring_stride(size);
    uint32_t len8 = (VMBUS_HEADER + payload) / VMBUS_UNIT;
    uint64_t header[2] = {VMBUS_INBAND | (VMBUS_HEADER / VMBUS_UNIT) << 16 | (uint64_t)len8 << 32,
                          tx->number};
    uint64_t trailer = (uint64_t)tx->fill << 32;
    uint32_t at = tx->fill;
    uint32_t end = at + VMBUS_HEADER + payload + VMBUS_TRAILER;

    if (end <= tx->data) {
        uint8_t *p = tx->lane->data + at;
        ring_copy_out(p, header, VMBUS_HEADER);
        ring_copy_out(p + VMBUS_HEADER, src, size);
        if (payload != size)
            ring_copy_out(p + VMBUS_HEADER + size, &zero, 4);
        ring_copy_out(p + VMBUS_HEADER + payload, &trailer, VMBUS_TRAILER);
    } else {
        vmbus_put(tx->lane, tx->data, at, header, VMBUS_HEADER);
        at = vmbus_wrap(at + VMBUS_HEADER, tx->data);
        vmbus_put(tx->lane, tx->data, at, src, size);
        if (payload != size)
            ring_copy_out(tx->lane->data + vmbus_wrap(at + size, tx->data), &zero, 4);
        at = vmbus_wrap(at + payload, tx->data);
        ring_copy_out(tx->lane->data + at, &trailer, VMBUS_TRAILER);
    }
    tx->fill = vmbus_wrap(end, tx->data);
    tx->number++;
}

static inline void vmbus_tx_publish(struct vmbus_tx *tx, uint32_t n)
{
    tx->unasked |= n != 0;
    tx->write = tx->fill;
    ring_store_release(&tx->lane->write_index, tx->write);
}

static inline void vmbus_tx_flush(struct vmbus_tx *tx)
{
    (void)tx;
}

static inline bool vmbus_tx_ask(struct vmbus_tx *tx)
{
    ring_fence_ask();
    bool unasked = tx->unasked;
    tx->unasked = false;
    return unasked && ring_load(&tx->lane->interrupt_mask) == 0;
}

static inline void vmbus_rx_return(struct vmbus_rx *rx)
{
    if (rx->held == 0)
        return;
    rx->held = 0;
    rx->returned = rx->read;
    ring_store_release(&rx->lane->read_index, rx->read);
}

/* Looks how far the producer has come: false if where it can't be. */
static inline bool vmbus_rx_refresh(struct vmbus_rx *rx)
{
    uint32_t write = ring_load_acquire(&rx->lane->write_index);
    if (!vmbus_offset_ok(write, rx->data) || vmbus_between(rx->returned, write, rx->data) <
                                                 vmbus_between(rx->returned, rx->write, rx->data))
        return false;
    rx->write = write;
    return true;
}

/*
 * Reads the header of the packet at an offset that is not rx->write: false if no correct peer wrote
 * it, else where its payload is.
 */
static inline bool vmbus_rx_parse(const struct vmbus_rx *rx, uint32_t at, struct vmbus_packet *p)
{
    uint64_t header = ring_load((uint64_t *)(rx->lane->data + at));
    uint32_t type = header & 0xffff;
    uint32_t offset = (header >> 16 & 0xffff) * VMBUS_UNIT;
    uint32_t length = (header >> 32 & 0xffff) * VMBUS_UNIT;
    *p = (struct vmbus_packet){.at = vmbus_wrap(at + offset, rx->data), .bytes = length - offset};
    /* A payload that begins behind the packet's end is, unsigned, longer than any. */
    return type == VMBUS_INBAND && offset >= VMBUS_HEADER && length - offset <= rx->payload &&
           length + VMBUS_TRAILER <= vmbus_between(at, rx->write, rx->data);
}

/* Where the packet after this one begins. */
static inline uint32_t vmbus_rx_next(const struct vmbus_rx *rx, const struct vmbus_packet *p)
{
    return vmbus_wrap(p->at + p->bytes + VMBUS_TRAILER, rx->data);
}

static inline int32_t vmbus_rx_peek(struct vmbus_rx *rx, uint32_t n)
{
    if (rx->parsed - rx->tail >= n)
        return (int32_t)n;

    uint32_t want = ring_min(n, rx->entries);
    bool ok = !rx->broken;
    if (ok && rx->at == rx->write)
        ok = vmbus_rx_refresh(rx);
    uint32_t at = rx->at, filled = rx->parsed - rx->tail;
    while (ok && at != rx->write && filled < want) {
        struct vmbus_packet p;
        ok = vmbus_rx_parse(rx, at, &p);
        if (!ok)
            break;
        at = vmbus_rx_next(rx, &p);
        rx->packets[(rx->tail + filled++) & (rx->entries - 1)] = p;
    }
    if (!ok) {
        rx->broken = true;
        rx->parsed = rx->tail; /* nothing seen: every later call comes this way */
        return RING_EBROKEN;
    }
    rx->at = at;
    rx->parsed = rx->tail + filled;
    if (filled == 0)
        vmbus_rx_return(rx);
    return (int32_t)filled;
}

RING_INLINE void vmbus_rx_read(struct vmbus_rx *rx, uint32_t i, void *dst, uint32_t size)
{
    const struct vmbus_packet *p = &rx->packets[(rx->tail + i) & (rx->entries - 1)];
    if (p->bytes >= size && p->at + size <= rx->data) {
        ring_copy_in(dst, rx->lane->data + p->at, size);
        return;
    }
    uint32_t there = ring_min(p->bytes, size);
    vmbus_get(rx->lane, rx->data, p->at, dst, there);
    for (; there < size; there++)
        ((uint8_t *)dst)[there] = 0;
}

static inline void vmbus_rx_release(struct vmbus_rx *rx, uint32_t n)
{
    if (n == 0 || rx->broken)
        return;
    rx->tail += n;
    rx->held += n;
    rx->read = vmbus_rx_next(rx, &rx->packets[(rx->tail - 1) & (rx->entries - 1)]);
    if (rx->held >= rx->hold)
        vmbus_rx_return(rx);
}

static inline void vmbus_rx_disarm(struct vmbus_rx *rx)
{
    ring_store(&rx->lane->interrupt_mask, 1);
}

static inline bool vmbus_rx_arm(struct vmbus_rx *rx, uint32_t after)
{
    (void)after; /* a flag can't count */
    vmbus_rx_return(rx);
    ring_store(&rx->lane->interrupt_mask, 0);
    ring_fence_arm();
    if (!rx->broken && rx->parsed == rx->tail && ring_load(&rx->lane->write_index) == rx->at)
        return false;
    vmbus_rx_disarm(rx);
    return true;
}

static inline uint32_t vmbus_rx_held(uint32_t entries)
{
    return vmbus_hold(entries) - 1;
}

RING_DUPLEX_CORE(vmbus)

#endif

/* SPDX-License-Identifier: MIT */
/*
 * event-index: the sleeper writes the index that shall wake it, the producer tells when it passes
 * it. Source: xen/io/ring.h, RING_PUSH_..._AND_CHECK_NOTIFY and RING_FINAL_CHECK_FOR_...;
 * VIRTIO 1.2 section 2.7.7 (VIRTIO_F_EVENT_IDX).
 */
#ifndef RING_NOTIFY_EVENT_INDEX_H
#define RING_NOTIFY_EVENT_INDEX_H

enum { notify_event_index_USES_CLOCK = false };

static inline enum notify_action notify_event_index_published(struct notify_tx *tx, uint32_t n,
                                                              uint64_t now)
{
    (void)tx;
    (void)n;
    (void)now;
    return NOTIFY_ASK;
}

static inline uint64_t notify_event_index_deadline(const struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NEVER;
}

static inline enum notify_action notify_event_index_flush(struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NONE;
}

static inline enum notify_wait notify_event_index_idle(struct notify_rx *rx, uint64_t now)
{
    (void)rx;
    (void)now;
    return NOTIFY_ARM;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * poll: both sides look all the time; nothing is told. The lowest latency, a whole processor each.
 */
#ifndef RING_NOTIFY_POLL_H
#define RING_NOTIFY_POLL_H

enum { notify_poll_USES_CLOCK = false };

static inline enum notify_action notify_poll_published(struct notify_tx *tx, uint32_t n,
                                                       uint64_t now)
{
    (void)tx;
    (void)n;
    (void)now;
    return NOTIFY_NONE;
}

static inline uint64_t notify_poll_deadline(const struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NEVER;
}

static inline enum notify_action notify_poll_flush(struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NONE;
}

static inline enum notify_wait notify_poll_idle(struct notify_rx *rx, uint64_t now)
{
    (void)rx;
    (void)now;
    return NOTIFY_SPIN;
}

#endif

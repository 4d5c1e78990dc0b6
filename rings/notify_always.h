/* SPDX-License-Identifier: MIT */
/*
 * always: every publication tells. What a device without interrupt suppression does; the baseline
 * that the others are measured against. Needs no word in shared memory.
 */
#ifndef RING_NOTIFY_ALWAYS_H
#define RING_NOTIFY_ALWAYS_H

enum { notify_always_USES_CLOCK = false };

static inline enum notify_action notify_always_published(struct notify_tx *tx, uint32_t n,
                                                         uint64_t now)
{
    (void)tx;
    (void)n;
    (void)now;
    return NOTIFY_TELL;
}

static inline uint64_t notify_always_deadline(const struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NEVER;
}

static inline enum notify_action notify_always_flush(struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NONE;
}

static inline enum notify_wait notify_always_idle(struct notify_rx *rx, uint64_t now)
{
    (void)rx;
    (void)now;
    return NOTIFY_SLEEP;
}

#endif

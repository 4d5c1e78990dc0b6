/* SPDX-License-Identifier: MIT */
/*
 * adaptive: look for spin_ns, then arm and sleep. Waiting at most as long as the sleep would cost
 * keeps within twice the cost of knowing the future: A. Karlin et al., "Empirical Studies of
 * Competitive Spinning for a Shared-Memory Multiprocessor", SOSP 1991, section 2.
 */
#ifndef RING_NOTIFY_ADAPTIVE_H
#define RING_NOTIFY_ADAPTIVE_H

enum { notify_adaptive_USES_CLOCK = true };

static inline enum notify_action notify_adaptive_published(struct notify_tx *tx, uint32_t n,
                                                           uint64_t now)
{
    (void)tx;
    (void)n;
    (void)now;
    return NOTIFY_ASK;
}

static inline uint64_t notify_adaptive_deadline(const struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NEVER;
}

static inline enum notify_action notify_adaptive_flush(struct notify_tx *tx)
{
    (void)tx;
    return NOTIFY_NONE;
}

static inline enum notify_wait notify_adaptive_idle(struct notify_rx *rx, uint64_t now)
{
    if (rx->idle_since == NOTIFY_NEVER)
        rx->idle_since = now;
    return now - rx->idle_since < rx->params.spin_ns ? NOTIFY_SPIN : NOTIFY_ARM;
}

#endif

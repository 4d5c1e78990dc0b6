/* SPDX-License-Identifier: MIT */
/*
 * coalesce: tell after coalesce_n entries or coalesce_ns, whichever comes first, and then only if
 * asked for. Source: the interrupt moderation of network adapters, as in ethtool(8)'s
 * rx-frames and rx-usecs.
 */
#ifndef RING_NOTIFY_COALESCE_H
#define RING_NOTIFY_COALESCE_H

enum { notify_coalesce_USES_CLOCK = true };

static inline enum notify_action notify_coalesce_published(struct notify_tx *tx, uint32_t n,
                                                           uint64_t now)
{
    if (tx->held == 0)
        tx->since = now;
    tx->held += n;
    if (tx->held < tx->params.coalesce_n && now - tx->since < tx->params.coalesce_ns)
        return NOTIFY_NONE;
    tx->held = 0;
    return NOTIFY_ASK;
}

static inline uint64_t notify_coalesce_deadline(const struct notify_tx *tx)
{
    return tx->held == 0 ? NOTIFY_NEVER : tx->since + tx->params.coalesce_ns;
}

static inline enum notify_action notify_coalesce_flush(struct notify_tx *tx)
{
    if (tx->held == 0)
        return NOTIFY_NONE;
    tx->held = 0;
    return NOTIFY_ASK;
}

static inline enum notify_wait notify_coalesce_idle(struct notify_rx *rx, uint64_t now)
{
    (void)rx;
    (void)now;
    return NOTIFY_ARM;
}

#endif

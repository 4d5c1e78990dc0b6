/* SPDX-License-Identifier: MIT */
/*
 * When the other side is told, and how a side waits: the notification policies.
 *
 * A policy decides; the layout answers (ask, arm); the embedder tells and sleeps. Policies are
 * static inline functions in notify_<id>.h, listed in policies.def, and are chosen by a constant:
 * with `policy` known at compile time the switches below vanish. Time is an argument, in ns from
 * any fixed origin; where notify_uses_clock() is false the argument is not looked at.
 *
 *   producing side, after a publish of n entries:
 *     action = notify_published(policy, &tx, n, now)
 *       NOTIFY_NONE  say nothing (now)
 *       NOTIFY_ASK   tell if the layout's ask says so
 *       NOTIFY_TELL  tell without asking, after the layout's flush: what is told must be visible
 *   before it sleeps, and whenever it is idle:
 *     notify_deadline(policy, &tx) is when held-back news is due, NOTIFY_NEVER if there is none;
 *     it must not sleep past it. When it is due: notify_flush(policy, &tx) gives the action.
 *
 *   consuming side, each time a peek finds nothing:
 *     wait = notify_idle(policy, &rx, now)
 *       NOTIFY_SPIN   look again
 *       NOTIFY_SLEEP  sleep until told; telling is sticky (an eventfd, a pending bit), and every
 *                     publication tells
 *       NOTIFY_ARM    arm the layout with notify_after(); sleep only if arm returned false
 *     and notify_busy(policy, &rx) each time it finds something.
 *
 * Nothing is lost: under every policy an entry that was published is followed by a telling, or was
 * seen by the final check in arm, or its consumer never sleeps. tests/model explores this.
 */
#ifndef RING_NOTIFY_H
#define RING_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#define NOTIFY_NEVER UINT64_MAX

enum notify_action { NOTIFY_NONE, NOTIFY_ASK, NOTIFY_TELL };
enum notify_wait { NOTIFY_SPIN, NOTIFY_SLEEP, NOTIFY_ARM };

/* Parameters of all policies; each uses its own. notify_params_check() names the first bad one. */
struct notify_params {
    uint32_t threshold;   /* event-index: entries to sleep for, 1..32768 */
    uint32_t coalesce_n;  /* coalesce: entries held back at most, 1..32768 */
    uint64_t coalesce_ns; /* coalesce: ns held back at most, 1..10^9 */
    uint64_t spin_ns;     /* adaptive: ns of looking before arming, 0..10^9 */
};

#define NOTIFY_DEFAULTS                                                          \
    (struct notify_params)                                                       \
    {                                                                            \
        .threshold = 1, .coalesce_n = 16, .coalesce_ns = 50000, .spin_ns = 20000 \
    }

struct notify_tx {
    struct notify_params params;
    uint32_t held;  /* entries published since the last telling or asking */
    uint64_t since; /* when the first of them was */
};

struct notify_rx {
    struct notify_params params;
    uint64_t idle_since; /* when it first found nothing; NOTIFY_NEVER while busy */
};

enum notify_policy {
#define RING_POLICY(id, name, summary) NOTIFY_##id,
#include "policies.def"
#undef RING_POLICY
    NOTIFY_POLICIES
};

#define RING_NO(policy) (1U << NOTIFY_##policy) /* for layouts.def */

#include "notify_always.h"
#include "notify_event_index.h"
#include "notify_poll.h"
#include "notify_adaptive.h"
#include "notify_coalesce.h"

#define NOTIFY_COUNT_MAX 32768U
#define NOTIFY_TIME_MAX 1000000000U /* ns */

/* NULL, or what is wrong: the parameter's name and its range. */
static inline const char *notify_params_check(const struct notify_params *p)
{
    if (p->threshold < 1 || p->threshold > NOTIFY_COUNT_MAX)
        return "threshold must be 1..32768 entries";
    if (p->coalesce_n < 1 || p->coalesce_n > NOTIFY_COUNT_MAX)
        return "coalesce_n must be 1..32768 entries";
    if (p->coalesce_ns < 1 || p->coalesce_ns > NOTIFY_TIME_MAX)
        return "coalesce_ns must be 1..1000000000 ns";
    if (p->spin_ns > NOTIFY_TIME_MAX)
        return "spin_ns must be 0..1000000000 ns";
    return 0;
}

static inline void notify_tx_init(struct notify_tx *tx, const struct notify_params *params)
{
    *tx = (struct notify_tx){.params = *params};
}

static inline void notify_rx_init(struct notify_rx *rx, const struct notify_params *params)
{
    *rx = (struct notify_rx){.params = *params, .idle_since = NOTIFY_NEVER};
}

#define NOTIFY_INLINE static inline __attribute__((always_inline))

NOTIFY_INLINE const char *notify_name(enum notify_policy policy)
{
    switch (policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        return name;
#include "policies.def"
#undef RING_POLICY
    default:
        return "?";
    }
}

NOTIFY_INLINE bool notify_uses_clock(enum notify_policy policy)
{
    switch (policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        return notify_##id##_USES_CLOCK;
#include "policies.def"
#undef RING_POLICY
    default:
        return false;
    }
}

NOTIFY_INLINE enum notify_action notify_published(enum notify_policy policy, struct notify_tx *tx,
                                                  uint32_t n, uint64_t now)
{
    switch (policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        return notify_##id##_published(tx, n, now);
#include "policies.def"
#undef RING_POLICY
    default:
        return NOTIFY_TELL;
    }
}

NOTIFY_INLINE uint64_t notify_deadline(enum notify_policy policy, const struct notify_tx *tx)
{
    switch (policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        return notify_##id##_deadline(tx);
#include "policies.def"
#undef RING_POLICY
    default:
        return NOTIFY_NEVER;
    }
}

NOTIFY_INLINE enum notify_action notify_flush(enum notify_policy policy, struct notify_tx *tx)
{
    switch (policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        return notify_##id##_flush(tx);
#include "policies.def"
#undef RING_POLICY
    default:
        return NOTIFY_TELL;
    }
}

NOTIFY_INLINE enum notify_wait notify_idle(enum notify_policy policy, struct notify_rx *rx,
                                           uint64_t now)
{
    switch (policy) {
#define RING_POLICY(id, name, summary) \
    case NOTIFY_##id:                  \
        return notify_##id##_idle(rx, now);
#include "policies.def"
#undef RING_POLICY
    default:
        return NOTIFY_SPIN;
    }
}

NOTIFY_INLINE void notify_busy(enum notify_policy policy, struct notify_rx *rx)
{
    if (notify_uses_clock(policy))
        rx->idle_since = NOTIFY_NEVER;
}

/*
 * What to give arm: expected is how many entries are sure to come (a front end's unanswered
 * requests), or 0 where nobody knows (a back end): then the next one is waited for.
 */
NOTIFY_INLINE uint32_t notify_after(const struct notify_rx *rx, uint32_t expected)
{
    uint32_t after = rx->params.threshold < expected ? rx->params.threshold : expected;
    return after == 0 ? 1 : after;
}

#endif

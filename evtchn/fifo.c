/* SPDX-License-Identifier: MIT */
/*
 * `fifo`, the producing half: Xen's FIFO ABI (xen/event_channel.h), 16 queues a vcpu, linked
 * through the event words of the ports in them. memory.h draws a word.
 *
 * A queue is appended to under its lock, which only producers take. The guest takes ports off the
 * other end meanwhile, by clearing LINKED and LINK of a word in one step. So an append looks at the
 * port enqueued last:
 *
 *   - It is still LINKED, in the same step as its LINK is written: the guest will find the new port
 *     there.
 *   - It is not: the guest has found the end of the queue, which is empty. The new port becomes its
 *     head, and the queue is ready.
 *
 * LINKED is set under the lock, never before: until it is enqueued, a port that was enqueued last
 * and has left would look as if it were still there.
 *
 * A port that is bound to another vcpu or given another priority stays where it is until it is
 * taken off there; its next event goes to the new queue. If it was the last of the old one, the old
 * one's tail must not be appended to any more. Both are done under both queues' locks.
 *
 * Ordering. What a side writes, it writes by a read-modify-write, a full barrier, before it reads
 * what the other side wrote:
 *   producer  sets PENDING, then reads MASKED and LINKED; writes the head, then sets the ready bit,
 *             then the upcall flag
 *   consumer  clears the upcall flag, then takes the ready bits, then reads heads; clears LINKED,
 *             then reads PENDING and MASKED; clears MASKED only while PENDING is not set (else it
 *             calls unmask, which clears it, then reads PENDING)
 */
#include "abi.h"

/* How often the guest may change the tail's word under the append. An honest one does so once or
 * twice: it clears PENDING, it masks; after the first few it is asked (BUSY) not to unmask. */
#define TRIES_PATIENT 4
#define TRIES_BUSY 8

#define likely(x) __builtin_expect((x), 1)
#define unlikely(x) __builtin_expect((x), 0)

static struct evtchn_effect effect_of(uint64_t what)
{
    return (struct evtchn_effect){NULL, what};
}

/* ---- what cannot be delivered yet ----
 *
 * A flag is set, then it is looked again whether what was missing is there; evtchn_release_held()
 * comes after that was published, and looks at the flags. Whoever clears one delivers: held is
 * PENDING of a port that has no event word yet, and becomes that; delayed says of a PENDING port
 * that its vcpu had no control block, and no more: it may have been enqueued by an unmask since. */

static bool raise_flag(bool *flag)
{
    return !evtchn_exchange(flag, true);
}

static bool clear_flag(bool *flag)
{
    return evtchn_load(flag) && evtchn_exchange(flag, false);
}

/* ---- queues ---- */

enum followed { HAD_LEFT, FOLLOWED, GAVE_UP };

/* Makes port the successor of tail, unless that has left the queue. */
static __attribute__((noinline)) enum followed follow(uint32_t *tail, uint32_t port)
{
    uint32_t word = evtchn_load(tail);
    for (int tries = 0; (word & EVTCHN_LINKED) != 0; tries++) {
        if (tries == TRIES_PATIENT) {
            (void)evtchn_set_bit(tail, EVTCHN_BUSY_BIT);
            word = evtchn_load(tail);
        } else if (tries == TRIES_BUSY) {
            (void)evtchn_clear_bit(tail, EVTCHN_BUSY_BIT);
            return GAVE_UP;
        } else if (evtchn_cas(tail, &word, (word & ~(EVTCHN_LINK | EVTCHN_BUSY)) | port)) {
            return FOLLOWED;
        }
    }
    if ((word & EVTCHN_BUSY) != 0)
        (void)evtchn_clear_bit(tail, EVTCHN_BUSY_BIT);
    return HAD_LEFT;
}

/* Where a queue ends, read under its lock, before LINKED of the port to be appended is set. */
struct end {
    uint32_t *word;
    uint32_t seen;
};

static inline struct end end_of(const struct evtchn_queue *q)
{
    uint32_t *word = evtchn_load(&q->tail);
    return (struct end){word, evtchn_load(word)};
}

/* The port is LINKED and in no queue; q's lock is held, and its tail is word already. HAD_LEFT: the
 * port is the head, q is ready. */
static enum followed append(const struct evtchn *e, struct evtchn_queue *q, const uint32_t *word,
                            struct end end)
{
    if ((end.seen & EVTCHN_LINKED) != 0 && end.word != word) {
        enum followed followed = follow(end.word, e->port);
        if (followed != HAD_LEFT)
            return followed;
    }
    evtchn_store(q->head, e->port);
    return HAD_LEFT;
}

static void lock_both(struct evtchn_queue *a, struct evtchn_queue *b)
{
    evtchn_lock((uintptr_t)a < (uintptr_t)b ? &a->lock : &b->lock);
    if (a != b)
        evtchn_lock((uintptr_t)a < (uintptr_t)b ? &b->lock : &a->lock);
}

static void unlock_both(struct evtchn_queue *a, struct evtchn_queue *b)
{
    evtchn_unlock(&a->lock);
    if (a != b)
        evtchn_unlock(&b->lock);
}

/* The port is pending and was not masked, wherever it was enqueued last. FOLLOWED: or it is in a
 * queue already. */
static enum followed append_from_anywhere(struct evtchn *e, struct evtchn_queue *q, uint32_t *word)
{
    struct evtchn_queue *last = evtchn_load(&e->last);
    enum followed followed = FOLLOWED;
    lock_both(last, q);
    /* If last has changed, somebody has enqueued the port after this event made it pending: the
     * guest will find that when it takes the port off there. */
    if (evtchn_load(&e->last) == last) {
        struct end end = end_of(q);
        if (!evtchn_set_bit(word, EVTCHN_LINKED_BIT)) {
            if (last != q && evtchn_load(&last->tail) == word)
                evtchn_store(&last->tail, &last->nothing);
            evtchn_store(&e->last, q);
            evtchn_store(&q->tail, word);
            followed = append(e, q, word, end);
        }
    }
    unlock_both(last, q);
    return followed;
}

static inline struct evtchn_effect appended(const struct evtchn_queue *q, enum followed followed)
{
    if (unlikely(followed == GAVE_UP))
        return effect_of(EVTCHN_IS_PENDING | EVTCHN_IS_BROKEN);
    if (unlikely(followed == FOLLOWED || evtchn_set_bit(q->ready, q->number)))
        return effect_of(EVTCHN_IS_PENDING);
    return evtchn_tell(q->vcpu);
}

static bool has_block(const struct evtchn_queue *q)
{
    return evtchn_load_acquire(&q->ready) != NULL;
}

/* The port is pending and was not masked. */
static struct evtchn_effect enqueue(struct evtchn *e, uint32_t *word)
{
    struct evtchn_queue *q = evtchn_load(&e->target);
    if (!has_block(q)) {
        (void)raise_flag(&e->delayed);
        q = evtchn_load(&e->target); /* it may have been bound to another vcpu meanwhile */
        if (!has_block(q) || !clear_flag(&e->delayed))
            return effect_of(EVTCHN_IS_PENDING);
    }
    return appended(q, append_from_anywhere(e, q, word));
}

static struct evtchn_effect enqueue_unless(struct evtchn *e, uint32_t *word, uint32_t flags)
{
    if ((evtchn_load(word) & flags) != 0)
        return effect_of(EVTCHN_IS_PENDING);
    return enqueue(e, word);
}

/* ---- the interface ---- */

/* NULL: its page is not there yet. */
static uint32_t *word_of(const struct evtchn *e)
{
    uint32_t *word = evtchn_load_acquire(&e->word);
    return word == &e->domain->no_word ? NULL : word;
}

/* Whatever the state of the port. */
static __attribute__((noinline)) struct evtchn_effect set_pending_anyhow(struct evtchn *e)
{
    uint32_t *word = word_of(e);
    if (word == NULL) {
        bool first = raise_flag(&e->held);
        word = word_of(e);
        if (word == NULL || !clear_flag(&e->held))
            return effect_of(first ? EVTCHN_IS_PENDING : 0);
    }
    if (evtchn_set_bit(word, EVTCHN_PENDING_BIT))
        return EVTCHN_NO_EFFECT;
    return enqueue_unless(e, word, EVTCHN_MASKED | EVTCHN_LINKED);
}

/* Makes port the successor of an end that was LINKED, if nothing has changed there since. */
static inline bool follow_as_seen(struct end end, uint32_t port)
{
    return evtchn_cas(end.word, &end.seen, (end.seen & ~(EVTCHN_LINK | EVTCHN_BUSY)) | port);
}

/* The end of fifo_set_pending() where the queue was not empty, and something has. */
static __attribute__((noinline)) struct evtchn_effect
join(const struct evtchn *e, struct evtchn_queue *q, const uint32_t *word, struct end end)
{
    enum followed followed = append(e, q, word, end);
    evtchn_unlock(&q->lock);
    return appended(q, followed);
}

/*
 * The same in one step for a port that is idle and goes where it went last, which implies that its
 * page and the control block are there: no_word does not look idle.
 */
static struct evtchn_effect fifo_set_pending(struct evtchn *e)
{
    uint32_t *word = evtchn_load_acquire(&e->word);
    uint32_t idle = evtchn_load(word);
    if (unlikely((idle & (EVTCHN_PENDING | EVTCHN_MASKED | EVTCHN_LINKED)) != 0))
        return set_pending_anyhow(e);

    struct evtchn_queue *q = evtchn_load(&e->target);
    evtchn_lock(&q->lock);
    struct end end = end_of(q);
    if (unlikely(evtchn_load(&e->last) != q ||
                 !evtchn_cas(word, &idle, idle | EVTCHN_PENDING | EVTCHN_LINKED))) {
        evtchn_unlock(&q->lock);
        return set_pending_anyhow(e);
    }
    evtchn_store(&q->tail, word);
    if ((end.seen & EVTCHN_LINKED) != 0) {
        if (unlikely(end.word == word || !follow_as_seen(end, e->port)))
            return join(e, q, word, end);
        evtchn_unlock(&q->lock);
        return effect_of(EVTCHN_IS_PENDING);
    }
    evtchn_store(q->head, e->port);
    evtchn_unlock(&q->lock);
    return appended(q, HAD_LEFT);
}

static void fifo_clear_pending(struct evtchn *e)
{
    uint32_t *word = word_of(e);
    evtchn_store(&e->held, false);
    evtchn_store(&e->delayed, false);
    if (word != NULL)
        (void)evtchn_clear_bit(word, EVTCHN_PENDING_BIT);
}

static bool fifo_is_pending(const struct evtchn *e)
{
    const uint32_t *word = word_of(e);
    return evtchn_load(&e->held) || (word != NULL && (evtchn_load(word) & EVTCHN_PENDING) != 0);
}

static struct evtchn_effect fifo_unmask(struct evtchn *e)
{
    uint32_t *word = word_of(e);
    if (word == NULL)
        return EVTCHN_NO_EFFECT;
    (void)evtchn_clear_bit(word, EVTCHN_MASKED_BIT);
    if ((evtchn_load(word) & EVTCHN_PENDING) == 0)
        return EVTCHN_NO_EFFECT;
    return enqueue_unless(e, word, EVTCHN_LINKED);
}

static bool fifo_is_busy(const struct evtchn *e)
{
    const uint32_t *word = word_of(e);
    return word != NULL && (evtchn_load(word) & EVTCHN_LINKED) != 0;
}

bool evtchn_fifo_release(struct evtchn *e, struct evtchn_effect *effect)
{
    uint32_t *word = word_of(e);
    if (word == NULL)
        return false;
    if (clear_flag(&e->held))
        (void)evtchn_set_bit(word, EVTCHN_PENDING_BIT);
    else if (!has_block(e->target) || !clear_flag(&e->delayed) ||
             (evtchn_load(word) & EVTCHN_PENDING) == 0)
        return false;
    *effect = enqueue_unless(e, word, EVTCHN_MASKED | EVTCHN_LINKED);
    return true;
}

const struct evtchn_abi evtchn_fifo_producer = {
    .name = "fifo",
    .ports = EVTCHN_PORTS_MAX,
    .prioritises = true,
    .set_pending = fifo_set_pending,
    .clear_pending = fifo_clear_pending,
    .is_pending = fifo_is_pending,
    .unmask = fifo_unmask,
    .is_busy = fifo_is_busy,
};

/* SPDX-License-Identifier: MIT */
#include "hv/core/frame.h"

#include "hv/core/abi.h"
#include "hv/core/assert.h"
#include "hv/core/tlb.h"

uint64_t frame_count;

static uint64_t kind(enum frame_type t)
{
    return (uint64_t)t << TYPE_KIND_SHIFT;
}

static bool is_checked_type(enum frame_type t)
{
    return t != TYPE_WRITABLE;
}

/* ---- references */

void frame_get_more(struct frame *f)
{
    int64_t before = __atomic_fetch_add(&f->count, FRAME_REFERENCE, __ATOMIC_RELAXED);
    ASSERT(before >= 0);
}

/* Of a frame that its owner has, and nothing else refers to. */
static int64_t count_of_owned(const struct domain *owner)
{
    return FRAME_ALLOCATED | frame_owner_number(owner);
}

bool frame_take(mfn_t m, const struct domain *owner)
{
    if (!mfn_valid(m))
        return false;
    struct frame *f = frame_of(m);
    int64_t count = count_of_owned(owner);
    if (!__atomic_compare_exchange_n(&f->count, &count, FRAME_FREE, false, __ATOMIC_ACQUIRE,
                                     __ATOMIC_RELAXED))
        return false;
    ASSERT(frame_type_count(f) == 0);
    f->stamp = tlb_now();
    return true;
}

void frame_untake(mfn_t m, struct domain *owner)
{
    struct frame *f = frame_of(m);
    ASSERT(frame_is_free(f) && f->owner == owner);
    __atomic_store_n(&f->count, count_of_owned(owner), __ATOMIC_RELEASE);
}

void frame_free(struct frame *f)
{
    ASSERT(frame_type_count(f) == 0);
    f->stamp = tlb_now();
    domain_frame_free(f);
}

bool frame_disown(struct frame *f)
{
    int64_t before = __atomic_fetch_and(&f->count, ~FRAME_ALLOCATED, __ATOMIC_RELAXED);
    return before & FRAME_ALLOCATED;
}

void frame_lend(struct frame *f, struct domain *owner)
{
    int64_t count = __atomic_load_n(&f->count, __ATOMIC_RELAXED);
    ASSERT(count >= 0);
    f->owner = owner;
    while (!__atomic_compare_exchange_n(&f->count, &count,
                                        (count & ~(FRAME_ALLOCATED | FRAME_OWNER_MASK)) |
                                            frame_owner_number(owner),
                                        true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
        ;
}

void frame_assign(struct frame *f, struct domain *owner)
{
    ASSERT(frame_is_free(f));
    f->owner = owner;
    f->type = kind(TYPE_NONE);
    __atomic_store_n(&f->count, count_of_owned(owner), __ATOMIC_RELEASE);
}

/* ---- types */

static void type_change(struct frame *f, uint64_t clear, uint64_t set)
{
    uint64_t x = __atomic_load_n(&f->type, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&f->type, &x, (x & ~clear) | set, true, __ATOMIC_ACQ_REL,
                                        __ATOMIC_RELAXED))
        ;
}

int frame_make_writable(struct frame *f)
{
    return frame_get_type(f, TYPE_WRITABLE);
}

static void set_partial(struct frame *f, unsigned done, uint64_t flags)
{
    type_change(f, TYPE_DONE_MASK | TYPE_VALID,
                (uint64_t)done << TYPE_DONE_SHIFT | TYPE_PARTIAL | flags);
}

/* The last use ends. */
static void set_unused(struct frame *f)
{
    f->stamp = tlb_now();
    type_change(f,
                TYPE_COUNT_MASK | TYPE_DONE_MASK | TYPE_VALID | TYPE_PARTIAL | TYPE_RELEASING |
                    TYPE_FAILED,
                0);
}

/* Gives entries back after an error. The state of the frame holds a reference if `held`. */
static int undo(struct frame *f, enum frame_type t, unsigned from, int error, bool held)
{
    unsigned left;
    if (arch_table_release(f, t, from, &left) == -XEN_ERESTART) {
        if (!held)
            frame_get_more(f);
        set_partial(f, left, TYPE_RELEASING | TYPE_FAILED);
        return -XEN_ERESTART;
    }
    set_unused(f);
    if (held)
        frame_put(f);
    return error;
}

static int check(struct frame *f, enum frame_type t, unsigned from, bool held)
{
    unsigned done;
    int rc = arch_table_check(f, t, from, &done);
    if (rc == -XEN_ERESTART) {
        if (!held)
            frame_get_more(f);
        set_partial(f, done, 0);
        return rc;
    }
    if (rc != 0)
        return undo(f, t, done, rc, held);
    type_change(f, TYPE_PARTIAL | TYPE_DONE_MASK, TYPE_VALID);
    if (held)
        frame_put(f);
    return 0;
}

int frame_abandon(struct frame *f)
{
    uint64_t x = __atomic_load_n(&f->type, __ATOMIC_RELAXED);
    if (!(x & TYPE_PARTIAL) || (x & (TYPE_RELEASING | TYPE_FAILED)) == TYPE_RELEASING)
        return 0;
    return undo(f, frame_type_of(f), (unsigned)((x & TYPE_DONE_MASK) >> TYPE_DONE_SHIFT), 0, true);
}

/* mm_lock is held and the frame is PARTIAL. */
static int go_on(struct frame *f, enum frame_type t, uint64_t x)
{
    unsigned done = (unsigned)((x & TYPE_DONE_MASK) >> TYPE_DONE_SHIFT);
    if (!(x & TYPE_RELEASING))
        return check(f, t, done, true);
    if (x & TYPE_FAILED)
        return undo(f, t, done, -XEN_EINVAL, true);
    return -XEN_EBUSY;
}

int frame_get_type(struct frame *f, enum frame_type t)
{
    uint64_t x = __atomic_load_n(&f->type, __ATOMIC_RELAXED);
    for (;;) {
        uint64_t to;
        if ((x & TYPE_COUNT_MASK) == 0) {
            to = kind(t) | 1 | (is_checked_type(t) ? 0 : TYPE_VALID);
        } else if (unlikely((x & TYPE_KIND_MASK) != kind(t))) {
            return -XEN_EINVAL;
        } else if (unlikely(!(x & TYPE_VALID))) {
            return go_on(f, t, x);
        } else if (unlikely((x & TYPE_COUNT_MASK) == TYPE_COUNT_MASK)) {
            return -XEN_EBUSY;
        } else {
            to = x + 1;
        }
        if (likely(__atomic_compare_exchange_n(&f->type, &x, to, false, __ATOMIC_ACQ_REL,
                                               __ATOMIC_RELAXED)))
            break;
    }
    if (likely((x & TYPE_COUNT_MASK) != 0))
        return 0;
    if ((x & TYPE_KIND_MASK) != kind(t) && (x & TYPE_KIND_MASK) != kind(TYPE_NONE))
        tlb_flush_older(f->stamp, f->owner);
    return is_checked_type(t) ? check(f, t, 0, false) : 0;
}

int frame_put_type(struct frame *f)
{
    uint64_t x = __atomic_load_n(&f->type, __ATOMIC_RELAXED);
    enum frame_type t = frame_type_of(f);
    ASSERT((x & TYPE_COUNT_MASK) != 0);
    if (t == TYPE_WRITABLE) {
        frame_put_writable(f);
        return 0;
    }
    unsigned left;
    if (x & TYPE_PARTIAL) {
        ASSERT((x & (TYPE_RELEASING | TYPE_FAILED)) == TYPE_RELEASING);
        left = (unsigned)((x & TYPE_DONE_MASK) >> TYPE_DONE_SHIFT);
    } else if ((x & TYPE_COUNT_MASK) > 1) {
        /* Tables change under mm_lock only. */
        __atomic_fetch_sub(&f->type, 1, __ATOMIC_RELEASE);
        return 0;
    } else {
        left = arch_table_entries(t);
    }
    if (arch_table_release(f, t, left, &left) == -XEN_ERESTART) {
        set_partial(f, left, TYPE_RELEASING);
        return -XEN_ERESTART;
    }
    set_unused(f);
    return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The frame table: who owns each frame of the machine's memory, how often it is referred to, and
 * what it is used as.
 *
 * After "Xen and the Art of Virtualization", section 3.3.3: a frame has one type at a time (a page
 * table of some level, a descriptor table, writable) and a count of the uses that rely on it, and
 * may change type only when that count is zero. So a page table is never mapped writable, and what
 * the processor walks has been checked.
 *
 * - count: references of any kind, from page-table entries, vcpus' roots, operations under way, and
 *   one from its owner while FRAME_ALLOCATED; with the last the frame goes back to the allocator.
 *   The owner's number is in the same word, so that a reference is had by the owner's name or not
 *   at all. Who guesses at frames of others changes nothing, not for a moment: frame_take() finds
 *   what their owner has done with them.
 * - type: what it is used as; how often; and, for tables, how far checking it has come.
 *
 * A type reference implies a reference. A table gets its type when it is first used as one: each
 * entry is checked then, and itself takes references; with the last use these are given back.
 * Both may be long, and are preemptible: -XEN_ERESTART leaves the frame PARTIAL, with the entries
 * [0, done) referred to, and whoever calls again goes on from there.
 *
 *   state           flags               type count 1 is held by
 *   -----           -----               -----------------------
 *   in use          VALID               all who use it
 *   being checked   PARTIAL             the state itself, with a reference
 *   found wrong     PARTIAL RELEASING   the state itself, with a reference
 *                   FAILED
 *   being released  PARTIAL RELEASING   the last user, whose put is to be called again
 *
 * Locking. Counts change atomically, anywhere. A frame's table and descriptor types are taken and
 * given back, and its flags change, under the mm_lock of its owner. The writable type needs no
 * lock: it can only be taken when nothing relies on another.
 *
 * Stale translations. `stamp` says when a frame was last of use as what it was; before it becomes
 * something else, each CPU that has not flushed its TLB since then does (tlb.h).
 */
#ifndef HV_FRAME_H
#define HV_FRAME_H

#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/tlb.h"
#include "hv/core/types.h"

enum frame_type {
    TYPE_NONE,
    TYPE_L1,
    TYPE_L2,
    TYPE_L3,
    TYPE_L4,
    TYPE_DESCRIPTORS,
    TYPE_WRITABLE,
};

struct frame {
    int64_t count; /* as below */
    uint64_t type; /* likewise */
    union {
        struct domain *owner; /* while it is not free; NULL: the hypervisor */
        struct {
            uint32_t next, prev; /* while free: the buddy allocator's */
        };
    };
    uint64_t stamp;
};
_Static_assert(sizeof(struct frame) == 32, "half a cache line each");

/* Of references there is one more than the count says, so that the last one to go makes it
 * negative, which is what an instruction can tell. */
#define FRAME_OWNER_MASK 0xffffLL /* the owner's number, FRAME_OF_HYPERVISOR */
#define FRAME_ALLOCATED (1LL << 16)
#define FRAME_REFERENCE_SHIFT 17
#define FRAME_REFERENCE (1LL << FRAME_REFERENCE_SHIFT)

#define FRAME_OF_HYPERVISOR DOMID_XEN /* no domain has this number */
#define FRAME_FREE (-1LL)             /* as any negative one is */

#define TYPE_COUNT_MASK 0xffffffffULL
#define TYPE_DONE_SHIFT 32 /* of a partial one: entries referred to, 0..512 */
#define TYPE_DONE_MASK (0x3ffULL << TYPE_DONE_SHIFT)
#define TYPE_VALID (1ULL << 44)
#define TYPE_PARTIAL (1ULL << 45)
#define TYPE_RELEASING (1ULL << 46)
#define TYPE_FAILED (1ULL << 47)
#define TYPE_PINNED (1ULL << 48) /* the guest holds one use by a pin */
#define TYPE_KIND_SHIFT 56
#define TYPE_KIND_MASK (0xfULL << TYPE_KIND_SHIFT)
#define TYPE_FREE_BLOCK (1ULL << 63) /* the buddy allocator's: first frame of a free block */
#define TYPE_NOT_MEMORY (1ULL << 62) /* no memory: what firmware keeps, devices, nothing */

#define TYPE_WRITABLE_IDLE ((uint64_t)TYPE_WRITABLE << TYPE_KIND_SHIFT | TYPE_VALID)

extern uint64_t frame_count; /* frames [0, frame_count) have an entry */

static inline bool mfn_valid(mfn_t m)
{
    return m.n < frame_count;
}

static inline struct frame *frame_of(mfn_t m)
{
    return &frame_table[m.n];
}

static inline mfn_t frame_mfn(const struct frame *f)
{
    return mfn((uint64_t)(f - frame_table));
}

static inline enum frame_type frame_type_of(const struct frame *f)
{
    return (enum frame_type)((__atomic_load_n(&f->type, __ATOMIC_RELAXED) & TYPE_KIND_MASK) >>
                             TYPE_KIND_SHIFT);
}

static inline uint32_t frame_type_count(const struct frame *f)
{
    return (uint32_t)(__atomic_load_n(&f->type, __ATOMIC_RELAXED) & TYPE_COUNT_MASK);
}

static inline int64_t frame_count_now(const struct frame *f)
{
    return __atomic_load_n(&f->count, __ATOMIC_ACQUIRE);
}

static inline bool frame_is_free(const struct frame *f)
{
    return frame_count_now(f) < 0;
}

/* Of any kind; 0: it is free. */
static inline uint64_t frame_references(const struct frame *f)
{
    int64_t count = frame_count_now(f);
    return count < 0 ? 0 : (uint64_t)(count >> FRAME_REFERENCE_SHIFT) + 1;
}

/* What the count of a frame has below the references. */
static inline int64_t frame_owner_number(const struct domain *owner)
{
    return owner == NULL ? FRAME_OF_HYPERVISOR : owner->id;
}

/* Is a frame of this count in use, and this domain's? */
static inline bool count_is_of(int64_t count, const struct domain *owner)
{
    return (uint16_t)count == owner->id && count >= 0;
}

/* Checked and in use as that; stable while the owner's mm_lock is held, or a use of it. */
static inline bool frame_is(const struct frame *f, enum frame_type t)
{
    uint64_t x = __atomic_load_n(&f->type, __ATOMIC_ACQUIRE);
    /* The upper half by itself, whose constants are short. */
    uint32_t upper = (uint32_t)(x >> 32) & (uint32_t)((TYPE_KIND_MASK | TYPE_VALID) >> 32);
    return (x & TYPE_COUNT_MASK) != 0 &&
           upper == (uint32_t)(((uint64_t)t << TYPE_KIND_SHIFT | TYPE_VALID) >> 32);
}

/* The last reference has gone. */
out_of_line void frame_free(struct frame *f);

static inline __attribute__((always_inline)) void frame_put(struct frame *f)
{
    if (unlikely(__atomic_sub_fetch(&f->count, FRAME_REFERENCE, __ATOMIC_ACQ_REL) < 0))
        frame_free(f);
}

/* A reference to a frame that this domain owns. false: it does not. */
static inline __attribute__((always_inline)) bool frame_get(mfn_t m, const struct domain *owner)
{
    if (unlikely(!mfn_valid(m)))
        return false;
    struct frame *f = frame_of(m);
    int64_t count = __atomic_load_n(&f->count, __ATOMIC_RELAXED);
    do {
        if (unlikely(!count_is_of(count, owner)))
            return false;
    } while (unlikely(!__atomic_compare_exchange_n(&f->count, &count, count + FRAME_REFERENCE, true,
                                                   __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)));
    return true;
}

/* A frame that its owner has, and nothing else refers to: it is nobody's then, and no reference can
 * be had, until the caller assigns it anew. Some CPU may know translations of it. false: as it was,
 * because it is not the owner's, or the owner uses it.
 */
bool frame_take(mfn_t m, const struct domain *owner);

/* That one remains its owner's after all, and its type what it was last. */
void frame_untake(mfn_t m, struct domain *owner);

/* Another reference, where one is held already. */
void frame_get_more(struct frame *f);

/* Takes back what its owner's claim to the frame is. false: there was none any more. The caller
 * then holds that reference. */
bool frame_disown(struct frame *f);

/* Of one to which the caller refers: it is another's from now on (NULL: the hypervisor's), who has
 * no claim to it, and whose frames it is not counted among. */
void frame_lend(struct frame *f, struct domain *owner);

/*
 * A use of the frame as t. The caller holds a reference; for a table or descriptors also mm_lock.
 *   0               done
 *   -XEN_EINVAL     it is used as something else, or an entry of it is wrong
 *   -XEN_EBUSY      its uses cannot be counted any more, or it is being released
 *   -XEN_ERESTART   call again (not for writable ones)
 * and what checking an entry returned.
 */
int frame_get_type(struct frame *f, enum frame_type t);

/* For the writable type, which needs no checking and keeps TYPE_VALID while it is not in use: if it
 * is, or was last, used as writable, one more use. 0, or as above. */
out_of_line int frame_make_writable(struct frame *f);

static inline __attribute__((always_inline)) int frame_get_writable(struct frame *f)
{
    uint64_t x = __atomic_load_n(&f->type, __ATOMIC_RELAXED);
    if (likely(x >> 32 == (TYPE_WRITABLE_IDLE >> 32) && (uint32_t)x != TYPE_COUNT_MASK) &&
        likely(__atomic_compare_exchange_n(&f->type, &x, x + 1, false, __ATOMIC_ACQ_REL,
                                           __ATOMIC_RELAXED)))
        return 0;
    return frame_make_writable(f);
}

/* 0, or for a table -XEN_ERESTART: the use is still held; call again. */
int frame_put_type(struct frame *f);

/* If checking it, or undoing that, was interrupted, and nobody will go on with it: takes back what
 * it came to. mm_lock. 0, or -XEN_ERESTART: call again. */
int frame_abandon(struct frame *f);

/* For a writable use, which never restarts. */
static inline __attribute__((always_inline)) void frame_put_writable(struct frame *f)
{
    uint64_t x = __atomic_load_n(&f->type, __ATOMIC_RELAXED);
    do {
        /* Before it is free to change: who sees count 0 sees the stamp. */
        if (x == (TYPE_WRITABLE_IDLE | 1))
            f->stamp = tlb_now();
    } while (unlikely(!__atomic_compare_exchange_n(&f->type, &x, x - 1, true, __ATOMIC_RELEASE,
                                                   __ATOMIC_RELAXED)));
}

/* Gives a frame that was just allocated to its owner (NULL: the hypervisor keeps it), with one
 * reference, by FRAME_ALLOCATED. */
void frame_assign(struct frame *f, struct domain *owner);

/* How many entries a table has. */
unsigned arch_table_entries(enum frame_type t);

/* What checking a table (or descriptors) means. `from`: entries [0, from) are referred to already.
 * Returns as above, and in *done how far it came; after an error nothing is undone. */
int arch_table_check(struct frame *f, enum frame_type t, unsigned from, unsigned *done);

/* Gives back entries [0, from). -XEN_ERESTART: *done are left. */
int arch_table_release(struct frame *f, enum frame_type t, unsigned from, unsigned *done);

#endif

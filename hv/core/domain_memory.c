/* SPDX-License-Identifier: MIT */
/*
 * The frames of a domain.
 *
 * When a domain dies all of them must be found. A list of them would cost each allocation a lock
 * and each entry of the frame table 8 bytes; a look at the whole frame table takes as long as the
 * machine is large. So each domain has a map, one frame, of the blocks of memory in which it was
 * ever given frames, and only those blocks are looked at.
 *
 * Frames in general keep their owner alive, by one reference: it is taken when the first one comes
 * and given back when the last one goes.
 */
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/string.h"

#define BLOCKS_MAX (PAGE_SIZE * 8)
#define BLOCK_SHIFT_MIN 9 /* as large as a run of frames that is allocated as one, mostly */

static unsigned block_shift = BLOCK_SHIFT_MIN;

void domain_memory_init(void)
{
    while (frame_count >> block_shift >= BLOCKS_MAX)
        block_shift++;
}

/* Before a frame there is the domain's: whoever looks for its frames then sees the block first. */
static void note_block(struct domain *d, mfn_t m)
{
    uint64_t block = m.n >> block_shift;
    uint64_t bit = 1UL << block % 64;
    if (!(__atomic_load_n(&d->blocks[block / 64], __ATOMIC_RELAXED) & bit))
        __atomic_fetch_or(&d->blocks[block / 64], bit, __ATOMIC_SEQ_CST);
}

mfn_t domain_next_frame(const struct domain *d, uint64_t from)
{
    for (uint64_t n = from; n < frame_count; n++) {
        uint64_t block = n >> block_shift;
        if (!(__atomic_load_n(&d->blocks[block / 64], __ATOMIC_SEQ_CST) >> block % 64 & 1)) {
            n |= (1UL << block_shift) - 1;
            continue;
        }
        const struct frame *f = frame_of(mfn(n));
        if (count_is_of(frame_count_now(f), d))
            return mfn(n);
    }
    return MFN_NONE;
}

static bool charge(struct domain *d, uint64_t frames)
{
    uint64_t have = __atomic_load_n(&d->frames, __ATOMIC_RELAXED);
    do {
        if (have + frames > d->frames_max)
            return false;
    } while (!__atomic_compare_exchange_n(&d->frames, &have, have + frames, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    if (have == 0)
        domain_get_more(d);
    return true;
}

static void uncharge(struct domain *d, uint64_t frames)
{
    if (__atomic_sub_fetch(&d->frames, frames, __ATOMIC_RELEASE) == 0)
        domain_put(d);
}

bool domain_charge(struct domain *d, mfn_t m)
{
    if (!charge(d, 1))
        return false;
    note_block(d, m);
    return true;
}

void domain_uncharge(struct domain *d)
{
    uncharge(d, 1);
}

void domain_scrub(mfn_t m)
{
    void *contents = frame_map(m);
    memset(contents, 0, PAGE_SIZE);
    frame_unmap(contents);
}

bool domain_release_frame(struct domain *d, mfn_t m)
{
    /* With a reference it stays the domain's: without, somebody else could have released it, and it
     * be another domain's by now. */
    if (!frame_get(m, d))
        return false;
    struct frame *f = frame_of(m);
    bool had = frame_disown(f);
    if (had)
        frame_put(f); /* the owner's; those of mappings stay until they go */
    frame_put(f);
    return had;
}

mfn_t domain_alloc(struct domain *d, unsigned order, unsigned bits, bool scrub)
{
    if (!charge(d, 1UL << order))
        return MFN_NONE;
    mfn_t m = heap_alloc(order, bits);
    if (mfn_is_none(m)) {
        uncharge(d, 1UL << order);
        return m;
    }
    for (uint64_t i = 0; i < 1UL << order; i++) {
        if (scrub)
            domain_scrub(mfn(m.n + i));
        if (i == 0 || (m.n + i) % (1UL << block_shift) == 0)
            note_block(d, mfn(m.n + i));
        frame_assign(frame_of(mfn(m.n + i)), d);
    }
    /* Either this is seen here, or the frames are by who gives back what the domain has. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (likely(!domain_is_dying(d)))
        return m;
    for (uint64_t i = 0; i < 1UL << order; i++)
        domain_release_frame(d, mfn(m.n + i));
    return MFN_NONE;
}

/* Whoever ends the domain may have looked for its frames before this one was there. */
static void settle(struct domain *d, mfn_t m)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* as in domain_alloc() */
    if (unlikely(domain_is_dying(d)))
        domain_release_frame(d, m);
}

void domain_give(struct domain *d, mfn_t m)
{
    note_block(d, m);
    frame_assign(frame_of(m), d);
    settle(d, m);
}

/* Some CPU may know translations from what its type was last. */
void domain_keep(struct domain *d, mfn_t m)
{
    frame_untake(m, d);
    settle(d, m);
}

void domain_frame_free(struct frame *f)
{
    struct domain *d = f->owner;
    heap_free(frame_mfn(f), 0);
    if (d != NULL)
        uncharge(d, 1);
}

/* ---- pages that are shared with the hypervisor */

void *domain_share_page(struct domain *d)
{
    void *page = heap_alloc_mapped(0);
    if (page == NULL)
        return NULL;
    struct frame *f = frame_of(arch_heap_mfn(page));
    /* In use as writable memory all the time, it cannot become anything else. */
    if (frame_get_writable(f) != 0)
        panic("a fresh frame has a type");
    frame_lend(f, d); /* the reference is the hypervisor's: it cannot be given back or exchanged */
    return page;
}

void domain_unshare_page(void *page)
{
    struct frame *f = frame_of(arch_heap_mfn(page));
    frame_lend(f, NULL); /* it may outlive the domain */
    frame_put_writable(f);
    frame_put(f);
}

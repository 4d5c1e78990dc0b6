/* SPDX-License-Identifier: MIT */
#include "hv/core/audit.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/grant_table.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/pirq.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

static bool audit_wanted;
OPTION_FLAG("audit", audit_wanted, "recount the frame table when the control domain ends");

#define COMPLAINTS_MAX 20 /* logged; the rest is counted */

/* What is found by looking, of each frame. */
struct tally {
    uint32_t references, uses;
};

static struct tally *tallies;
static uint64_t wrong;

/* Each domain once, with a reference while it is looked at. */
#define for_each_domain(d)                                           \
    for (struct domain *d = domain_get_next(0), *next_; (d) != NULL; \
         next_ = domain_get_next((uint16_t)((d)->id + 1)), domain_put(d), (d) = next_)

static void complain(mfn_t m, const char *what, uint64_t expected, uint64_t found)
{
    if (wrong++ < COMPLAINTS_MAX)
        log_error("audit: frame 0x%lx (type %u): %s: counted %lu, the table says %lu\n", m.n,
                  frame_type_of(frame_of(m)), what, expected, found);
}

void audit_count(mfn_t m, bool used)
{
    tallies[m.n].references++;
    tallies[m.n].uses += used;
}

/* What a frame itself refers to, and what its own state holds. */
static void look_at(mfn_t m)
{
    const struct frame *f = frame_of(m);
    uint64_t type = f->type;
    if (f->count & FRAME_ALLOCATED)
        tallies[m.n].references++;
    if (type & TYPE_PINNED)
        audit_count(m, true);
    bool held = (type & TYPE_PARTIAL) && (!(type & TYPE_RELEASING) || (type & TYPE_FAILED));
    if (held)
        audit_count(m, true);
    if ((type & TYPE_COUNT_MASK) == 0)
        return;
    enum frame_type t = frame_type_of(f);
    if (t >= TYPE_L1 && t <= TYPE_L4)
        arch_audit_table(f, t,
                         type & TYPE_PARTIAL
                             ? (unsigned)((type & TYPE_DONE_MASK) >> TYPE_DONE_SHIFT)
                             : arch_table_entries(t));
}

static void look_at_domain(const struct domain *d)
{
    /* The shared page is in use by being shared. */
    audit_count(d->shared_mfn, true);
    grant_table_audit(d);
    for (uint32_t i = 0; i < d->n_event_pages; i++)
        audit_count(d->event_pages[i], true);
    if (!mfn_is_none(pirq_eoi_page(d)))
        audit_count(pirq_eoi_page(d), true);
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        const struct vcpu *v = d->vcpus[i];
        if (v == NULL)
            continue;
        arch_audit_vcpu(v);
        if (!mfn_is_none(v->info_mfn))
            audit_count(v->info_mfn, true);
        if (v->stale_table != NULL)
            audit_count(frame_mfn(v->stale_table), true);
    }
}

static void compare(mfn_t m)
{
    const struct frame *f = frame_of(m);
    uint64_t references = frame_references(f);
    if (tallies[m.n].references != references)
        complain(m, "references", tallies[m.n].references, references);
    if (tallies[m.n].uses != frame_type_count(f))
        complain(m, "uses", tallies[m.n].uses, frame_type_count(f));
}

/* Those that it shares with the hypervisor are not the domain's own. */
static void count_frames(const struct domain *d)
{
    uint64_t owned = 0;
    for (mfn_t m = domain_next_frame(d, 0); !mfn_is_none(m); m = domain_next_frame(d, m.n + 1))
        owned += !mfn_eq(m, d->shared_mfn) && !grant_table_holds(d->grants, m);
    if (owned != d->frames) {
        wrong++;
        log_error("audit: domain %u owns %lu frames, its count says %lu\n", d->id, owned,
                  d->frames);
    }
}

/* The owner's structure, if it was freed, is still memory. */
static bool owner_exists(const struct frame *f)
{
    if ((f->count & FRAME_OWNER_MASK) != frame_owner_number(f->owner))
        return false;
    if (f->owner == NULL)
        return true;
    struct domain *d = domain_get(f->owner->id);
    if (d != NULL)
        domain_put(d);
    return d == f->owner;
}

uint64_t audit_frames(void)
{
    uint64_t free = 0;
    unsigned order = order_of(round_up(frame_count * sizeof(*tallies), PAGE_SIZE) >> PAGE_SHIFT);
    wrong = 0;
    if (!heap_audit(&free)) {
        wrong++;
        log_error("audit: the heap's lists are not consistent\n");
    }
    tallies = heap_alloc_mapped(order);
    if (tallies == NULL) {
        log_warning("audit: no memory to count in\n");
        return wrong;
    }
    for (uint64_t n = 0; n < frame_count; n++) {
        if (!frame_is_free(&frame_table[n]) && !(frame_table[n].type & TYPE_NOT_MEMORY))
            look_at(mfn(n));
    }
    for_each_domain(d) look_at_domain(d);
    for (uint64_t n = 0; n < frame_count; n++) {
        const struct frame *f = &frame_table[n];
        if (frame_is_free(f) || (f->type & TYPE_NOT_MEMORY))
            continue;
        compare(mfn(n));
        if (!owner_exists(f))
            complain(mfn(n), "owners", 0, 1);
    }
    for_each_domain(d) count_frames(d);
    heap_free_mapped(tallies, order);
    return wrong;
}

void audit_at_end(void)
{
    if (!audit_wanted)
        return;
    uint64_t n = audit_frames();
    log_info("audit: %lu frames, %lu wrong\n", frame_count, n);
    if (n != 0)
        panic("the frame table is wrong");
}

/* SPDX-License-Identifier: MIT */
/*
 * Guests' page tables: what an entry may say, and what it refers to.
 *
 * An entry of level 1 refers to a frame of the domain (or of one that it may act for, or of a
 * device's memory), as writable if it lets be written; an entry of level 2..4 to a table of the
 * level below, as such. Large pages are not for guests.
 *
 * The mm_lock of the tables' owner is held throughout.
 */
#ifndef X86_TABLES_H
#define X86_TABLES_H

#include "hv/arch/x86_64/pte.h"
#include "hv/core/frame.h"
#include "hv/core/types.h"
#include "hv/core/vcpu.h"

struct domain;
struct vcpu;

/* Whose tables they are, and whose frames new entries of level 1 name. */
struct table_owner {
    struct domain *tables, *frames; /* frames NULL: devices only, no memory whoever owns it */
};

/* What writing an entry preserves: bits that the processor may set at any moment. */
enum entry_write { ENTRY_SET, ENTRY_KEEP_AD };

/*
 * Replaces an entry of a table that is in use as one of `level`. `slot` points into its mapping,
 * table is its frame.
 * 0, or the ABI's error with nothing changed; -XEN_ERESTART: nothing was changed yet, call again.
 * The old table's release may have to go on later: in v->stale_table.
 */
int entry_replace(struct vcpu *v, struct table_owner o, unsigned level, pte_t *slot, mfn_t table,
                  pte_t to, enum entry_write how);

/* The same for an entry of level 1, which never restarts. */
int l1_replace(struct table_owner o, pte_t *slot, pte_t to, enum entry_write how);

/* A new entry of level 1, for which its references are there already. Returns what was there, whose
 * references are the caller's now; l1_drop() gives them back. */
static inline pte_t l1_exchange(pte_t *slot, pte_t to)
{
    return __atomic_exchange_n(slot, to, __ATOMIC_ACQ_REL);
}

void l1_drop(pte_t e);

/* The entry of level 1 for an address in these tables (a root's frame): in a mapped frame, whose
 * mfn is *table, or NULL. */
pte_t *entry_find(mfn_t root, uint64_t address, mfn_t *table);

/* Gives a table's use up; what cannot be finished now is left in v->stale_table. */
void table_put(struct vcpu *v, struct frame *f);

/* The vcpu's kernel goes on in these page tables. v runs here, in its kernel. As entry_replace().
 */
int new_base(struct vcpu *v, mfn_t m);

/* Goes on with v->stale_table; the mm_lock of its owner is held. -XEN_ERESTART: there is more. */
int stale_table_go_on(struct vcpu *v);

/* The same without any lock. */
out_of_line int stale_table_finish_now(struct vcpu *v);

static inline int stale_table_finish(struct vcpu *v)
{
    return likely(v->stale_table == NULL) ? 0 : stale_table_finish_now(v);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Entries of a grant table: what the guest wrote, which may change at any moment, and beside it
 * what the hypervisor made of it when it was first used.
 *
 * An entry in use (pinned) keeps the frame and the domain that it had then. It is marked in the
 * guest's entry in the same step that reads it: flags, domain and frame are one word.
 */
#ifndef HV_GRANT_ENTRY_H
#define HV_GRANT_ENTRY_H

#include "hv/core/grant_table.h"

/* All of it is under its lock but `frame`, which does not change while somebody has a pin. */
struct grant {
    struct lock lock;
    uint32_t frame;
    uint16_t grantee;
    uint16_t readers, writers; /* pins */
};
_Static_assert(sizeof(struct grant) == 16 || sizeof(struct lock) > 4,
               "two for each byte of the entry that it stands beside");

/* How a grant is used. Part of a page, which version 1 has no words for, is not for mapping. */
enum grant_use { GRANT_COPY, GRANT_MAP = GTF_sub_page };

/*
 * The grantee uses the grant. GNTST_okay, and its frame, which is the granting domain's claim and
 * nothing more; or
 *   GNTST_bad_gntref      there is no such entry
 *   GNTST_general_error   it does not grant that, or not to this domain; too many use it
 */
int grant_pin(struct grant_table *t, uint32_t ref, uint16_t grantee, enum grant_use use,
              bool writes, mfn_t *frame);

/* Takes one pin of that kind back. */
void grant_unpin(struct grant_table *t, uint32_t ref, bool writes);

/* The frame of an entry that the caller has a pin of. */
mfn_t grant_frame(const struct grant_table *t, uint32_t ref);

/*
 * A frame from a domain, to where the entry accepts one from it. Between the two the entry is
 * locked and the guest does not touch it; *pfn is what the guest wrote there. false: it does not
 * accept.
 */
bool grant_transfer_commit(struct grant_table *t, uint32_t ref, uint16_t from, uint32_t *pfn);
void grant_transfer_complete(struct grant_table *t, uint32_t ref, mfn_t frame);

/* Exchanges what two entries say. GNTST_okay, GNTST_bad_gntref, GNTST_eagain: one is in use. */
int grant_swap(struct grant_table *t, uint32_t a, uint32_t b);

/*
 * Does this domain use a grant of that frame? Looks at entries from *ref on, a frame's worth at a
 * time: -XEN_ERESTART, and *ref is where to go on; 0; -XEN_EPERM: it does not.
 */
int grant_find(struct grant_table *t, uint16_t grantee, mfn_t frame, uint32_t *ref);

/* How many entries there are. */
uint32_t grant_count(const struct grant_table *t);

#endif

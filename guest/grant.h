/* SPDX-License-Identifier: MIT */
/*
 * Grants (version 1): pages that other domains may map, copy from and to, or give; and the
 * operations on theirs.
 *
 * The table is shared with the hypervisor, which marks entries while they are in use; the order of
 * the writes to an entry, and who may change it when, are in the head of xen/grant_table.h. Results
 * of operations are GNTST_*, except where a call itself can be refused.
 *
 * Calling context: kernel mode; taking and giving back references, and grant_init(), one vcpu at a
 * time.
 */
#ifndef GUEST_GRANT_H
#define GUEST_GRANT_H

#include <stdbool.h>

#include "guest/address.h"

#define GRANTS_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))
#define GRANT_FRAMES 8U
#define GRANT_REFS ((unsigned)(GRANT_FRAMES * GRANTS_PER_FRAME))

/* A reference that there is not: the first few are for what the domain's builder puts there. */
#define GRANT_NONE 0U
_Static_assert(GNTTAB_NR_RESERVED_ENTRIES > GRANT_NONE, "never given out");

/* GRANT_REFS entries. */
extern struct grant_entry_v1 *grant_table;

/* Sets the table up and maps it. Ends the run if it is refused. Again: does nothing. */
void grant_init(void);

/* GRANT_NONE: all are taken. */
grant_ref_t grant_alloc(void);

/* Takes these out of those that grant_alloc() may give; false: one is taken, and nothing changed.
 */
bool grant_reserve(grant_ref_t first, unsigned n);

/* The entry is not in use: never granted, or ended. */
void grant_free(grant_ref_t ref);

/* From now on the domain may map the frame, or copy from it and, if not `readonly`, to it. */
void grant_access(grant_ref_t ref, domid_t to, mfn_t frame, bool readonly);

/* false: it is in use; all goes on as before. */
bool grant_end_access(grant_ref_t ref);

/* From now on the domain may give one frame. `page` is where it will be: what the hypervisor may
 * put into the machine-to-physical table. */
void grant_accept(grant_ref_t ref, domid_t from, pfn_t page);

/* The frame that was given; FRAME_NONE: none, and none will be any more. */
mfn_t grant_end_accept(grant_ref_t ref);

/* A frame of another domain, or of one's own, at an address whose tables are there. flags: beside
 * GNTMAP_host_map. */
int grant_map(domid_t domain, grant_ref_t ref, uint64_t va, uint32_t flags, grant_handle_t *handle);
int grant_unmap(grant_handle_t handle, uint64_t va);

/* size bytes between two places within a page: of a granted frame, or of one of one's own. */
struct gnttab_copy_ptr grant_place(domid_t domain, grant_ref_t ref, uint16_t offset);
struct gnttab_copy_ptr grant_own_place(const void *p);
int grant_copy(struct gnttab_copy_ptr to, struct gnttab_copy_ptr from, uint16_t size);

/* Gives a frame, that nothing maps or refers to, to a domain that accepts one there. */
int grant_transfer(mfn_t frame, domid_t to, grant_ref_t ref);

#endif

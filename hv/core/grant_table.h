/* SPDX-License-Identifier: MIT */
/*
 * Grants: one domain lets another map its frames, copy from and to them, or give it one.
 *
 * A domain's grant table is two things. Towards others it is the entries that it grants, in frames
 * that it shares with the hypervisor (version 1 of xen/grant_table.h); beside each, which the guest
 * cannot write to, stands whether it is in use: grant_entry.h. Towards itself it is the mappings
 * that it has of others' grants, by handle: grant_mapping.h.
 *
 * Who holds what. A page-table entry that maps a granted frame holds a reference to the frame, and
 * a writable use, as any other entry does: so whatever happens to it, by whatever hypercall or when
 * its table goes, the frame is free when nothing reaches it any more and not before. A mapping for
 * devices holds the same by itself. Each mapping holds a pin of the grant's entry, which is what
 * the granting guest sees as GTF_reading and GTF_writing, and a reference to the granting domain. A
 * pin ends after the translation is out of all TLBs: whoever sees the flags gone may use the frame
 * for anything.
 */
#ifndef HV_GRANT_TABLE_H
#define HV_GRANT_TABLE_H

#include "hv/core/abi.h"
#include "hv/core/lock.h"
#include "hv/core/types.h"

#include <xen/grant_table.h>

#define GRANTS_PER_FRAME (PAGE_SIZE / sizeof(struct grant_entry_v1))

struct domain;
struct grant;
struct mapping;

struct grant_frame {
    struct grant_entry_v1 *shared; /* a frame of the hypervisor's that the guest may map */
    struct grant *grants;          /* one an entry */
};

struct grant_table {
    struct domain *domain; /* whose it is */
    struct lock lock;      /* growing; heap_lock is taken within */
    uint32_t n_frames;     /* published; never less than before */
    uint32_t frames_max;

    struct lock mapping_lock;  /* free list and growing; heap_lock is taken within */
    uint32_t n_mapping_frames; /* published; never less than before */
    uint32_t mapping_frames_max;
    uint32_t first_free;       /* a handle; MAPPING_NONE: all are in use */
    uint32_t released;         /* handles that grant_table_release_mappings() has done */
    struct mapping **mappings; /* mapping_frames_max, one a frame */

    struct grant_frame frames[]; /* frames_max */
};

/* What createdomain says of both maxima: as many as the hypervisor's options allow. */
#define GRANT_FRAMES_DEFAULT (-1)

/* No more than that; of the table's frames, one at least. */
bool grant_table_allowed(int32_t frames_max, int32_t mapping_frames_max);

/* Gives a new domain its table, of one frame. The maxima are allowed. 0, or -XEN_ENOMEM and nothing
 * was taken. */
int grant_table_create(struct domain *d, int32_t frames_max, int32_t mapping_frames_max);

/*
 * A domain dies: the mappings that it has of others' grants end, and so do their pins. What its
 * page-table entries refer to was given back with its page tables, which are to go first: else the
 * granting domains would be told that a frame is out of use while it still is referred to. No vcpu
 * of it runs any more. -XEN_ERESTART: call again.
 */
int grant_table_release_mappings(struct domain *d);

/*
 * The last that is heard of a domain: nobody refers to it any more, which also means that nobody
 * has a mapping of its grants. Frames of the table that another domain, with the privilege, still
 * maps live on for it, as nobody's.
 */
void grant_table_destroy(struct domain *d);

/* 0, or -XEN_ENOMEM: the table has at least so many frames. n: up to frames_max. */
int grant_table_grow(struct domain *d, uint32_t n);

/* Is it a frame of the table's own? */
bool grant_table_holds(const struct grant_table *t, mfn_t m);

/* Tells audit_count() what the domain's table refers to. */
void grant_table_audit(const struct domain *d);

#endif

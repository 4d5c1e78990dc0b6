/* SPDX-License-Identifier: MIT */
/*
 * The operations of grant_table_op. Each function does n of them, whose structures lie at `at` in
 * the guest's memory and receive their status (GNTST_*): what goes wrong with one is no matter to
 * the others. The result is that of the call: 0, or -XEN_EFAULT where a structure cannot be read or
 * written, and those behind it are not done.
 */
#ifndef HV_GRANT_OPS_H
#define HV_GRANT_OPS_H

#include "hv/core/grant_table.h"
#include "hv/core/types.h"

struct domain;
struct vcpu;

/* So many at a time, at most: what ends is flushed from the TLBs once for all of them. */
#define GRANT_BATCH 32U

long grant_map(struct vcpu *v, vaddr_t at, uint32_t n);
long grant_unmap(struct vcpu *v, vaddr_t at, uint32_t n);
long grant_unmap_and_replace(struct vcpu *v, vaddr_t at, uint32_t n);
long grant_copy(struct vcpu *v, vaddr_t at, uint32_t n);
long grant_transfer(struct vcpu *v, vaddr_t at, uint32_t n);
long grant_swap_ref(struct vcpu *v, vaddr_t at, uint32_t n);

/* A frame is used for a grant: a reference to what `owner` has, and if it is written to, a writable
 * use. GNTST_bad_page: it is not the owner's; GNTST_general_error: it is a table. */
int grant_hold(const struct domain *owner, mfn_t m, bool writes);
void grant_let_go(mfn_t m, bool writes);

/* The frames of a mapping for devices are let go; its pin ends; the handle is free. Kinds have
 * begun to end, and processors know nothing of them any more. */
void grant_mapping_finish(struct domain *d, struct mapping *m, uint32_t handle, uint32_t kinds);

#endif

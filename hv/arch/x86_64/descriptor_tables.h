/* SPDX-License-Identifier: MIT */
/*
 * Guests' GDTs and LDTs. Their frames have a type of their own while in use, so that the guest
 * changes them only by update_descriptor, and never to a way out of ring 3.
 */
#ifndef X86_DESCRIPTOR_TABLES_H
#define X86_DESCRIPTOR_TABLES_H

#include "hv/core/types.h"

struct domain;
struct vcpu;

/* May this be in a guest's table? As it is loaded then: with privilege level 3. */
bool descriptor_check(uint64_t *d);

/* Of a whole frame, for tables.c. *done: how many were looked at. */
int descriptors_check(uint64_t *table, unsigned *done);

/* mm_lock is held. entries 0: none. */
int ldt_set(struct vcpu *v, uint64_t address, uint32_t entries);
int gdt_set(struct vcpu *v, const uint64_t *frames, uint32_t entries);

/* The same in two steps: the frames that a range of an address space shows come into use as
 * descriptors; and they become the vcpu's. */
int ldt_take(const struct domain *d, mfn_t root, uint64_t address, uint32_t entries, mfn_t *frames);
void ldt_put(struct vcpu *v, uint64_t address, uint32_t entries, const mfn_t *frames);

/* Both, of a vcpu that does not run any more. mm_lock. */
void descriptor_tables_release(struct vcpu *v);

/* The windows of this CPU show this vcpu's tables from now on. */
void descriptor_tables_load(const struct vcpu *v);

/* This CPU shows no guest's. */
void descriptor_tables_unload(void);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Guests' GDTs and LDTs. Their frames have a type of their own while in use, so that the guest
 * changes them only by update_descriptor, and never to a way out of ring 3.
 */
#ifndef X86_DESCRIPTOR_TABLES_H
#define X86_DESCRIPTOR_TABLES_H

#include "hv/core/types.h"

struct vcpu;

/* May this be in a guest's table? As it is loaded then: with privilege level 3. */
bool descriptor_check(uint64_t *d);

/* Of a whole frame, for tables.c. *done: how many were looked at. */
int descriptors_check(uint64_t *table, unsigned *done);

/* mm_lock is held. entries 0: none. */
int ldt_set(struct vcpu *v, uint64_t address, uint32_t entries);
int gdt_set(struct vcpu *v, const uint64_t *frames, uint32_t entries);

/* The windows of this CPU show this vcpu's tables from now on. */
void descriptor_tables_load(const struct vcpu *v);

/* This CPU shows no guest's. */
void descriptor_tables_unload(void);

#endif

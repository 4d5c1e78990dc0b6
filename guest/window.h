/* SPDX-License-Identifier: MIT */
/*
 * Addresses for frames that are not the domain's memory: other domains', by privilege
 * (guest/foreign.h) or by grant. They lie above the linear map; each has a table entry, empty until
 * somebody maps something there.
 */
#ifndef GUEST_WINDOW_H
#define GUEST_WINDOW_H

#include <stddef.h>
#include <stdint.h>

/* `n` pages of addresses in a row; NULL if there are none. Nothing is mapped there. */
void *window_alloc(size_t n);

/* Gives them back, empty again, and in no TLB. */
void window_free(void *at, size_t n);

/* The entry of an address, as a machine address: what hypercalls want to have. */
uint64_t window_entry(const void *at);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The console: by hypercall in the control domain, by the shared ring of xen/io/console.h in any
 * other. Writing never loses a byte: it waits for room.
 */
#ifndef GUEST_CONSOLE_H
#define GUEST_CONSOLE_H

#include <stddef.h>

#include "guest/xen.h"

#include <xen/io/console.h>

/* Which of the two, from start_info. */
void console_init(void);

void console_write(const char *text, size_t length);

/* What came in, up to `size` bytes, without waiting. */
size_t console_read(char *text, size_t size);

/*
 * The guest's side of a ring: as many bytes as there is room for or as there are, possibly none.
 * The peer's indices are taken as they come: one that claims more than the ring holds counts as
 * full or as empty.
 */
size_t console_ring_write(struct xencons_interface *to, const char *text, size_t length);
size_t console_ring_read(struct xencons_interface *from, char *text, size_t size);

#endif

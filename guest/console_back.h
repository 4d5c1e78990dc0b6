/* SPDX-License-Identifier: MIT */
/*
 * The other end of a console's ring (guest/console.h): the domain that shows what a domain writes,
 * and types for it. The ring is shared with a domain that may write anything there: indices that
 * claim more than the ring holds count as an empty ring, or a full one.
 */
#ifndef GUEST_CONSOLE_BACK_H
#define GUEST_CONSOLE_BACK_H

#include <stddef.h>

#include "guest/xen.h"

#include <xen/io/console.h>

/*
 * As many bytes as there are, or as there is room for, possibly none. Who moved any sends the
 * ring's event.
 */
size_t console_back_read(struct xencons_interface *ring, char *text, size_t size);
size_t console_back_write(struct xencons_interface *ring, const char *text, size_t length);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * For source that is compiled once a layout: with -DRING_LAYOUT=<id> this includes the layout's
 * header and lets R(op) name its members: R(req_peek)(&back, n), struct R(front).
 */
#ifndef RING_LAYOUT_H
#define RING_LAYOUT_H

#ifndef RING_LAYOUT
#error "compile with -DRING_LAYOUT=<id of a line in rings/layouts.def>"
#endif

#define RING_STRING_(x) #x
#define RING_STRING(x) RING_STRING_(x)
#define RING_PASTE_(a, b) a##_##b
#define RING_PASTE(a, b) RING_PASTE_(a, b)
#define R(op) RING_PASTE(RING_LAYOUT, op)

#include RING_STRING(RING_LAYOUT.h)

#endif

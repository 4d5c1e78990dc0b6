/* SPDX-License-Identifier: MIT */
#include "guest/console_back.h"

size_t console_back_read(struct xencons_interface *ring, char *text, size_t size)
{
    uint32_t consumed = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
    uint32_t there = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE) - consumed;
    if (there > sizeof(ring->out))
        there = 0;
    size_t n = size < there ? size : there;
    for (size_t i = 0; i < n; i++)
        text[i] = ring->out[MASK_XENCONS_IDX(consumed + i, ring->out)];
    __atomic_store_n(&ring->out_cons, consumed + (uint32_t)n, __ATOMIC_RELEASE);
    return n;
}

size_t console_back_write(struct xencons_interface *ring, const char *text, size_t length)
{
    uint32_t produced = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    uint32_t used = produced - __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    size_t room = used < sizeof(ring->in) ? sizeof(ring->in) - used : 0;
    size_t n = length < room ? length : room;
    for (size_t i = 0; i < n; i++)
        ring->in[MASK_XENCONS_IDX(produced + i, ring->in)] = text[i];
    __atomic_store_n(&ring->in_prod, produced + (uint32_t)n, __ATOMIC_RELEASE);
    return n;
}

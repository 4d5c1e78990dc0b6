/* SPDX-License-Identifier: MIT */
/*
 * rings/atomic/ring_atomic.h for the explorer: the same names, each access a step that explore.h
 * interleaves with those of the other threads. Found first on the include path of variant `model`.
 *
 * On TSO loads stay in order and stores stay in order, so an acquire is a load and a release is a
 * store; the release is marked so that a fault can be planted in it. Payload is moved in words of 8
 * or 4 bytes, as the real copy does it.
 */
#ifndef RING_ATOMIC_H
#define RING_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#include "explore.h"

#define RING_VALUE_(p) __typeof__(__atomic_load_n((p), __ATOMIC_RELAXED))

#define ring_load(p) ((RING_VALUE_(p))explore_load((p), sizeof(*(p))))
#define ring_load_acquire(p) ring_load(p)
#define ring_store(p, v) explore_store((p), sizeof(*(p)), (RING_VALUE_(p))(v), EXPLORE_PLAIN)
#define ring_store_release(p, v) \
    explore_store((p), sizeof(*(p)), (RING_VALUE_(p))(v), EXPLORE_RELEASE)
#define ring_cas(p, old, new)                                                                     \
    ({                                                                                            \
        uint64_t ring_found_ = *(old);                                                            \
        bool ring_swapped_ = explore_cas((p), sizeof(*(p)), &ring_found_, (RING_VALUE_(p))(new)); \
        if (!ring_swapped_)                                                                       \
            *(old) = (RING_VALUE_(p))ring_found_;                                                 \
        ring_swapped_;                                                                            \
    })
#define ring_fence_ask() explore_fence(EXPLORE_FENCE_ASK)
#define ring_fence_arm() explore_fence(EXPLORE_FENCE_ARM)
#define ring_prefetch(p) ((void)(p))
#define ring_prefetch_write(p) ((void)(p))

static inline uint32_t ring_copy_word(const volatile void *shared, uint32_t left)
{
    return left >= 8 && (uintptr_t)shared % 8 == 0 ? 8 : 4;
}

static inline void ring_copy_in(void *dst, const void *shared, uint32_t size)
{
    uint8_t *to = (uint8_t *)dst;
    const uint8_t *from = (const uint8_t *)shared;
    while (size != 0) {
        uint32_t word = ring_copy_word(from, size);
        uint64_t value = explore_load(from, word);
        __builtin_memcpy(to, &value, word); /* little-endian, as all of x86 */
        to += word;
        from += word;
        size -= word;
    }
}

static inline void ring_copy_out(void *shared, const void *src, uint32_t size)
{
    uint8_t *to = (uint8_t *)shared;
    const uint8_t *from = (const uint8_t *)src;
    while (size != 0) {
        uint32_t word = ring_copy_word(to, size);
        uint64_t value = 0;
        __builtin_memcpy(&value, from, word);
        explore_store(to, word, value, EXPLORE_PAYLOAD);
        to += word;
        from += word;
        size -= word;
    }
}

#endif

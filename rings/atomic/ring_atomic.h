/* SPDX-License-Identifier: MIT */
/*
 * Every access that a layout makes to shared memory goes through this file.
 *
 * It is found by include path, not by a relative name: the model explorer (tests/model) and the
 * fuzzer (tests/fuzz) put a file of the same name first on theirs and so observe, reorder or
 * disturb each access while the layouts' source stays the very same.
 *
 * Memory model: C11 (section 5.1.2.4), through the compiler's __atomic built-ins, because the
 * published structures (xen/io/ring.h, linux/virtio_ring.h) have plain integer fields.
 *
 *   ring_load(p)               read once, no ordering
 *   ring_load_acquire(p)       read once; later accesses stay after it
 *   ring_store(p, v)           write once, no ordering
 *   ring_store_release(p, v)   write once; earlier accesses stay before it
 *   ring_cas(p, &old, new)     compare and swap, full barrier on success; true if swapped, else
 *                              old holds what was found
 *   ring_fence_ask()           full barrier between publishing and reading the peer's event word
 *   ring_fence_arm()           full barrier between writing one's event word and the final check
 *                              (two names for one instruction, so that the explorer can drop
 *                              either and must then find the lost wake-up)
 *   ring_copy_in/out           payload from and to shared memory, each byte touched once
 *   ring_prefetch(_write)      a hint; may be nothing
 */
#ifndef RING_ATOMIC_H
#define RING_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#define ring_load(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define ring_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define ring_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define ring_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define ring_cas(p, old, new) \
    __atomic_compare_exchange_n((p), (old), (new), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define ring_fence_ask() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define ring_fence_arm() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define ring_prefetch(p) __builtin_prefetch((p), 0, 3)
#define ring_prefetch_write(p) __builtin_prefetch((p), 1, 3)

#define RING_COPY_WORD(at)                                                           \
    do {                                                                             \
        if (size >= (at) + 8)                                                        \
            __builtin_memcpy((uint8_t *)dst + (at), (const uint8_t *)src + (at), 8); \
    } while (0)

/*
 * size: bytes, a multiple of 4. A size known at compile time becomes plain register moves, word by
 * word for the first line: a descriptor that was just built stays in registers. Through memory, a
 * wide load of what narrow stores wrote cannot be forwarded from the store buffer, and waits until
 * all earlier stores, to slots whose lines the peer holds, have left it.
 */
static inline __attribute__((always_inline)) void ring_copy(void *dst, const void *src,
                                                            uint32_t size)
{
    if (__builtin_constant_p(size)) {
        RING_COPY_WORD(0);
        RING_COPY_WORD(8);
        RING_COPY_WORD(16);
        RING_COPY_WORD(24);
        RING_COPY_WORD(32);
        RING_COPY_WORD(40);
        RING_COPY_WORD(48);
        RING_COPY_WORD(56);
        uint32_t done = size < 64 ? size & ~7U : 64;
        __builtin_memcpy((uint8_t *)dst + done, (const uint8_t *)src + done, size - done);
        return;
    }
    uint8_t *d = (uint8_t *)dst;
    const uint8_t *s = (const uint8_t *)src;
    while (size >= 8) {
        __builtin_memcpy(d, s, 8);
        d += 8;
        s += 8;
        size -= 8;
    }
    if (size != 0)
        __builtin_memcpy(d, s, 4);
}

/*
 * The peer may write while we read. The compiler barrier makes it forget what it knows of shared
 * memory, so it cannot go back there for a value that was already checked in dst.
 */
static inline __attribute__((always_inline)) void ring_copy_in(void *dst, const void *shared,
                                                               uint32_t size)
{
    ring_copy(dst, shared, size);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static inline __attribute__((always_inline)) void ring_copy_out(void *shared, const void *src,
                                                                uint32_t size)
{
    ring_copy(shared, src, size);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Stands in for rings/atomic/ring_atomic.h, which says what each of these means: the same accesses,
 * but each one first goes through fuzz_access(), where the peer may change shared memory.
 */
#ifndef RING_ATOMIC_H
#define RING_ATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fuzz_access_kind { FUZZ_READ, FUZZ_WRITE, FUZZ_CAS };

/* In fuzz.c. Ends the process if the access lies outside the region, is one too many for the call
 * that makes it, or, among the honest, reads what that call has already read. */
void fuzz_access(const volatile void *at, size_t size, enum fuzz_access_kind kind);

#define FUZZ_LOAD(p, order)                              \
    __extension__({                                      \
        __typeof__(p) fuzz_p = (p);                      \
        fuzz_access(fuzz_p, sizeof(*fuzz_p), FUZZ_READ); \
        __atomic_load_n(fuzz_p, order);                  \
    })
#define FUZZ_STORE(p, v, order)                           \
    __extension__({                                       \
        __typeof__(p) fuzz_p = (p);                       \
        fuzz_access(fuzz_p, sizeof(*fuzz_p), FUZZ_WRITE); \
        __atomic_store_n(fuzz_p, (v), order);             \
    })

#define ring_load(p) FUZZ_LOAD(p, __ATOMIC_RELAXED)
#define ring_load_acquire(p) FUZZ_LOAD(p, __ATOMIC_ACQUIRE)
#define ring_store(p, v) FUZZ_STORE(p, v, __ATOMIC_RELAXED)
#define ring_store_release(p, v) FUZZ_STORE(p, v, __ATOMIC_RELEASE)
#define ring_cas(p, old, new)                                                      \
    __extension__({                                                                \
        __typeof__(p) fuzz_p = (p);                                                \
        fuzz_access(fuzz_p, sizeof(*fuzz_p), FUZZ_CAS);                            \
        __atomic_compare_exchange_n(fuzz_p, (old), (new), false, __ATOMIC_SEQ_CST, \
                                    __ATOMIC_RELAXED);                             \
    })
#define ring_fence_ask() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define ring_fence_arm() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define ring_prefetch(p) ((void)(p))
#define ring_prefetch_write(p) ((void)(p))

static inline void ring_copy_in(void *dst, const void *shared, uint32_t size)
{
    fuzz_access(shared, size, FUZZ_READ);
    __builtin_memcpy(dst, shared, size);
}

static inline void ring_copy_out(void *shared, const void *src, uint32_t size)
{
    fuzz_access(shared, size, FUZZ_WRITE);
    __builtin_memcpy(shared, src, size);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Every access that evtchn/ makes to memory that somebody else may access at the same time goes
 * through this file.
 *
 * It is found by include path, not by a relative name: an embedder that has its own idea of a lock,
 * the model explorer (tests/model) and the fuzzer (tests/fuzz) put a file of the same name first on
 * theirs, while the module's source stays the very same.
 *
 * Memory model: C11 (section 5.1.2.4), through the compiler's __atomic built-ins, because the
 * published structures (xen/xen.h, xen/event_channel.h) have plain integer fields. An operation
 * that reads and writes is a full barrier: on x86 it is one anyway.
 *
 *   evtchn_load(p)               read once, no ordering
 *   evtchn_load_acquire(p)       read once; later accesses stay after it
 *   evtchn_store(p, v)           write once, no ordering
 *   evtchn_store_release(p, v)   write once; earlier accesses stay before it
 *   evtchn_set_bit(p, bit)       sets it in *p; was it set before? bit < width of *p. Full barrier
 *   evtchn_clear_bit(p, bit)     clears it; was it set before? Full barrier
 *   evtchn_exchange(p, v)        writes v, gives what was there. Full barrier
 *   evtchn_cas(p, &old, new)     compare and swap, full barrier on success; true if swapped, else
 *                                old holds what was found
 *   evtchn_fence()               full barrier
 *   evtchn_pause()               says that the processor waits for another one
 *   evtchn_lock(p), _unlock(p)   a lock in a 32-bit word, free when 0; held for a few dozen
 *                                instructions and never while another one is waited for, but for
 *                                two that are taken by rising address
 */
#ifndef EVTCHN_ATOMIC_H
#define EVTCHN_ATOMIC_H

#include <stdbool.h>
#include <stdint.h>

#define evtchn_load(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define evtchn_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define evtchn_store(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define evtchn_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define evtchn_exchange(p, v) __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define evtchn_cas(p, old, new) \
    __atomic_compare_exchange_n((p), (old), (new), false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)

#define evtchn_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)

/*
 * One instruction, bounded whatever the other side does to the word: compilers make a loop around
 * cmpxchg of the built-ins, which a hostile guest could keep going. (The thread sanitizer sees
 * built-ins only.)
 */
#if defined(__SANITIZE_THREAD__)
#define EVTCHN_BUILTIN_BITS 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define EVTCHN_BUILTIN_BITS 1
#endif
#endif

#if defined(__x86_64__) && !defined(EVTCHN_BUILTIN_BITS)
#define EVTCHN_BIT_ASM_(op, type, p, bit)               \
    __asm__ volatile("lock " op " %2, %1"               \
                     : "=@ccc"(evtchn_was_), "+m"(*(p)) \
                     : "Ir"((type)(bit))                \
                     : "memory")
#define EVTCHN_BIT_OP_(op, p, bit)                     \
    __extension__({                                    \
        bool evtchn_was_;                              \
        if (sizeof(*(p)) == sizeof(uint64_t))          \
            EVTCHN_BIT_ASM_(op "q", uint64_t, p, bit); \
        else                                           \
            EVTCHN_BIT_ASM_(op "l", uint32_t, p, bit); \
        evtchn_was_;                                   \
    })
#define evtchn_set_bit(p, bit) EVTCHN_BIT_OP_("bts", p, bit)
#define evtchn_clear_bit(p, bit) EVTCHN_BIT_OP_("btr", p, bit)
#else
#define EVTCHN_BIT_(p, bit) ((__typeof__(*(p)))1 << (bit))
#define evtchn_set_bit(p, bit) \
    ((__atomic_fetch_or((p), EVTCHN_BIT_(p, bit), __ATOMIC_SEQ_CST) & EVTCHN_BIT_(p, bit)) != 0)
#define evtchn_clear_bit(p, bit) \
    ((__atomic_fetch_and((p), ~EVTCHN_BIT_(p, bit), __ATOMIC_SEQ_CST) & EVTCHN_BIT_(p, bit)) != 0)
#endif

static inline void evtchn_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static inline void evtchn_lock(uint32_t *lock)
{
    while (__builtin_expect(__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) != 0, 0))
        while (evtchn_load(lock) != 0)
            evtchn_pause();
}

static inline void evtchn_unlock(uint32_t *lock)
{
    evtchn_store_release(lock, 0);
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The kinds of number that a hypervisor mixes up at its peril, each its own type.
 *
 *   mfn_t    a machine frame: 4 KiB of the machine's memory, by number
 *   pfn_t    a frame in a domain's own, contiguous numbering
 *   vaddr_t  an address in a guest's address space: never dereferenced, see guest_access.h
 *   ns_t     nanoseconds since boot, or a length of time
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))

typedef struct {
    uint64_t n;
} mfn_t;

typedef struct {
    uint64_t n;
} pfn_t;

typedef struct {
    uint64_t a;
} vaddr_t;

typedef uint64_t paddr_t; /* a byte's address in the machine's memory */
typedef uint64_t ns_t;

#define NS_PER_S 1000000000ULL
#define NS_PER_MS 1000000ULL
#define NS_PER_US 1000ULL
#define NS_NEVER UINT64_MAX

#define MFN_NONE ((mfn_t){~0UL})

static inline mfn_t mfn(uint64_t n)
{
    return (mfn_t){n};
}

static inline pfn_t pfn(uint64_t n)
{
    return (pfn_t){n};
}

static inline vaddr_t vaddr(uint64_t a)
{
    return (vaddr_t){a};
}

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.n == b.n;
}

static inline bool mfn_is_none(mfn_t m)
{
    return m.n == ~0UL;
}

static inline paddr_t mfn_to_paddr(mfn_t m)
{
    return m.n << PAGE_SHIFT;
}

static inline mfn_t paddr_to_mfn(paddr_t a)
{
    return mfn(a >> PAGE_SHIFT);
}

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define noreturn __attribute__((__noreturn__))
#define cacheline_aligned __attribute__((aligned(64)))
#define array_size(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(p, type, member) ((type *)((char *)(p)-offsetof(type, member)))
#define round_up(x, to) (((x) + (to)-1) & ~((to)-1))
#define round_down(x, to) ((x) & ~((to)-1))
#define min(a, b)               \
    ({                          \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ < b_ ? a_ : b_;      \
    })
#define max(a, b)               \
    ({                          \
        __typeof__(a) a_ = (a); \
        __typeof__(b) b_ = (b); \
        a_ > b_ ? a_ : b_;      \
    })

#endif

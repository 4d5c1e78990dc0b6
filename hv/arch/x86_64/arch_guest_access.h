/* SPDX-License-Identifier: MIT */
/*
 * Copies from and to guests. Those of a size that the compiler knows, which arguments of hypercalls
 * are, become that many moves; the rest a string instruction.
 */
#ifndef X86_ARCH_GUEST_ACCESS_H
#define X86_ARCH_GUEST_ACCESS_H

#include "hv/arch/x86_64/fixup.h"
#include "hv/core/types.h"

#define GUEST_MOVES_MAX 72 /* bytes */

bool copy_many_from_guest(void *to, uint64_t from, size_t size);
bool copy_many_to_guest(uint64_t to, const void *from, size_t size);

#define GUEST_GET_AT(type, at)                                           \
    do {                                                                 \
        if (size >= (at) + sizeof(type)) {                               \
            type number_;                                                \
            guest_get(number_, from.a + (at), fault);                    \
            __builtin_memcpy((char *)to + (at), &number_, sizeof(type)); \
        }                                                                \
    } while (0)

static inline __attribute__((always_inline)) bool get_by_moves(void *to, vaddr_t from, size_t size)
{
    if (unlikely(!guest_start_ok(from.a)))
        return false;
    GUEST_GET_AT(uint64_t, 0UL);
    GUEST_GET_AT(uint64_t, 8UL);
    GUEST_GET_AT(uint64_t, 16UL);
    GUEST_GET_AT(uint64_t, 24UL);
    GUEST_GET_AT(uint64_t, 32UL);
    GUEST_GET_AT(uint64_t, 40UL);
    GUEST_GET_AT(uint64_t, 48UL);
    GUEST_GET_AT(uint64_t, 56UL);
    GUEST_GET_AT(uint64_t, 64UL);
    size_t done = size & ~7UL;
    if (size & 4)
        GUEST_GET_AT(uint32_t, done);
    return true;
fault:
    return false;
}

static inline __attribute__((always_inline)) bool copy_from_guest(void *to, vaddr_t from,
                                                                  size_t size)
{
    if (__builtin_constant_p(size) && size <= GUEST_MOVES_MAX && size % 4 == 0)
        return get_by_moves(to, from, size);
    return copy_many_from_guest(to, from.a, size);
}

#define GUEST_PUT_AT(type, at)                                                                \
    do {                                                                                      \
        if (size >= (at) + sizeof(type)) {                                                    \
            type number_;                                                                     \
            __builtin_memcpy(&number_, (const char *)from + (at), sizeof(type));              \
            __asm__ volatile goto("1: mov %0, (%1)\n" FIXUP("1b", "%l[fault]")::"r"(number_), \
                                  "r"(to.a + (at))                                            \
                                  : "memory"                                                  \
                                  : fault);                                                   \
        }                                                                                     \
    } while (0)

static inline __attribute__((always_inline)) bool copy_to_guest(vaddr_t to, const void *from,
                                                                size_t size)
{
    if (!__builtin_constant_p(size) || size > 16 || size % 4 != 0)
        return copy_many_to_guest(to.a, from, size);
    if (unlikely(!guest_start_ok(to.a)))
        return false;
    GUEST_PUT_AT(uint64_t, 0UL);
    GUEST_PUT_AT(uint64_t, 8UL);
    if (size & 4)
        GUEST_PUT_AT(uint32_t, size & ~7UL);
    return true;
fault:
    return false;
}

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Memory and strings. The string instructions are the processor's fast path for blocks, and under
 * -icount one iteration is what one instruction of a loop costs, so the copies are by words.
 */
#include "hv/core/string.h"

/* The compiler calls these out of anything, after it has decided what is seen from where. */
#define COMPILER_CALLS __attribute__((externally_visible))

COMPILER_CALLS void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *d = to;
    size_t words = n / 8;
    __asm__ volatile("rep movsq\n\tmov %3, %2\n\trep movsb"
                     : "+D"(d), "+S"(from), "+c"(words)
                     : "r"(n % 8)
                     : "memory");
    return to;
}

COMPILER_CALLS void *memmove(void *to, const void *from, size_t n)
{
    if ((size_t)((char *)to - (const char *)from) >= n)
        return memcpy(to, from, n);
    char *d = (char *)to + n - 1;
    const char *s = (const char *)from + n - 1;
    __asm__ volatile("std\n\trep movsb\n\tcld" : "+D"(d), "+S"(s), "+c"(n)::"memory");
    return to;
}

COMPILER_CALLS void *memset(void *to, int byte, size_t n)
{
    void *d = to;
    size_t words = n / 8;
    unsigned long pattern = (unsigned char)byte * 0x0101010101010101UL;
    __asm__ volatile("rep stosq\n\tmov %2, %1\n\trep stosb"
                     : "+D"(d), "+c"(words)
                     : "r"(n % 8), "a"(pattern)
                     : "memory");
    return to;
}

COMPILER_CALLS int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a;
    const unsigned char *y = b;
    for (; n != 0; n--, x++, y++) {
        if (*x != *y)
            return *x - *y;
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n] != '\0')
        n++;
    return n;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n != 0; n--, a++, b++) {
        if (*a != *b)
            return (unsigned char)*a - (unsigned char)*b;
        if (*a == '\0')
            break;
    }
    return 0;
}

char *strchr(const char *s, int c)
{
    for (; *s != (char)c; s++) {
        if (*s == '\0')
            return NULL;
    }
    return (char *)s;
}

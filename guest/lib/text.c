/* SPDX-License-Identifier: MIT */
/* What <string.h> has not: apart, because a program of the host has the rest already. */
#include "guest/lib/string.h"

/* Linear: a later star makes an earlier one's choice final, because it can only fit more. */
bool string_fits(const char *pattern, const char *name)
{
    const char *after_star = NULL;
    const char *retry = NULL;
    while (*name) {
        if (*pattern == '*') {
            after_star = ++pattern;
            retry = name;
        } else if (*pattern == *name) {
            pattern++;
            name++;
        } else if (after_star) {
            pattern = after_star;
            name = ++retry;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

bool string_number(const char *s, size_t n, uint64_t *value)
{
    unsigned base = 10;
    if (n > 2 && s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
        n -= 2;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = (unsigned)digit(s[i]);
        if (d >= base || __builtin_mul_overflow(sum, base, &sum) ||
            __builtin_add_overflow(sum, d, &sum))
            return false;
    }
    if (n == 0)
        return false;
    *value = sum;
    return true;
}

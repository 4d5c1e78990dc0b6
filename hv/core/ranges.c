/* SPDX-License-Identifier: MIT */
#include "hv/core/ranges.h"

bool ranges_hold(const struct ranges *set, uint64_t first, uint64_t last)
{
    for (uint64_t i = 0; set != NULL && i < set->n; i++) {
        if (set->at[i].first <= first && last <= set->at[i].last)
            return true;
    }
    return false;
}

/* Puts n ranges in the place of those in [from, to). */
static bool replace(struct ranges *set, uint64_t from, uint64_t to, const struct range *by,
                    uint64_t n)
{
    uint64_t after = set->n - to;
    if (from + n + after > RANGES_MAX)
        return false;
    if (from + n <= to) {
        for (uint64_t i = 0; i < after; i++)
            set->at[from + n + i] = set->at[to + i];
    } else {
        for (uint64_t i = after; i-- > 0;)
            set->at[from + n + i] = set->at[to + i];
    }
    for (uint64_t i = 0; i < n; i++)
        set->at[from + i] = by[i];
    set->n = from + n + after;
    return true;
}

bool ranges_add(struct ranges *set, uint64_t first, uint64_t last)
{
    struct range all = {first, last};
    uint64_t from = 0;
    /* Neighbours become one. */
    while (from < set->n && set->at[from].last < first && first - set->at[from].last > 1)
        from++;
    uint64_t to = from;
    while (to < set->n && (set->at[to].first <= last || set->at[to].first - last == 1)) {
        all.first = min(all.first, set->at[to].first);
        all.last = max(all.last, set->at[to].last);
        to++;
    }
    return replace(set, from, to, &all, 1);
}

bool ranges_remove(struct ranges *set, uint64_t first, uint64_t last)
{
    struct range left[2];
    uint64_t n = 0;
    uint64_t from = 0;
    while (from < set->n && set->at[from].last < first)
        from++;
    uint64_t to = from;
    while (to < set->n && set->at[to].first <= last)
        to++;
    if (from == to)
        return true;
    if (set->at[from].first < first)
        left[n++] = (struct range){set->at[from].first, first - 1};
    if (set->at[to - 1].last > last)
        left[n++] = (struct range){last + 1, set->at[to - 1].last};
    return replace(set, from, to, left, n);
}

/* SPDX-License-Identifier: MIT */
#include "hv/core/console_ring.h"

#define SIZE 16384U /* a power of two: a boot and some crashes */

static char ring[SIZE];
static uint32_t produced; /* under console_lock, both */
static uint32_t cleared;

void console_ring_put(char c)
{
    ring[produced++ % SIZE] = c;
}

/* No older than what there still is; nor ahead of what there is. */
static uint32_t present(uint32_t from)
{
    return produced - from <= SIZE ? from : produced - min(produced, SIZE);
}

uint32_t console_ring_read(char *to, uint32_t n, uint32_t *from)
{
    uint32_t at = present(*from);
    uint32_t done = 0;
    for (; done < n && at != produced; at++)
        to[done++] = ring[at % SIZE];
    *from = at;
    return done;
}

uint32_t console_ring_start(void)
{
    return present(cleared);
}

void console_ring_clear(uint32_t to)
{
    cleared = to;
}

/* SPDX-License-Identifier: MIT */
/* A ring with its back end and all of its front ends, and what travels in it. */
#ifndef TESTS_MANY_MANY_H
#define TESTS_MANY_MANY_H

#include <stdlib.h>
#include <string.h>

#include "tests/unit/tap.h"

/* Who sent it and its number there; the rest is computed from both. */
struct item {
    uint32_t front;
    uint32_t number;
    uint32_t filler[4];
};

static inline struct item item_make(uint32_t front, uint32_t number)
{
    struct item item = {.front = front, .number = number};
    for (uint32_t i = 0; i < 4; i++)
        item.filler[i] = (number + i) * 2654435761U ^ front;
    return item;
}

static inline bool item_whole(const struct item *item)
{
    struct item as_made = item_make(item->front, item->number);
    return memcmp(item, &as_made, sizeof(as_made)) == 0;
}

struct many {
    struct ring_geometry g;
    void *shared, *back_private;
    struct mpsc_back back;
    struct mpsc_front front[RING_FRONTS_MAX];
};

/* The memory holds rubbish at first, as memory does. */
static inline struct many *many_open(uint32_t fronts, uint32_t entries, uint32_t start)
{
    const unsigned char rubbish = 0xa5;
    struct many *m = (struct many *)malloc(sizeof(*m));
    if (m == NULL)
        abort();
    memset(m, rubbish, sizeof(*m));
    m->g = (struct ring_geometry){.entries = entries,
                                  .req_size = sizeof(struct item),
                                  .rsp_size = sizeof(struct item),
                                  .fronts = fronts,
                                  .start = start};
    struct ring_footprint fp;
    if (mpsc_footprint(&m->g, &fp) != RING_OK || fp.front != 0 || fp.back == 0)
        abort();
    m->shared = aligned_alloc(RING_ALIGN, ring_round_up(fp.shared, RING_ALIGN));
    m->back_private = malloc(fp.back);
    if (m->shared == NULL || m->back_private == NULL)
        abort();
    memset(m->shared, rubbish, fp.shared);
    memset(m->back_private, rubbish, fp.back);

    assert_int_equal(mpsc_front_init(&m->front[0], &m->g, m->shared, NULL), RING_OK);
    for (uint32_t f = 1; f < fronts; f++)
        assert_int_equal(mpsc_front_join(&m->front[f], &m->g, m->shared, NULL, f), RING_OK);
    assert_int_equal(mpsc_back_attach(&m->back, &m->g, m->shared, m->back_private), RING_OK);
    return m;
}

static inline void many_close(struct many *m)
{
    free(m->back_private);
    free(m->shared);
    free(m);
}

#endif

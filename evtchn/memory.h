/* SPDX-License-Identifier: MIT */
/*
 * What the two halves share: where the words lie, and what they mean. The embedder of either half
 * fills in pointers to its own mapping; nothing here says how the memory got there.
 *
 * Layout: Xen's public headers, xen/xen.h (struct shared_info, struct vcpu_info) and
 * xen/event_channel.h (2-level ABI, FIFO ABI). tests/interop/evtchn.c checks that they agree.
 *
 *   of a domain      flat      64-bit words pending[0] and mask[0], where `2l` has its arrays
 *                    2l        pending[], mask[]: a bit each port, in words of the guest's size
 *                    2l-32     likewise, in 32-bit words
 *                    fifo      an array of event words, in pages given one by one
 *   of a vcpu        all       a byte: an upcall is due
 *                    2l        a word: bit w says that word w of pending[] wants a look
 *                    fifo      a control block: heads of 16 queues, and which of them are ready
 *
 * An event word of `fifo`:
 *
 *    31       30      29      28    27        17 16              0
 *   +--------+-------+-------+-----+-----------+-----------------+
 *   | PENDING| MASKED| LINKED| BUSY|     0     |  LINK: a port   |
 *   +--------+-------+-------+-----+-----------+-----------------+
 *    producer guest   producer     producer     producer sets
 *    sets,    sets    sets,                     while LINKED,
 *    guest    and     guest                     guest clears with
 *    clears   clears  clears                    LINKED
 *
 * LINKED: the port is in a queue. LINK: which port is next there; 0: none (yet). BUSY: the producer
 * asks the guest to let MASKED alone until it has written LINK.
 */
#ifndef EVTCHN_MEMORY_H
#define EVTCHN_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "evtchn_atomic.h"

#define EVTCHN_PENDING_BIT 31
#define EVTCHN_MASKED_BIT 30
#define EVTCHN_LINKED_BIT 29
#define EVTCHN_BUSY_BIT 28
#define EVTCHN_LINK_BITS 17

#define EVTCHN_PENDING (1U << EVTCHN_PENDING_BIT)
#define EVTCHN_MASKED (1U << EVTCHN_MASKED_BIT)
#define EVTCHN_LINKED (1U << EVTCHN_LINKED_BIT)
#define EVTCHN_BUSY (1U << EVTCHN_BUSY_BIT)
#define EVTCHN_LINK ((1U << EVTCHN_LINK_BITS) - 1)

#define EVTCHN_QUEUES 16U
#define EVTCHN_PRIORITY_HIGHEST 0U
#define EVTCHN_PRIORITY_DEFAULT 7U
#define EVTCHN_PRIORITY_LOWEST 15U

/* The ABI's page, whatever the machine's is. */
#define EVTCHN_PAGE_SIZE 4096U
#define EVTCHN_PAGE_WORDS (EVTCHN_PAGE_SIZE / (uint32_t)sizeof(uint32_t))
#define EVTCHN_ARRAY_PAGES ((1U << EVTCHN_LINK_BITS) / EVTCHN_PAGE_WORDS)

struct evtchn_control {
    uint32_t ready; /* bit q: queue q may hold something. Producers set, the guest takes all */
    uint32_t reserved;
    uint32_t head[EVTCHN_QUEUES]; /* ports; written by producers, read by the guest */
};

/* Pages are added at the end and stay until the ABI is left. */
struct evtchn_array {
    uint32_t pages;
    uint32_t *page[EVTCHN_ARRAY_PAGES]; /* EVTCHN_PAGE_WORDS event words each; NULL: not yet */
};

/* NULL: the page is not there yet. port < 1 << EVTCHN_LINK_BITS. */
static inline uint32_t *evtchn_word(const struct evtchn_array *array, uint32_t port)
{
    uint32_t *page = evtchn_load_acquire(&array->page[port / EVTCHN_PAGE_WORDS]);
    return page == NULL ? NULL : page + port % EVTCHN_PAGE_WORDS;
}

#endif

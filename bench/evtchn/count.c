/* SPDX-License-Identifier: MIT */
/*
 * Sends and scans for callgrind to count (bench/evtchn/cost). Each case of each ABI has a function
 * of its own, <case>_<id of the ABI>, that does the counted thing COUNT times: a count is of what
 * such a function calls, inclusive of what that calls, but for set_up_...().
 *
 *   half_*   the producing half: the ABI's set_pending, as evtchn_send() calls it
 *   send_*   the whole of evtchn_send() through an interdomain channel
 *     *_empty   to an idle port, nothing pending: the upcall flag is set
 *     *_busy    to an idle port, others of the same queue (2l: word) are pending
 *     *_again   to a pending port
 *     *_masked  to an idle port that is masked
 *     half_moved  to an idle port that was given another priority since its last event, where there
 *                 are any
 *   scan_*   begin, and next until there is none
 *     *_few     one port is pending among 8
 *     *_many    one port is pending among all that the ABI has
 *     *_all     all ports that the ABI has are pending
 */
#include <stdio.h>
#include <stdlib.h>

#include "bench/evtchn/world.h"
#include "evtchn/abi.h"

/* All within a word of `2l-32` with the one before them, so that each is the same case. */
#define COUNT 24U
#define FIRST 2U

#define FEW 8U

static struct world world;

#define APART __attribute__((noipa))

static APART void set_up_serve(void)
{
    evtchn_consumer_begin(&world.consumer);
    while (evtchn_consumer_next(&world.consumer) != EVTCHN_NONE)
        ;
}

static APART void set_up_send(uint32_t port)
{
    struct evtchn_effect effect;
    (void)evtchn_send(&world.sender, port, &effect);
}

static APART void set_up_mask(uint32_t port)
{
    evtchn_consumer_mask(&world.consumer, port);
}

static APART void set_up_move(uint32_t port)
{
    (void)evtchn_set_priority(&world.receiver, port, EVTCHN_PRIORITY_HIGHEST);
}

/* The next event after it is as if the port had never been moved. */
static APART void set_up_move_back(uint32_t port)
{
    set_up_serve();
    (void)evtchn_set_priority(&world.receiver, port, EVTCHN_PRIORITY_DEFAULT);
    set_up_send(port);
    set_up_serve();
}

static APART void set_up_unmask(uint32_t port)
{
    evtchn_consumer_clear_pending(&world.consumer, port);
    (void)evtchn_consumer_unmask(&world.consumer, port);
}

/* A scan as a program of its own would do it: what it finds is used. */
static APART uint64_t scan(struct evtchn_consumer *c)
{
    uint64_t sum = 0;
    uint32_t port;
    evtchn_consumer_begin(c);
    while ((port = evtchn_consumer_next(c)) != EVTCHN_NONE)
        sum += port;
    return sum;
}

static volatile uint64_t told, seen; /* what was counted is not thrown away */

static inline __attribute__((always_inline)) void half(uint32_t port)
{
    struct evtchn *e = &world.receiver.buckets[0]->port[port];
    told += world.receiver.abi->set_pending(e).what;
}

static inline __attribute__((always_inline)) void send(uint32_t port)
{
    struct evtchn_effect effect;
    told += (uint64_t)evtchn_send(&world.sender, port, &effect) + effect.what;
}

#define SENDS(kind_, id_)                        \
    static APART void kind_##_empty_##id_(void)  \
    {                                            \
        for (uint32_t i = 0; i < COUNT; i++) {   \
            kind_(FIRST + i);                    \
            set_up_serve();                      \
        }                                        \
    }                                            \
    static APART void kind_##_busy_##id_(void)   \
    {                                            \
        set_up_send(FIRST - 1);                  \
        for (uint32_t i = 0; i < COUNT; i++)     \
            kind_(FIRST + i);                    \
        set_up_serve();                          \
    }                                            \
    static APART void kind_##_again_##id_(void)  \
    {                                            \
        for (uint32_t i = 0; i < COUNT; i++)     \
            set_up_send(FIRST + i);              \
        for (uint32_t i = 0; i < COUNT; i++)     \
            kind_(FIRST + i);                    \
        set_up_serve();                          \
    }                                            \
    static APART void kind_##_masked_##id_(void) \
    {                                            \
        for (uint32_t i = 0; i < COUNT; i++)     \
            set_up_mask(FIRST + i);              \
        for (uint32_t i = 0; i < COUNT; i++)     \
            kind_(FIRST + i);                    \
        for (uint32_t i = 0; i < COUNT; i++)     \
            set_up_unmask(FIRST + i);            \
    }

#define HALF_MOVED(id_)                        \
    static APART void half_moved_##id_(void)   \
    {                                          \
        for (uint32_t i = 0; i < COUNT; i++) { \
            set_up_move(FIRST + i);            \
            half(FIRST + i);                   \
            set_up_move_back(FIRST + i);       \
        }                                      \
    }

/* One pending port after the other, from the first to the last that is bound. */
#define SCANS_ONE(case_, id_)                                     \
    static APART void scan_##case_##_##id_(void)                  \
    {                                                             \
        for (uint32_t i = 0; i < COUNT; i++) {                    \
            set_up_send(1 + i * (world.ports - 2) / (COUNT - 1)); \
            seen += scan(&world.consumer);                        \
        }                                                         \
    }

#define SCANS_ALL(id_)                                      \
    static APART void scan_all_##id_(void)                  \
    {                                                       \
        for (uint32_t port = 1; port < world.ports; port++) \
            set_up_send(port);                              \
        seen += scan(&world.consumer);                      \
    }

#define EVTCHN_ABI(id, name, ports) \
    SENDS(half, id)                 \
    HALF_MOVED(id) SENDS(send, id) SCANS_ONE(few, id) SCANS_ONE(many, id) SCANS_ALL(id)
#include "evtchn/abis.def"
#undef EVTCHN_ABI

#define SEND_CASES(kind_, id_) \
    kind_##_empty_##id_, kind_##_busy_##id_, kind_##_again_##id_, kind_##_masked_##id_
#define CASES_MANY 11U

static const struct {
    const char *id;
    void (*few)(void);
    void (*many[CASES_MANY])(void);
} abis[] = {
#define EVTCHN_ABI(id, name, ports)                                                \
    {#id,                                                                          \
     scan_few_##id,                                                                \
     {SEND_CASES(half, id), half_moved_##id, SEND_CASES(send, id), scan_many_##id, \
      scan_all_##id}},
#include "evtchn/abis.def"
#undef EVTCHN_ABI
};

static void lay_out(const struct world_abi *abi, uint32_t ports, void *memory)
{
    const char *fault = world_lay_out(&world, abi, ports, 1, memory);
    if (fault == NULL)
        return;
    fprintf(stderr, "evtchn_count: %s: %s\n", abi->name, fault);
    exit(EXIT_FAILURE);
}

int main(void)
{
    void *memory = aligned_alloc(EVTCHN_PAGE_SIZE, WORLD_BYTES);
    if (memory == NULL) {
        fprintf(stderr, "evtchn_count: no memory\n");
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < sizeof abis / sizeof abis[0]; i++) {
        const struct world_abi *abi = world_abi_at(i);
        lay_out(abi, FEW, memory);
        abis[i].few();
        lay_out(abi, abi->ports, memory);
        for (uint32_t c = 0; c < CASES_MANY; c++)
            abis[i].many[c]();
        /* For bench/evtchn/cost. */
        printf("abi %s %s %u\n", abis[i].id, abi->name, abi->ports);
    }
    free(memory);
    return EXIT_SUCCESS;
}

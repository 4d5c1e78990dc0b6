/* SPDX-License-Identifier: MIT */
/*
 * The search: breadth first over the states of machine.h, each visited once.
 *
 * States are numbered as they are found, and expanded in that order. Of an expanded state its
 * number, the step that first led to it and from where, and the numbers of its successors remain.
 */
#include "explore.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"

#define NONE UINT32_MAX

struct node {
    struct hash hash;
    void *saved;       /* until it is expanded */
    uint32_t parent;   /* NONE: the initial state */
    uint32_t edges_at; /* its successors are edges[edges_at] up to the next node's */
    uint32_t depth;
    machine_step_t step; /* that led here from the parent */
    bool ends;           /* the end was reached; later: can be reached */
};

struct slot {
    uint32_t tag;  /* part of the hash, so that a look seldom goes to the node in vain */
    uint32_t node; /* NONE: free */
};

static struct {
    struct explore_program program;
    struct node *nodes;
    uint32_t node_count, node_room;
    uint32_t *edges;
    size_t edge_count, edge_room;
    struct slot *slots; /* open addressing, a power of two of them */
    size_t slot_count;
    void *initial;
    uint32_t bad; /* the schedule that went wrong: to here, ... */
    machine_step_t bad_step;
    bool bad_has_step; /* ... and then this */
} search;

static void *checked(void *memory)
{
    if (memory == NULL) {
        fprintf(stderr, "model: out of memory\n");
        abort();
    }
    return memory;
}

static void search_clear(void)
{
    for (uint32_t i = 0; i < search.node_count; i++)
        free(search.nodes[i].saved);
    free(search.nodes);
    free(search.edges);
    free(search.slots);
    free(search.initial);
    memset(&search, 0, sizeof(search));
}

static void *save(void)
{
    void *state = checked(malloc(machine_size()));
    machine_save(state);
    return state;
}

static uint32_t hash_tag(struct hash h)
{
    return (uint32_t)(h.b >> 32);
}

/* The slot of the state with this hash, or the free one where it belongs. */
static struct slot *slot_for(struct hash h)
{
    size_t i = h.a & (search.slot_count - 1);
    for (;;) {
        const struct slot *slot = &search.slots[i];
        /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): all set to NONE */
        if (slot->node == NONE)
            break;
        if (slot->tag == hash_tag(h)) {
            const struct hash *found = &search.nodes[slot->node].hash;
            if (found->a == h.a && found->b == h.b)
                break;
        }
        i = (i + 1) & (search.slot_count - 1);
    }
    return &search.slots[i];
}

#define ROOM_FIRST 4096 /* a power of two */

static void slots_grow(void)
{
    search.slot_count = search.slot_count == 0 ? ROOM_FIRST : search.slot_count * 2;
    free(search.slots);
    search.slots = (struct slot *)checked(malloc(search.slot_count * sizeof(struct slot)));
    for (size_t i = 0; i < search.slot_count; i++)
        search.slots[i].node = NONE;
    for (uint32_t i = 0; i < search.node_count; i++)
        *slot_for(search.nodes[i].hash) = (struct slot){hash_tag(search.nodes[i].hash), i};
}

/* The number of the machine's present state, a new one if it was never seen. */
static uint32_t state_number(uint32_t parent, machine_step_t step)
{
    if (2 * (size_t)search.node_count >= search.slot_count)
        slots_grow();
    struct hash h = machine_hash();
    struct slot *slot = slot_for(h);
    if (slot->node != NONE)
        return slot->node;

    if (search.node_count == search.node_room) {
        search.node_room = search.node_room == 0 ? ROOM_FIRST : search.node_room * 2;
        search.nodes = (struct node *)checked(
            realloc(search.nodes, (size_t)search.node_room * sizeof(struct node)));
    }
    *slot = (struct slot){hash_tag(h), search.node_count};
    search.nodes[search.node_count] =
        (struct node){.hash = h,
                      .saved = save(),
                      .parent = parent,
                      .depth = parent == NONE ? 0 : search.nodes[parent].depth + 1,
                      .step = step,
                      .ends = machine_done()};
    return search.node_count++;
}

static void edge_add(uint32_t to)
{
    if (search.edge_count == search.edge_room) {
        search.edge_room = search.edge_room == 0 ? ROOM_FIRST : search.edge_room * 2;
        search.edges =
            (uint32_t *)checked(realloc(search.edges, search.edge_room * sizeof(uint32_t)));
    }
    search.edges[search.edge_count++] = to;
}

/* Works backwards from where the end was reached. Returns a state of least depth from which it
 * can't be, or NONE. */
static uint32_t find_endless(void)
{
    bool changed = true;
    while (changed) {
        changed = false;
        for (uint32_t i = search.node_count; i-- > 0;) {
            if (search.nodes[i].ends)
                continue;
            size_t stop =
                i + 1 < search.node_count ? search.nodes[i + 1].edges_at : search.edge_count;
            for (size_t e = search.nodes[i].edges_at; e < stop; e++)
                search.nodes[i].ends |= search.nodes[search.edges[e]].ends;
            changed |= search.nodes[i].ends;
        }
    }
    for (uint32_t i = 0; i < search.node_count; i++)
        if (!search.nodes[i].ends)
            return i;
    return NONE;
}

__attribute__((format(printf, 3, 4))) static void
conclude(struct explore_result *result, enum explore_verdict verdict, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    result->verdict = verdict;
    vsnprintf(result->message, sizeof(result->message), format, args);
    va_end(args);
}

static void blame(uint32_t node, bool has_step, machine_step_t step)
{
    search.bad = node;
    search.bad_has_step = has_step;
    search.bad_step = step;
}

static enum explore_verdict failure_verdict(void)
{
    return machine_failed_quiet() ? EXPLORE_NOT_QUIET : EXPLORE_REQUIRE;
}

/* False: something is wrong, and result says what. */
static bool expand(uint32_t node, struct explore_result *result)
{
    void *saved = search.nodes[node].saved;
    search.nodes[node].saved = NULL;
    search.nodes[node].edges_at = (uint32_t)search.edge_count;

    bool fine = true;
    machine_step_t steps[MACHINE_STEPS_MAX];
    machine_restore(saved);
    uint32_t n = machine_steps(steps);
    if (n == 0 && machine_done()) {
        machine_finish();
    } else if (n == 0) {
        fine = false;
        blame(node, false, 0);
        conclude(result, EXPLORE_STUCK, "nothing can go on, but the work is not done");
    }
    for (uint32_t i = 0; i < n && fine; i++) {
        if (i != 0)
            machine_restore(saved);
        machine_take(steps[i]);
        result->transitions++;
        if (machine_failure() != NULL) {
            fine = false;
            blame(node, true, steps[i]);
            conclude(result, failure_verdict(), "%s", machine_failure());
        } else {
            edge_add(state_number(node, steps[i]));
        }
    }
    free(saved);
    return fine;
}

static void explore(struct explore_result *result)
{
    const struct explore_program *program = &search.program;
    machine_start(program);
    search.initial = save();
    if (machine_failure() != NULL) {
        blame(NONE, false, 0);
        conclude(result, failure_verdict(), "%s", machine_failure());
        return;
    }
    state_number(NONE, 0);
    for (uint32_t node = 0; node < search.node_count; node++) {
        if (search.node_count > program->max_states) {
            blame(node, false, 0);
            conclude(result, EXPLORE_TOO_MANY,
                     "more than %u states: nothing is proved; make the scenario smaller",
                     program->max_states);
            return;
        }
        if (!expand(node, result))
            return;
    }
    uint32_t endless = find_endless();
    if (endless != NONE) {
        blame(endless, false, 0);
        conclude(result, EXPLORE_ENDLESS, "the threads can only go round in circles");
    }
}

void explore_run(const struct explore_program *program, struct explore_result *result)
{
    search_clear();
    search.program = *program;
    search.bad = NONE;
    *result = (struct explore_result){.verdict = EXPLORE_PASSED};
    explore(result);
    result->states = search.node_count;
    if (result->verdict != EXPLORE_PASSED)
        result->depth =
            search.bad == NONE ? 0 : search.nodes[search.bad].depth + search.bad_has_step;
    else
        result->depth = search.nodes[search.node_count - 1].depth;
}

void explore_print_schedule(FILE *out, const char *prefix)
{
    uint32_t depth = search.bad == NONE ? 0 : search.nodes[search.bad].depth;
    machine_step_t *steps = (machine_step_t *)checked(malloc(depth + 1));
    uint32_t n = depth + search.bad_has_step;
    steps[depth] = search.bad_step;
    uint32_t node = search.bad;
    for (uint32_t i = depth; i-- > 0; node = search.nodes[node].parent)
        steps[i] = search.nodes[node].step;

    /* The start is narrated too: threads run to their first access there. */
    machine_narrate(out, prefix);
    machine_start(&search.program);
    for (uint32_t i = 0; i < n; i++)
        machine_take(steps[i]);
    machine_narrate(NULL, "");
    machine_describe(out, prefix);
    free(steps);
}

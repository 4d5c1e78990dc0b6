/* SPDX-License-Identifier: MIT */
/*
 * Tests of the explorer itself: programs whose outcomes on a TSO machine are known, and programs
 * that go wrong in each way that it must notice.
 *
 * Outcomes: P. Sewell et al., "x86-TSO", CACM 53(7), 2010, sections 2 and 3 (n5, n6, and the iwp
 * tests of Intel's white paper); S. Owens, S. Sarkar, P. Sewell, "A Better x86 Memory Model:
 * x86-TSO", TPHOLs 2009, appendix. The sets are exact: an outcome too few means interleavings that
 * were not looked at, one too many a machine that is too weak.
 */
#include <stdlib.h>
#include <string.h>

#include "explore.h"
#include "tap.h"

#define REGISTERS 2
#define OUTCOMES_MAX 16
#define STATES_MAX 100000

/* An outcome is a decimal number: a digit a register, in the order of threads, and if `memory`, one
 * for what x holds at the end. */
struct litmus {
    const char *name;
    unsigned threads;
    void (*run[EXPLORE_THREADS])(void *private);
    unsigned registers[EXPLORE_THREADS]; /* shown of each thread */
    bool memory;
    uint32_t dropped_fences, early_release; /* bit t: in thread t */
    unsigned outcomes;
    unsigned outcome[OUTCOMES_MAX]; /* ascending */
};

static uint64_t *x, *y, *z; /* contended */
static uint64_t *quiet, *plain;

#define WORDS 5

static void setup(void *arg, void *shared, void *const private[])
{
    (void)arg;
    (void)private;
    x = (uint64_t *)shared;
    y = x + 1;
    z = x + 2;
    explore_store(x, 8, 0, EXPLORE_PLAIN);
    explore_store(y, 8, 0, EXPLORE_PLAIN);
    explore_store(z, 8, 0, EXPLORE_PLAIN);
    quiet = x + 3;
    explore_quiet(quiet, 8);
    explore_store(quiet, 8, 0, EXPLORE_PLAIN);
    plain = x + 4;
    explore_plain(plain, 8);
    *plain = 0;
}

static const struct litmus *current;
static bool seen[100000];

static void record(void *arg, const void *shared, void *const private[])
{
    (void)arg;
    unsigned outcome = 0;
    for (unsigned t = 0; t < current->threads; t++)
        for (unsigned i = 0; i < current->registers[t]; i++)
            outcome = outcome * 10 + (unsigned)((const uint64_t *)private[t])[i];
    if (current->memory)
        outcome = outcome * 10 + (unsigned)((const uint64_t *)shared)[0];
    seen[outcome] = true;
}

static void store(uint64_t *at, uint64_t value)
{
    explore_store(at, 8, value, EXPLORE_PLAIN);
}

static uint64_t load(const uint64_t *at)
{
    return explore_load(at, 8);
}

static void store_x_load_y(void *private)
{
    store(x, 1);
    *(uint64_t *)private = load(y);
}

static void store_y_load_x(void *private)
{
    store(y, 1);
    *(uint64_t *)private = load(x);
}

static void store_x_fence_load_y(void *private)
{
    store(x, 1);
    explore_fence(EXPLORE_FENCE_ARM);
    *(uint64_t *)private = load(y);
}

static void store_y_fence_load_x(void *private)
{
    store(y, 1);
    explore_fence(EXPLORE_FENCE_ARM);
    *(uint64_t *)private = load(x);
}

static void store_y_locked_load_x(void *private)
{
    uint64_t old = 5; /* z never holds it: a swap that fails is a barrier too */
    store(y, 1);
    explore_cas(z, 8, &old, 6);
    *(uint64_t *)private = load(x);
}

static void write_x_release_y(void *private)
{
    (void)private;
    explore_store(x, 8, 1, EXPLORE_PAYLOAD);
    explore_store(y, 8, 1, EXPLORE_RELEASE);
}

static void load_y_load_x(void *private)
{
    uint64_t *r = (uint64_t *)private;
    r[0] = load(y);
    r[1] = load(x);
}

static void load_x_load_y(void *private)
{
    uint64_t *r = (uint64_t *)private;
    r[0] = load(x);
    r[1] = load(y);
}

static void load_x_store_y(void *private)
{
    *(uint64_t *)private = load(x);
    store(y, 1);
}

static void load_y_store_x(void *private)
{
    *(uint64_t *)private = load(y);
    store(x, 1);
}

static void store_x_load_x_load_y(void *private)
{
    uint64_t *r = (uint64_t *)private;
    store(x, 1);
    r[0] = load(x);
    r[1] = load(y);
}

static void store_y_load_y_load_x(void *private)
{
    uint64_t *r = (uint64_t *)private;
    store(y, 1);
    r[0] = load(y);
    r[1] = load(x);
}

static void store_x(void *private)
{
    (void)private;
    store(x, 1);
}

static void store_y(void *private)
{
    (void)private;
    store(y, 1);
}

static void store_y2_store_x2(void *private)
{
    (void)private;
    store(y, 2);
    store(x, 2);
}

static void store_x1_load_x(void *private)
{
    store(x, 1);
    *(uint64_t *)private = load(x);
}

static void store_x2_load_x(void *private)
{
    store(x, 2);
    *(uint64_t *)private = load(x);
}

static void swap_x_0_1(void *private)
{
    uint64_t old = 0;
    *(uint64_t *)private = explore_cas(x, 8, &old, 1);
}

static void swap_x_0_2(void *private)
{
    uint64_t old = 0;
    *(uint64_t *)private = explore_cas(x, 8, &old, 2);
}

static void add_1_to_x(void *private)
{
    (void)private;
    uint64_t old = load(x);
    while (!explore_cas(x, 8, &old, old + 1))
        ;
}

static void set_bit_0_of_x(void *private)
{
    *(uint64_t *)private = explore_locked(x, 8, EXPLORE_SET_BIT, 0);
}

static void set_bit_1_of_x(void *private)
{
    *(uint64_t *)private = explore_locked(x, 8, EXPLORE_SET_BIT, 1);
}

static void set_bit_0_clear_bit_0_of_x(void *private)
{
    uint64_t *r = (uint64_t *)private;
    r[0] = explore_locked(x, 8, EXPLORE_SET_BIT, 0);
    r[1] = explore_locked(x, 8, EXPLORE_CLEAR_BIT, 0);
}

static void exchange_x_1(void *private)
{
    *(uint64_t *)private = explore_locked(x, 8, EXPLORE_EXCHANGE, 1);
}

static void exchange_x_2(void *private)
{
    *(uint64_t *)private = explore_locked(x, 8, EXPLORE_EXCHANGE, 2);
}

static void exchange_x_load_y(void *private)
{
    explore_locked(x, 8, EXPLORE_EXCHANGE, 1);
    *(uint64_t *)private = load(y);
}

static void set_bit_of_y_load_x(void *private)
{
    explore_locked(y, 8, EXPLORE_SET_BIT, 0);
    *(uint64_t *)private = load(x);
}

static void store_y_clear_bit_load_x(void *private)
{
    store(y, 1);
    explore_locked(z, 8, EXPLORE_CLEAR_BIT, 0);
    *(uint64_t *)private = load(x);
}

static uint32_t *lock_of(uint64_t *at)
{
    return (uint32_t *)at;
}

static void locked_add_1_to_x(void *private)
{
    (void)private;
    explore_lock(lock_of(z));
    store(x, load(x) + 1);
    explore_unlock(lock_of(z));
}

static void store_y_lock_load_x(void *private)
{
    store(y, 1);
    explore_lock(lock_of(z));
    *(uint64_t *)private = load(x);
    explore_unlock(lock_of(z));
}

static void store_half_load_x(void *private)
{
    uint64_t *r = (uint64_t *)private;
    explore_store(x, 4, 1, EXPLORE_PLAIN);
    uint64_t both = load(x);
    r[0] = both & 0xffffffff;
    r[1] = both >> 32;
}

static void store_other_half(void *private)
{
    (void)private;
    explore_store((uint32_t *)x + 1, 4, 1, EXPLORE_PLAIN);
}

static void choose_of_three(void *private)
{
    *(uint64_t *)private = explore_choose(3);
}

static void store_either_forget(void *private)
{
    (void)private;
    store(x, 1 + explore_choose(2));
    explore_checkpoint(1);
    load(y);
}

static void tell(void *private)
{
    (void)private;
    store(x, 1);
    explore_tell(0);
}

static void sleep_load_x(void *private)
{
    explore_sleep(0, false);
    *(uint64_t *)private = load(x);
}

static void sleep_or_time(void *private)
{
    *(uint64_t *)private = explore_sleep(0, true);
}

static void await_x(void *private)
{
    (void)private;
    do
        explore_checkpoint(0);
    while (load(x) == 0);
}

static const struct litmus all[] = {
    {.name = "SB: both may miss the other's store",
     .threads = 2,
     .run = {store_x_load_y, store_y_load_x},
     .registers = {1, 1},
     .outcomes = 4,
     .outcome = {0, 1, 10, 11}},
    {.name = "SB with fences: not both",
     .threads = 2,
     .run = {store_x_fence_load_y, store_y_fence_load_x},
     .registers = {1, 1},
     .outcomes = 3,
     .outcome = {1, 10, 11}},
    {.name = "SB with one fence: both again",
     .threads = 2,
     .run = {store_x_fence_load_y, store_y_load_x},
     .registers = {1, 1},
     .outcomes = 4,
     .outcome = {0, 1, 10, 11}},
    {.name = "SB with fences, one of them dropped: both again",
     .threads = 2,
     .run = {store_x_fence_load_y, store_y_fence_load_x},
     .registers = {1, 1},
     .dropped_fences = 1,
     .outcomes = 4,
     .outcome = {0, 1, 10, 11}},
    {.name = "SB with a fence and a failing locked instruction: not both",
     .threads = 2,
     .run = {store_x_fence_load_y, store_y_locked_load_x},
     .registers = {1, 1},
     .outcomes = 3,
     .outcome = {1, 10, 11}},
    {.name = "MP: stores are seen in order",
     .threads = 2,
     .run = {write_x_release_y, load_y_load_x},
     .registers = {0, 2},
     .outcomes = 3,
     .outcome = {0, 1, 11}},
    {.name = "MP with the release planted before the payload: out of order",
     .threads = 2,
     .run = {write_x_release_y, load_y_load_x},
     .registers = {0, 2},
     .early_release = 1,
     .outcomes = 4,
     .outcome = {0, 1, 10, 11}},
    {.name = "LB: no load sees a later store",
     .threads = 2,
     .run = {load_x_store_y, load_y_store_x},
     .registers = {1, 1},
     .outcomes = 3,
     .outcome = {0, 1, 10}},
    {.name = "iwp2.4: own stores are seen early",
     .threads = 2,
     .run = {store_x_load_x_load_y, store_y_load_y_load_x},
     .registers = {2, 2},
     .outcomes = 4,
     .outcome = {1010, 1011, 1110, 1111}},
    {.name = "n5: stores to one word have one order",
     .threads = 2,
     .run = {store_x1_load_x, store_x2_load_x},
     .registers = {1, 1},
     .memory = true,
     .outcomes = 4,
     .outcome = {111, 121, 122, 222}},
    {.name = "n6: a load of the own buffer, and memory decides later",
     .threads = 2,
     .run = {store_x_load_x_load_y, store_y2_store_x2},
     .registers = {2, 0},
     .memory = true,
     .outcomes = 5,
     .outcome = {101, 102, 121, 122, 222}},
    {.name = "WRC: what was read is no news to others",
     .threads = 3,
     .run = {store_x, load_x_store_y, load_y_load_x},
     .registers = {0, 1, 2},
     .outcomes = 7,
     .outcome = {0, 1, 10, 11, 100, 101, 111}},
    {.name = "IRIW: two readers agree on the order of two writers",
     .threads = 4,
     .run = {store_x, store_y, load_x_load_y, load_y_load_x},
     .registers = {0, 0, 2, 2},
     .outcomes = 15,
     .outcome = {0, 1, 10, 11, 100, 101, 110, 111, 1000, 1001, 1011, 1100, 1101, 1110, 1111}},
    {.name = "CAS: one of two wins",
     .threads = 2,
     .run = {swap_x_0_1, swap_x_0_2},
     .registers = {1, 1},
     .memory = true,
     .outcomes = 2,
     .outcome = {12, 101}},
    {.name = "CAS: additions are not lost",
     .threads = 3,
     .run = {add_1_to_x, add_1_to_x, add_1_to_x},
     .memory = true,
     .outcomes = 1,
     .outcome = {3}},
    {.name = "set bit: each is set, and set once",
     .threads = 3,
     .run = {set_bit_0_of_x, set_bit_0_of_x, set_bit_1_of_x},
     .registers = {1, 1, 1},
     .memory = true,
     .outcomes = 2,
     .outcome = {103, 1003}},
    {.name = "clear bit: of a set and a clear each, all orders",
     .threads = 2,
     .run = {set_bit_0_clear_bit_0_of_x, set_bit_0_clear_bit_0_of_x},
     .registers = {2, 2},
     .memory = true,
     .outcomes = 5,
     .outcome = {110, 1010, 1100, 10010, 11000}},
    {.name = "exchange: one sees the other",
     .threads = 2,
     .run = {exchange_x_1, exchange_x_2},
     .registers = {1, 1},
     .memory = true,
     .outcomes = 2,
     .outcome = {12, 201}},
    {.name = "SB with locked instructions for stores: not both",
     .threads = 2,
     .run = {exchange_x_load_y, set_bit_of_y_load_x},
     .registers = {1, 1},
     .outcomes = 3,
     .outcome = {1, 10, 11}},
    {.name = "SB with a fence and a bit cleared elsewhere: not both",
     .threads = 2,
     .run = {store_x_fence_load_y, store_y_clear_bit_load_x},
     .registers = {1, 1},
     .outcomes = 3,
     .outcome = {1, 10, 11}},
    {.name = "lock: additions under it are not lost",
     .threads = 3,
     .run = {locked_add_1_to_x, locked_add_1_to_x, locked_add_1_to_x},
     .memory = true,
     .outcomes = 1,
     .outcome = {3}},
    {.name = "SB with a fence and a lock: not both",
     .threads = 2,
     .run = {store_x_fence_load_y, store_y_lock_load_x},
     .registers = {1, 1},
     .outcomes = 3,
     .outcome = {1, 10, 11}},
    {.name = "a load across a buffered store and memory",
     .threads = 2,
     .run = {store_half_load_x, store_other_half},
     .registers = {2, 0},
     .outcomes = 2,
     .outcome = {10, 11}},
    {.name = "a choice goes every way",
     .threads = 1,
     .run = {choose_of_three},
     .registers = {1},
     .outcomes = 3,
     .outcome = {0, 1, 2}},
    {.name = "states differ by what is buffered",
     .threads = 1,
     .run = {store_either_forget},
     .memory = true,
     .outcomes = 2,
     .outcome = {1, 2}},
    {.name = "a bell is sticky, and comes after what was stored before",
     .threads = 2,
     .run = {tell, sleep_load_x},
     .registers = {0, 1},
     .outcomes = 1,
     .outcome = {1}},
    {.name = "a timed sleep ends either way",
     .threads = 2,
     .run = {tell, sleep_or_time},
     .registers = {0, 1},
     .outcomes = 2,
     .outcome = {0, 1}},
    {.name = "a loop that polls is finite and comes to its end",
     .threads = 2,
     .run = {store_x, await_x},
     .outcomes = 1,
     .outcome = {0}},
};

static void litmus_test(const struct litmus *l)
{
    struct explore_program program = {.shared_size = WORDS * 8,
                                      .bells = 1,
                                      .threads = l->threads,
                                      .setup = setup,
                                      .final = record,
                                      .max_states = STATES_MAX};
    for (unsigned t = 0; t < l->threads; t++)
        program.thread[t] = (struct explore_thread){.name = "thread",
                                                    .run = l->run[t],
                                                    .private_size = REGISTERS * sizeof(uint64_t),
                                                    .dropped_fences = (l->dropped_fences >> t & 1)
                                                                      << EXPLORE_FENCE_ARM,
                                                    .early_release = l->early_release >> t & 1};
    current = l;
    memset(seen, 0, sizeof(seen));
    struct explore_result result;
    explore_run(&program, &result);

    unsigned expected = 0;
    bool same = true;
    for (unsigned outcome = 0; outcome < sizeof(seen); outcome++) {
        bool allowed = expected < l->outcomes && l->outcome[expected] == outcome;
        expected += allowed;
        same &= allowed == seen[outcome];
    }
    if (tap_test(result.verdict == EXPLORE_PASSED && same && expected == l->outcomes,
                 "litmus %s (%u states)", l->name, result.states))
        return;
    printf("# verdict %d %s; seen:", result.verdict, result.message);
    for (unsigned outcome = 0; outcome < sizeof(seen); outcome++)
        if (seen[outcome])
            printf(" %u", outcome);
    printf("; allowed:");
    for (unsigned i = 0; i < l->outcomes; i++)
        printf(" %u", l->outcome[i]);
    printf("\n");
}

/* ---- what must be noticed ---- */

static void count_for_ever(void *private)
{
    uint64_t *r = (uint64_t *)private;
    for (;;) {
        explore_checkpoint(0);
        *r += 1 + load(x);
    }
}

static void sleep_unless_x(void *private)
{
    (void)private;
    if (load(x) == 0)
        explore_sleep(0, false); /* and who looked at x before has not told */
}

static void store_x_tell_if_y(void *private)
{
    (void)private;
    store(x, 1);
    if (load(y) != 0)
        explore_tell(0);
}

static void load_outside(void *private)
{
    (void)private;
    explore_load(x + WORDS + 1, 8);
}

static void load_misaligned(void *private)
{
    (void)private;
    explore_load((uint16_t *)x + 1, 4);
}

static void store_too_much(void *private)
{
    (void)private;
    for (int i = 0; i <= EXPLORE_BUFFER; i++)
        store(x, 1);
}

static void require_x_unseen(void *private)
{
    (void)private;
    explore_require(load(x) == 0, "x was seen");
}

static void lock_y_then_z(void *private)
{
    (void)private;
    explore_lock(lock_of(y));
    explore_lock(lock_of(z));
}

static void lock_z_then_y(void *private)
{
    (void)private;
    explore_lock(lock_of(z));
    explore_lock(lock_of(y));
}

static void unlock_z(void *private)
{
    (void)private;
    explore_unlock(lock_of(z));
}

static void store_quiet(void *private)
{
    (void)private;
    store(quiet, 1);
}

static void load_x_load_quiet(void *private)
{
    (void)private;
    load(x);
    load(quiet);
}

static void lock_quiet(void *private)
{
    (void)private;
    explore_lock(lock_of(quiet));
}

/* Of two paths to the same registers, one has left something in plain memory. */
static void write_plain_if_chosen(void *private)
{
    (void)private;
    if (explore_choose(2) == 1)
        *plain = 1;
    explore_checkpoint(0);
    load(x);
    explore_require(*plain == 0, "the plain write was seen");
}

struct wrong {
    const char *name;
    unsigned threads;
    void (*run[2])(void *private);
    bool serve; /* the last thread need not end */
    enum explore_verdict verdict;
    uint32_t depth; /* of the shortest schedule */
};

static const struct wrong wrongs[] = {
    {"a lost wake-up", 2, {sleep_unless_x, store_x_tell_if_y}, false, EXPLORE_STUCK, 3},
    {"a wait for what never comes", 1, {await_x}, false, EXPLORE_ENDLESS, 0},
    {"a wait for a server that does nothing", 2, {await_x, await_x}, true, EXPLORE_ENDLESS, 0},
    {"a failed requirement", 2, {store_x, require_x_unseen}, false, EXPLORE_REQUIRE, 2},
    {"a deadlock", 2, {lock_y_then_z, lock_z_then_y}, false, EXPLORE_STUCK, 2},
    {"an unlock of what is not locked", 1, {unlock_z}, false, EXPLORE_REQUIRE, 0},
    {"a race for quiet memory", 2, {store_quiet, load_x_load_quiet}, false, EXPLORE_NOT_QUIET, 1},
    {"a lock in quiet memory", 1, {lock_quiet}, false, EXPLORE_NOT_QUIET, 0},
    {"a state that differs in plain memory", 1, {write_plain_if_chosen}, false, EXPLORE_REQUIRE, 2},
    {"an access outside shared memory", 1, {load_outside}, false, EXPLORE_REQUIRE, 0},
    {"a misaligned access", 1, {load_misaligned}, false, EXPLORE_REQUIRE, 0},
    {"more stores than the buffer holds", 1, {store_too_much}, false, EXPLORE_REQUIRE, 0},
    {"more states than allowed", 1, {count_for_ever}, false, EXPLORE_TOO_MANY, STATES_MAX},
};

static void wrong_test(const struct wrong *w)
{
    struct explore_program program = {.shared_size = WORDS * 8,
                                      .bells = 1,
                                      .threads = w->threads,
                                      .setup = setup,
                                      .max_states = STATES_MAX};
    for (unsigned t = 0; t < w->threads; t++)
        program.thread[t] = (struct explore_thread){.name = "thread",
                                                    .run = w->run[t],
                                                    .private_size = REGISTERS * sizeof(uint64_t),
                                                    .server = w->serve && t == w->threads - 1};
    struct explore_result result;
    explore_run(&program, &result);
    bool ok = result.verdict == w->verdict && result.depth == w->depth;
    if (!tap_test(ok, "noticed: %s", w->name))
        printf("# verdict %d (expected %d) after %u steps (expected %u): %s\n", result.verdict,
               w->verdict, result.depth, w->depth, result.message);
}

void litmus_tests(void)
{
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        litmus_test(&all[i]);
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++)
        wrong_test(&wrongs[i]);
}

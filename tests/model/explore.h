/* SPDX-License-Identifier: MIT */
/*
 * The explorer: runs a small program of up to four threads through every interleaving that a TSO
 * machine allows, and says whether one of them goes wrong.
 *
 * Machine: P. Sewell et al., "x86-TSO: A Rigorous and Usable Programmer's Model for x86
 * Multiprocessors", CACM 53(7), 2010, section 3. Each thread has a FIFO store buffer. A load takes
 * each byte from the youngest buffered store of its own that covers it, else from memory. The
 * oldest buffered store may reach memory at any time. A fence waits for the own buffer to be empty,
 * and so does a locked instruction, which then reads and writes memory in one step.
 *
 * A program is C code that makes each access to shared memory through the calls below; rings/ and
 * evtchn/ do because ring_atomic.h and evtchn_atomic.h of this folder take the place of the real
 * ones. Threads are coroutines, and states are explored breadth first, so that the schedule
 * reported is a shortest one.
 *
 * Two states are one where memory, store buffers and the threads' local states are equal. The local
 * state of a thread is a function of its private area at its last explore_checkpoint() and of what
 * it has read since: a hash of these stands for it. States are recognised by 128 bits of hash: with
 * n states the chance of a wrong merge is below n^2 / 2^128 (2^-84 for 4 million).
 *
 * Wrong is: a thread's explore_require() fails; an access outside shared memory; no thread can go
 * on though not all have ended (a lost wake-up, a deadlock); a state from which no schedule
 * whatever leads to the end (a livelock); more states than max_states, or more buffered stores than
 * the explorer can hold (the exploration is incomplete, and never silently so). If none is found,
 * every execution that a fair scheduler allows comes to its end.
 *
 * Hosted, x86-64. One exploration at a time, on one thread.
 */
#ifndef EXPLORE_H
#define EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define EXPLORE_THREADS 4
#define EXPLORE_BUFFER 32 /* stores that a buffer holds; Intel's processors have 36 to 72 */

struct explore_thread {
    const char *name;
    void (*run)(void *private);
    size_t private_size; /* bytes of its private area, zeroed, aligned to 16 */
    bool server;         /* need not end: it serves the others for ever */

    /* Planted faults. */
    uint32_t dropped_fences; /* bit k: the fence of kind k does nothing */
    bool early_release;      /* its payload stores are delayed past a later releasing one */
};

struct explore_program {
    size_t shared_size; /* bytes, filled with EXPLORE_POISON before setup */
    unsigned bells;     /* notification flags, sticky, at first clear */
    unsigned threads;
    struct explore_thread thread[EXPLORE_THREADS];

    /* Before the threads start; accesses go straight to memory. */
    void (*setup)(void *arg, void *shared, void *const private[]);

    /* NULL, or called once for each different state in which nothing can go on, none being wrong.
     */
    void (*final)(void *arg, const void *shared, void *const private[]);
    void *arg;
    uint32_t max_states;
};

#define EXPLORE_POISON 0xa5
#define EXPLORE_SHARED_ALIGN 4096

enum explore_verdict {
    EXPLORE_PASSED,
    EXPLORE_REQUIRE,   /* explore_require() failed, or a wild access */
    EXPLORE_STUCK,     /* nothing can go on */
    EXPLORE_ENDLESS,   /* the end cannot be reached any more */
    EXPLORE_TOO_MANY,  /* max_states passed: nothing is known */
    EXPLORE_NOT_QUIET, /* the program said that memory was quiet, and it is not: likewise */
};

struct explore_result {
    enum explore_verdict verdict;
    char message[256]; /* what was wrong; "" if passed */
    uint32_t states;   /* different ones */
    uint64_t transitions;
    uint32_t depth; /* of the schedule that went wrong, else of the longest shortest one */
};

void explore_run(const struct explore_program *program, struct explore_result *result);

/* The schedule that went wrong in the last explore_run(), a line a step, each after the prefix. */
void explore_print_schedule(FILE *out, const char *prefix);

/* What follows is called by threads. */

enum explore_store_kind { EXPLORE_PLAIN, EXPLORE_RELEASE, EXPLORE_PAYLOAD };

/*
 * Memory accesses of 1, 2, 4 or 8 bytes, naturally aligned. Outside of an exploration (in setup)
 * they go straight to memory.
 */
uint64_t explore_load(const volatile void *p, uint32_t size);
void explore_store(volatile void *p, uint32_t size, uint64_t value, enum explore_store_kind kind);
bool explore_cas(volatile void *p, uint32_t size, uint64_t *old, uint64_t new);

/* The other locked instructions. What they give is all that the thread learns: of a bit, whether it
 * was set; not what lay beside it. */
enum explore_locked {
    EXPLORE_EXCHANGE,  /* writes the operand; what was there */
    EXPLORE_SET_BIT,   /* operand: its number; 0 or 1 */
    EXPLORE_CLEAR_BIT, /* likewise */
};
uint64_t explore_locked(volatile void *p, uint32_t size, enum explore_locked what,
                        uint64_t operand);

/* A lock in a 32-bit word, free when 0. Who waits for one does not spin: it can't go on until the
 * word is 0, and then takes it in one step, a barrier. Unlocking is a store that passes through the
 * store buffer. */
void explore_lock(volatile uint32_t *lock);
void explore_unlock(volatile uint32_t *lock);

/*
 * In setup: memory that no interleaving concerns, because at most one thread writes it and then no
 * other one reads it. A load or store of it happens at once and is no step. That it is so is
 * checked: what one thread writes and another one accesses, in whatever executions of the
 * exploration, fails. Locked instructions are not for it. explore_contended() takes it back.
 */
void explore_quiet(const volatile void *p, size_t size);
void explore_contended(const volatile void *p, size_t size);

/* In setup: memory that threads access by plain C as well, because a lock or an earlier step keeps
 * others away. It is saved, restored and hashed like a thread's own. A whole number of words of 8
 * bytes. */
void explore_plain(const volatile void *p, size_t size);

/* The barriers that can be dropped, each by its name, and the others. */
enum explore_fence_kind { EXPLORE_FENCE_ASK, EXPLORE_FENCE_ARM, EXPLORE_FENCE_OTHER };

void explore_fence(enum explore_fence_kind kind);

/*
 * Rings a bell: a store that passes through the store buffer like any other. It is the weakest that
 * a transport may do (a posted write to a doorbell): a system call or a hypercall is a barrier too.
 */
void explore_tell(uint32_t bell);

/*
 * Waits until the bell rings and silences it in the same step: true. If timed, the wait may instead
 * end at any moment: false. No barrier.
 */
bool explore_sleep(uint32_t bell, bool timed);

/* Each of 0..n-1, 1 <= n <= 16. */
uint32_t explore_choose(uint32_t n);

/*
 * Says that all the thread will do from here on depends on its private area and on what it will
 * read, on nothing else; each call in a thread's source gives a number of its own. At the head of a
 * loop that polls it is needed, or there is no end of states; elsewhere it merges more of them.
 */
void explore_checkpoint(uint32_t place);

__attribute__((format(printf, 2, 3))) void explore_require(bool holds, const char *format, ...);

#endif

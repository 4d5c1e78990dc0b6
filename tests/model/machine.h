/* SPDX-License-Identifier: MIT */
/*
 * The machine that the explorer steps: shared memory, threads and their store buffers. There is
 * one, with one current state, which can be saved, restored, stepped and hashed.
 */
#ifndef MODEL_MACHINE_H
#define MODEL_MACHINE_H

#include "explore.h"

struct hash {
    uint64_t a, b; /* two independent 64-bit hashes */
};

/* A step that a thread, or its store buffer, can take. */
enum machine_action {
    MACHINE_STEP,    /* the thread's pending access happens, and it runs on to its next one */
    MACHINE_COMMIT,  /* the oldest buffered store reaches memory */
    MACHINE_TIMEOUT, /* a timed sleep ends without a bell */
    MACHINE_CHOICE,  /* + k: explore_choose returns k */
};

#define MACHINE_CHOICES 16
#define MACHINE_ACTIONS (MACHINE_CHOICE + MACHINE_CHOICES)
#define MACHINE_STEPS_MAX (EXPLORE_THREADS * MACHINE_ACTIONS)

/* thread * MACHINE_ACTIONS + action */
typedef uint8_t machine_step_t;

/* Sets up the program's initial state: memory, private areas, each thread run to its first access.
 * The program must outlive the machine's use. */
void machine_start(const struct explore_program *program);

/* Which steps can be taken now; returns how many. Where a thread has a choice pending, only its
 * choices are given: they concern nobody else, so any other step can as well be taken after them.
 */
uint32_t machine_steps(machine_step_t steps[MACHINE_STEPS_MAX]);

void machine_take(machine_step_t taken);

/* NULL, or what a thread found to be wrong in the last step (or at the start). */
const char *machine_failure(void);

/* Whether that was an access to quiet memory that is not quiet. */
bool machine_failed_quiet(void);

/* All threads that have to end have ended. */
bool machine_done(void);

struct hash machine_hash(void);

/* The state as bytes: machine_size() of them, until the next step. */
size_t machine_size(void);
void machine_save(void *state);
void machine_restore(const void *state);

/* From now on each access is written to out; NULL: to nowhere. */
void machine_narrate(FILE *out, const char *prefix);

/* What each thread waits for, and what its buffer holds. */
void machine_describe(FILE *out, const char *prefix);

/* Calls the program's final() on the current state. */
void machine_finish(void);

#endif

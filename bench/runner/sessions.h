/* SPDX-License-Identifier: MIT */
/* The suites that take part in a run, each opened once. */
#ifndef RUNNER_SESSIONS_H
#define RUNNER_SESSIONS_H

#include "bench/runner/suite.h"

struct session {
    const struct suite *suite;
    void *of; /* what its open() gave */
    struct strings columns;
};

struct sessions {
    struct session *at;
    size_t count;
};

/* Opens the suite, if it is not open yet. */
bool sessions_open(struct sessions *sessions, const struct suite *suite,
                   const struct suite_config *config, struct fault *fault);
void sessions_close(struct sessions *sessions);

/* That of a suite; NULL if it is not open. */
const struct session *sessions_find(const struct sessions *sessions, const struct suite *suite);

/* Adds what the suites say of their environment to `machine`, and their counters to `counters`. */
void sessions_describe(const struct sessions *sessions, json_t *machine, json_t *counters);

/* Would other work on this machine disturb one of them? Not what follows from seeds. */
bool sessions_mind_load(const struct sessions *sessions);

#endif

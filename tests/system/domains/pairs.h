/* SPDX-License-Identifier: MIT */
/* Descriptions as tests write them: carried out by the control domain's own code (dom0/run.h). */
#ifndef TESTS_DOMAINS_PAIRS_H
#define TESTS_DOMAINS_PAIRS_H

#include "tests/system/domains/support.h"

/* Did all go well? Why not is commentary. */
bool run_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Two domains of the kernel `kernel`, `front` and `back`, on CPUs 0 and `back_cpu`, with a channel
 * `channel` of `pages` between them and `with` for both; both with `arguments`, and events by the
 * ABI `events`. Both end by themselves.
 */
struct pair {
    const char *kernel;
    const char *channel;
    const char *arguments;
    const char *with;
    const char *events;
    unsigned pages;
    unsigned back_cpu;
};

bool run_pair(const struct pair *pair);

/*
 * Only starts them. They are run_domain(PAIR_FRONT) and run_domain(PAIR_BACK), and end_pair() is
 * due in any case.
 */
enum { PAIR_FRONT, PAIR_BACK };
bool begin_pair(const struct pair *pair);
bool end_pair(void);

/* How many CPUs the machine has. */
unsigned cpu_count(void);

#endif

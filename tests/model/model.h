/* SPDX-License-Identifier: MIT */
/* What the command line chose, and what the parts of the test program have in common. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdio.h>
#include <string.h>

#include "explore.h"

struct model_options {
    const char *subject; /* a ring layout or a delivery ABI; NULL: all of both */
    const char *within;  /* a policy or a scene; NULL: all */
    const char *fault;   /* NULL: all */
    bool schedules;      /* print those of planted faults too */
    uint32_t requests;   /* of rings */
    uint32_t states_max;
};

static inline bool model_wants(const char *choice, const char *name)
{
    return choice == NULL || strcmp(choice, name) == 0;
}

static inline bool model_found(const struct explore_result *result)
{
    return result->verdict != EXPLORE_PASSED && result->verdict != EXPLORE_TOO_MANY &&
           result->verdict != EXPLORE_NOT_QUIET;
}

/* As comments: what went wrong, and its schedule. */
static inline void model_print_failure(const struct explore_result *result)
{
    printf("# after %u steps: %s\n", result->depth, result->message);
    if (result->verdict != EXPLORE_TOO_MANY)
        explore_print_schedule(stdout, "#   ");
}

/* Event channels: evtchn_model.c. */
void evtchn_tests(const struct model_options *options);
void evtchn_list(FILE *out);

#endif

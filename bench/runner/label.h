/* SPDX-License-Identifier: MIT */
/*
 * What a medium of `ringside medium` says of itself each time that its loader asks what to boot:
 *
 *     @ machine WORDS                what the firmware calls the machine
 *     @ medium FORMAT HYPERVISOR     FORMAT: of these lines; a fingerprint of the hypervisor
 *     @ program VERSION COMMIT       that made it
 *     @ effort NAME                  and what it was made for
 *     @ set KEY=VALUE                ...
 *     @ experiment NAME              ...
 *     @ ready LINES SUM              the end: how many lines from `@ medium` on, and their checksum
 *
 * Only `@ machine` is not on the medium but comes from the machine.
 */
#ifndef RUNNER_LABEL_H
#define RUNNER_LABEL_H

#include <stdio.h>

#include "bench/runner/experiment.h"

struct label {
    char *machine;
    char *hypervisor, *program; /* NULL: not said */
    enum effort effort;
    struct strings sets, experiments;
    /* while it is read */
    uint64_t lines;
    uint32_t sum;
};

/* All but the machine. */
void label_write(const struct label *label, FILE *out);

enum label_line {
    LABEL_OTHER, /* it is none of these lines */
    LABEL_PART,
    LABEL_WHOLE, /* it was the last one, and all are there */
    LABEL_BROKEN /* it was the last one, and some are not, or not as they were written */
};

/* Takes a line, without its end. `@ medium` begins anew; one of another FORMAT is broken. */
enum label_line label_read(struct label *label, const char *line);

void label_free(struct label *label);

#endif

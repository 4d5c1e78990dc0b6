/* SPDX-License-Identifier: MIT */
/* Instructions of a decision, counted by callgrind. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/place.h"
#include "bench/runner/program.h"
#include "bench/runner/suites/sim.h"

/* Built for any x86-64 rather than for this one, whose instructions valgrind may not know, and so
 * that a count does not depend on where it was taken. Lies beside the tool. */
#define PROGRAM "sim_observe"
#define PATIENCE_S "300" /* for one run, of what takes seconds */

/* As valgrind says it on stderr. */
#define COLLECTED "Collected : "

const char *sim_count_missing(void)
{
    char *program = place_of_program(PROGRAM);
    bool built = access(program, X_OK) == 0;
    free(program);
    if (!built)
        return PROGRAM " is not beside this program; `make all` builds it";
    if (!program_in_path("valgrind"))
        return "valgrind is not installed; `make deps` installs it";
    return NULL;
}

/* The number after the last `COLLECTED`, and the line that is a number alone. */
static bool find_numbers(const struct program_end *out, uint64_t *instructions, uint64_t *decisions)
{
    const char *collected = NULL, *alone = NULL;
    if (out->text == NULL)
        return false;
    for (const char *at = out->text; (at = strstr(at, COLLECTED)) != NULL; at++)
        collected = at + strlen(COLLECTED);
    for (const char *line = out->text; line != NULL && *line != '\0';) {
        if (line[strspn(line, "0123456789")] == '\n' && *line != '\n')
            alone = line;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    if (collected == NULL || alone == NULL)
        return false;
    *instructions = strtoull(collected, NULL, 10);
    *decisions = strtoull(alone, NULL, 10);
    return *instructions > 0;
}

static bool count_run(const struct sim_point *point, uint64_t *instructions, uint64_t *decisions,
                      struct fault *fault)
{
    char *program = place_of_program(PROGRAM);
    char *own[SIM_POINT_ARGUMENTS];
    char *before[] = {
        "timeout", PATIENCE_S, "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
        program};
    enum { BEFORE = sizeof(before) / sizeof(*before) };
    char *argv[BEFORE + SIM_POINT_ARGUMENTS + 1] = {NULL};
    sim_point_arguments(point, own);
    memcpy(argv, before, sizeof(before));
    memcpy(argv + BEFORE, own, sizeof(own));
    struct program_end out;
    bool good = program_run(argv, &out, fault);
    if (good && out.status != 0)
        good = fault_set(fault, "%s under valgrind failed: %s", PROGRAM, out.text);
    else if (good && !find_numbers(&out, instructions, decisions))
        good = fault_set(fault, "callgrind's count is not in what it printed: %s", out.text);
    free(out.text);
    for (size_t i = 0; i < SIM_POINT_ARGUMENTS; i++)
        free(own[i]);
    free(program);
    return good;
}

bool sim_count(const struct sim_point *point, double *per_decision, uint64_t *decisions,
               struct fault *fault)
{
    struct sim_point longer = *point;
    longer.duration_ns *= 2;
    uint64_t instructions[2], made[2];
    if (longer.duration_ns > SIM_TIME_MAX)
        return fault_set(fault, "instructions are counted over at most %llu ms",
                         SIM_TIME_MAX / 2 / 1000000);
    if (!count_run(point, &instructions[0], &made[0], fault) ||
        !count_run(&longer, &instructions[1], &made[1], fault))
        return false;
    *decisions = made[1] - made[0];
    if (made[1] <= made[0])
        return fault_set(fault, "no decision was made in %" PRIu64 " ns", point->duration_ns);
    *per_decision = (double)(instructions[1] - instructions[0]) / (double)*decisions;
    return true;
}

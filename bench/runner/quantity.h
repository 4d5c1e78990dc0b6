/* SPDX-License-Identifier: MIT */
/*
 * Numbers with units, as people read them: scaled by steps of 1000, with the digits that matter.
 *
 * By a clock that counts instructions a ns is one of them. So what a suite calls ns is shown as
 * instructions there, and what it counts a second by how many instructions that is:
 *
 *   ns           1234567 ns        1.235 ms                1.235 M instr.
 *   ns/request   6983 ns/request   6.983 us/request        6983 instr./request
 *   requests/s   4120000 /s        4.120 M requests/s      4.120 requests/k instr.
 *
 * What a suite itself calls instructions is shown as such by any clock.
 */
#ifndef RUNNER_QUANTITY_H
#define RUNNER_QUANTITY_H

#include "bench/runner/stats.h"
#include "bench/runner/text.h"

struct unit {
    const char *text; /* as the metric has it: "ns", "requests/s", "" */
    bool counted;     /* the clock counts instructions */
};

/* On this clock (a value of AXIS_CLOCK); NULL: it is not known, or there are several. */
struct unit unit_on(const char *text, const char *clock);

/* The step of 1000 that a number of this size is best read in. */
struct scale {
    double factor; /* divide by it */
    const char *prefix;
};

struct scale scale_of(double largest, struct unit unit);

/* "us", "M requests/s", "requests/k instr.": what numbers divided by the scale's factor are in. */
#define UNIT_TEXT 64
const char *unit_text(char buffer[UNIT_TEXT], struct unit unit, struct scale scale);

/* With so many digits that a part in a thousand shows; without exponent from 0.0001 on. */
void scaled_text(char buffer[NUMBER_TEXT], double value, struct scale scale);

/* "98.3 M requests/s", "1.20 us". */
#define QUANTITY_TEXT (NUMBER_TEXT + 1 + UNIT_TEXT)
void quantity_text(char buffer[QUANTITY_TEXT], double value, struct unit unit);

/* "1.20 us [1.19, 1.21]"; of what is exact "6983 instr.". */
#define MEASURED_TEXT (QUANTITY_TEXT + 2 * NUMBER_TEXT + sizeof(" [, ]"))
void measured_text(char buffer[MEASURED_TEXT], struct interval value, struct unit unit, bool exact);

/* A bound on it, at the scale of the value that is held against it: "2 ms". */
void bound_text(char buffer[QUANTITY_TEXT], double bound, double value, struct unit unit);

/* "0.982 [0.977, 0.990]"; of what is exact "0.982"; "-" for NaN. */
#define INTERVAL_TEXT (3 * NUMBER_TEXT + sizeof(" [, ]"))
void interval_text(char buffer[INTERVAL_TEXT], struct interval interval, struct scale scale,
                   bool exact);

/* Of what has no unit, as a ratio. */
#define SCALE_NONE ((struct scale){1, ""})

#endif

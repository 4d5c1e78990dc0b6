/* SPDX-License-Identifier: MIT */
/* Text in aligned columns. */
#ifndef RUNNER_TABLE_H
#define RUNNER_TABLE_H

#include <stdio.h>

#include "bench/runner/text.h"

struct table {
    struct strings cells; /* row by row */
    size_t columns;
    size_t
        left; /* so many columns from the left are aligned to the left, the others to the right */
};

/* Cells of a row, one after another; the first `columns` are the header. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *table, FILE *out);
void table_free(struct table *table);

/* "", "k", "M", "G": the step of 1000 that a number of this size is best read in.
 */
struct scale {
    double factor; /* divide by it */
    const char *prefix;
};

struct scale scale_of(double largest);

/* With so many digits that a part in a thousand shows. */
void scaled_text(char buffer[NUMBER_TEXT], double value, struct scale scale);

/* "98.3 M requests/s", "1.20 us": a value in ns is scaled as time. */
#define QUANTITY_TEXT 80
void quantity_text(char buffer[QUANTITY_TEXT], double value, const char *unit);

/* "ns", "us", "ms" or "s": nanoseconds at a scale. */
const char *scale_time(struct scale scale);

#endif

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

#endif

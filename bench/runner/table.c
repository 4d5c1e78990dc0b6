/* SPDX-License-Identifier: MIT */
#include "bench/runner/table.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2 /* blanks before each column */

void table_add(struct table *table, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    strings_add(&table->cells, length < 0 ? "" : text);
    if (length >= 0)
        free(text);
}

static size_t width_of(const struct table *table, size_t column)
{
    size_t width = 0;
    for (size_t i = column; i < table->cells.count; i += table->columns)
        if (strlen(table->cells.at[i]) > width)
            width = strlen(table->cells.at[i]);
    return width;
}

void table_print(const struct table *table, FILE *out)
{
    int *widths = memory(table->columns, sizeof(*widths));
    for (size_t c = 0; c < table->columns; c++)
        widths[c] = (int)width_of(table, c);
    for (size_t i = 0, c = 0; i < table->cells.count; i++) {
        bool last = c + 1 == table->columns;
        fprintf(out, "%*s", GAP, "");
        if (c >= table->left)
            fprintf(out, "%*s", widths[c], table->cells.at[i]);
        else
            fprintf(out, "%-*s", last ? 0 : widths[c], table->cells.at[i]);
        if (last)
            fputc('\n', out);
        c = last ? 0 : c + 1;
    }
    free(widths);
}

void table_free(struct table *table)
{
    strings_free(&table->cells);
}

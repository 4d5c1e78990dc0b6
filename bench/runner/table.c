/* SPDX-License-Identifier: MIT */
#include "bench/runner/table.h"

#include <math.h>
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

struct scale scale_of(double largest)
{
    static const struct scale scales[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++)
        if (largest >= scales[i].factor)
            return scales[i];
    return (struct scale){1, ""};
}

void scaled_text(char buffer[NUMBER_TEXT], double value, struct scale scale)
{
    if (!isfinite(value)) {
        stpcpy(buffer, "-");
        return;
    }
    double shown = value / scale.factor;
    double size = fabs(shown);
    if (size > 0 && size < 0.1) {
        snprintf(buffer, NUMBER_TEXT, "%.2g", shown);
        return;
    }
    int decimals = size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
    snprintf(buffer, NUMBER_TEXT, "%.*f", decimals, shown);
}

const char *scale_time(struct scale scale)
{
    return scale.factor >= 1e9   ? "s"
           : scale.factor >= 1e6 ? "ms"
           : scale.factor >= 1e3 ? "us"
                                 : "ns";
}

void quantity_text(char buffer[QUANTITY_TEXT], double value, const char *unit)
{
    struct scale scale = scale_of(value);
    char number[NUMBER_TEXT];
    scaled_text(number, value, scale);
    if (strcmp(unit, "ns") == 0)
        snprintf(buffer, QUANTITY_TEXT, "%s %s", number, scale_time(scale));
    else
        snprintf(buffer, QUANTITY_TEXT, "%s%s%s%s%s", number,
                 *scale.prefix == '\0' && *unit == '\0' ? "" : " ", scale.prefix,
                 *scale.prefix == '\0' || *unit == '\0' ? "" : " ", unit);
}

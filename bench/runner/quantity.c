/* SPDX-License-Identifier: MIT */
#include "bench/runner/quantity.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define INSTRUCTIONS "instructions" /* a clock, and a unit */
#define TIME "ns"
#define A_SECOND "/s"

/* Fewer instructions, and numbers without a unit, are read as they are. */
#define COUNTED_WHOLE 1e6

/* A whole number of this size has no decimals. */
#define WHOLE_FROM 10

/* What is smaller has an exponent. */
#define PLAIN_FROM 1e-4

struct unit unit_on(const char *text, const char *clock)
{
    return (struct unit){text, clock != NULL && strcmp(clock, INSTRUCTIONS) == 0};
}

/* ns, ns/request */
static bool is_time(struct unit unit)
{
    size_t length = strlen(TIME);
    return strncmp(unit.text, TIME, length) == 0 &&
           (unit.text[length] == '\0' || unit.text[length] == '/');
}

static bool is_count(struct unit unit)
{
    return strcmp(unit.text, INSTRUCTIONS) == 0;
}

static bool is_rate(struct unit unit)
{
    size_t length = strlen(unit.text);
    return length > strlen(A_SECOND) &&
           strcmp(unit.text + length - strlen(A_SECOND), A_SECOND) == 0;
}

struct scale scale_of(double largest, struct unit unit)
{
    static const struct scale scales[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    bool plain = *unit.text == '\0' || is_count(unit) || (unit.counted && is_time(unit));
    if (plain && largest < COUNTED_WHOLE)
        return SCALE_NONE;
    for (size_t i = 0; i < sizeof(scales) / sizeof(*scales); i++)
        if (largest >= scales[i].factor)
            return scales[i];
    return SCALE_NONE;
}

/* Nanoseconds at a scale. */
static const char *scale_time(struct scale scale)
{
    return scale.factor >= 1e9   ? "s"
           : scale.factor >= 1e6 ? "ms"
           : scale.factor >= 1e3 ? "us"
                                 : "ns";
}

/* Of 10^9 instructions, which are a second, the part in which there are as many as the number says.
 */
static const char *scale_instructions(struct scale scale)
{
    return scale.factor >= 1e9   ? "instr."
           : scale.factor >= 1e6 ? "k instr."
           : scale.factor >= 1e3 ? "M instr."
                                 : "G instr.";
}

const char *unit_text(char buffer[UNIT_TEXT], struct unit unit, struct scale scale)
{
    const char *gap = *scale.prefix == '\0' || *unit.text == '\0' ? "" : " ";
    if (is_count(unit))
        snprintf(buffer, UNIT_TEXT, "%s%sinstr.", scale.prefix, gap);
    else if (is_time(unit) && unit.counted)
        snprintf(buffer, UNIT_TEXT, "%s%sinstr.%s", scale.prefix, gap, unit.text + strlen(TIME));
    else if (is_time(unit))
        snprintf(buffer, UNIT_TEXT, "%s%s", scale_time(scale), unit.text + strlen(TIME));
    else if (is_rate(unit) && unit.counted)
        snprintf(buffer, UNIT_TEXT, "%.*s/%s", (int)(strlen(unit.text) - strlen(A_SECOND)),
                 unit.text, scale_instructions(scale));
    else
        snprintf(buffer, UNIT_TEXT, "%s%s%s", scale.prefix, gap, unit.text);
    return buffer;
}

void scaled_text(char buffer[NUMBER_TEXT], double value, struct scale scale)
{
    if (!isfinite(value)) {
        stpcpy(buffer, "-");
        return;
    }
    double shown = value / scale.factor;
    double size = fabs(shown);
    if (size == 0) {
        stpcpy(buffer, "0");
        return;
    }
    if (size < 0.1) {
        snprintf(buffer, NUMBER_TEXT, size < PLAIN_FROM ? "%.2e" : "%.3g", shown);
        return;
    }
    bool whole = size >= WHOLE_FROM && size == floor(size);
    int decimals = whole || size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
    snprintf(buffer, NUMBER_TEXT, "%.*f", decimals, shown);
}

/* A number and what it is in, which may be nothing. */
static void join(char buffer[QUANTITY_TEXT], const char *number, struct unit unit,
                 struct scale scale)
{
    char in[UNIT_TEXT];
    unit_text(in, unit, scale);
    snprintf(buffer, QUANTITY_TEXT, "%s%s%s", number, *in == '\0' ? "" : " ", in);
}

void quantity_text(char buffer[QUANTITY_TEXT], double value, struct unit unit)
{
    char number[NUMBER_TEXT];
    struct scale scale = scale_of(value, unit);
    scaled_text(number, value, scale);
    join(buffer, number, unit, scale);
}

void measured_text(char buffer[MEASURED_TEXT], struct interval value, struct unit unit, bool exact)
{
    char median[QUANTITY_TEXT], lo[NUMBER_TEXT], hi[NUMBER_TEXT];
    struct scale scale = scale_of(value.median, unit);
    quantity_text(median, value.median, unit);
    scaled_text(lo, value.lo, scale);
    scaled_text(hi, value.hi, scale);
    if (exact)
        stpcpy(buffer, median);
    else
        snprintf(buffer, MEASURED_TEXT, "%s [%s, %s]", median, lo, hi);
}

void bound_text(char buffer[QUANTITY_TEXT], double bound, double value, struct unit unit)
{
    char number[NUMBER_TEXT];
    struct scale scale = scale_of(value, unit);
    snprintf(number, sizeof(number), "%.10g", bound / scale.factor);
    join(buffer, number, unit, scale);
}

void interval_text(char buffer[INTERVAL_TEXT], struct interval interval, struct scale scale,
                   bool exact)
{
    char median[NUMBER_TEXT], lo[NUMBER_TEXT], hi[NUMBER_TEXT];
    scaled_text(median, interval.median, scale);
    scaled_text(lo, interval.lo, scale);
    scaled_text(hi, interval.hi, scale);
    if (exact || isnan(interval.median))
        stpcpy(buffer, median);
    else
        snprintf(buffer, INTERVAL_TEXT, "%s [%s, %s]", median, lo, hi);
}

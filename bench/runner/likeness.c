/* SPDX-License-Identifier: MIT */
#include "bench/runner/likeness.h"

#include <math.h>
#include <stdlib.h>

#include "bench/runner/quantity.h"

/* A model is near where it is no further off. */
#define NEAR 0.05

/* Ascending, those that are none last. */
static int compare(const void *a, const void *b)
{
    double x = ((const struct likeness *)a)->ratio, y = ((const struct likeness *)b)->ratio;
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return x < y ? -1 : x > y;
}

/* "0.436 (hogs 16)" */
static char *extreme_text(const struct likeness *l)
{
    char number[NUMBER_TEXT];
    scaled_text(number, l->ratio, SCALE_NONE);
    return *l->place == '\0' ? copy_text(number) : format_text("%s (%s)", number, l->place);
}

char *likeness_text(const char *first, const char *other, struct likeness *all, size_t count)
{
    qsort(all, count, sizeof(*all), compare);
    size_t ratios = 0, near = 0;
    for (; ratios < count && !isnan(all[ratios].ratio); ratios++)
        near += fabs(all[ratios].ratio - 1) <= NEAR;
    if (ratios == 0)
        return format_text("%s over %s: no ratio, one of the two is 0", first, other);

    char middle[NUMBER_TEXT];
    scaled_text(middle, (all[(ratios - 1) / 2].ratio + all[ratios / 2].ratio) / 2, SCALE_NONE);
    if (ratios == 1)
        return format_text("%s over %s: %s", first, other, middle);
    char *least = extreme_text(&all[0]), *most = extreme_text(&all[ratios - 1]);
    char *none =
        ratios == count
            ? copy_text("")
            : format_text("; %zu more without a ratio, for one of the two is 0", count - ratios);
    char *text = format_text("%s over %s: median %s, from %s to %s; within %.0f %% in %zu of %zu%s",
                             first, other, middle, least, most, 100 * NEAR, near, ratios, none);
    free(none);
    free(least);
    free(most);
    return text;
}

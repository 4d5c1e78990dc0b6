/* SPDX-License-Identifier: MIT */
/* A point of the simulator as the arguments of a program, and back. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/suites/sim.h"

#define NO_TEXT "-"

static char *number(uint64_t value)
{
    return format_text("%" PRIu64, value);
}

static char *text(const char *value)
{
    return copy_text(value == NULL ? NO_TEXT : value);
}

void sim_point_arguments(const struct sim_point *p, char *arguments[SIM_POINT_ARGUMENTS])
{
    char **a = arguments;
    *a++ = text(p->policy);
    *a++ = number(p->cpus);
    *a++ = number(p->hogs);
    *a++ = number(p->wakers);
    *a++ = number(p->mix);
    *a++ = number(p->weights);
    *a++ = number(p->load);
    *a++ = number(p->service_ns);
    *a++ = number(p->service);
    *a++ = number(p->think_ns);
    *a++ = number(p->window);
    *a++ = text(p->workload);
    *a++ = number(p->switch_ns);
    *a++ = number(p->allowance_ns);
    *a++ = number(p->warp);
    *a++ = text(p->params);
    *a++ = number(p->shares);
    *a++ = number(p->seed);
    *a++ = number(p->warmup_ns);
    *a++ = number(p->duration_ns);
}

static uint64_t take(char *const **arguments)
{
    return strtoull(*(*arguments)++, NULL, 10);
}

static const char *take_text(char *const **arguments)
{
    const char *value = *(*arguments)++;
    return strcmp(value, NO_TEXT) == 0 ? NULL : value;
}

void sim_point_from(char *const arguments[SIM_POINT_ARGUMENTS], struct sim_point *p)
{
    char *const *a = arguments;
    *p = SIM_DEFAULTS;
    p->policy = take_text(&a);
    p->cpus = (uint32_t)take(&a);
    p->hogs = (uint32_t)take(&a);
    p->wakers = (uint32_t)take(&a);
    p->mix = (enum sim_mix)take(&a);
    p->weights = (enum sim_weights)take(&a);
    p->load = (uint32_t)take(&a);
    p->service_ns = take(&a);
    p->service = (enum sim_service)take(&a);
    p->think_ns = take(&a);
    p->window = (uint32_t)take(&a);
    p->workload = take_text(&a);
    p->switch_ns = take(&a);
    p->allowance_ns = take(&a);
    p->warp = take(&a) != 0;
    p->params = take_text(&a);
    p->shares = take(&a) != 0;
    p->seed = take(&a);
    p->warmup_ns = take(&a);
    p->duration_ns = take(&a);
}

/* SPDX-License-Identifier: MIT */
#include "dom0/problem.h"
#include "guest/lib/format.h"

bool problem_is(struct problem *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(problem->text, sizeof(problem->text), format, args);
    va_end(args);
    return false;
}

bool problem_of(struct problem *problem, const char *of)
{
    struct problem inner = *problem;
    return problem_is(problem, "%s: %s", of, inner.text);
}

/* SPDX-License-Identifier: MIT */
#include "tests/system/domains/pairs.h"
#include "dom0/run.h"
#include "guest/control.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"

static struct description description;

static bool tell(bool good, const struct problem *problem)
{
    if (!good)
        tap_note("%s", problem->text);
    return good;
}

static bool read(struct problem *problem, const char *format, va_list args)
{
    static char text[2048];
    size_t length = (size_t)vsnprintf(text, sizeof(text), format, args);
    if (length >= sizeof(text))
        return problem_is(problem, "a description of %zu characters", length);
    return description_read(&description, "text", text, length, problem);
}

static bool read_format(struct problem *problem, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static bool read_format(struct problem *problem, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool good = read(problem, format, args);
    va_end(args);
    return good;
}

static bool read_pair(struct problem *problem, const struct pair *pair)
{
    return read_format(problem,
                       "domain front\n kernel %s\n memory 4M\n cpus 0\n events %s\n"
                       " arguments %s\n"
                       "domain back\n kernel %s\n memory 4M\n cpus %u\n events %s\n"
                       " arguments %s\n"
                       "channel %s\n front front\n back back\n pages %u\n with %s\n"
                       "limit 60\n",
                       pair->kernel, pair->events, pair->arguments, pair->kernel, pair->back_cpu,
                       pair->events, pair->arguments, pair->channel, pair->pages, pair->with);
}

bool run_text(const char *format, ...)
{
    struct problem problem;
    va_list args;
    va_start(args, format);
    bool good = read(&problem, format, args) && run(&description, &ramdisk, &problem);
    va_end(args);
    return tell(good, &problem);
}

bool run_pair(const struct pair *pair)
{
    struct problem problem;
    return tell(read_pair(&problem, pair) && run(&description, &ramdisk, &problem), &problem);
}

bool begin_pair(const struct pair *pair)
{
    struct problem problem;
    return tell(read_pair(&problem, pair) && run_begin(&description, &ramdisk, &problem), &problem);
}

bool end_pair(void)
{
    struct problem problem;
    return tell(run_end(&problem), &problem);
}

unsigned cpu_count(void)
{
    struct xen_sysctl_physinfo info;
    return control_machine(&info) ? 1 : info.nr_cpus;
}

/* SPDX-License-Identifier: MIT */
#include "tests/system/domains/pairs.h"
#include "dom0/run.h"
#include "guest/control.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"

bool run_text(const char *format, ...)
{
    static struct description description;
    static char text[2048];
    struct problem problem;
    va_list args;
    va_start(args, format);
    size_t length = (size_t)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bool good =
        length < sizeof(text) || problem_is(&problem, "a description of %zu characters", length);
    good = good && description_read(&description, "text", text, length, &problem) &&
           run(&description, &ramdisk, &problem);
    if (!good)
        tap_note("%s", problem.text);
    return good;
}

bool run_pair(const struct pair *pair)
{
    return run_text("domain front\n kernel %s\n memory 4M\n cpus 0\n events %s\n arguments %s\n"
                    "domain back\n kernel %s\n memory 4M\n cpus %u\n events %s\n arguments %s\n"
                    "channel %s\n front front\n back back\n pages %u\n with %s\n"
                    "limit 60\n",
                    pair->kernel, pair->events, pair->arguments, pair->kernel, pair->back_cpu,
                    pair->events, pair->arguments, pair->channel, pair->pages, pair->with);
}

unsigned cpu_count(void)
{
    struct xen_sysctl_physinfo info;
    return control_machine(&info) ? 1 : info.nr_cpus;
}

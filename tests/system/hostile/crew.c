/* SPDX-License-Identifier: MIT */
#include "tests/system/hostile/crew.h"
#include "dom0/run.h"
#include "guest/lib/format.h"

#define CREW_MAX 8U

static struct description description;

bool crew_begin(const char *format, ...)
{
    static char text[4096];
    struct problem problem;
    va_list args;
    va_start(args, format);
    size_t length = (size_t)vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    bool good = length < sizeof(text) &&
                description_read(&description, "crew", text, length, &problem) &&
                run_begin(&description, &ramdisk, &problem);
    if (!good)
        tap_note("%s", length < sizeof(text) ? problem.text : "a description that is too long");
    return good;
}

bool crew_end(void)
{
    struct problem problem;
    bool good = run_end(&problem);
    if (!good)
        tap_note("%s", problem.text);
    return good;
}

unsigned crew_wait(unsigned n, unsigned count, ns_t duration)
{
    struct domain *pointers[CREW_MAX];
    ns_t deadline = deadline_in(duration);
    unsigned reason = NOT_ENDED;
    /* Its own first: of several that have ended watch_end() gives the first. */
    for (unsigned i = 0; i < count; i++)
        pointers[i] = run_domain((n + i) % count);
    for (;;) {
        int ended = watch_end(pointers, count, deadline, &reason);
        if (ended < 0)
            return NOT_ENDED;
        if (ended == 0)
            return reason;
        /* Another one, which keeps its place until crew_end(). */
        pointers[ended] = pointers[--count];
    }
}

bool victim_unharmed(void)
{
    return CHECK_EQUAL(said("victim", "wrong "), 1) &&
           CHECK_EQUAL(said_number("victim", "wrong ", 1), 0);
}

/* SPDX-License-Identifier: MIT */
/*
 * The control domain of experiments: carries out, one after another, the descriptions that its
 * ramdisk holds as `point-0`, `point-1` and so on. What a domain prints is shown with its name
 * before it; around it stand
 *
 *     @ point N
 *     @ good N        or        @ bad N what went wrong
 *
 * A point that goes wrong leaves the others as they are. With span=MS it looks, from settle=MS on,
 * every step=MS at how long each domain has run, keeps that, and ends the domains after the span;
 * it says of each look the time, and of each domain how long it ran between it and the one before.
 */
#include "bench/domains/result.h"
#include "dom0/run.h"
#include "dom0/watch.h"
#include "guest/control.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/thread.h"

#define LOOKS_MAX 512U
#define WATCHED_MAX 32U

static struct description description;
static struct archive archive;

/* ---- looking at how long domains run */

static struct look {
    uint64_t at;
    uint64_t ran[WATCHED_MAX];
} looks[LOOKS_MAX];

static bool look(struct look *to, struct problem *problem)
{
    to->at = time_system().n;
    for (unsigned i = 0; i < description.domains_count; i++) {
        struct xen_domctl_getdomaininfo info;
        long error = control_info(run_domain(i)->id, &info);
        if (error)
            return problem_is(problem, "%s: error %ld", description.domains[i].name, error);
        to->ran[i] = info.cpu_time;
    }
    return true;
}

static bool watch_looks(unsigned count, uint64_t settle, uint64_t step, struct problem *problem)
{
    uint64_t next = time_system().n + settle;
    for (unsigned i = 0; i < count; i++, next += step) {
        time_sleep_until(NS(next));
        if (!look(&looks[i], problem))
            return false;
    }
    return true;
}

static void tell_looks(unsigned count)
{
    char name[DESCRIBED_NAME_MAX + 16];
    result_begin("[control] ");
    for (unsigned i = 1; i < count; i++) {
        snprintf(name, sizeof(name), "look-%u", i);
        result_number(name, looks[i].at - looks[i - 1].at);
        for (unsigned d = 0; d < description.domains_count; d++) {
            snprintf(name, sizeof(name), "look-%u.%s", i, description.domains[d].name);
            result_number(name, looks[i].ran[d] - looks[i - 1].ran[d]);
        }
    }
    result_end();
}

static bool run_span(uint64_t span, struct problem *problem)
{
    uint64_t settle = start_option_number("settle", 0) * NS_PER_MS;
    uint64_t step = start_option_number("step", 10) * NS_PER_MS;
    uint64_t count = step ? span / step + 1 : 0;
    if (count < 2 || count > LOOKS_MAX || description.domains_count > WATCHED_MAX)
        return problem_is(problem, "expected 2 to %u looks at up to %u domains, found %lu at %u",
                          LOOKS_MAX, WATCHED_MAX, count, description.domains_count);
    bool good = run_begin(&description, &archive, problem) &&
                watch_looks((unsigned)count, settle, step, problem);
    struct problem last;
    if (!run_end(&last)) {
        if (good)
            *problem = last;
        return false;
    }
    if (good)
        tell_looks((unsigned)count);
    return good;
}

/* ---- points */

static void run_point(unsigned n, const struct file *file)
{
    struct problem problem;
    uint64_t span = start_option_number("span", 0) * NS_PER_MS;
    printf("@ point %u\n", n);
    bool good = description_read(&description, file->name, file->bytes, file->size, &problem) &&
                (span ? run_span(span, &problem) : run(&description, &archive, &problem));
    if (good)
        printf("@ good %u\n", n);
    else
        printf("@ bad %u %s\n", n, problem.text);
}

void guest_main(void)
{
    struct problem problem;
    struct file file;
    char name[16];
    if (start_info->mod_len == 0)
        power_panic("expected a ramdisk, found none");
    if (!archive_open(&archive, (const void *)start_info->mod_start, start_info->mod_len, &problem))
        power_panic("ramdisk: %s", problem.text);
    watch_init();
    for (unsigned n = 0;; n++) {
        size_t length = (size_t)snprintf(name, sizeof(name), "point-%u", n);
        if (!archive_find(&archive, name, length, &file))
            break;
        run_point(n, &file);
    }
    printf("@ over\n");
}

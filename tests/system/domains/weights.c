/* SPDX-License-Identifier: MIT */
/*
 * Two domains that compute without end on one processor, and the control domain, which sets their
 * weights while they run and sleeps: what each gets by its own account (getdomaininfo) is in
 * proportion. Under QEMU's -icount, where time is instructions and every run is the same.
 */
#include "tests/system/domains/support.h"
#include "dom0/scheduling.h"
#include "guest/control.h"
#include "guest/lib/string.h"

#define HOGS 2U

/*
 * Three to one. `credit` is no more exact than its slices are short; the 30 ms that it begins with
 * are more than one percent of what is measured.
 */
#define LIGHT "weight=128"
#define HEAVY "weight=384"
#define SLICES "tick=1000000 timeslice=2000000"

#define MEASURED (2 * NS_PER_SECOND)
#define SETTLED                                                                       \
    (200 * NS_PER_MS) /* what is owed from before the weights changed is paid by then \
                       */

static bool set(const struct domain *domain, const char *settings)
{
    struct problem problem;
    bool good = scheduling_set(domain, (struct text){settings, strlen(settings)}, &problem);
    if (!good)
        tap_note("%s", problem.text);
    return CHECK(good);
}

static uint64_t ran(const struct domain *domain)
{
    struct xen_domctl_getdomaininfo info = {0};
    CHECK_EQUAL(control_info(domain->id, &info), 0);
    return info.cpu_time;
}

/* Each has its part of what both had, within one percent of it: if the light one does, both. */
static void measure(const struct domain *heavy, const struct domain *light)
{
    if (!set(heavy, HEAVY) || !set(light, LIGHT))
        return;
    time_sleep_until(deadline_in(NS(SETTLED)));
    uint64_t heavy_before = ran(heavy);
    uint64_t light_before = ran(light);
    time_sleep_until(deadline_in(NS(MEASURED)));
    uint64_t heavy_ran = ran(heavy) - heavy_before;
    uint64_t light_ran = ran(light) - light_before;
    uint64_t both = heavy_ran + light_ran;
    tap_note("the heavy one ran %lu us, the light one %lu us", heavy_ran / NS_PER_US,
             light_ran / NS_PER_US);
    /* Nobody else wants the processor. */
    CHECK(both * 100 >= MEASURED * 98);
    CHECK(light_ran * 400 >= both * 99 && light_ran * 400 <= both * 101);
}

/* And again, when it is the other one. */
TEST(weights_of_two_domains)
{
    struct domain_setup setup = small("hog", "hello");
    struct domain hogs[HOGS] = {0};
    if (!counts_instructions())
        SKIP("a tick is not an instruction");
    bool good = true;
    for (unsigned i = 0; i < HOGS; i++)
        good = good && CHECK(start(&hogs[i], &setup, "then=spin")) && set(&hogs[i], SLICES);
    if (good) {
        measure(&hogs[0], &hogs[1]);
        measure(&hogs[1], &hogs[0]);
    }
    for (unsigned i = 0; i < HOGS; i++)
        destroy(&hogs[i]);
}

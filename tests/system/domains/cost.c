/* SPDX-License-Identifier: MIT */
/* What it takes to make a domain, in instructions: under QEMU's -icount, where time is counted in
 * them. */
#include "tests/system/domains/support.h"
#include "guest/control.h"
#include "guest/start.h"

#define MEMORY (64UL << 20)
#define CREATION_MAX 15000000UL /* instructions, the hypervisor's and the control domain's */
#define CROWD 126U              /* with the control domain and the one that is made: 128 */
#define GROWTH_MAX 15           /* % */

/* Made, started, run to its end and destroyed. UINT64_MAX: one of these went wrong. */
static uint64_t measure_creation(void)
{
    struct domain_setup setup = small("large", "large");
    struct domain domain;
    setup.memory = MEMORY;
    uint64_t begin = time_tsc();
    bool good = start(&domain, &setup, "");
    uint64_t instructions = time_tsc() - begin;
    tap_note("domain-creation: %lu instructions", instructions);
    good = CHECK(good && wait_end(&domain) == SHUTDOWN_poweroff);
    begin = time_tsc();
    good &= CHECK(destroy(&domain));
    tap_note("domain-destruction: %lu instructions", time_tsc() - begin);
    return good ? instructions : UINT64_MAX;
}

TEST(cost_of_creation)
{
    if (!counts_instructions())
        SKIP("a tick is not an instruction");
    uint64_t instructions = measure_creation();
    if (start_on_ringside())
        CHECK(instructions <= CREATION_MAX);
}

/* It comes up, and waits for an event that does not come. */
static bool add(struct domain *domain, const struct domain_setup *setup)
{
    struct xen_domctl_getdomaininfo info = {0};
    ns_t deadline = deadline_in(PATIENCE);
    if (!CHECK(start(domain, setup, "then=stay")))
        return false;
    while (!(info.flags & XEN_DOMINF_blocked) && time_system().n < deadline.n) {
        watch_wait(deadline_in(NS(NS_PER_MS)));
        if (!CHECK_EQUAL(control_info(domain->id, &info), 0))
            break;
    }
    return CHECK(info.flags & XEN_DOMINF_blocked);
}

/* The last of 128 takes hardly longer than the first. */
TEST(cost_of_creation_among_many)
{
    static struct domain crowd[CROWD];
    struct domain_setup setup = small("many", "hello");
    unsigned count = 0;
    if (!counts_instructions())
        SKIP("a tick is not an instruction");
    uint64_t alone = measure_creation();
    while (count < CROWD && add(&crowd[count], &setup))
        count++;
    CHECK_EQUAL(count, CROWD);
    uint64_t among = measure_creation();
    if (start_on_ringside())
        CHECK(among <= CREATION_MAX);
    CHECK(among <= alone / 100 * (100 + GROWTH_MAX));
    for (unsigned i = 0; i < CROWD; i++)
        destroy(&crowd[i]);
}

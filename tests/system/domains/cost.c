/* SPDX-License-Identifier: MIT */
/* What it takes to make a domain, in instructions: under QEMU's -icount, where time is counted in
 * them. */
#include "tests/system/domains/support.h"
#include "guest/start.h"

#define MEMORY (64UL << 20)
#define CREATION_MAX 15000000UL /* instructions, the hypervisor's and the control domain's */

/* Is a tick of the counter an instruction? */
static bool counts_instructions(void)
{
    const uint64_t rounds = 10000;
    uint64_t n = rounds;
    uint64_t start = time_tsc();
    asm volatile("1: decq %0\n\tjnz 1b" : "+r"(n));
    uint64_t ticks = time_tsc() - start;
    return ticks >= 2 * rounds && ticks < 2 * rounds + 100;
}

TEST(cost_of_creation)
{
    struct domain_setup setup = small("large", "large");
    struct domain domain;
    setup.memory = MEMORY;
    if (!counts_instructions())
        SKIP("a tick is not an instruction");
    uint64_t begin = time_tsc();
    bool good = start(&domain, &setup, "");
    uint64_t instructions = time_tsc() - begin;
    tap_note("domain-creation: %lu instructions", instructions);
    if (start_on_ringside())
        CHECK(instructions <= CREATION_MAX);
    CHECK(good && wait_end(&domain) == SHUTDOWN_poweroff);
    begin = time_tsc();
    CHECK(destroy(&domain));
    tap_note("domain-destruction: %lu instructions", time_tsc() - begin);
}

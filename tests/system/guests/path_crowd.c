/* SPDX-License-Identifier: MIT */
/*
 * Path lengths between domains, and of grants, with 128 domains on the machine instead of one or
 * two: -among-128. What the measured operations have to do with is the same; who else there is must
 * not matter. Each of the others is blocked and has its timer set to a time of its own, as idle
 * kernels are, so that whatever keeps domains, vcpus or timers in order has all of them.
 *
 *   domain-creation   a domain of TINY_PAGES pages is made, and ready to run
 */
#include "guest/time.h"
#include "tests/system/guests/path_length.h"
#include "tests/system/guests/tiny.h"

#define DOMAINS 128U                  /* the control domain and those measured with included */
#define CROWD (DOMAINS - 2)           /* besides those */
#define CREATIONS 4U                  /* of which the least counts */
#define HOUR (3600UL * NS_PER_SECOND) /* past the end of any run */

/* Sets its timer to the time at TINY_DATA + 8, and blocks; again, whatever wakes it. */
TINY_PROGRAM(idles, "movb $1, 1(%rbp)\n"
                    "movl $15, %eax; movq 8(%rbx), %rdi; syscall\n"
                    "1: movl $29, %eax; movl $1, %edi; xorl %esi, %esi; syscall; jmp 1b");
_Static_assert(__HYPERVISOR_set_timer_op == 15 && SCHEDOP_block == 1, "idles");

static struct tiny crowd[CROWD];

static bool is_blocked(const struct tiny *t)
{
    return tiny_flags(t->id) & XEN_DOMINF_blocked;
}

static bool add(unsigned i)
{
    const unsigned patience = 1000;
    struct tiny *t = &crowd[i];
    if (!tiny_load(t, idles_start, idles_end))
        return false;
    uint64_t *data = tiny_map(t, TINY_PAGE_DATA);
    if (!data)
        return false;
    /* Neither in the order of their making nor in the opposite one. */
    data[1] = HOUR + (i * 37 % CROWD) * NS_PER_SECOND;
    tiny_unmap(data);
    if (!tiny_start(t))
        return false;
    for (unsigned j = 0; j < patience && !is_blocked(t); j++)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return CHECK(is_blocked(t));
}

static void measure_creation(void)
{
    uint64_t best = UINT64_MAX;
    for (unsigned i = 0; i < CREATIONS; i++) {
        struct tiny t;
        uint64_t start = time_tsc();
        REQUIRE(tiny_load(&t, idles_start, idles_end));
        uint64_t ticks = time_tsc() - start;
        best = ticks < best ? ticks : best;
        tiny_destroy(&t);
    }
    path_report("domain-creation", best, 1);
}

TEST(path_length_among_many)
{
    unsigned count = 0;
    measure_creation();
    while (count < CROWD && add(count))
        count++;
    if (CHECK_EQUAL(count, CROWD)) {
        path_among = "-among-128";
        measure_creation();
        path_measure_grants();
        path_measure_domains();
        path_among = "";
    }
    for (unsigned i = 0; i < count; i++)
        tiny_destroy(&crowd[i]);
}

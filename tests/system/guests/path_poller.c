/* SPDX-License-Identifier: MIT */
/*
 * Path lengths of sends while another domain polls, for ever and for nothing: -beside-poller. What
 * others wait for is nothing to who sends to somebody else.
 */
#include "tests/system/guests/path_length.h"
#include "tests/system/guests/tiny.h"

/* A poll of no port, without a time limit. */
TINY_PROGRAM(polls, "movb $1, 1(%rbp)\n"
                    "1: movl $29, %eax; movl $3, %edi; movq %rbx, %rsi; syscall; jmp 1b");
_Static_assert(__HYPERVISOR_sched_op == 29 && SCHEDOP_poll == 3, "polls");

static bool is_polling(const struct tiny *t)
{
    const unsigned patience = 1000;
    for (unsigned i = 0; i < patience && !(tiny_flags(t->id) & XEN_DOMINF_blocked); i++)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return CHECK(tiny_flags(t->id) & XEN_DOMINF_blocked);
}

TEST(path_length_beside_poller)
{
    static struct tiny t;
    REQUIRE(tiny_load(&t, polls_start, polls_end) && tiny_start(&t));
    if (is_polling(&t)) {
        path_among = "-beside-poller";
        path_measure_sends();
        path_among = "";
    }
    tiny_destroy(&t);
}

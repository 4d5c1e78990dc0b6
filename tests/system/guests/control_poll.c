/* SPDX-License-Identifier: MIT */
/* A domain that polls, and what others send to it. */
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/time.h"
#include "tests/system/guests/tiny.h"

/* In its data page. */
struct arguments {
    uint32_t reason;
    struct evtchn_bind_interdomain bind;
    struct sched_poll poll;
};
_Static_assert(offsetof(struct arguments, bind) == 4 && offsetof(struct arguments, poll) == 16,
               "as the program has them");
_Static_assert(offsetof(struct shared_info, evtchn_pending) == 2048, "likewise");
_Static_assert(__HYPERVISOR_event_channel_op == 32 && EVTCHNOP_bind_interdomain == 0, "likewise");
_Static_assert(__HYPERVISOR_sched_op == 29 && SCHEDOP_poll == 3, "likewise");

/* Binds, polls its port, and ends. An upcall is due to it all the time, and masked: so nothing but
 * that it polls says that it is to be woken. */
TINY_PROGRAM(polls_once,
             "movb $1, 1(%rbp)\n"
             "movl $32, %eax; xorl %edi, %edi; leaq 4(%rbx), %rsi; syscall\n"
             "movq $0, 2048(%rbp); movb $1, 0(%rbp)\n"
             "movl $29, %eax; movl $3, %edi; leaq 16(%rbx), %rsi; syscall\n" TINY_SHUTDOWN);

static bool becomes_blocked(const struct tiny *t)
{
    uint64_t latest = time_system().n + 5 * NS_PER_SECOND;
    while (!(tiny_flags(t->id) & XEN_DOMINF_blocked) && time_system().n < latest)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return CHECK(tiny_flags(t->id) & XEN_DOMINF_blocked);
}

TEST(control_wakes_who_polls)
{
    static struct tiny t;
    REQUIRE(tiny_load(&t, polls_once_start, polls_once_end));
    long port = event_alloc_unbound(DOMID_SELF, t.id);
    struct arguments *a = tiny_map(&t, TINY_PAGE_DATA);
    REQUIRE(port > 0 && a);
    a->bind = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = (evtchn_port_t)port};
    a->poll = (struct sched_poll){.nr_ports = 1};
    set_xen_guest_handle(
        a->poll.ports, (evtchn_port_t *)(TINY_DATA + offsetof(struct arguments, bind.local_port)));
    if (CHECK(tiny_start(&t)) && becomes_blocked(&t)) {
        CHECK_EQUAL(event_send((evtchn_port_t)port), 0);
        CHECK_EQUAL(tiny_wait(&t), SHUTDOWN_poweroff);
    }
    tiny_unmap(a);
    tiny_destroy(&t);
    event_drop((evtchn_port_t)port);
}

/* SPDX-License-Identifier: MIT */
/*
 * Path lengths between domains: a small one besides the control domain that measures. On one
 * processor, as those of path_length.c; lines are the same.
 *
 *   domain-switch   a yield, until the other domain goes on: half of what a yield takes that comes
 *                   back, with one of the other domain's in between
 *   event-blocked   an event is sent to a domain that is blocked, and its handler's first
 *                   instruction runs. That domain is warped (BVT), so that it preempts the sender;
 *                   which yields right behind the send, where it does not
 */
#include "guest/time.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/path_length.h"
#include "tests/system/guests/tiny.h"

#define ROUNDS 64U
#define REPEATS 5U

/* The counter that both read is the processor's: Xen emulates it by default, where it is not known
 * to tick alike everywhere. */
static bool share_counter(domid_t id)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_settscinfo, .domain = id, .u.tsc_info.tsc_mode = 2 /* never emulated */};
    return start_on_ringside() || CHECK_EQUAL(control_domain(&op), 0);
}

/* Yields, and counts how often at TINY_DATA + 8. */
TINY_PROGRAM(yields, "movb $1, 1(%rbp)\n"
                     "1: incq 8(%rbx)\n"
                     "movl $29, %eax; xorl %edi, %edi; syscall; jmp 1b");

static void measure_switch(void)
{
    static struct tiny t;
    uint64_t best = UINT64_MAX;
    REQUIRE(tiny_load(&t, yields_start, yields_end));
    volatile uint64_t *data = tiny_map(&t, TINY_PAGE_DATA);
    REQUIRE(data && tiny_start(&t));
    for (unsigned i = 0; i < REPEATS; i++) {
        uint64_t before = data[1];
        uint64_t start = time_tsc();
        for (unsigned j = 0; j < ROUNDS; j++)
            hypercall_sched_op(SCHEDOP_yield, NULL);
        uint64_t ticks = time_tsc() - start;
        uint64_t switches = 2 * (data[1] - before); /* there, and back */
        if (switches != 0 && ticks / switches < best)
            best = ticks / switches;
    }
    if (CHECK(best != UINT64_MAX))
        path_report("domain-switch", best, 1);
    tiny_unmap((void *)data);
    tiny_destroy(&t);
}

/*
 * Connects with the port at TINY_DATA + 20 of the control domain, and then blocks between events;
 * the handler leaves its time at TINY_DATA + 64, and how many came at + 72. It does not go back to
 * what it interrupted, which was the block.
 */
TINY_PROGRAM(answers, "movb $1, 1(%rbp)\n"
                      "movl $32, %eax; xorl %edi, %edi; leaq 16(%rbx), %rsi; syscall\n"
                      "1: leaq 4096(%rbx), %rsp\n"
                      "movq $0, 2048(%rbp); movq $0, 8(%rbp); movb $0, 0(%rbp)\n"
                      "movl $29, %eax; movl $1, %edi; syscall; jmp 1b\n"
                      ".org answers_start + 256\n"
                      "rdtsc; shlq $32, %rdx; orq %rdx, %rax; movq %rax, 64(%rbx)\n"
                      "incq 72(%rbx); movb $1, 1(%rbp); jmp 1b");

#define HANDLER (TINY_CODE + 256)

static uint64_t measure_event(const volatile uint64_t *data, evtchn_port_t port)
{
    const unsigned patience = 1000;
    struct evtchn_send send = {.port = port};
    uint64_t count = data[9];
    uint64_t start = time_tsc();
    hypercall_event_channel_op(EVTCHNOP_send, &send);
    for (unsigned i = 0; data[9] == count && i < patience; i++)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return data[9] == count ? UINT64_MAX : data[8] - start;
}

/* As a domain is set up that wants its events soon, where the policy knows that: it is let in front
 * when it wakes, and the send itself leads to it. */
static bool warp(domid_t id)
{
    if (!start_on_ringside())
        return true;
    struct ringside_sched_value w = {.domain = id, .name = "warp", .value = 100 * NS_PER_MS};
    struct ringside_sched_value on = {.domain = id, .name = "warpback", .value = 1};
    long rc = HYPERCALL(ringside, RINGSIDE_sched_set, &w, 0, 0, 0);
    return rc == -XEN_ENOENT ||
           (rc == 0 && HYPERCALL(ringside, RINGSIDE_sched_set, &on, 0, 0, 0) == 0);
}

static void measure_events(void)
{
    static struct tiny t;
    uint64_t best = UINT64_MAX;
    REQUIRE(tiny_build(&t, answers_start, answers_end));
    REQUIRE(share_counter(t.id));
    t.context.event_callback_eip = HANDLER;
    REQUIRE(CHECK_EQUAL(control_set_context(t.id, 0, &t.context), 0));
    long port = event_alloc_unbound(DOMID_SELF, t.id);
    uint64_t *data = tiny_map(&t, TINY_PAGE_DATA);
    REQUIRE(data && port > 0);
    struct evtchn_bind_interdomain *bind = (void *)&data[2];
    *bind = (struct evtchn_bind_interdomain){.remote_dom = 0, .remote_port = (evtchn_port_t)port};
    REQUIRE(CHECK(warp(t.id)) && tiny_start(&t));
    measure_event(data, (evtchn_port_t)port); /* its own end comes pending, too */
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint64_t ticks = measure_event(data, (evtchn_port_t)port);
        best = ticks < best ? ticks : best;
    }
    if (CHECK(best != UINT64_MAX))
        path_report("event-blocked", best, 1);
    tiny_unmap(data);
    event_drop((evtchn_port_t)port);
    tiny_destroy(&t);
}

void path_measure_domains(void)
{
    measure_switch();
    measure_events();
}

TEST(path_length_between_domains)
{
    path_measure_domains();
}

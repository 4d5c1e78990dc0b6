/* SPDX-License-Identifier: MIT */
/*
 * A well-behaved domain, whose results are known: it says `wrong N`, and N is to be 0 whatever
 * others do.
 *
 *   for=ms     computes for so long, and says how much work that was, and the longest time that it
 *              did not run for; without it: does everything that a domain does, until an event
 *              comes by its console, and says how often
 *   gates=n    opens channels gate0, gate1, ... to whoever is at their other ends
 *
 * With a channel `ball` it plays with the other end, which is of the same kernel: each answers what
 * the other wrote, told by an event each time.
 */
#include "guest/channel.h"
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/thread.h"
#include "tests/system/hostile/state.h"

#define PATIENCE NS(60 * NS_PER_SECOND)
#define WATCHED 32U /* pages */
#define GATES_MAX 16U
#define SETTLED (20 * NS_PER_MS) /* who came before may have had more until now */
#define LOOPS 1000U
#define SLEEP_EVERY 32U

static uint64_t wrong;

static void check(const char *what, uint64_t n)
{
    if (n && wrong < 10)
        printf("%s: %lu wrong\n", what, n);
    wrong += n;
}

/* ---- computing alone */

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
static void work_a_little(void)
{
    for (unsigned i = 0; i < 50; i++)
        asm volatile(".rept 400; nop; .endr");
    check("memory", state_memory());
}

static uint64_t ran(void)
{
    struct vcpu_runstate_info info = {0};
    check("runstate", hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info) != 0);
    return info.time[RUNSTATE_running];
}

static uint64_t compute_until(ns_t deadline, uint64_t *gap)
{
    uint64_t work = 0;
    *gap = 0;
    for (ns_t before = time_system(), now; before.n < deadline.n; before = now, work++) {
        work_a_little();
        now = time_system();
        if (now.n - before.n > *gap)
            *gap = now.n - before.n;
    }
    return work;
}

static void compute(uint64_t ms)
{
    uint64_t gap;
    compute_until(NS(time_system().n + SETTLED), &gap);
    uint64_t start = time_system().n;
    uint64_t ran_before = ran();
    uint64_t work = compute_until(NS(start + ms * NS_PER_MS), &gap);
    uint64_t ran_us = (ran() - ran_before) / NS_PER_US;
    check("registers", state_registers(LOOPS));
    check("vectors", state_vectors());
    printf("work %lu\nran %lu us of %lu\ngap %lu us\n", work, ran_us,
           (time_system().n - start) / NS_PER_US, gap / NS_PER_US);
}

/* ---- with another one */

struct court {
    uint64_t front; /* each end writes its own */
    uint64_t back;
};

#define OVER UINT64_MAX

static struct channel ball;

static uint64_t answer_to(uint64_t n)
{
    return n * 0x9e3779b97f4a7c15 + 1;
}

static void answer(void)
{
    if (!channel_attach(&ball, NS(time_system().n + PATIENCE.n)))
        power_panic("nobody is at the other end of the ball's channel");
    struct court *court = ball.memory;
    uint64_t last = 0;
    while (last != OVER && !channel_peer_gone(&ball)) {
        uint64_t n = __atomic_load_n(&court->front, __ATOMIC_ACQUIRE);
        if (n == last) {
            channel_wait(&ball, NS(time_system().n + NS_PER_SECOND));
            continue;
        }
        last = n;
        state_others(n);
        __atomic_store_n(&court->back, answer_to(n), __ATOMIC_RELEASE);
        channel_send(&ball);
    }
}

static void play(uint64_t n)
{
    struct court *court = ball.memory;
    ns_t deadline = NS(time_system().n + PATIENCE.n);
    __atomic_store_n(&court->front, n, __ATOMIC_RELEASE);
    check("send", channel_send(&ball) != 0);
    while (__atomic_load_n(&court->back, __ATOMIC_ACQUIRE) != answer_to(n)) {
        if (!channel_wait(&ball, deadline) && time_system().n >= deadline.n)
            power_panic("round %lu: no answer", n);
    }
}

/* ---- everything */

static volatile bool told;

static void tell(evtchn_port_t port, void *data)
{
    (void)port;
    told = true;
    thread_wake(data);
}

static void sleep_a_little(void)
{
    ns_t deadline = NS(time_system().n + NS_PER_MS);
    time_sleep_until(deadline);
    check("time", time_system().n < deadline.n);
}

static void live(bool plays)
{
    uint64_t n = 0;
    uint64_t last = time_system().n;
    evtchn_port_t port = start_info->console.domU.evtchn;
    event_adopt(port);
    event_handle(port, tell, thread_self());
    event_unmask(port);
    while (!told) {
        n++;
        check("memory", state_memory());
        check("registers", state_registers(LOOPS));
        check("vectors", state_vectors());
        check("debug registers", state_debug());
        check("segment", state_segment());
        check("tables", state_tables());
        check("exceptions", state_traps());
        if (plays)
            play(n);
        if (n % SLEEP_EVERY == 0) {
            check("frames", state_frames());
            sleep_a_little();
        }
        uint64_t now = time_system().n;
        check("time", now < last);
        last = now;
    }
    if (plays)
        play(OVER);
    printf("rounds %lu\n", n);
}

static void open_gates(void)
{
    static struct channel gates[GATES_MAX];
    static char names[GATES_MAX][8];
    uint64_t count = start_option_number("gates", 0);
    for (unsigned i = 0; i < count && i < GATES_MAX; i++) {
        snprintf(names[i], sizeof(names[i]), "gate%u", i);
        channel_open(&gates[i], names[i]);
        channel_offer(&gates[i]);
    }
}

void guest_main(void)
{
    size_t length;
    uint64_t ms = start_option_number("for", 0);
    bool plays = start_option("channel.ball", &length) != NULL;
    if (plays)
        channel_open(&ball, "ball");
    state_init(WATCHED);
    if (plays && !ball.is_front) {
        answer();
        return;
    }
    open_gates();
    if (plays)
        channel_offer(&ball);
    if (ms)
        compute(ms);
    else
        live(plays);
    printf("wrong %lu\n", wrong);
}

/* SPDX-License-Identifier: MIT */
/* The library's threads. */
#include "guest/thread.h"
#include "guest/time.h"
#include "tests/system/guests/support.h"

static char order[32];
static unsigned steps;

static void note_steps(void *data)
{
    for (unsigned i = 0; i < 3; i++) {
        order[steps++] = *(const char *)data;
        thread_yield();
    }
}

TEST(thread_yield_takes_turns)
{
    steps = 0;
    memset(order, 0, sizeof(order));
    struct thread *a = thread_start(note_steps, "a");
    struct thread *b = thread_start(note_steps, "b");
    thread_join(a);
    thread_join(b);
    CHECK_EQUAL(strcmp(order, "ababab"), 0);
}

static struct thread *waiter;
static volatile unsigned woken;

static void wait_twice(void *data)
{
    (void)data;
    thread_wait();
    woken++;
    thread_wait();
    woken++;
}

TEST(thread_wait_and_wake)
{
    woken = 0;
    waiter = thread_start(wait_twice, NULL);
    thread_wake(waiter); /* before it waits: not lost */
    thread_yield();
    CHECK_EQUAL(woken, 1);
    thread_yield();
    CHECK_EQUAL(woken, 1);
    thread_wake(waiter);
    thread_join(waiter);
    CHECK_EQUAL(woken, 2);
}

static void wake_waiter(evtchn_port_t port, void *data)
{
    (void)port;
    thread_wake(data);
}

/* Nobody is ready, so the vcpu blocks; an event's handler wakes the thread. */
TEST(thread_is_woken_by_an_event)
{
    time_on_timer(wake_waiter, thread_self());
    ns_t deadline = NS(time_system().n + NS_PER_MS);
    CHECK_EQUAL(hypercall_set_timer_op(deadline.n), 0);
    thread_wait();
    CHECK(time_system().n >= deadline.n);
    time_on_timer(NULL, NULL);
}

static void deep(void *data)
{
    volatile char stack[THREAD_STACK_SIZE / 2];
    stack[0] = stack[sizeof(stack) - 1] = 1;
    thread_yield();
    *(unsigned *)data += (unsigned)stack[0] + (unsigned)stack[sizeof(stack) - 1];
}

TEST(thread_many_with_stacks_of_their_own)
{
    struct thread *threads[50];
    unsigned sum = 0;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < LENGTH(threads); i++)
            threads[i] = thread_start(deep, &sum);
        for (unsigned i = 0; i < LENGTH(threads); i++)
            thread_join(threads[i]);
    }
    CHECK_EQUAL(sum, 3 * 50 * 2);
}

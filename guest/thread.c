/* SPDX-License-Identifier: MIT */
#include "guest/thread.h"
#include "guest/hypercall.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/vcpu.h"

enum state { RUNNING, READY, WAITING, ENDED };

struct thread {
    struct context context; /* while not running */
    struct thread *next;    /* in the ready queue, in which it is while READY */
    enum state state;       /* changed with upcalls masked, as are the queues */
    bool woken;             /* a wake that no wait has taken yet */
    struct thread *joiner;  /* NULL for none */
    void (*function)(void *data);
    void *data;
    char *stack; /* NULL: a vcpu's first */
};

struct queue {
    struct thread *first;
    struct thread *last;
};

static struct queue queues[VCPU_MAX];
static struct thread firsts[VCPU_MAX];

/* Stacks with their struct in the lowest page, for reuse: each vcpu's own. */
static struct thread *unused[VCPU_MAX];

struct thread *thread_self(void)
{
    struct vcpu *vcpu = vcpu_self();
    if (!vcpu->thread)
        vcpu->thread = &firsts[vcpu->id];
    return vcpu->thread;
}

static void append(struct queue *queue, struct thread *thread)
{
    thread->next = NULL;
    if (queue->last)
        queue->last->next = thread;
    else
        queue->first = thread;
    queue->last = thread;
    thread->state = READY;
}

static struct thread *take(struct queue *queue)
{
    struct thread *thread = queue->first;
    if (!thread)
        return NULL;
    queue->first = thread->next;
    if (!queue->first)
        queue->last = NULL;
    thread->state = RUNNING;
    return thread;
}

/*
 * Runs the next ready thread until somebody switches back; upcalls are masked, here and where it
 * goes on. Blocking unmasks and masks again, which is when handlers wake threads.
 */
static void switch_away(struct thread *from)
{
    struct vcpu *vcpu = vcpu_self();
    struct thread *to = take(&queues[vcpu->id]);
    while (!to) {
        hypercall_sched_op(SCHEDOP_block, NULL);
        vcpu_mask();
        to = take(&queues[vcpu->id]);
    }
    if (to != from) {
        vcpu->thread = to;
        context_switch(&from->context, &to->context);
    }
}

void thread_yield(void)
{
    struct thread *self = thread_self();
    bool masked = vcpu_mask();
    append(&queues[vcpu_self()->id], self);
    switch_away(self);
    if (!masked)
        vcpu_unmask();
}

void thread_wait(void)
{
    struct thread *self = thread_self();
    bool masked = vcpu_mask();
    if (!self->woken) {
        self->state = WAITING;
        switch_away(self);
    }
    self->woken = false;
    if (!masked)
        vcpu_unmask();
}

void thread_wake(struct thread *thread)
{
    bool masked = vcpu_mask();
    thread->woken = true;
    if (thread->state == WAITING)
        append(&queues[vcpu_self()->id], thread);
    if (!masked)
        vcpu_unmask();
}

struct alarm {
    struct timer timer;
    struct thread *thread;
    bool rang;
};

static void ring(struct timer *timer)
{
    struct alarm *alarm = (struct alarm *)timer;
    alarm->rang = true;
    thread_wake(alarm->thread);
}

bool thread_wait_until(ns_t deadline)
{
    struct alarm alarm = {.timer.fire = ring, .thread = thread_self()};
    timer_set(&alarm.timer, deadline);
    thread_wait();
    timer_cancel(&alarm.timer);
    return !alarm.rang;
}

/* The first frame of a thread: where its context starts. Upcalls are masked by who switched. */
static void run(void)
{
    struct thread *self = thread_self();
    vcpu_unmask();
    self->function(self->data);
    vcpu_mask();
    self->state = ENDED;
    if (self->joiner)
        thread_wake(self->joiner);
    switch_away(self);
    power_panic("a thread that ended came back");
}

struct thread *thread_start(void (*function)(void *data), void *data)
{
    unsigned id = vcpu_self()->id;
    struct thread *thread = unused[id];
    char *stack = (char *)thread;
    if (thread)
        unused[id] = thread->next;
    else
        stack = page_alloc_run(THREAD_STACK_SIZE / PAGE_SIZE);
    thread = (struct thread *)stack;
    /* The stack pointer is as behind a call: 8 below a multiple of 16. */
    *thread = (struct thread){
        .context = {.rsp = (uintptr_t)stack + THREAD_STACK_SIZE - 8, .rip = (uintptr_t)run},
        .function = function,
        .data = data,
        .stack = stack,
    };
    bool masked = vcpu_mask();
    append(&queues[id], thread);
    if (!masked)
        vcpu_unmask();
    return thread;
}

void thread_join(struct thread *thread)
{
    thread->joiner = thread_self();
    while (thread->state != ENDED)
        thread_wait();
    unsigned id = vcpu_self()->id;
    thread->next = unused[id];
    unused[id] = thread;
}

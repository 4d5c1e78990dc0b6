/* SPDX-License-Identifier: MIT */
/*
 * Cooperative threads: one runs on each vcpu until it yields, waits or ends. A thread stays on the
 * vcpu that made it.
 */
#ifndef GUEST_THREAD_H
#define GUEST_THREAD_H

#include <stdbool.h>

#include "guest/time.h"

#define THREAD_STACK_SIZE 16384

struct thread;

/* A thread that will run function(data), from the next yield on. It is freed by thread_join(). */
struct thread *thread_start(void (*function)(void *data), void *data);

/* Lets the others that are ready run, in turn, then comes back. */
void thread_yield(void);

/*
 * Waits until thread_wake(), or returns at once if that came since the last wait. Where no thread
 * is ready the vcpu blocks until an event. Wakes may come from event handlers, on this vcpu.
 */
void thread_wait(void);
void thread_wake(struct thread *thread);

/* The same, at most until system time is `deadline` or later. Was it woken? */
bool thread_wait_until(ns_t deadline);

/* Who is running: the vcpu's first flow of control is a thread too. */
struct thread *thread_self(void);

/* Waits until the thread's function has returned; the handle is void then. One joins each. */
void thread_join(struct thread *thread);

#endif

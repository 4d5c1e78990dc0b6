/* SPDX-License-Identifier: MIT */
/* Which processors of this machine a measurement runs on. */
#ifndef BENCH_NATIVE_PROCESSORS_H
#define BENCH_NATIVE_PROCESSORS_H

#include <sched.h>
#include <stddef.h>

/*
 * Two processors that this process may use, of two cores if there are: each is what the caller asks
 * for, or, where that is -1, the first one that is free. allowed: all that may be used. 0, or -1
 * with a sentence in error.
 */
int processors_choose(int two[2], cpu_set_t *allowed, char *error, size_t error_size);

/* The calling thread runs there from now on. */
void processor_pin(int cpu);

#endif

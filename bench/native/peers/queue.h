/* SPDX-License-Identifier: MIT */
/* What the queues of peers share. */
#ifndef BENCH_NATIVE_PEERS_QUEUE_H
#define BENCH_NATIVE_PEERS_QUEUE_H

#include <stdint.h>

#define QUEUE_ANY UINT64_MAX /* an item's number is not known: several producers sent them */

#endif

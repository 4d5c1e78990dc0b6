/* SPDX-License-Identifier: MIT */
/* Peer: rte_ring with one producer and one consumer. */
#define MANY_PRODUCERS 0
#include "bench/native/peers/dpdk.h"

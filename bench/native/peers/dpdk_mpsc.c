/* SPDX-License-Identifier: MIT */
/* Peer: rte_ring with many producers and one consumer. */
#define MANY_PRODUCERS 1
#include "bench/native/peers/dpdk.h"

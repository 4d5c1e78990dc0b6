/* SPDX-License-Identifier: MIT */
/*
 * Two domains for measuring: a sender with an interdomain channel from each of its ports to the
 * port of the same number of a receiver. Each has one vcpu; guest memory lies as xen/xen.h has it:
 * a shared page, the vcpu's part first in it.
 */
#ifndef BENCH_EVTCHN_WORLD_H
#define BENCH_EVTCHN_WORLD_H

#include "evtchn/consumer.h"
#include "evtchn/evtchn.h"

struct world_abi {
    const char *name, *summary;
    uint32_t ports; /* numbers, port 0 included */
    const struct evtchn_abi *producer;
    const struct evtchn_consumer_abi *consumer;
};

/* In the order of evtchn/abis.def; NULL past the end. */
const struct world_abi *world_abi_at(size_t i);

/* The deepest world, in bytes of memory. */
#define WORLD_BYTES (32U << 20)

/* The producing half reads all of it; what only the consuming half writes is the consumer. */
struct world {
    struct evtchn_domain sender, receiver;
    struct evtchn_vcpu sender_vcpu, receiver_vcpu;
    struct evtchn_vcpu *sender_vcpus[1], *receiver_vcpus[1];
    uint32_t ports; /* bound: 1 .. ports - 1 */
    const uint8_t *upcall;
    struct evtchn_consumer consumer __attribute__((aligned(64)));
};

/*
 * Opens all ports of both domains but 0, dealt out to that many priorities (1: the default one).
 * memory: WORLD_BYTES of it, page aligned; what is used of it is cleared first. ports: 2 to the
 * ABI's. priorities: above 1 only where the ABI has them. NULL, or what the module answered
 * unexpectedly: a sentence.
 */
const char *world_lay_out(struct world *w, const struct world_abi *abi, uint32_t ports,
                          uint32_t priorities, void *memory);

#endif

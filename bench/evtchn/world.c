/* SPDX-License-Identifier: MIT */
#include "bench/evtchn/world.h"

#include <string.h>

#include "evtchn/abi.h"

static const struct world_abi abis[] = {
#define EVTCHN_ABI(id, name, ports)                                            \
    {name, "evtchn/: " #ports " port numbers", ports, &evtchn_##id##_producer, \
     &evtchn_##id##_consumer},
#include "evtchn/abis.def"
#undef EVTCHN_ABI
};

const struct world_abi *world_abi_at(size_t i)
{
    return i < sizeof abis / sizeof abis[0] ? &abis[i] : NULL;
}

/* Offsets in struct shared_info of a 64-bit guest; of a 32-bit one the pending bits begin at the
 * same place, and the masks earlier. It makes no difference to what is measured. */
#define AT_UPCALL 0U
#define AT_SELECTOR 8U
#define AT_PENDING 2048U
#define AT_MASK 2560U

#define SENDER 1U
#define RECEIVER 2U

/* Memory is handed out in whole pages, in order. */
struct arena {
    uint8_t *next;
};

static void *take(struct arena *a, size_t bytes)
{
    size_t rounded = (bytes + EVTCHN_PAGE_SIZE - 1) / EVTCHN_PAGE_SIZE * EVTCHN_PAGE_SIZE;
    void *taken = a->next;
    a->next += rounded;
    return memset(taken, 0, rounded);
}

struct side {
    struct evtchn_domain *domain;
    struct evtchn_vcpu *vcpu, **vcpus;
    uint16_t id;
    uint8_t *shared;
    void *control;
};

static void lay_out_side(struct side *side, const struct world_abi *abi, uint32_t ports,
                         struct arena *a)
{
    uint32_t buckets = (ports + EVTCHN_BUCKET_PORTS - 1) / EVTCHN_BUCKET_PORTS;
    bool fifo = abi->producer == &evtchn_fifo_producer;
    side->shared = take(a, EVTCHN_PAGE_SIZE);
    evtchn_vcpu_init(side->vcpu, side->domain, 0, side->shared + AT_UPCALL,
                     side->shared + AT_SELECTOR, NULL);
    side->vcpus[0] = side->vcpu;
    evtchn_domain_init(side->domain,
                       &(struct evtchn_domain_config){
                           .id = side->id,
                           .abi = fifo ? &evtchn_two_level_64_producer : abi->producer,
                           .ports_max = ports,
                           .buckets = take(a, buckets * sizeof(void *)),
                           .closed = take(a, buckets * sizeof(uint64_t)),
                           .vcpus = side->vcpus,
                           .n_vcpus = 1,
                           .vcpu_virqs = EVTCHN_VCPU_VIRQS,
                           .pending = side->shared + AT_PENDING,
                           .mask = side->shared + AT_MASK,
                       });
    if (fifo) {
        side->control = take(a, EVTCHN_PAGE_SIZE);
        (void)evtchn_init_control(side->domain, 0, side->control, 0);
        for (uint32_t first = 0; first < ports; first += EVTCHN_PAGE_WORDS)
            (void)evtchn_expand_array(side->domain, take(a, EVTCHN_PAGE_SIZE));
    }
    for (uint32_t b = 0; b < buckets; b++)
        evtchn_add_bucket(side->domain, take(a, EVTCHN_PAGE_SIZE));
}

static const char *connect(struct world *w, uint32_t port, uint32_t priorities)
{
    struct evtchn_effect effect;
    uint32_t from, to;
    if (evtchn_alloc_unbound(&w->receiver, SENDER, &to) != 0 || to != port ||
        evtchn_bind_interdomain(&w->sender, &w->receiver, to, &from, &effect) != 0 || from != port)
        return "a channel could not be set up";
    if (priorities > 1 && evtchn_set_priority(&w->receiver, port, port % priorities) != 0)
        return "a priority could not be set";
    return NULL;
}

/* One event by each port: from now on, each is sent to as it will be ever after. */
static const char *settle(struct world *w)
{
    struct evtchn_effect effect;
    uint32_t served = 0;
    for (uint32_t port = 1; port < w->ports; port++)
        if (evtchn_send(&w->sender, port, &effect) != 0)
            return "a send was refused";
    evtchn_consumer_begin(&w->consumer);
    for (uint32_t port; (port = evtchn_consumer_next(&w->consumer)) != EVTCHN_NONE;)
        served += port != EVTCHN_BROKEN_QUEUE;
    return served == w->ports - 1 ? NULL : "not every port that was sent to was served";
}

const char *world_lay_out(struct world *w, const struct world_abi *abi, uint32_t ports,
                          uint32_t priorities, void *memory)
{
    struct arena arena = {memory};
    struct side sender = {&w->sender, &w->sender_vcpu, w->sender_vcpus, SENDER, NULL, NULL};
    struct side receiver = {&w->receiver, &w->receiver_vcpu, w->receiver_vcpus, RECEIVER, NULL,
                            NULL};
    lay_out_side(&receiver, abi, ports, &arena);
    lay_out_side(&sender, abi, ports, &arena);
    w->ports = ports;
    w->upcall = receiver.shared + AT_UPCALL;
    w->consumer = (struct evtchn_consumer){
        .abi = abi->consumer,
        .upcall = receiver.shared + AT_UPCALL,
        .selector = receiver.shared + AT_SELECTOR,
        .pending = receiver.shared + AT_PENDING,
        .mask = receiver.shared + AT_MASK,
        .control = receiver.control,
        .array = &w->receiver.array,
    };
    for (uint32_t port = 1; port < ports; port++) {
        const char *fault = connect(w, port, priorities);
        if (fault != NULL)
            return fault;
    }
    return settle(w);
}

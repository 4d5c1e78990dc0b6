/* SPDX-License-Identifier: MIT */
/* What can be measured, and what of it cannot be put together. */
#include <stdio.h>

#include "bench/evtchn/evbench.h"
#include "bench/evtchn/world.h"

#include "evtchn/abi.h"

static const char *const measures[] = {
    [EVBENCH_SEND_IDLE] = "send-idle", [EVBENCH_SEND_PENDING] = "send-pending",
    [EVBENCH_SCAN] = "scan",           [EVBENCH_DELIVER] = "deliver",
    [EVBENCH_ORDER] = "order",         [EVBENCH_STREAM] = "stream",
    [EVBENCH_HANDOVER] = "handover",   [EVBENCH_HOT] = "hot",
};

_Static_assert(sizeof measures / sizeof measures[0] == EVBENCH_MEASURES, "each has a name");

const char *evbench_measure_name(enum evbench_measure measure)
{
    return (unsigned)measure < EVBENCH_MEASURES ? measures[measure] : NULL;
}

bool evbench_on_two_cores(enum evbench_measure measure)
{
    return measure == EVBENCH_STREAM || measure == EVBENCH_HANDOVER || measure == EVBENCH_HOT;
}

bool evbench_is_exact(enum evbench_measure measure)
{
    return measure == EVBENCH_ORDER;
}

const char *evbench_abi_name(size_t i)
{
    const struct world_abi *abi = world_abi_at(i);
    return abi == NULL ? NULL : abi->name;
}

const char *evbench_abi_summary(size_t i)
{
    const struct world_abi *abi = world_abi_at(i);
    return abi == NULL ? NULL : abi->summary;
}

uint32_t evbench_abi_ports(size_t i)
{
    const struct world_abi *abi = world_abi_at(i);
    return abi == NULL ? 0 : abi->ports;
}

/* Is it out of range? Then text says so. */
static bool outside(const char *what, uint32_t value, uint32_t min, uint32_t max, char *text,
                    size_t size)
{
    if (value >= min && value <= max)
        return false;
    snprintf(text, size, "%s %u is not in %u..%u", what, value, min, max);
    return true;
}

const char *evbench_refusal(const struct evbench_point *p, char *text, size_t size)
{
    const struct world_abi *abi = world_abi_at(p->abi);
    if (abi == NULL) {
        snprintf(text, size, "there is no delivery ABI number %zu", p->abi);
        return text;
    }
    if (evbench_measure_name(p->measure) == NULL) {
        snprintf(text, size, "there is no measure number %u", (unsigned)p->measure);
        return text;
    }
    if (outside("ports", p->ports, EVBENCH_PORTS_MIN, EVBENCH_PORTS_MAX, text, size))
        return text;
    if (p->ports > abi->ports) {
        snprintf(text, size, "%s has %u port numbers, not %u", abi->name, abi->ports, p->ports);
        return text;
    }
    if (outside("pending", p->pending, 1, p->ports, text, size) ||
        outside("burst", p->burst, 0, EVBENCH_BURST_MAX, text, size) ||
        outside("priorities", p->priorities, 1, EVBENCH_PRIORITIES_MAX, text, size) ||
        outside("serve_ns", p->serve_ns, 0, EVBENCH_SERVE_NS_MAX, text, size))
        return text;
    if (p->priorities > 1 && !abi->producer->prioritises) {
        snprintf(text, size, "%s has no priorities: priorities is 1, not %u", abi->name,
                 p->priorities);
        return text;
    }
    return NULL;
}

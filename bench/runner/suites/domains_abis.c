/* SPDX-License-Identifier: MIT */
/* The ways of delivering events that domains may choose: those of evtchn/. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/runner/suites/domains.h"

/* Of each domain, port 0 included: console, store, channel and timer, and some to spare. */
#define OWN_PORTS 8

static const struct {
    const char *name;
    uint32_t ports;
} abis[] = {
#define EVTCHN_ABI(id, name, ports) [DOMAINS_ABI_##id] = {name, ports},
#include "evtchn/abis.def"
#undef EVTCHN_ABI
};

const char *domains_abi_name(size_t i)
{
    return i < DOMAINS_ABI_COUNT ? abis[i].name : NULL;
}

enum domains_abi domains_abi_of(const struct point *p)
{
    enum domains_abi abi = 0;
    while (strcmp(abis[abi].name, domains_subject_name(p)) != 0)
        abi++;
    return abi;
}

/* What a guest of 64 bits finds on Xen. */
static bool is_of_xen(enum domains_abi abi)
{
    return abi == DOMAINS_ABI_two_level_64 || abi == DOMAINS_ABI_fifo;
}

const char *domains_abi_refusal(const struct point *p, enum domains_abi abi, uint64_t ports,
                                char text[SUITE_REASON])
{
    if (domains_machine_of(p)->hypervisor == MACHINE_XEN && !is_of_xen(abi)) {
        snprintf(text, SUITE_REASON, "of these ABIs Xen has %s and %s",
                 abis[DOMAINS_ABI_two_level_64].name, abis[DOMAINS_ABI_fifo].name);
        return text;
    }
    if (ports + OWN_PORTS <= abis[abi].ports)
        return NULL;
    snprintf(text, SUITE_REASON, "%s has %" PRIu32 " ports, %" PRIu32 " beside a domain's own",
             abis[abi].name, abis[abi].ports, abis[abi].ports - OWN_PORTS);
    return text;
}

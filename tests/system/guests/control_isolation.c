/* SPDX-License-Identifier: MIT */
/* What a domain that is not the control domain may do to others: use channels that they opened. */
#include "tests/system/guests/tiny.h"

/* In the data page of the domain: the arguments of its calls. */
struct arguments {
    struct xen_domctl domctl;
    struct xen_sysctl sysctl;
    struct mmu_update update;
    struct mmuext_op extended;
    struct xen_memory_reservation reservation;
    xen_pfn_t extent;
    domid_t domain;
    struct evtchn_alloc_unbound unbound;
    struct evtchn_bind_interdomain bind;
    struct evtchn_status status;
    uint32_t port;
};
_Static_assert(sizeof(struct arguments) <= TINY_ARGUMENTS, "as much as there is room for");

#define AT(member) (TINY_DATA + offsetof(struct arguments, member))

TEST(isolation_of_privileged_calls)
{
    static struct tiny t;
    static struct arguments a;
    a = (struct arguments){
        .domctl = {.cmd = XEN_DOMCTL_pausedomain,
                   .interface_version = XEN_DOMCTL_INTERFACE_VERSION},
        .sysctl = {.cmd = XEN_SYSCTL_physinfo, .interface_version = XEN_SYSCTL_INTERFACE_VERSION},
        .extended = {.cmd = MMUEXT_UNPIN_TABLE},
        .reservation = {.nr_extents = 1},
        .unbound = {.dom = 0, .remote_dom = DOMID_SELF},
        .status = {.dom = 0, .port = 1},
    };
    set_xen_guest_handle(a.reservation.extent_start, (xen_pfn_t *)AT(extent));
    struct tiny_call calls[] = {
        {__HYPERVISOR_domctl, {AT(domctl)}, 0},
        {__HYPERVISOR_sysctl, {AT(sysctl)}, 0},
        {__HYPERVISOR_mmu_update, {AT(update), 1, 0, 0}, 0},
        {__HYPERVISOR_mmu_update, {AT(update), 1, 0, DOMID_IO}, 0},
        {__HYPERVISOR_mmuext_op, {AT(extended), 1, 0, 0}, 0},
        {__HYPERVISOR_mmuext_op, {AT(extended), 1, 0, DOMID_IO}, 0},
        {__HYPERVISOR_update_va_mapping_otherdomain, {TINY_DATA, 0, 0, 0}, 0},
        {__HYPERVISOR_update_va_mapping_otherdomain, {0, 0, 0, DOMID_IO}, 0},
        {__HYPERVISOR_memory_op, {XENMEM_increase_reservation, AT(reservation)}, 0},
        {__HYPERVISOR_memory_op, {XENMEM_decrease_reservation, AT(reservation)}, 0},
        {__HYPERVISOR_memory_op, {XENMEM_current_reservation, AT(domain)}, 0},
        {__HYPERVISOR_memory_op, {XENMEM_machine_memory_map, AT(domain)}, 0},
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_alloc_unbound, AT(unbound)}, 0},
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_status, AT(status)}, 0},
        {__HYPERVISOR_console_io, {CONSOLEIO_read, 0, TINY_DATA}, 0},
    };
    static const int64_t expected[] = {
        -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EINVAL, -XEN_EPERM,
        -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, 0,           0,
        -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM,  -XEN_EPERM,
    };
    REQUIRE(tiny_calls(&t, calls, LENGTH(calls), &a, sizeof(a)));
    for (unsigned i = 0; i < LENGTH(calls); i++) {
        if (!CHECK_EQUAL(calls[i].result, expected[i]))
            tap_note("call %u", i);
    }
    tiny_destroy(&t);
}

/* The memory that it may have is what it was given a maximum for. */
TEST(isolation_of_memory)
{
    static struct tiny t;
    static struct arguments a;
    a = (struct arguments){.reservation = {.nr_extents = 1, .domid = DOMID_SELF},
                           .domain = DOMID_SELF};
    set_xen_guest_handle(a.reservation.extent_start, (xen_pfn_t *)AT(extent));
    struct tiny_call calls[] = {
        {__HYPERVISOR_memory_op, {XENMEM_increase_reservation, AT(reservation)}, 0},
        {__HYPERVISOR_memory_op, {XENMEM_current_reservation, AT(domain)}, 0},
        {__HYPERVISOR_memory_op, {XENMEM_maximum_reservation, AT(domain)}, 0},
        /* Nobody has said what its memory looks like. */
        {__HYPERVISOR_memory_op, {XENMEM_memory_map, TINY_DATA}, 0},
    };
    REQUIRE(tiny_calls(&t, calls, LENGTH(calls), &a, sizeof(a)));
    CHECK_EQUAL(calls[0].result, 0);
    CHECK_EQUAL(calls[1].result, TINY_PAGES);
    CHECK_EQUAL(calls[2].result, TINY_PAGES);
    CHECK_EQUAL(calls[3].result, -XEN_ENOSYS);
    tiny_destroy(&t);
}

/* Frames of others, and devices, by its own tables. */
TEST(isolation_of_mappings)
{
    static struct tiny t;
    static struct arguments a;
    void *mine = page_alloc();
    uint64_t entries[] = {page_mfn(mine).n, FRAME_OF_SCREEN.n, frame_of_hypervisor().n};
    for (unsigned i = 0; i < LENGTH(entries); i++) {
        struct tiny_call call = {
            __HYPERVISOR_update_va_mapping,
            {TINY_SHARED, entries[i] << PAGE_SHIFT | PTE_READ_WRITE | PTE_USER, 0},
            0};
        a = (struct arguments){0};
        if (tiny_calls(&t, &call, 1, &a, sizeof(a)))
            CHECK_EQUAL(call.result, entries[i] == FRAME_OF_SCREEN.n ? -XEN_EPERM : -XEN_EBUSY);
        tiny_destroy(&t);
    }
    page_free(mine);
}

/* ---- events */

static volatile unsigned came;

static void count(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    came++;
}

static uint32_t state_of(long port, struct evtchn_status *status)
{
    *status = (struct evtchn_status){.dom = DOMID_SELF, .port = (evtchn_port_t)port};
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_status, status), 0);
    return status->status;
}

/* A channel between two: events pass, and its end shows when the other one dies. */
TEST(isolation_ends_at_a_channel)
{
    static struct tiny t;
    static struct arguments a;
    struct evtchn_status status;
    /* The next domain's number is not known before it is there. */
    REQUIRE(tiny_create(&t, 1));
    tiny_destroy(&t);
    domid_t next = (domid_t)(t.id + 1);
    long port = event_alloc_unbound(DOMID_SELF, next);
    REQUIRE(port > 0);
    came = 0;
    event_handle((evtchn_port_t)port, count, NULL);
    event_unmask((evtchn_port_t)port);
    a = (struct arguments){.bind = {.remote_dom = 0, .remote_port = (evtchn_port_t)port}};
    struct tiny_call calls[] = {
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_bind_interdomain, AT(bind)}, 0},
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_send, AT(bind.local_port)}, 0},
        /* It is taken. */
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_bind_interdomain, AT(bind)}, 0},
    };
    if (CHECK(tiny_calls(&t, calls, LENGTH(calls), &a, sizeof(a))) && CHECK_EQUAL(t.id, next)) {
        CHECK_EQUAL(calls[0].result, 0);
        CHECK_EQUAL(calls[1].result, 0);
        CHECK_EQUAL(calls[2].result, -XEN_EINVAL);
        CHECK_EQUAL(came, 1);
        CHECK_EQUAL(state_of(port, &status), EVTCHNSTAT_interdomain);
        CHECK_EQUAL(status.u.interdomain.dom, t.id);
    }
    tiny_destroy(&t);
    CHECK_EQUAL(state_of(port, &status), EVTCHNSTAT_unbound);
    CHECK_EQUAL(status.u.unbound.dom, next);
    CHECK_EQUAL(event_send((evtchn_port_t)port), 0);
    event_drop((evtchn_port_t)port);
}

/* Ports that are not for it, and none beyond its limit. */
TEST(isolation_of_ports)
{
    static struct tiny t;
    static struct arguments a;
    long port = event_alloc_unbound(DOMID_SELF, DOMAIN_NOBODY);
    REQUIRE(port > 0);
    a = (struct arguments){.bind = {.remote_dom = 0, .remote_port = (evtchn_port_t)port},
                           .unbound = {.dom = DOMID_SELF, .remote_dom = 0}};
    struct tiny_call calls[] = {
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_bind_interdomain, AT(bind)}, 0},
        {__HYPERVISOR_event_channel_op, {EVTCHNOP_alloc_unbound, AT(unbound)}, 0},
    };
    if (tiny_calls(&t, calls, LENGTH(calls), &a, sizeof(a))) {
        CHECK_EQUAL(calls[0].result, -XEN_EINVAL);
        CHECK_EQUAL(calls[1].result, 0);
        CHECK_EQUAL(a.unbound.port, 1);
        /* The control domain may open ports of another's, up to its limit. */
        struct evtchn_alloc_unbound more = {.dom = t.id, .remote_dom = DOMID_SELF};
        for (unsigned i = 2; i <= 63; i++)
            CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &more), 0);
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &more), -XEN_ENOSPC);
    }
    tiny_destroy(&t);
    event_drop((evtchn_port_t)port);
}

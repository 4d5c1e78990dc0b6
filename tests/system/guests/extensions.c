/* SPDX-License-Identifier: MIT */
/* What Ringside has beyond Xen's ABI: hv/public/ringside.h. Skipped on any other hypervisor. */
#include "guest/cpuid.h"
#include "guest/time.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/tiny.h"

#define ELSEWHERE "this is not Ringside"

TEST(extension_version)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    CHECK_EQUAL(cpuid_forced(RINGSIDE_CPUID_LEAF, 0).a, RINGSIDE_VERSION);
}

static volatile unsigned fired;

static void count(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    fired++;
}

/* Virtual time: what the vcpu has run. */
static uint64_t ran(void)
{
    struct vcpu_runstate_info info = {0};
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    return info.time[RUNSTATE_running];
}

static long set_virtual_timer(uint64_t timeout)
{
    struct ringside_virtual_timer timer = {.timeout_abs_ns = timeout};
    return hypercall_vcpu_op(VCPUOP_RINGSIDE_set_virtual_timer, 0, &timer);
}

static evtchn_port_t bind_virtual_timer(void)
{
    long port = event_bind_virq(VIRQ_RINGSIDE_VIRTUAL_TIMER, 0);
    CHECK(port > 0);
    fired = 0;
    event_handle((evtchn_port_t)port, count, NULL);
    event_unmask((evtchn_port_t)port);
    return (evtchn_port_t)port;
}

TEST(extension_virtual_timer_fires_and_not_too_early)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    evtchn_port_t port = bind_virtual_timer();
    uint64_t deadline = ran() + 2 * NS_PER_MS;
    CHECK_EQUAL(set_virtual_timer(deadline), 0);
    while (fired == 0)
        asm volatile("pause");
    CHECK(ran() >= deadline);
    CHECK_EQUAL(set_virtual_timer(1), 0); /* passed long ago */
    while (fired == 1)
        asm volatile("pause");
    event_drop(port);
}

/* While the vcpu is blocked its time stands still, and so does the timer. */
TEST(extension_virtual_timer_sleeps_with_its_vcpu)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    evtchn_port_t port = bind_virtual_timer();
    uint64_t deadline = ran() + 20 * NS_PER_MS;
    CHECK_EQUAL(set_virtual_timer(deadline), 0);
    time_sleep_until(NS(time_system().n + 40 * NS_PER_MS));
    bool early = fired != 0 && ran() < deadline;
    CHECK(!early);
    while (fired == 0)
        asm volatile("pause");
    CHECK(ran() >= deadline);
    event_drop(port);
}

TEST(extension_virtual_timer_can_be_taken_back)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    evtchn_port_t port = bind_virtual_timer();
    CHECK_EQUAL(set_virtual_timer(ran() + 3600 * NS_PER_SECOND), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_RINGSIDE_stop_virtual_timer, 0, NULL), 0);
    CHECK_EQUAL(set_virtual_timer(UINT64_MAX), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_RINGSIDE_stop_virtual_timer, 0, NULL), 0);
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_RINGSIDE_set_virtual_timer, 0, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(fired, 0);
    event_drop(port);
}

/* The one on the command line was not refused. */
TEST(extension_event_abi_is_as_asked_for)
{
    static const struct {
        const char *name;
        unsigned ports;
    } abis[] = {
#define EVTCHN_ABI(id, name, ports) {name, ports},
#include "evtchn/abis.def"
#undef EVTCHN_ABI
    };
    size_t length;
    const char *name = start_option("events", &length);
    if (!start_on_ringside() || !name)
        SKIP("no ABI was asked for, or " ELSEWHERE);
    for (unsigned i = 0; i < LENGTH(abis); i++) {
        if (strlen(abis[i].name) == length && !strncmp(abis[i].name, name, length))
            CHECK_EQUAL(event_ports(), abis[i].ports);
    }
}

/* The domain of the self-tests has ports. */
TEST(extension_event_abi_refuses)
{
    struct ringside_event_abi choice = {.domain = DOMID_SELF, .name = "flat"};
    evtchn_port_t port = (evtchn_port_t)event_alloc_unbound(DOMID_SELF, DOMID_SELF);
    if (!start_on_ringside()) {
        CHECK_EQUAL(event_choose(DOMID_SELF, "flat"), -XEN_ENOSYS);
        event_drop(port);
        SKIP(ELSEWHERE);
    }
    CHECK_EQUAL(event_choose(DOMID_SELF, event_ports() == 64 ? "2l" : "flat"), -XEN_EBUSY);
    CHECK_EQUAL(event_choose(DOMID_SELF, "fifo"), -XEN_EINVAL);
    CHECK_EQUAL(event_choose(DOMID_SELF, ""), -XEN_EINVAL);
    CHECK_EQUAL(event_choose(DOMID_SELF, "flatter"), -XEN_EINVAL);
    CHECK_EQUAL(event_choose(DOMAIN_NOBODY, "flat"), -XEN_ESRCH);
    memset(choice.name, 'f', sizeof(choice.name)); /* nothing ends it */
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_RINGSIDE_set_abi, &choice), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_RINGSIDE_set_abi, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_RINGSIDE_set_abi + 1, &choice), -XEN_ENOSYS);
    event_drop(port);
}

/* Opens ports of another domain until none is left: how many there were. */
static unsigned open_all_of(domid_t domain)
{
    struct evtchn_alloc_unbound unbound = {.dom = domain, .remote_dom = DOMID_SELF};
    unsigned n = 0;
    long error;
    while ((error = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &unbound)) == 0)
        n++;
    CHECK_EQUAL(error, -XEN_ENOSPC);
    return n;
}

/* For a domain that is made: until it has ports, and until they are reset. Each carries as many
 * ports as it says, less port 0. */
TEST(extension_event_abi_of_another)
{
    static const struct {
        const char *name;
        unsigned ports;
    } abis[] = {{"flat", 64}, {"2l-32", 1024}, {"2l", 4096}};
    struct xen_domctl_createdomain config = tiny_config();
    config.max_evtchn_port = EVENT_PORTS_FIFO - 1;
    domid_t id;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    REQUIRE(CHECK_EQUAL(control_create(&config, &id), 0));
    struct evtchn_reset reset = {.dom = id};
    CHECK_EQUAL(control_max_vcpus(id, 1), 0);
    for (unsigned i = 0; i < LENGTH(abis); i++) {
        unsigned other = (i + 1) % LENGTH(abis);
        CHECK_EQUAL(event_choose(id, abis[other].name), 0);
        CHECK_EQUAL(event_choose(id, abis[i].name), 0);
        CHECK_EQUAL(open_all_of(id), abis[i].ports - 1);
        CHECK_EQUAL(event_choose(id, abis[other].name), -XEN_EBUSY);
        CHECK_EQUAL(event_choose(id, abis[i].name), 0); /* so it is already */
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_reset, &reset), 0);
        CHECK_EQUAL(open_all_of(id), EVENT_PORTS_2L - 1);
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_reset, &reset), 0);
    }
    CHECK_EQUAL(event_choose(id, "flat"), 0);
    CHECK_EQUAL(open_all_of(id), 63);
    CHECK_EQUAL(control_destroy(id), 0); /* with all of them open */
}

/* Only the control domain may choose for others; for itself each. */
TEST(extension_event_abi_is_not_of_all_others)
{
    struct ringside_event_abi choices[] = {
        {0, "flat"}, {DOMID_SELF, "flat"}, {DOMID_SELF, "2l-32"}, {DOMAIN_NOBODY, "flat"}};
    struct tiny_call calls[LENGTH(choices)];
    struct tiny t;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    for (unsigned i = 0; i < LENGTH(choices); i++)
        calls[i] = (struct tiny_call){
            .number = __HYPERVISOR_event_channel_op,
            .arguments = {EVTCHNOP_RINGSIDE_set_abi, TINY_DATA + i * sizeof(choices[0])}};
    CHECK(tiny_calls(&t, calls, LENGTH(calls), choices, sizeof(choices)));
    CHECK_EQUAL(calls[0].result, -XEN_EPERM);
    CHECK_EQUAL(calls[1].result, 0);
    CHECK_EQUAL(calls[2].result, 0);
    CHECK_EQUAL(calls[3].result, -XEN_ESRCH);
    tiny_destroy(&t);
}

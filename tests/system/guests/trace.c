/* SPDX-License-Identifier: MIT */
/* Tracing, as the control domain has it (hv/public/ringside.h). Skipped on any other hypervisor. */
#include "guest/time.h"
#include "hv/public/ringside.h"
#include "tests/system/guests/support.h"

#define ELSEWHERE "this is not Ringside"

#define ROOM 4096 /* records: a ring's, if the options say nothing else */
static struct ringside_trace_record records[ROOM];

static long trace_set(uint32_t kinds, uint32_t threshold)
{
    struct ringside_trace_set a = {.kinds = kinds, .threshold = threshold};
    return HYPERCALL(ringside, RINGSIDE_trace_set, &a, 0, 0, 0);
}

/* How many, or an error. */
static long trace_read(uint32_t cpu, void *to, uint32_t room)
{
    struct ringside_trace_read a = {.records = (uint64_t)to, .n = room, .cpu = cpu};
    long rc = HYPERCALL(ringside, RINGSIDE_trace_read, &a, 0, 0, 0);
    return rc == 0 ? (long)a.n : rc;
}

/* Whatever was there goes; but for this itself, where hypercalls are recorded. */
static void trace_empty(void)
{
    for (uint32_t cpu = 0; trace_read(cpu, records, ROOM) >= 0; cpu++)
        ;
}

/* Records of this kind, of all CPUs, with that first word. */
static unsigned count(uint32_t kind, uint64_t first)
{
    unsigned n = 0;
    long got;
    for (uint32_t cpu = 0; (got = trace_read(cpu, records, ROOM)) >= 0; cpu++) {
        for (long i = 0; i < got; i++)
            n += records[i].kind == kind && records[i].what[0] == first;
    }
    return n;
}

static void ignore(evtchn_port_t port, void *data)
{
    (void)port;
    (*(volatile unsigned *)data)++;
}

TEST(trace_hypercalls)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_HYPERCALL, 0), 0);
    trace_empty();
    for (unsigned i = 0; i < 7; i++)
        hypercall_xen_version(XENVER_version, NULL);
    CHECK_EQUAL(count(RINGSIDE_TRACE_HYPERCALL, __HYPERVISOR_xen_version), 7);
    CHECK_EQUAL(trace_set(0, 0), 0);
    trace_empty();
    hypercall_xen_version(XENVER_version, NULL);
    CHECK_EQUAL(trace_read(0, records, ROOM), 0);
}

/* In order, in time, of this vcpu; and nothing but the kinds that were asked for. */
TEST(trace_records_are_whole)
{
    volatile unsigned calls = 0;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    long port = event_bind_ipi(0);
    REQUIRE(port > 0);
    event_handle((evtchn_port_t)port, ignore, (void *)&calls);
    event_unmask((evtchn_port_t)port);
    const uint32_t kinds =
        1U << RINGSIDE_TRACE_EXCEPTION | 1U << RINGSIDE_TRACE_SEND | 1U << RINGSIDE_TRACE_UPCALL;
    CHECK_EQUAL(trace_set(kinds, 0), 0);
    trace_empty();
    ns_t before = time_system();
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("ud2")));
    CHECK_EQUAL(event_send((evtchn_port_t)port), 0);
    CHECK_EQUAL(calls, 1);
    ns_t after = time_system();
    CHECK_EQUAL(trace_set(0, 0), 0);

    unsigned seen[RINGSIDE_TRACE_KINDS] = {0};
    long got;
    for (uint32_t cpu = 0; (got = trace_read(cpu, records, ROOM)) >= 0; cpu++) {
        uint64_t last = before.n;
        for (long i = 0; i < got; i++) {
            const struct ringside_trace_record *r = &records[i];
            CHECK(kinds >> r->kind & 1);
            CHECK(r->when >= last && r->when <= after.n);
            last = r->when;
            if (r->kind == RINGSIDE_TRACE_EXCEPTION && r->what[0] == TRAP_INVALID_OPCODE)
                seen[RINGSIDE_TRACE_EXCEPTION] += r->vcpu == 0 && r->what[1] == caught.frame.rip;
            if (r->kind == RINGSIDE_TRACE_SEND)
                seen[RINGSIDE_TRACE_SEND] += r->what[0] == (uint64_t)port && r->what[1] == 0;
            seen[RINGSIDE_TRACE_UPCALL] += r->kind == RINGSIDE_TRACE_UPCALL;
        }
    }
    CHECK_EQUAL(seen[RINGSIDE_TRACE_EXCEPTION], 1);
    CHECK_EQUAL(seen[RINGSIDE_TRACE_SEND], 1);
    CHECK(seen[RINGSIDE_TRACE_UPCALL] >= 1);
    event_drop((evtchn_port_t)port);
}

static uint64_t blocked(void)
{
    struct vcpu_runstate_info info = {0};
    CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info), 0);
    return info.time[RUNSTATE_blocked];
}

/* Blocking and waking: calls to the scheduler, complete and numbered without a gap. */
TEST(trace_scheduling)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_CALL | 1U << RINGSIDE_TRACE_WAKE, 0), 0);
    trace_empty();
    /* On a busy machine a short time is over before it can be slept through. */
    uint64_t before = blocked();
    for (uint64_t length = NS_PER_MS; blocked() == before; length *= 2)
        time_sleep_until(NS(time_system().n + length));
    CHECK_EQUAL(trace_set(0, 0), 0);
    unsigned calls = 0;
    unsigned wakes = 0;
    uint32_t lowest = UINT32_MAX;
    uint32_t highest = 0;
    long got;
    for (uint32_t cpu = 0; (got = trace_read(cpu, records, ROOM)) >= 0; cpu++) {
        for (long i = 0; i < got; i++) {
            const struct ringside_trace_record *r = &records[i];
            wakes += r->kind == RINGSIDE_TRACE_WAKE && r->what[0] == 0;
            if (r->kind != RINGSIDE_TRACE_CALL)
                continue;
            uint32_t number = (uint32_t)(r->what[5] >> 32);
            calls++;
            lowest = number < lowest ? number : lowest;
            highest = number > highest ? number : highest;
            CHECK(r->what[0] <= r->when);
        }
    }
    CHECK(calls >= 4); /* sleep, pick nothing, wake, pick */
    CHECK(wakes >= 1);
    CHECK_EQUAL(highest - lowest + 1, calls);
}

/* VIRQ_TBUF, when so many are there; once, and again when they have been read. */
TEST(trace_threshold)
{
    volatile unsigned calls = 0;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    long port = event_bind_virq(VIRQ_TBUF, 0);
    REQUIRE(port > 0);
    event_handle((evtchn_port_t)port, ignore, (void *)&calls);
    event_unmask((evtchn_port_t)port);
    CHECK_EQUAL(trace_set(0, 0), 0);
    trace_empty();
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_HYPERCALL, 50), 0);
    trace_empty();
    calls = 0;
    if (vcpu_count() == 1) {
        /* Alone, all that is recorded is here: the call of trace_empty() that found nothing, too.
         */
        for (unsigned i = 0; i < 30; i++)
            hypercall_xen_version(XENVER_version, NULL);
        CHECK_EQUAL(calls, 0);
    }
    for (unsigned i = 0; i < 60; i++)
        hypercall_xen_version(XENVER_version, NULL);
    CHECK(calls >= 1);
    CHECK_EQUAL(trace_set(0, 0), 0);
    trace_empty();
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_HYPERCALL, 50), 0);
    calls = 0;
    for (unsigned i = 0; i < 60; i++)
        hypercall_xen_version(XENVER_version, NULL);
    CHECK(calls >= 1);
    CHECK_EQUAL(trace_set(0, 0), 0);
    trace_empty();
    event_drop((evtchn_port_t)port);
}

/* A ring that nobody empties: what was first stays, what is lost is counted. */
TEST(trace_loses_the_newest)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    struct ringside_trace_read a = {.records = (uint64_t)records, .n = ROOM};
    CHECK_EQUAL(trace_set(0, 0), 0);
    trace_empty();
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_trace_read, &a, 0, 0, 0), 0);
    uint64_t lost = a.lost;
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_HYPERCALL, 0), 0);
    hypercall_xen_version(XENVER_pagesize, NULL);
    for (unsigned i = 0; i < 3 * ROOM; i++)
        hypercall_xen_version(XENVER_version, NULL);
    CHECK_EQUAL(trace_set(0, 0), 0);
    uint64_t total = 0;
    for (uint32_t cpu = 0;; cpu++) {
        a = (struct ringside_trace_read){.records = (uint64_t)records, .n = ROOM, .cpu = cpu};
        if (HYPERCALL(ringside, RINGSIDE_trace_read, &a, 0, 0, 0) != 0)
            break;
        total += a.n + a.lost;
        if (cpu == 0 && a.n != 0)
            CHECK_EQUAL(records[0].what[0], __HYPERVISOR_xen_version);
    }
    CHECK(total - lost >= 3 * ROOM);
    trace_empty();
}

TEST(trace_refuses)
{
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    CHECK_EQUAL(HYPERCALL(ringside, 77, NULL, 0, 0, 0), -XEN_ENOSYS);
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_trace_set, POINTER_BAD, 0, 0, 0), -XEN_EFAULT);
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_trace_read, POINTER_BAD, 0, 0, 0), -XEN_EFAULT);
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_KINDS, 0), -XEN_EINVAL);
    CHECK_EQUAL(trace_set(0, UINT32_MAX), -XEN_EINVAL);
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_HYPERCALL, 0), 0);
    CHECK_EQUAL(trace_set(0, 0), 0);
    CHECK_EQUAL(trace_read(1000, records, 1), -XEN_ENOENT);
    CHECK_EQUAL(trace_read(UINT32_MAX, records, 1), -XEN_ENOENT);
    CHECK_EQUAL(trace_read(0, records, 0), 0);
    /* What could not be given is not gone. */
    long port = event_bind_ipi(0);
    REQUIRE(port > 0);
    trace_empty();
    CHECK_EQUAL(trace_set(1U << RINGSIDE_TRACE_SEND, 0), 0);
    CHECK_EQUAL(event_send((evtchn_port_t)port), 0);
    CHECK_EQUAL(trace_set(0, 0), 0);
    unsigned n = 0;
    for (uint32_t cpu = 0; trace_read(cpu, records, 0) == 0; cpu++)
        n += trace_read(cpu, POINTER_BAD, ROOM) == -XEN_EFAULT;
    CHECK_EQUAL(n, 1);
    CHECK_EQUAL(count(RINGSIDE_TRACE_SEND, (uint64_t)port), 1);
    event_clear((evtchn_port_t)port);
    event_drop((evtchn_port_t)port);
}

/* SPDX-License-Identifier: MIT */
/* platform_op: the control domain sets the clock, and learns of processors. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

static struct xen_platform_op operation(uint32_t command)
{
    return (struct xen_platform_op){.cmd = command, .interface_version = XENPF_INTERFACE_VERSION};
}

static long set_time(uint64_t seconds, uint32_t nanoseconds, uint64_t system_time)
{
    struct xen_platform_op op = operation(XENPF_settime64);
    op.u.settime64.secs = seconds;
    op.u.settime64.nsecs = nanoseconds;
    op.u.settime64.system_time = system_time;
    return hypercall_platform_op(&op);
}

/* Wall time when system time was 0. */
static uint64_t wall_start(void)
{
    return (uint64_t)shared_info->wc_sec_hi << 32 | shared_info->wc_sec;
}

TEST(platform_sets_the_clock)
{
    uint64_t seconds = wall_start();
    uint32_t nanoseconds = shared_info->wc_nsec;
    uint32_t version = shared_info->wc_version;
    CHECK_EQUAL(set_time(seconds + 1000, 700000000, 600000000), 0);
    CHECK_EQUAL(wall_start(), seconds + 1000);
    CHECK_EQUAL(shared_info->wc_nsec, 100000000);
    CHECK(shared_info->wc_version > version);
    CHECK_EQUAL(shared_info->wc_version % 2, 0);
    /* A second is borrowed where system time has more nanoseconds. */
    CHECK_EQUAL(set_time(seconds + 1000, 100000000, 3 * NS_PER_SECOND + 200000000), 0);
    CHECK_EQUAL(wall_start(), seconds + 996);
    CHECK_EQUAL(shared_info->wc_nsec, 900000000);

    struct xen_platform_op op = operation(XENPF_settime32);
    op.u.settime32.secs = 86400;
    CHECK_EQUAL(hypercall_platform_op(&op), 0);
    CHECK_EQUAL(wall_start(), 86400);
    CHECK_EQUAL(set_time(seconds, nanoseconds, 0), 0);
    CHECK_EQUAL(wall_start(), seconds);
    CHECK_EQUAL(shared_info->wc_nsec, nanoseconds);
}

/* Of what the header leaves open, Xen takes all; ours takes no time before 1970. */
TEST(platform_refuses_times)
{
    uint64_t seconds = wall_start();
    struct xen_platform_op op = operation(XENPF_settime64);
    op.u.settime64.secs = 5;
    op.u.settime64.mbz = 1;
    CHECK_EQUAL(hypercall_platform_op(&op), -XEN_EINVAL);
    if (start_on_ringside()) {
        CHECK_EQUAL(set_time(1, NS_PER_SECOND, 0), -XEN_EINVAL);
        CHECK_EQUAL(set_time(1, 0, NS_PER_SECOND + 1), -XEN_EINVAL);
        CHECK_EQUAL(set_time(UINT64_MAX, 0, 0), -XEN_EINVAL);
    }
    CHECK_EQUAL(wall_start(), seconds);
}

TEST(platform_names_processors)
{
    struct xen_platform_op op = operation(XENPF_get_cpuinfo);
    CHECK_EQUAL(hypercall_platform_op(&op), 0);
    CHECK_EQUAL(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
    uint32_t last = op.u.pcpu_info.max_present;
    uint32_t first_id = op.u.pcpu_info.apic_id;
    if (last > 0) {
        op.u.pcpu_info.xen_cpuid = last;
        CHECK_EQUAL(hypercall_platform_op(&op), 0);
        CHECK_EQUAL(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_ONLINE);
        CHECK(op.u.pcpu_info.apic_id != first_id);
    }
    op.u.pcpu_info.xen_cpuid = last + 1;
    CHECK_EQUAL(hypercall_platform_op(&op), 0);
    CHECK_EQUAL(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
    op.u.pcpu_info.xen_cpuid = ~0U;
    CHECK_EQUAL(hypercall_platform_op(&op), 0);
    CHECK_EQUAL(op.u.pcpu_info.flags, XEN_PCPU_FLAGS_INVALID);
}

TEST(platform_refuses)
{
    struct xen_platform_op op = operation(XENPF_get_cpuinfo);
    op.interface_version = 0;
    CHECK_EQUAL(hypercall_platform_op(&op), -XEN_EACCES);
    op = operation(4711);
    CHECK_EQUAL(hypercall_platform_op(&op), -XEN_ENOSYS);
    CHECK_EQUAL(hypercall_platform_op(POINTER_BAD), -XEN_EFAULT);
}

/* SPDX-License-Identifier: MIT */
/* sysctl: what the control domain is told about the machine. */
#include "guest/time.h"
#include "tests/system/guests/tiny.h"

TEST(system_refuses)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION - 1};
    CHECK_EQUAL(hypercall_sysctl(POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_sysctl(&op), -XEN_EACCES);
    op.cmd = 0;
    CHECK_EQUAL(control_system(&op), -XEN_ENOSYS);
    op.cmd = 999;
    CHECK_EQUAL(control_system(&op), -XEN_ENOSYS);
}

TEST(system_machine)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    REQUIRE(CHECK_EQUAL(control_system(&op), 0));
    const struct xen_sysctl_physinfo *m = &op.u.physinfo;
    CHECK(m->nr_cpus >= 1);
    CHECK(m->max_cpu_id >= m->nr_cpus - 1);
    CHECK(m->nr_nodes >= 1);
    CHECK(m->cpu_khz >= 1000);
    CHECK(m->capabilities & XEN_SYSCTL_PHYSCAP_pv);
    CHECK(m->capabilities & XEN_SYSCTL_PHYSCAP_gnttab_v1);
    CHECK(m->total_pages > m->free_pages);
    CHECK(m->max_mfn >= m->total_pages / 2);
    CHECK(m->hw_cap[0] & 1U << 6); /* PAE */
}

TEST(system_lists_domains)
{
    static xen_domctl_getdomaininfo_t list[4];
    struct tiny a;
    struct tiny b;
    REQUIRE(tiny_create(&a, 1));
    REQUIRE(tiny_create(&b, 1));
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist,
                            .u.getdomaininfolist = {.max_domains = LENGTH(list)}};
    set_xen_guest_handle(op.u.getdomaininfolist.buffer, list);
    CHECK_EQUAL(control_system(&op), 0);
    CHECK_EQUAL(op.u.getdomaininfolist.num_domains, 3);
    CHECK_EQUAL(list[0].domain, 0);
    CHECK_EQUAL(list[1].domain, a.id < b.id ? a.id : b.id);
    CHECK_EQUAL(list[2].domain, a.id < b.id ? b.id : a.id);
    op.u.getdomaininfolist.first_domain = 1;
    op.u.getdomaininfolist.max_domains = 1;
    CHECK_EQUAL(control_system(&op), 0);
    CHECK_EQUAL(op.u.getdomaininfolist.num_domains, 1);
    CHECK_EQUAL(list[0].domain, a.id < b.id ? a.id : b.id);
    op.u.getdomaininfolist.buffer.p = POINTER_BAD;
    CHECK_EQUAL(control_system(&op), -XEN_EFAULT);
    tiny_destroy(&a);
    tiny_destroy(&b);
}

TEST(system_idle_time)
{
    static xen_sysctl_cpuinfo_t before[64];
    static xen_sysctl_cpuinfo_t after[64];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_getcpuinfo,
                            .u.getcpuinfo = {.max_cpus = LENGTH(before)}};
    set_xen_guest_handle(op.u.getcpuinfo.info, before);
    REQUIRE(CHECK_EQUAL(control_system(&op), 0));
    uint32_t n = op.u.getcpuinfo.nr_cpus;
    CHECK(n >= 1);
    time_sleep_until(NS(time_system().n + 20 * NS_PER_MS));
    op.u.getcpuinfo.max_cpus = LENGTH(after);
    set_xen_guest_handle(op.u.getcpuinfo.info, after);
    CHECK_EQUAL(control_system(&op), 0);
    CHECK_EQUAL(op.u.getcpuinfo.nr_cpus, n);
    uint64_t idle = 0;
    for (uint32_t i = 0; i < n; i++)
        idle += after[i].idletime - before[i].idletime;
    CHECK(idle > NS_PER_MS);
}

TEST(system_topology)
{
    static xen_sysctl_cputopo_t list[64];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_cputopoinfo};
    CHECK_EQUAL(control_system(&op), 0);
    uint32_t n = op.u.cputopoinfo.num_cpus;
    CHECK(n >= 1);
    op.u.cputopoinfo.num_cpus = LENGTH(list);
    set_xen_guest_handle(op.u.cputopoinfo.cputopo, list);
    memset(list, 0xff, sizeof(list));
    CHECK_EQUAL(control_system(&op), 0);
    CHECK_EQUAL(op.u.cputopoinfo.num_cpus, n);
    CHECK_EQUAL(list[0].node, 0);
    op = (struct xen_sysctl){.cmd = XEN_SYSCTL_numainfo};
    static xen_sysctl_meminfo_t memory[8];
    op.u.numainfo.num_nodes = LENGTH(memory);
    set_xen_guest_handle(op.u.numainfo.meminfo, memory);
    CHECK_EQUAL(control_system(&op), 0);
    CHECK_EQUAL(op.u.numainfo.num_nodes, 1);
    CHECK(memory[0].memsize > memory[0].memfree);
}

/* The hypervisor's own messages, from a number on; what guests print is not among them. */
TEST(system_console)
{
    static char text[512];
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_readconsole,
                            .u.readconsole = {.count = sizeof(text)}};
    set_xen_guest_handle(op.u.readconsole.buffer, text);
    REQUIRE(CHECK_EQUAL(control_system(&op), 0));
    uint32_t n = op.u.readconsole.count;
    CHECK(n > 0 && n <= sizeof(text));
    for (uint32_t i = 0; i < n; i++) {
        if (!CHECK((text[i] >= ' ' && text[i] <= '~') || text[i] == '\n' || text[i] == '\r' ||
                   text[i] == 27))
            break;
    }
    /* What is behind that. */
    uint32_t index = op.u.readconsole.index;
    op.u.readconsole.incremental = 1;
    op.u.readconsole.count = 16;
    CHECK_EQUAL(control_system(&op), 0);
    CHECK_EQUAL(op.u.readconsole.index, index + op.u.readconsole.count);
    op.u.readconsole.count = 16;
    op.u.readconsole.index = index - 8;
    op.u.readconsole.buffer.p = POINTER_BAD;
    CHECK_EQUAL(control_system(&op), -XEN_EFAULT);
}

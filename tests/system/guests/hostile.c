/* SPDX-License-Identifier: MIT */
/* Pointers that are readable and writable, but not to a guest: into the hypervisor's own range. */
#include "tests/system/guests/support.h"

/* What there is at them differs between hypervisors, and must not matter: the table that guests may
 * read, what lies next to it, all memory mapped linearly, the end of the range. */
static const uint64_t forbidden[] = {
    HYPERVISOR_VIRT_START + PAGE_SIZE, MACH2PHYS_VIRT_END, 0xffff820000200000, 0xffff830000100000,
    HYPERVISOR_VIRT_END - 8,
};

TEST(hostile_pointers_for_arguments)
{
    for (unsigned i = 0; i < LENGTH(forbidden); i++) {
        void *at = (void *)forbidden[i];
        CHECK_EQUAL(hypercall_sched_op(SCHEDOP_shutdown_code, at), -XEN_EFAULT);
        CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, at), -XEN_EFAULT);
        CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_send, at), -XEN_EFAULT);
        CHECK_EQUAL(hypercall_set_trap_table(at), -XEN_EFAULT);
        CHECK_EQUAL(hypercall_mmu_update(at, 1, NULL, DOMID_SELF), -XEN_EFAULT);
    }
}

TEST(hostile_pointers_for_results)
{
    for (unsigned i = 0; i < LENGTH(forbidden); i++) {
        void *at = (void *)forbidden[i];
        CHECK_EQUAL(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, at), -XEN_EFAULT);
        CHECK_EQUAL(hypercall_xen_version(XENVER_capabilities, at), -XEN_EFAULT);
        CHECK_EQUAL(hypercall_memory_op(XENMEM_machphys_mapping, at), -XEN_EFAULT);
        CHECK_EQUAL(hypercall_xen_version(XENVER_platform_parameters, at), -XEN_EFAULT);
    }
}

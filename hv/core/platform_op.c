/* SPDX-License-Identifier: MIT */
/* platform_op: what the control domain's kernel does for the machine, and asks of it. */
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"

#include <xen/platform.h>

/* The wall clock when system time was 0 is what guests are told, of all domains. */
static long set_time(uint64_t seconds, uint32_t nanoseconds, uint64_t system_time)
{
    uint64_t now;
    if (nanoseconds >= NS_PER_S || __builtin_mul_overflow(seconds, (uint64_t)NS_PER_S, &now) ||
        __builtin_add_overflow(now, nanoseconds, &now) || now < system_time)
        return -XEN_EINVAL;
    now -= system_time;
    wall_clock_set(now / NS_PER_S, (uint32_t)(now % NS_PER_S));
    struct domain *d;
    for (uint32_t id = 0; id <= UINT16_MAX && (d = domain_get_next((uint16_t)id)) != NULL;) {
        id = d->id + 1U;
        wall_clock_publish(d);
        domain_put(d);
    }
    return 0;
}

static void describe_cpu(struct xenpf_pcpuinfo *c)
{
    c->max_present = arch_cpu_count() - 1;
    if (c->xen_cpuid > c->max_present) {
        c->flags = XEN_PCPU_FLAGS_INVALID;
        return;
    }
    uint64_t id = arch_physical_id(c->xen_cpuid);
    c->flags = XEN_PCPU_FLAGS_ONLINE;
    c->apic_id = (uint32_t)id;
    c->acpi_id = (uint32_t)(id >> 32);
}

long do_platform_op(uint64_t argument)
{
    struct xen_platform_op op;
    vaddr_t at = vaddr(argument);

    if (!current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    if (!copy_from_guest(&op, at, sizeof(op)))
        return -XEN_EFAULT;
    if (op.interface_version != XENPF_INTERFACE_VERSION)
        return -XEN_EACCES;
    switch (op.cmd) {
    case XENPF_settime32:
        return set_time(op.u.settime32.secs, op.u.settime32.nsecs, op.u.settime32.system_time);
    case XENPF_settime64:
        if (op.u.settime64.mbz != 0)
            return -XEN_EINVAL;
        return set_time(op.u.settime64.secs, op.u.settime64.nsecs, op.u.settime64.system_time);
    case XENPF_get_cpuinfo:
        describe_cpu(&op.u.pcpu_info);
        return copy_to_guest(at, &op, sizeof(op)) ? 0 : -XEN_EFAULT;
    default:
        return -XEN_ENOSYS;
    }
}

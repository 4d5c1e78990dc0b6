/* SPDX-License-Identifier: MIT */
/* sysctl: what the control domain asks about the machine (xen/sysctl.h). */
#include "hv/core/abi.h"

#include <xen/sysctl.h>

#include "hv/core/arch.h"
#include "hv/core/boot_info.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/domctl.h"
#include "hv/core/domctl_sched.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/log.h"
#include "hv/core/vcpu.h"

/* ---- the console */

#define CHUNK 256U

static long read_console(struct xen_sysctl *op)
{
    struct xen_sysctl_readconsole *r = &op->u.readconsole;
    uint32_t at = r->incremental ? r->index : log_start();
    uint32_t done = 0;
    while (done < r->count) {
        char text[CHUNK];
        uint32_t n = log_read(text, min(r->count - done, CHUNK), &at);
        if (n == 0)
            break;
        if (!copy_to_guest(vaddr(guest_handle(r->buffer).a + done), text, n))
            return -XEN_EFAULT;
        done += n;
    }
    if (r->clear)
        log_clear(at);
    r->count = done;
    r->index = at;
    return 0;
}

/* ---- domains */

static long list_domains(struct xen_sysctl *op)
{
    struct xen_sysctl_getdomaininfolist *l = &op->u.getdomaininfolist;
    uint32_t n = 0;
    long rc = 0;
    for (uint32_t id = l->first_domain; n < l->max_domains && rc == 0 && id <= UINT16_MAX; n++) {
        struct domain *d = domain_get_next((uint16_t)id);
        if (d == NULL)
            break;
        struct xen_domctl_getdomaininfo info;
        domain_describe(d, &info);
        id = d->id + 1U;
        domain_put(d);
        if (!copy_element_to_guest(guest_handle(l->buffer), n, &info, sizeof(info)))
            rc = -XEN_EFAULT;
    }
    l->num_domains = n;
    return rc;
}

/* ---- the machine */

static uint64_t usable_frames(void)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < boot_info.n_regions; i++) {
        const struct region *r = &boot_info.regions[i];
        if (r->kind == REGION_USABLE)
            n += (r->end - r->start) >> PAGE_SHIFT;
    }
    return n;
}

static long describe_machine(struct xen_sysctl *op)
{
    uint32_t cpus = arch_cpu_count();
    op->u.physinfo = (struct xen_sysctl_physinfo){
        .threads_per_core = 1,
        .cores_per_socket = cpus,
        .nr_cpus = cpus,
        .max_cpu_id = cpus - 1,
        .nr_nodes = 1,
        .max_node_id = 0,
        .capabilities = XEN_SYSCTL_PHYSCAP_pv | XEN_SYSCTL_PHYSCAP_gnttab_v1,
        .cpu_khz = arch_clock_khz(),
        .total_pages = usable_frames(),
        .free_pages = heap_free_frames(),
        .max_mfn = frame_count - 1,
    };
    arch_features(op->u.physinfo.hw_cap);
    return 0;
}

static long list_cpus(struct xen_sysctl *op)
{
    struct xen_sysctl_getcpuinfo *c = &op->u.getcpuinfo;
    uint32_t n = min(c->max_cpus, arch_cpu_count());
    for (uint32_t i = 0; i < n; i++) {
        struct xen_sysctl_cpuinfo info = {.idletime = arch_idle_time(i)};
        if (!copy_element_to_guest(guest_handle(c->info), i, &info, sizeof(info)))
            return -XEN_EFAULT;
    }
    c->nr_cpus = n;
    return 0;
}

/* All memory is one node's, and each CPU a core of one socket. */
static long list_topology(struct xen_sysctl *op)
{
    struct xen_sysctl_cputopoinfo *t = &op->u.cputopoinfo;
    uint32_t cpus = arch_cpu_count();
    uint32_t n = 0;
    for (; guest_handle(t->cputopo).a != 0 && n < cpus && n < t->num_cpus; n++) {
        struct xen_sysctl_cputopo info = {.core = n};
        if (!copy_element_to_guest(guest_handle(t->cputopo), n, &info, sizeof(info)))
            return -XEN_EFAULT;
    }
    t->num_cpus = cpus;
    return 0;
}

#define DISTANCE_SELF 10 /* the firmware's unit: to its own memory (ACPI 6.5, 5.2.17) */

static long list_nodes(struct xen_sysctl *op)
{
    struct xen_sysctl_numainfo *m = &op->u.numainfo;
    struct xen_sysctl_meminfo info = {
        .memsize = usable_frames() << PAGE_SHIFT,
        .memfree = heap_free_frames() << PAGE_SHIFT,
    };
    uint32_t distance = DISTANCE_SELF;
    if (m->num_nodes != 0 && guest_handle(m->meminfo).a != 0 &&
        !copy_to_guest(guest_handle(m->meminfo), &info, sizeof(info)))
        return -XEN_EFAULT;
    if (m->num_nodes != 0 && guest_handle(m->distance).a != 0 &&
        !copy_to_guest(guest_handle(m->distance), &distance, sizeof(distance)))
        return -XEN_EFAULT;
    m->num_nodes = 1;
    return 0;
}

static long available_heap(struct xen_sysctl *op)
{
    op->u.availheap.avail_bytes = heap_free_frames() << PAGE_SHIFT;
    return 0;
}

/* ---- the scheduler: domctl_sched.c */

static long sched_id(struct xen_sysctl *op)
{
    op->u.sched_id.sched_id = sysctl_sched_id();
    return 0;
}

static long scheduler_op(struct xen_sysctl *op)
{
    return sysctl_scheduler_op(&op->u.scheduler_op);
}

/* ---- the hypercall */

static long (*const operations[])(struct xen_sysctl *op) = {
    [XEN_SYSCTL_readconsole] = read_console,  [XEN_SYSCTL_getcpuinfo] = list_cpus,
    [XEN_SYSCTL_sched_id] = sched_id,         [XEN_SYSCTL_scheduler_op] = scheduler_op,
    [XEN_SYSCTL_physinfo] = describe_machine, [XEN_SYSCTL_getdomaininfolist] = list_domains,
    [XEN_SYSCTL_availheap] = available_heap,  [XEN_SYSCTL_cputopoinfo] = list_topology,
    [XEN_SYSCTL_numainfo] = list_nodes,
};

long do_sysctl(uint64_t argument)
{
    struct xen_sysctl op;
    if (!copy_from_guest(&op, vaddr(argument), sizeof(op)))
        return -XEN_EFAULT;
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION)
        return -XEN_EACCES;
    if (!current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    if (op.cmd >= array_size(operations) || operations[op.cmd] == NULL)
        return -XEN_ENOSYS;
    long rc = operations[op.cmd](&op);
    if (rc == 0 && !copy_to_guest(vaddr(argument), &op, sizeof(op)))
        return -XEN_EFAULT;
    return rc;
}

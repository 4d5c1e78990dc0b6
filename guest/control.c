/* SPDX-License-Identifier: MIT */
#include "guest/control.h"
#include "guest/hypercall.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/table.h"

#define LARGE_ORDER 9 /* 2 MiB: frames come faster in large pieces */
#define LARGE_PAGES (1UL << LARGE_ORDER)

long control_domain(struct xen_domctl *op)
{
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    return hypercall_domctl(op);
}

long control_system(struct xen_sysctl *op)
{
    op->interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    return hypercall_sysctl(op);
}

/* ---- life */

long control_create(const struct xen_domctl_createdomain *config, domid_t *domain)
{
    /* 0 is no id to ask for: the hypervisor chooses. */
    struct xen_domctl op = {.cmd = XEN_DOMCTL_createdomain, .u.createdomain = *config};
    long error = control_domain(&op);
    *domain = op.domain;
    return error;
}

static long simply(uint32_t cmd, domid_t domain)
{
    struct xen_domctl op = {.cmd = cmd, .domain = domain};
    return control_domain(&op);
}

long control_destroy(domid_t domain)
{
    long error;
    do /* in pieces: Linux's ERESTART is no error of the ABI, EAGAIN is */
        error = simply(XEN_DOMCTL_destroydomain, domain);
    while (error == -XEN_EAGAIN);
    return error;
}

long control_pause(domid_t domain)
{
    return simply(XEN_DOMCTL_pausedomain, domain);
}

long control_unpause(domid_t domain)
{
    return simply(XEN_DOMCTL_unpausedomain, domain);
}

/* ---- memory and vcpus */

long control_max_vcpus(domid_t domain, unsigned vcpus)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_max_vcpus, .domain = domain, .u.max_vcpus.max = vcpus};
    return control_domain(&op);
}

long control_max_memory(domid_t domain, uint64_t pages)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_max_mem,
                            .domain = domain,
                            .u.max_mem.max_memkb = pages * (PAGE_SIZE / 1024)};
    return control_domain(&op);
}

/* `frames` holds the first pfn of each extent, and gets its first frame. */
static size_t populate(domid_t domain, uint64_t *frames, size_t extents, unsigned order)
{
    struct xen_memory_reservation reservation = {
        .extent_start = {frames}, .nr_extents = extents, .extent_order = order, .domid = domain};
    long done = hypercall_memory_op(XENMEM_populate_physmap, &reservation);
    return done > 0 ? (size_t)done : 0;
}

size_t control_populate(domid_t domain, uint64_t *frames, size_t n)
{
    size_t large = n / LARGE_PAGES;
    for (size_t i = 0; i < large; i++)
        frames[i] = i * LARGE_PAGES;
    large = populate(domain, frames, large, LARGE_ORDER);
    for (size_t i = large; i-- > 0;) { /* from the end, because it grows in place */
        uint64_t first = frames[i];
        for (size_t page = LARGE_PAGES; page-- > 0;)
            frames[i * LARGE_PAGES + page] = first + page;
    }
    size_t done = large * LARGE_PAGES;
    for (size_t i = done; i < n; i++)
        frames[i] = i;
    return done + populate(domain, frames + done, n - done, 0);
}

long control_hypercall_page(domid_t domain, uint64_t frame)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_hypercall_init, .domain = domain, .u.hypercall_init.gmfn = frame};
    return control_domain(&op);
}

static long context(uint32_t cmd, domid_t domain, unsigned vcpu, struct vcpu_guest_context *at)
{
    struct xen_domctl op = {.cmd = cmd, .domain = domain, .u.vcpucontext.vcpu = vcpu};
    set_xen_guest_handle(op.u.vcpucontext.ctxt, at);
    return control_domain(&op);
}

long control_set_context(domid_t domain, unsigned vcpu, const struct vcpu_guest_context *at)
{
    return context(XEN_DOMCTL_setvcpucontext, domain, vcpu, (struct vcpu_guest_context *)at);
}

long control_get_context(domid_t domain, unsigned vcpu, struct vcpu_guest_context *at)
{
    return context(XEN_DOMCTL_getvcpucontext, domain, vcpu, at);
}

long control_pin(domid_t domain, uint64_t frame)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = frame};
    return hypercall_mmuext_op(&op, 1, NULL, domain);
}

long control_affinity(domid_t domain, unsigned vcpu, uint64_t cpus)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_setvcpuaffinity,
        .domain = domain,
        .u.vcpuaffinity = {.vcpu = vcpu,
                           .flags = XEN_VCPUAFFINITY_HARD,
                           .cpumap_hard = {.nr_bits = 8 * sizeof(cpus)}},
    };
    set_xen_guest_handle(op.u.vcpuaffinity.cpumap_hard.bitmap, (uint8_t *)&cpus);
    return control_domain(&op);
}

/* ---- what there is */

long control_info(domid_t domain, struct xen_domctl_getdomaininfo *info)
{
    /* It answers for the next domain that there is. */
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getdomaininfo, .domain = domain};
    long error = control_domain(&op);
    *info = op.u.getdomaininfo;
    return !error && op.domain != domain ? -XEN_ESRCH : error;
}

unsigned control_shutdown_reason(const struct xen_domctl_getdomaininfo *info)
{
    return info->flags >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask;
}

long control_machine(struct xen_sysctl_physinfo *info)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo};
    long error = control_system(&op);
    *info = op.u.physinfo;
    info->free_pages += info->scrub_pages;
    return error;
}

long control_scheduler(uint32_t *id)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_sched_id};
    long error = control_system(&op);
    *id = op.u.sched_id.sched_id;
    return error;
}

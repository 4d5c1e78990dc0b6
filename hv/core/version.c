/* SPDX-License-Identifier: MIT */
/* xen_version: which hypervisor this is. The interface is 4.17's; what answers is Ringside. */
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

#include <xen/features.h>
#include <xen/version.h>

#define ABI_MAJOR 4
#define ABI_MINOR 17

static long give(vaddr_t to, const void *what, size_t size)
{
    return copy_to_guest(to, what, size) ? 0 : -XEN_EFAULT;
}

static long give_text(vaddr_t to, const char *text, size_t size)
{
    char padded[1024] = {0};
    memcpy(padded, text, strlen(text) + 1);
    return give(to, padded, size);
}

static long get_features(vaddr_t at)
{
    struct xen_feature_info f;
    if (!copy_from_guest(&f, at, sizeof(f)))
        return -XEN_EFAULT;
    if (f.submap_idx != 0)
        return -XEN_EINVAL;
    f.submap = 1U << XENFEAT_mmu_pt_update_preserve_ad | 1U << XENFEAT_highmem_assist |
               1U << XENFEAT_gnttab_map_avail_bits;
    if (current_vcpu()->domain == control_domain)
        f.submap |= 1U << XENFEAT_dom0;
    if (current_vcpu()->domain->vm_assist & 1UL << VMASST_TYPE_pae_extended_cr3)
        f.submap |= 1U << XENFEAT_pae_pgdir_above_4gb;
    return give(at, &f, sizeof(f));
}

static long other_versions(uint64_t op, vaddr_t at)
{
    switch ((unsigned)op) {
    case XENVER_extraversion:
        return give_text(at, ".ringside", sizeof(xen_extraversion_t));
    case XENVER_compile_info: {
        struct xen_compile_info c = {
            .compiler = "gcc",
            .compile_by = "ringside",
            .compile_domain = "ringside",
            .compile_date = "",
        };
        return give(at, &c, sizeof(c));
    }
    case XENVER_capabilities:
        return give_text(at, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
    case XENVER_changeset:
        return give_text(at, "unavailable", sizeof(xen_changeset_info_t));
    case XENVER_platform_parameters: {
        xen_platform_parameters_t p = {.virt_start = HYPERVISOR_VIRT_START};
        return give(at, &p, sizeof(p));
    }
    case XENVER_get_features:
        return get_features(at);
    case XENVER_pagesize:
        return at.a == 0 ? (long)PAGE_SIZE : -XEN_EINVAL;
    case XENVER_guest_handle:
        return give(at, current_vcpu()->domain->handle, sizeof(xen_domain_handle_t));
    case XENVER_commandline:
        return give_text(at, "", sizeof(xen_commandline_t));
    default:
        return -XEN_ENOSYS;
    }
}

/* The version alone is the null hypercall that is measured; it comes first and on its own. */
long do_xen_version(uint64_t op, uint64_t argument)
{
    if (likely((unsigned)op == XENVER_version))
        return ABI_MAJOR << 16 | ABI_MINOR;
    return other_versions(op, vaddr(argument));
}

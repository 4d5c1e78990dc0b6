/* SPDX-License-Identifier: MIT */
/*
 * memory_op: how much memory a domain has, and which. Reservations return how many extents were
 * done; the number done so far travels in the operation's upper bits when a call is continued.
 */
#include "hv/core/arch.h"
#include "hv/core/boot_info.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/foreign.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

#include <xen/memory.h>

#define OP_BITS 6 /* MEMOP_EXTENT_SHIFT: extents done above */
#define OP_MASK ((1U << OP_BITS) - 1)
#define EXTENTS_MAX (~0UL >> (OP_BITS + 1))

/* The largest extent: the control domain may ask for contiguous memory for devices. */
#define ORDER_MAX_GUEST 9U
#define ORDER_MAX_CONTROL 18U

#define FLAGS_ADDRESS_BITS(flags) ((flags)&0xffU) /* XENMEMF_get_address_bits */

struct reservation {
    struct xen_memory_reservation r;
    struct domain *d;
    vaddr_t extents;
    uint64_t done;
};

static unsigned address_bits(unsigned flags)
{
    unsigned bits = FLAGS_ADDRESS_BITS(flags);
    return bits == 0 ? 64 : bits;
}

/*
 * Only the control domain has devices, which may not reach all memory. For others a limit that is
 * one would be a way to have all free memory looked through for what is not there.
 */
static bool bits_allowed(const struct domain *caller, unsigned flags)
{
    unsigned bits = address_bits(flags);
    return caller->privileged || bits >= 64 || frame_count << PAGE_SHIFT <= 1UL << bits;
}

static bool order_allowed(const struct domain *caller, unsigned order)
{
    return order <= (caller->privileged ? ORDER_MAX_CONTROL : ORDER_MAX_GUEST);
}

/* ---- one extent each; false: no further */

/* populate_physmap: the guest says where in its numbering; increase: it does not. */
static bool extent_add(struct reservation *a, uint64_t i, bool numbered)
{
    xen_pfn_t first = 0;
    if (numbered && !copy_element_from_guest(&first, a->extents, i, sizeof(first)))
        return false;
    mfn_t m = domain_alloc(a->d, a->r.extent_order, address_bits(a->r.mem_flags), true);
    if (mfn_is_none(m))
        return false;
    if (numbered) {
        for (uint64_t k = 0; k < 1UL << a->r.extent_order; k++)
            arch_m2p_set(mfn(m.n + k), first + k);
    }
    xen_pfn_t out = m.n;
    if (a->extents.a == 0 || copy_element_to_guest(a->extents, i, &out, sizeof(out)))
        return true;
    /* The guest would never learn which: it has not got them. */
    for (uint64_t k = 0; k < 1UL << a->r.extent_order; k++)
        domain_release_frame(a->d, mfn(m.n + k));
    return false;
}

static bool extent_remove(struct reservation *a, uint64_t i)
{
    xen_pfn_t first;
    if (!copy_element_from_guest(&first, a->extents, i, sizeof(first)))
        return false;
    for (uint64_t k = 0; k < 1UL << a->r.extent_order; k++) {
        if (!domain_release_frame(a->d, mfn(first + k)))
            return false;
    }
    return true;
}

static bool extent(struct reservation *a, unsigned op, uint64_t i)
{
    switch (op) {
    case XENMEM_increase_reservation:
        return extent_add(a, i, false);
    case XENMEM_populate_physmap:
        return extent_add(a, i, true);
    default:
        return extent_remove(a, i);
    }
}

static long reservation(uint64_t op, vaddr_t at)
{
    struct reservation a = {.done = op >> OP_BITS};
    int rc;

    if (!copy_from_guest(&a.r, at, sizeof(a.r)))
        return (long)a.done;
    if (a.r.nr_extents > EXTENTS_MAX || a.done >= a.r.nr_extents)
        return (long)a.done;
    a.extents = guest_handle(a.r.extent_start);
    if (!order_allowed(current_vcpu()->domain, a.r.extent_order) ||
        !bits_allowed(current_vcpu()->domain, a.r.mem_flags))
        return (long)a.done;
    a.d = foreign_get(a.r.domid, &rc);
    if (a.d == NULL)
        return (long)a.done;

    uint64_t start = a.done;
    bool more = true;
    for (; a.done < a.r.nr_extents && more; a.done += more) {
        if (a.done != start && preempt_needed()) {
            domain_put(a.d);
            return hypercall_continue(__HYPERVISOR_memory_op, 2, (op & OP_MASK) | a.done << OP_BITS,
                                      at.a);
        }
        more = extent(&a, op & OP_MASK, a.done);
    }
    domain_put(a.d);
    return (long)a.done;
}

/*
 * ---- exchange: frames of the guest for others, in larger or smaller pieces
 *
 * Done in chunks, each the size of the larger extent. Before anything of a chunk is given away it
 * is checked, its new frames are there, and the guest has been told: in its list, and in
 * nr_exchanged. What was not exchanged is as it was, in the lists too (memory.h).
 */

#define CHUNK_ORDER_MAX 9U
#define CHUNK_FRAMES (1U << CHUNK_ORDER_MAX)

struct exchange {
    struct xen_memory_exchange e;
    struct domain *d;
    unsigned chunk_order;
    vaddr_t done; /* the guest's nr_exchanged */
    mfn_t *in;    /* a chunk's frames */
    mfn_t *out;
    xen_pfn_t *first; /* where the guest wants `out` in its numbering */
};

/* Those that were taken are the domain's again. */
static void put_inputs(struct exchange *x, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        domain_keep(x->d, x->in[i]);
}

/* Why one of its frames cannot be had: the domain uses it, or it is not the domain's. */
static int why_not(const struct domain *d, mfn_t m)
{
    if (!frame_get(m, d))
        return -XEN_EINVAL;
    frame_put(frame_of(m));
    return -XEN_EBUSY;
}

/* Each of a chunk's frames becomes nobody's: from here on no vcpu of the domain can use it, so that
 * what goes is as much as what comes. */
static int take_inputs(struct exchange *x, uint64_t chunk)
{
    unsigned order = x->e.in.extent_order;
    uint64_t per_chunk = 1UL << (x->chunk_order - order);
    uint64_t n = 0;
    for (uint64_t i = 0; i < per_chunk; i++) {
        xen_pfn_t first;
        if (!copy_element_from_guest(&first, guest_handle(x->e.in.extent_start),
                                     chunk * per_chunk + i, sizeof(first))) {
            put_inputs(x, n);
            return -XEN_EFAULT;
        }
        for (uint64_t k = 0; k < 1UL << order; k++) {
            mfn_t m = mfn(first + k);
            if (!frame_take(m, x->d)) {
                put_inputs(x, n);
                return why_not(x->d, m);
            }
            x->in[n++] = m;
        }
    }
    return 0;
}

static void put_outputs(struct exchange *x, uint64_t n)
{
    while (n-- > 0)
        heap_free(x->out[n], x->e.out.extent_order);
}

/* The new ones, which are nobody's until the guest has been told. */
static int take_outputs(struct exchange *x)
{
    unsigned order = x->e.out.extent_order;
    uint64_t per_chunk = 1UL << (x->chunk_order - order);
    for (uint64_t i = 0; i < per_chunk; i++) {
        x->out[i] = heap_alloc(order, address_bits(x->e.out.mem_flags));
        if (mfn_is_none(x->out[i])) {
            put_outputs(x, i);
            return -XEN_ENOMEM;
        }
        for (uint64_t k = 0; k < 1UL << order; k++)
            domain_scrub(mfn(x->out[i].n + k));
    }
    return 0;
}

/* The new frames and the new count, in the guest's memory; or all of that as it was. */
static int tell_guest(struct exchange *x, uint64_t chunk, uint64_t exchanged)
{
    uint64_t per_chunk = 1UL << (x->chunk_order - x->e.out.extent_order);
    vaddr_t list = guest_handle(x->e.out.extent_start);
    uint64_t i = 0;
    for (; i < per_chunk; i++) {
        xen_pfn_t m = x->out[i].n;
        uint64_t n = chunk * per_chunk + i;
        if (!copy_element_from_guest(&x->first[i], list, n, sizeof(x->first[i])) ||
            !copy_element_to_guest(list, n, &m, sizeof(m)))
            break;
    }
    if (i == per_chunk && copy_to_guest(x->done, &exchanged, sizeof(exchanged)))
        return 0;
    while (i-- > 0)
        copy_element_to_guest(list, chunk * per_chunk + i, &x->first[i], sizeof(x->first[i]));
    return -XEN_EFAULT;
}

static int exchange_chunk(struct exchange *x, uint64_t chunk, uint64_t exchanged)
{
    uint64_t frames = 1UL << x->chunk_order;
    unsigned order = x->e.out.extent_order;
    int rc = take_inputs(x, chunk);
    if (rc != 0)
        return rc;
    rc = take_outputs(x);
    if (rc == 0) {
        rc = tell_guest(x, chunk, exchanged);
        if (rc != 0)
            put_outputs(x, frames >> order);
    }
    if (rc != 0) {
        put_inputs(x, frames);
        return rc;
    }
    /* As many come as go: the domain is charged for neither. */
    for (uint64_t i = 0; i < frames; i++) {
        mfn_t m = mfn(x->out[i >> order].n + i % (1UL << order));
        arch_m2p_set(m, x->first[i >> order] + i % (1UL << order));
        domain_give(x->d, m);
        heap_free(x->in[i], 0);
    }
    return 0;
}

static int check_exchange(const struct exchange *x, const struct domain *caller)
{
    const struct xen_memory_exchange *e = &x->e;
    unsigned larger = max(e->in.extent_order, e->out.extent_order);
    if (larger > CHUNK_ORDER_MAX || !order_allowed(caller, larger))
        return -XEN_EPERM;
    if (!bits_allowed(caller, e->out.mem_flags))
        return -XEN_ENOMEM;
    if (e->nr_exchanged > e->in.nr_extents || e->in.nr_extents > EXTENTS_MAX >> CHUNK_ORDER_MAX ||
        e->out.nr_extents > EXTENTS_MAX >> CHUNK_ORDER_MAX || e->in.domid != e->out.domid ||
        e->in.nr_extents << e->in.extent_order != e->out.nr_extents << e->out.extent_order)
        return -XEN_EINVAL;
    uint64_t per_chunk = 1UL << (larger - e->in.extent_order);
    if (e->nr_exchanged % per_chunk != 0 || e->in.nr_extents % per_chunk != 0)
        return -XEN_EINVAL;
    return 0;
}

/* Room for a chunk's lists: this CPU's, and the call does not go elsewhere meanwhile. */
static mfn_t chunk_in[CPUS_MAX][CHUNK_FRAMES], chunk_out[CPUS_MAX][CHUNK_FRAMES];
static xen_pfn_t chunk_first[CPUS_MAX][CHUNK_FRAMES];

static long exchange(vaddr_t at)
{
    struct exchange x = {
        .done = vaddr(at.a + offsetof(struct xen_memory_exchange, nr_exchanged)),
        .in = chunk_in[arch_cpu_id()],
        .out = chunk_out[arch_cpu_id()],
        .first = chunk_first[arch_cpu_id()],
    };
    int rc;
    if (!copy_from_guest(&x.e, at, sizeof(x.e)))
        return -XEN_EFAULT;
    rc = check_exchange(&x, current_vcpu()->domain);
    if (rc != 0)
        return rc;
    x.d = foreign_get(x.e.in.domid, &rc);
    if (x.d == NULL)
        return rc;
    x.chunk_order = max(x.e.in.extent_order, x.e.out.extent_order);
    uint64_t per_chunk = 1UL << (x.chunk_order - x.e.in.extent_order);
    uint64_t start = x.e.nr_exchanged;
    bool again = false;
    while (rc == 0 && x.e.nr_exchanged < x.e.in.nr_extents) {
        again = x.e.nr_exchanged != start && preempt_needed();
        if (again)
            break;
        rc = exchange_chunk(&x, x.e.nr_exchanged / per_chunk, x.e.nr_exchanged + per_chunk);
        if (rc == 0)
            x.e.nr_exchanged += per_chunk;
    }
    domain_put(x.d);
    if (again)
        return hypercall_continue(__HYPERVISOR_memory_op, 2, (uint64_t)XENMEM_exchange, at.a);
    return rc;
}

/* ---- questions */

static long domain_question(unsigned op, vaddr_t at)
{
    domid_t id;
    int rc;
    if (!copy_from_guest(&id, at, sizeof(id)))
        return -XEN_EFAULT;
    struct domain *d = foreign_get(id, &rc);
    if (d == NULL)
        return rc;
    long answer = op == XENMEM_current_reservation   ? (long)d->frames
                  : op == XENMEM_maximum_reservation ? (long)d->frames_max
                                                     : (long)d->shared->arch.max_pfn - 1;
    if (op == XENMEM_maximum_gpfn && d->shared->arch.max_pfn == 0)
        answer = (long)d->pfn_max;
    domain_put(d);
    return answer;
}

/* E820 entries: as the guest's own memory looks, or as the machine's. */
static long give_entry(vaddr_t list, uint32_t i, uint64_t start, uint64_t size, uint32_t type)
{
    struct {
        uint64_t start, size;
        uint32_t type;
    } __attribute__((packed)) e = {start, size, type};
    return copy_element_to_guest(list, i, &e, sizeof(e)) ? 0 : -XEN_EFAULT;
}

static long memory_map(unsigned op, vaddr_t at)
{
    struct xen_memory_map map;
    const struct domain *d = current_vcpu()->domain;
    if (!copy_from_guest(&map, at, sizeof(map)))
        return -XEN_EFAULT;
    vaddr_t list = guest_handle(map.buffer);
    uint32_t n = 0;
    if (op == XENMEM_memory_map) {
        /* For the others nobody has said what it looks like: their kernels know how much it is. */
        if (!d->privileged)
            return -XEN_ENOSYS;
        if (map.nr_entries < 1)
            return -XEN_EINVAL;
        if (give_entry(list, 0, 0, (d->pfn_max + 1) << PAGE_SHIFT, 1) != 0)
            return -XEN_EFAULT;
        n = 1;
    } else {
        if (!d->privileged)
            return -XEN_EPERM;
        /* Without a list: how long would it be? */
        for (; n < boot_info.n_regions && (n < map.nr_entries || list.a == 0); n++) {
            if (list.a == 0)
                continue;
            const struct region *r = &boot_info.regions[n];
            if (give_entry(list, n, r->start, r->end - r->start, r->type) != 0)
                return -XEN_EFAULT;
        }
    }
    map.nr_entries = n;
    return copy_to_guest(at, &map, sizeof(map)) ? 0 : -XEN_EFAULT;
}

static long machphys_mapping(vaddr_t at)
{
    struct xen_machphys_mapping m = {
        .v_start = MACH2PHYS_VIRT_START,
        .v_end = MACH2PHYS_VIRT_END,
        .max_mfn = MACH2PHYS_NR_ENTRIES - 1,
    };
    return copy_to_guest(at, &m, sizeof(m)) ? 0 : -XEN_EFAULT;
}

static long machphys_list(vaddr_t at)
{
    struct xen_machphys_mfn_list l;
    if (!current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    if (!copy_from_guest(&l, at, sizeof(l)))
        return -XEN_EFAULT;
    uint32_t n = 0;
    for (; n < l.max_extents; n++) {
        mfn_t m = arch_m2p_extent(n);
        xen_pfn_t out = m.n;
        if (mfn_is_none(m))
            break;
        if (!copy_element_to_guest(guest_handle(l.extent_start), n, &out, sizeof(out)))
            return -XEN_EFAULT;
    }
    l.nr_extents = n;
    return copy_to_guest(at, &l, sizeof(l)) ? 0 : -XEN_EFAULT;
}

long do_memory_op(uint64_t op, uint64_t argument)
{
    vaddr_t at = vaddr(argument);
    switch (op & OP_MASK) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return reservation(op, at);
    case XENMEM_exchange:
        return op >> OP_BITS != 0 ? -XEN_EINVAL : exchange(at);
    case XENMEM_maximum_ram_page:
        return (long)frame_count - 1;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return domain_question(op & OP_MASK, at);
    case XENMEM_memory_map:
    case XENMEM_machine_memory_map:
        return memory_map(op & OP_MASK, at);
    case XENMEM_machphys_mapping:
        return machphys_mapping(at);
    case XENMEM_machphys_mfn_list:
    case XENMEM_machphys_compat_mfn_list:
        return machphys_list(at);
    default:
        return -XEN_ENOSYS;
    }
}

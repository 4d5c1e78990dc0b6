/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: rights to ports, which any domain may ask for, and devices' interrupts, which only a
 * privileged one has (pirq.h).
 *
 * Of a device the hypervisor knows that it was announced (PHYSDEVOP_pci_device_add), which comes
 * before messages. Only functions of segment 0 can be, whose configuration space is reached by
 * ports.
 */
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/events.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/pirq.h"
#include "hv/core/vcpu.h"

#include <xen/physdev.h>

#define PORTS 65536
#define FUNCTIONS 65536 /* of a segment */
#define MESSAGES_MAX 32 /* that a device may send by MSI */

/* ---- functions that were announced, a bit each; atomic */

static uint64_t announced[FUNCTIONS / 64];

static pci_function_t function_of(uint8_t bus, uint8_t devfn)
{
    return (pci_function_t)(bus << 8 | devfn);
}

static bool is_announced(uint16_t segment, pci_function_t f)
{
    return segment == 0 &&
           (__atomic_load_n(&announced[f / 64], __ATOMIC_RELAXED) >> f % 64 & 1) != 0;
}

static int announce(uint16_t segment, pci_function_t f)
{
    if (segment != 0)
        return -XEN_ENODEV;
    __atomic_fetch_or(&announced[f / 64], 1UL << f % 64, __ATOMIC_RELAXED);
    return 0;
}

static int withdraw(struct domain *d, uint16_t segment, pci_function_t f)
{
    if (!is_announced(segment, f))
        return -XEN_ENODEV;
    lock(&d->event_lock);
    pirq_unmap_function(d, f);
    unlock(&d->event_lock);
    __atomic_fetch_and(&announced[f / 64], ~(1UL << f % 64), __ATOMIC_RELAXED);
    return 0;
}

static int restore(struct domain *d, uint16_t segment, pci_function_t f)
{
    if (!is_announced(segment, f))
        return -XEN_ENODEV;
    lock(&d->event_lock);
    pirq_restore_function(d, f);
    unlock(&d->event_lock);
    return 0;
}

/* The device's MSI-X table is, or is not any more, to stay where it is: nothing to do but to say
 * that it is in use. */
static int announce_table(struct domain *d, const struct physdev_pci_device *a)
{
    pci_function_t f = function_of(a->bus, a->devfn);
    if (!is_announced(a->seg, f))
        return -XEN_ENODEV;
    lock(&d->event_lock);
    bool in_use = pirq_function_in_use(d, f, true);
    unlock(&d->event_lock);
    return in_use ? -XEN_EBUSY : 0;
}

/* ---- mapping */

/* The domain that interrupts are for, which is the caller. */
static int check_domain(const struct domain *self, domid_t id)
{
    if (id == DOMID_SELF || id == self->id)
        return 0;
    struct domain *d = domain_get(id);
    if (d == NULL)
        return -XEN_ESRCH;
    domain_put(d);
    return -XEN_EPERM;
}

/*
 * Of several messages (MULTI_MSI) each has the number of the first one and a few more, so that all
 * go to one processor as one block of vectors; without a translation in between, as on Xen, there
 * is only one.
 */
static int message_of(const struct physdev_map_pirq *a, struct irq_message *m)
{
    uint16_t segment = a->type == MAP_PIRQ_TYPE_MSI ? 0 : (uint16_t)(a->bus >> 16);
    if (a->type == MAP_PIRQ_TYPE_MULTI_MSI && (a->entry_nr <= 0 || a->entry_nr > MESSAGES_MAX))
        return -XEN_EDOM;
    if (a->type == MAP_PIRQ_TYPE_MULTI_MSI && a->entry_nr > 1)
        return -XEN_EOPNOTSUPP;
    if (a->type != MAP_PIRQ_TYPE_MULTI_MSI && a->index != -1)
        return -XEN_EINVAL;
    m->function = function_of((uint8_t)a->bus, (uint8_t)a->devfn);
    m->is_x = a->table_base != 0;
    m->entry = (uint32_t)a->entry_nr;
    return is_announced(segment, m->function) ? 0 : -XEN_ENODEV;
}

static int map_pirq(struct domain *d, struct physdev_map_pirq *a)
{
    struct irq_message m;
    int rc = check_domain(d, a->domid);
    bool for_line = a->type == MAP_PIRQ_TYPE_GSI;
    if (rc != 0)
        return rc;
    switch (a->type) {
    case MAP_PIRQ_TYPE_GSI:
        break;
    case MAP_PIRQ_TYPE_MSI:
    case MAP_PIRQ_TYPE_MSI_SEG:
    case MAP_PIRQ_TYPE_MULTI_MSI:
        rc = message_of(a, &m);
        break;
    default:
        rc = -XEN_EINVAL;
    }
    if (rc != 0)
        return rc;
    lock(&d->event_lock);
    rc = for_line ? pirq_map_line(d, a->index, &a->pirq) : pirq_map_message(d, &m, &a->pirq);
    unlock(&d->event_lock);
    return rc;
}

static int unmap_pirq(struct domain *d, const struct physdev_unmap_pirq *a)
{
    int rc = check_domain(d, a->domid);
    if (rc != 0)
        return rc;
    lock(&d->event_lock);
    rc = pirq_unmap(d, a->pirq);
    unlock(&d->event_lock);
    return rc;
}

static int get_free_pirq(struct domain *d, struct physdev_get_free_pirq *a)
{
    lock(&d->event_lock);
    int rc = pirq_reserve(d, a->type == MAP_PIRQ_TYPE_GSI, &a->pirq);
    unlock(&d->event_lock);
    return rc;
}

static int set_line(struct domain *d, int line, bool level, bool low)
{
    lock(&d->event_lock);
    int rc = pirq_set_line(line, level, low);
    unlock(&d->event_lock);
    return rc;
}

/* ---- controllers */

/* What a guest writes of a line is how it asserts; that the line is set already is no error. */
static int write_register(struct domain *d, const struct physdev_apic *a)
{
    int line;
    bool level, low;
    int rc = arch_interrupt_register_write(a->apic_physbase, a->reg, a->value, &line, &level, &low);
    if (rc == 0 && line > IRQ_TIMER)
        set_line(d, line, level, low);
    return rc;
}

/* Any interrupt may be held at times: who does not look has to ask each time. */
static int query(struct physdev_irq_status_query *a)
{
    if (a->irq >= PIRQS_MAX)
        return -XEN_EINVAL;
    a->flags = XENIRQSTAT_needs_eoi;
    return 0;
}

/* ---- the hypercall */

union arguments {
    struct physdev_irq_status_query query;
    struct physdev_set_iopl iopl;
    struct physdev_set_iobitmap iobitmap;
    struct physdev_apic apic;
    struct physdev_irq vector;
    struct physdev_eoi eoi;
    struct physdev_map_pirq map;
    struct physdev_unmap_pirq unmap;
    struct physdev_manage_pci manage;
    struct physdev_pirq_eoi_gmfn page;
    struct physdev_restore_msi restore;
    struct physdev_manage_pci_ext manage_ext;
    struct physdev_setup_gsi line;
    struct physdev_get_free_pirq free;
    struct physdev_pci_mmcfg_reserved window;
    struct physdev_pci_device_add add;
    struct physdev_pci_device device;
};

#define SIZE_OF(member) sizeof(((union arguments *)0)->member)

/* Sizes of arguments, whether they carry a result back, and whether a domain without devices may.
 */
static const struct {
    uint8_t size;
    bool has_result, for_all;
} operations[] = {
    [PHYSDEVOP_irq_status_query] = {SIZE_OF(query), .has_result = true},
    [PHYSDEVOP_set_iopl] = {SIZE_OF(iopl), .for_all = true},
    [PHYSDEVOP_set_iobitmap] = {SIZE_OF(iobitmap), .for_all = true},
    [PHYSDEVOP_apic_read] = {SIZE_OF(apic), .has_result = true},
    [PHYSDEVOP_apic_write] = {SIZE_OF(apic)},
    [PHYSDEVOP_alloc_irq_vector] = {SIZE_OF(vector), .has_result = true},
    [PHYSDEVOP_eoi] = {SIZE_OF(eoi)},
    [PHYSDEVOP_map_pirq] = {SIZE_OF(map), .has_result = true},
    [PHYSDEVOP_unmap_pirq] = {SIZE_OF(unmap)},
    [PHYSDEVOP_manage_pci_add] = {SIZE_OF(manage)},
    [PHYSDEVOP_manage_pci_remove] = {SIZE_OF(manage)},
    [PHYSDEVOP_pirq_eoi_gmfn_v1] = {SIZE_OF(page)},
    [PHYSDEVOP_restore_msi] = {SIZE_OF(restore)},
    [PHYSDEVOP_manage_pci_add_ext] = {SIZE_OF(manage_ext)},
    [PHYSDEVOP_setup_gsi] = {SIZE_OF(line)},
    [PHYSDEVOP_get_free_pirq] = {SIZE_OF(free), .has_result = true},
    [PHYSDEVOP_pci_mmcfg_reserved] = {SIZE_OF(window)},
    [PHYSDEVOP_pci_device_add] = {offsetof(struct physdev_pci_device_add, optarr)},
    [PHYSDEVOP_pci_device_remove] = {SIZE_OF(device)},
    [PHYSDEVOP_restore_msi_ext] = {SIZE_OF(device)},
    [PHYSDEVOP_pirq_eoi_gmfn_v2] = {SIZE_OF(page)},
    [PHYSDEVOP_prepare_msix] = {SIZE_OF(device)},
    [PHYSDEVOP_release_msix] = {SIZE_OF(device)},
};

static int perform_for_all(struct vcpu *v, unsigned op, const union arguments *a)
{
    if (op == PHYSDEVOP_set_iopl)
        return a->iopl.iopl > 3 ? -XEN_EINVAL : (arch_set_iopl(v, a->iopl.iopl), 0);
    if (a->iobitmap.nr_ports > PORTS)
        return -XEN_EINVAL;
    arch_set_port_bitmap(v, guest_handle(a->iobitmap.bitmap), a->iobitmap.nr_ports);
    return 0;
}

static int perform(struct domain *d, unsigned op, union arguments *a)
{
    switch (op) {
    case PHYSDEVOP_irq_status_query:
        return query(&a->query);
    case PHYSDEVOP_apic_read:
        return arch_interrupt_register_read(a->apic.apic_physbase, a->apic.reg, &a->apic.value);
    case PHYSDEVOP_apic_write:
        return write_register(d, &a->apic);
    case PHYSDEVOP_alloc_irq_vector:
        /* Vectors are the hypervisor's; kernels want to hear a number. */
        a->vector.vector = a->vector.irq;
        return 0;
    case PHYSDEVOP_eoi:
        return events_eoi(d, a->eoi.irq);
    case PHYSDEVOP_map_pirq:
        return map_pirq(d, &a->map);
    case PHYSDEVOP_unmap_pirq:
        return unmap_pirq(d, &a->unmap);
    case PHYSDEVOP_manage_pci_add:
        return announce(0, function_of(a->manage.bus, a->manage.devfn));
    case PHYSDEVOP_manage_pci_remove:
        return withdraw(d, 0, function_of(a->manage.bus, a->manage.devfn));
    case PHYSDEVOP_pirq_eoi_gmfn_v1:
    case PHYSDEVOP_pirq_eoi_gmfn_v2:
        return events_set_eoi_page(d, mfn(a->page.gmfn), op == PHYSDEVOP_pirq_eoi_gmfn_v1);
    case PHYSDEVOP_restore_msi:
        return restore(d, 0, function_of(a->restore.bus, a->restore.devfn));
    case PHYSDEVOP_manage_pci_add_ext:
        return announce(0, function_of(a->manage_ext.bus, a->manage_ext.devfn));
    case PHYSDEVOP_setup_gsi:
        return set_line(d, a->line.gsi, a->line.triggering != 0, a->line.polarity != 0);
    case PHYSDEVOP_get_free_pirq:
        return get_free_pirq(d, &a->free);
    case PHYSDEVOP_pci_mmcfg_reserved:
        return arch_pci_window_is(a->window.address, a->window.segment, a->window.start_bus,
                                  a->window.end_bus)
                   ? 0
                   : -XEN_ENODEV;
    case PHYSDEVOP_pci_device_add:
        return announce(a->add.seg, function_of(a->add.bus, a->add.devfn));
    case PHYSDEVOP_pci_device_remove:
        return withdraw(d, a->device.seg, function_of(a->device.bus, a->device.devfn));
    case PHYSDEVOP_restore_msi_ext:
        return restore(d, a->device.seg, function_of(a->device.bus, a->device.devfn));
    default: /* prepare_msix, release_msix */
        return announce_table(d, &a->device);
    }
}

long do_physdev_op(uint64_t op_and_more, uint64_t argument)
{
    struct vcpu *v = current_vcpu();
    unsigned op = (unsigned)op_and_more;
    vaddr_t at = vaddr(argument);
    union arguments a;

    if (op >= array_size(operations) || operations[op].size == 0)
        return -XEN_ENOSYS;
    if (!operations[op].for_all && !v->domain->privileged)
        return -XEN_EPERM;
    if (!copy_from_guest(&a, at, operations[op].size))
        return -XEN_EFAULT;
    if (operations[op].for_all)
        return perform_for_all(v, op, &a);
    int rc = perform(v->domain, op, &a);
    if (rc == 0 && operations[op].has_result && !copy_to_guest(at, &a, operations[op].size))
        return -XEN_EFAULT;
    return rc;
}

/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of devices: mapped by physdev_op, bound to ports. What arrives is seen by polling a
 * masked port. Where Xen does otherwise on purpose, or by mistake, it is said.
 */
#include "guest/time.h"
#include "tests/system/guests/devices.h"
#include "tests/system/guests/support.h"

/* An interrupt comes at once or, if something is broken, never. */
#define PATIENCE (5 * NS_PER_SECOND)

/* A level that asserts again each time that it was ended is set aside by QEMU for 100 ms. */
#define PEACE (300 * NS_PER_MS)

#define NO_LINE 1000     /* beyond all lines of all controllers */
#define NO_PIRQ 100000   /* beyond all numbers */
#define FREE_PIRQ 22     /* nobody has mapped it */
#define NO_FUNCTION 0xf8 /* nothing is there */
#define IO_APIC 0xfec00000UL

/* The kernel may use ports. */
static void io_level(unsigned level)
{
    struct physdev_set_iopl iopl = {.iopl = level};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl), 0);
}

static struct physdev_map_pirq line_request(int line, int pirq)
{
    return (struct physdev_map_pirq){
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = line, .pirq = pirq};
}

static struct physdev_map_pirq message_request(unsigned devfn)
{
    return (struct physdev_map_pirq){.domid = DOMID_SELF,
                                     .type = MAP_PIRQ_TYPE_MSI_SEG,
                                     .index = -1,
                                     .pirq = -1,
                                     .devfn = (int)devfn};
}

static long map(struct physdev_map_pirq request)
{
    long error = hypercall_physdev_op(PHYSDEVOP_map_pirq, &request);
    return error ? error : request.pirq;
}

static long unmap(long pirq)
{
    struct physdev_unmap_pirq a = {.domid = DOMID_SELF, .pirq = (int)pirq};
    return hypercall_physdev_op(PHYSDEVOP_unmap_pirq, &a);
}

static long eoi(long pirq)
{
    struct physdev_eoi a = {.irq = (uint32_t)pirq};
    return hypercall_physdev_op(PHYSDEVOP_eoi, &a);
}

static long bind(long pirq)
{
    struct evtchn_bind_pirq a = {.pirq = (uint32_t)pirq, .flags = BIND_PIRQ__WILL_SHARE};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_pirq, &a);
    if (!error) /* the library's tables of ports know it as one of the first vcpu */
        CHECK_EQUAL(event_bind_vcpu(a.port, 0), 0);
    return error ? error : (long)a.port;
}

/* Waits until the port, which is masked, is pending, and takes that back. */
static bool arrives_within(evtchn_port_t port, uint64_t ns)
{
    struct sched_poll poll = {.ports = {&port}, .nr_ports = 1, .timeout = time_system().n + ns};
    CHECK_EQUAL(hypercall_sched_op(SCHEDOP_poll, &poll), 0);
    bool pending = event_pending(port);
    event_clear(port);
    return pending;
}

static bool arrives(evtchn_port_t port)
{
    return arrives_within(port, PATIENCE);
}

static long announce(unsigned devfn)
{
    struct physdev_pci_device_add add = {.devfn = (uint8_t)devfn};
    return hypercall_physdev_op(PHYSDEVOP_pci_device_add, &add);
}

static long of_device(int op, unsigned devfn)
{
    struct physdev_pci_device a = {.devfn = (uint8_t)devfn};
    return hypercall_physdev_op(op, &a);
}

/* ---- lines */

/* Of the clock chip: an edge, and none before it was acknowledged. The line is mapped first here,
 * and stays: Xen lets go of a line only once. */
TEST(pirq_edge)
{
    io_level(1);
    REQUIRE(map(line_request(CLOCK_LINE, CLOCK_LINE)) == CLOCK_LINE);
    long port = bind(CLOCK_LINE);
    REQUIRE(port > 0);
    struct evtchn_status status = {.dom = DOMID_SELF, .port = (evtchn_port_t)port};
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_status, &status), 0);
    CHECK_EQUAL(status.status, EVTCHNSTAT_pirq);
    CHECK_EQUAL(status.u.pirq, CLOCK_LINE);
    clock_start(6);
    for (unsigned i = 0; i < 20; i++) {
        CHECK(arrives((evtchn_port_t)port));
        CHECK_EQUAL(eoi(CLOCK_LINE), 0);
        clock_acknowledge();
    }
    clock_stop();
    event_drop((evtchn_port_t)port);
    /* Bound anew, it comes again; while it was not, nothing did. */
    clock_start(6);
    port = bind(CLOCK_LINE);
    REQUIRE(port > 0);
    clock_acknowledge();
    CHECK(arrives((evtchn_port_t)port));
    clock_stop();
    event_drop((evtchn_port_t)port);
    io_level(0);
}

/* A domain that takes no events for a while is not disturbed by a device that goes on, and has
 * lost nothing when it comes back. */
TEST(pirq_edge_is_held)
{
    const unsigned fastest = 3;
    io_level(1);
    long port = bind(CLOCK_LINE);
    REQUIRE(port > 0);
    clock_start(fastest);
    uint64_t end = time_system().n + 20 * NS_PER_MS;
    while (time_system().n < end) /* many, all but the first on top of one that waits */
        clock_acknowledge();
    CHECK(arrives((evtchn_port_t)port));
    CHECK_EQUAL(eoi(CLOCK_LINE), 0);
    for (unsigned i = 0; i < 5; i++) {
        clock_acknowledge();
        CHECK(arrives((evtchn_port_t)port));
        CHECK_EQUAL(eoi(CLOCK_LINE), 0);
    }
    clock_stop();
    event_drop((evtchn_port_t)port);
    io_level(0);
}

/* The device's pin: once, until the domain says that it has been served. */
TEST(pirq_level)
{
    struct edu edu;
    io_level(1);
    if (!edu_open(&edu))
        SKIP("no edu device");
    int line = (int)(pci_read(edu.devfn, PCI_INTERRUPT_LINE) & 0xff);
    long pirq = map(line_request(line, line));
    REQUIRE(pirq == line);
    long bound = bind(pirq);
    REQUIRE(bound > 0);
    evtchn_port_t port = (evtchn_port_t)bound;
    edu_raise(&edu);
    CHECK(arrives(port));
    if (start_on_ringside())                 /* Xen gives up waiting for the EOI after a while */
        CHECK(!arrives_within(port, PEACE)); /* although it still asserts */
    CHECK_EQUAL(eoi(pirq), 0);
    CHECK(arrives(port)); /* because it still does */
    edu_acknowledge(&edu);
    CHECK_EQUAL(eoi(pirq), 0);
    CHECK(!event_pending(port));
    edu_raise(&edu);
    CHECK(arrives(port));
    /* A port that is closed without an EOI leaves nothing behind. */
    event_drop(port);
    bound = bind(pirq);
    REQUIRE(bound > 0);
    port = (evtchn_port_t)bound;
    CHECK(arrives(port));
    edu_acknowledge(&edu);
    CHECK_EQUAL(eoi(pirq), 0);
    event_drop(port);
    edu_close(&edu);
    io_level(0);
}

TEST(pirq_map_refuses)
{
    CHECK_EQUAL(map(line_request(CLOCK_LINE, CLOCK_LINE)), CLOCK_LINE); /* as it is */
    CHECK_EQUAL(map(line_request(CLOCK_LINE, -1)), CLOCK_LINE);
    CHECK_EQUAL(map(line_request(CLOCK_LINE, FREE_PIRQ)), -XEN_EEXIST);
    CHECK_EQUAL(map(line_request(0, 0)), -XEN_EPERM); /* the timer's */
    CHECK_EQUAL(map(line_request(-1, -1)), -XEN_EINVAL);
    CHECK_EQUAL(map(line_request(NO_LINE, -1)), -XEN_EINVAL);
    struct physdev_map_pirq request = line_request(CLOCK_LINE, CLOCK_LINE);
    request.type = 99;
    CHECK_EQUAL(map(request), -XEN_EINVAL);
    request = line_request(CLOCK_LINE, CLOCK_LINE);
    request.domid = DOMAIN_NOBODY;
    CHECK_EQUAL(map(request), -XEN_ESRCH);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_map_pirq, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(unmap(FREE_PIRQ), -XEN_EINVAL);
    CHECK_EQUAL(unmap(-1), -XEN_EINVAL);
    CHECK_EQUAL(unmap(NO_PIRQ), -XEN_EINVAL);
    struct physdev_unmap_pirq none = {.domid = DOMAIN_NOBODY, .pirq = CLOCK_LINE};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_unmap_pirq, &none), -XEN_ESRCH);
    CHECK_EQUAL(hypercall_physdev_op(99, NULL), -XEN_ENOSYS);
}

/* The domain chooses the number, or has it chosen; and the line can be another later. Xen lets no
 * line be mapped again that was unmapped, and says yes to a number that is in use, and does
 * nothing.
 */
TEST(pirq_map_numbers)
{
    const int line = 6, other = 7;
    if (!start_on_ringside())
        SKIP("Xen maps a line once");
    long chosen = map(line_request(line, -1));
    CHECK(chosen >= 16);
    CHECK_EQUAL(unmap(chosen), 0);
    CHECK_EQUAL(map(line_request(line, FREE_PIRQ)), FREE_PIRQ);
    CHECK_EQUAL(map(line_request(other, FREE_PIRQ)), -XEN_EEXIST);
    CHECK_EQUAL(map(line_request(other, NO_PIRQ)), -XEN_EINVAL);
    CHECK_EQUAL(map(line_request(line, -1)), FREE_PIRQ);
    CHECK_EQUAL(unmap(FREE_PIRQ), 0);
    CHECK_EQUAL(unmap(FREE_PIRQ), -XEN_EINVAL);
}

TEST(pirq_bind_refuses)
{
    CHECK_EQUAL(bind(FREE_PIRQ), -XEN_EPERM);
    CHECK_EQUAL(bind(0), -XEN_EPERM);
    CHECK_EQUAL(bind(NO_PIRQ), -XEN_EINVAL);
    long port = bind(CLOCK_LINE);
    REQUIRE(port > 0);
    CHECK_EQUAL(bind(CLOCK_LINE), -XEN_EEXIST);
    event_drop((evtchn_port_t)port);
    /* The console's: mapped as any other. */
    const int console = 4;
    REQUIRE(map(line_request(console, console)) == console);
    CHECK_EQUAL(bind(console), -XEN_EBUSY);
}

/* A port outlives what it is bound to. */
TEST(pirq_unmap_bound)
{
    const int line = 12;
    REQUIRE(map(line_request(line, line)) == line);
    long port = bind(line);
    REQUIRE(port > 0);
    CHECK_EQUAL(unmap(line), 0);
    struct evtchn_status status = {.dom = DOMID_SELF, .port = (evtchn_port_t)port};
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_status, &status), 0);
    CHECK_EQUAL(status.status, EVTCHNSTAT_pirq);
    CHECK_EQUAL(bind(line), -XEN_EPERM);
    event_drop((evtchn_port_t)port);
    CHECK_EQUAL(bind(line), -XEN_EPERM);
}

TEST(pirq_eoi_and_status)
{
    struct physdev_irq_status_query query = {.irq = CLOCK_LINE};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_irq_status_query, &query), 0);
    CHECK_EQUAL(query.flags, XENIRQSTAT_needs_eoi);
    query.irq = NO_PIRQ;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_irq_status_query, &query), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_irq_status_query, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(eoi(CLOCK_LINE), 0);
    CHECK_EQUAL(eoi(FREE_PIRQ), -XEN_EINVAL);
    CHECK_EQUAL(eoi(NO_PIRQ), -XEN_EINVAL);
}

TEST(pirq_free_numbers)
{
    struct physdev_get_free_pirq first = {.type = MAP_PIRQ_TYPE_MSI}, second = first;
    REQUIRE(hypercall_physdev_op(PHYSDEVOP_get_free_pirq, &first) == 0);
    REQUIRE(hypercall_physdev_op(PHYSDEVOP_get_free_pirq, &second) == 0);
    CHECK(first.pirq != second.pirq);
    CHECK_EQUAL(eoi(first.pirq), 0);
    CHECK_EQUAL(unmap(first.pirq), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_get_free_pirq, POINTER_BAD), -XEN_EFAULT);
}

/* How a line asserts is said once. */
TEST(pirq_setup_gsi)
{
    struct physdev_setup_gsi setup = {.gsi = 17, .triggering = 1, .polarity = 1};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_setup_gsi, &setup), 0);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_setup_gsi, &setup), -XEN_EEXIST);
    if (start_on_ringside()) { /* and not while it may arrive */
        const int line = 14;
        CHECK_EQUAL(map(line_request(line, line)), line);
        long port = bind(line);
        setup.gsi = line;
        CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_setup_gsi, &setup), -XEN_EEXIST);
        event_drop((evtchn_port_t)port);
        CHECK_EQUAL(unmap(line), 0);
    }
    setup.gsi = 4;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_setup_gsi, &setup), -XEN_EEXIST);
    setup.gsi = NO_LINE;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_setup_gsi, &setup), -XEN_EINVAL);
    setup.gsi = -1;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_setup_gsi, &setup), -XEN_EINVAL);
}

TEST(pirq_controller)
{
    struct physdev_apic a = {.apic_physbase = IO_APIC, .reg = 1};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_apic_read, &a), 0);
    CHECK_EQUAL(a.value >> 16 & 0xff, 23); /* the last of its inputs */
    a.apic_physbase = IO_APIC + PAGE_SIZE;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_apic_read, &a), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_apic_write, &a), -XEN_EINVAL);
    struct physdev_irq vector = {.irq = CLOCK_LINE};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_alloc_irq_vector, &vector), 0);
}

/* ---- messages */

TEST(pirq_message)
{
    struct edu edu;
    io_level(1);
    if (!edu_open(&edu))
        SKIP("no edu device");
    CHECK_EQUAL(announce(edu.devfn), 0);
    long pirq = map(message_request(edu.devfn));
    REQUIRE(pirq > 0);
    pci_enable_messages(edu.devfn, true);
    long bound = bind(pirq);
    REQUIRE(bound > 0);
    evtchn_port_t port = (evtchn_port_t)bound;
    for (unsigned i = 0; i < 5; i++) {
        edu_raise(&edu);
        CHECK(arrives(port));
        CHECK_EQUAL(eoi(pirq), 0);
        edu_acknowledge(&edu);
    }
    CHECK(!event_pending(port));
    /* What the device may have lost, it is told again. */
    CHECK_EQUAL(of_device(PHYSDEVOP_restore_msi_ext, edu.devfn), 0);
    edu_raise(&edu);
    CHECK(arrives(port));
    edu_acknowledge(&edu);
    event_drop(port);
    pci_enable_messages(edu.devfn, false);
    CHECK_EQUAL(unmap(pirq), 0);
    edu_close(&edu);
    io_level(0);
}

/* More messages than the domain takes events, of a device that cannot mask them. */
TEST(pirq_message_is_held)
{
    struct edu edu;
    io_level(1);
    if (!edu_open(&edu))
        SKIP("no edu device");
    CHECK_EQUAL(announce(edu.devfn), 0);
    long pirq = map(message_request(edu.devfn));
    REQUIRE(pirq > 0);
    pci_enable_messages(edu.devfn, true);
    long bound = bind(pirq);
    REQUIRE(bound > 0);
    evtchn_port_t port = (evtchn_port_t)bound;
    for (unsigned i = 0; i < 10; i++)
        edu_raise(&edu);
    if (start_on_ringside())
        CHECK(!pci_messages_enabled(edu.devfn));
    edu_acknowledge(&edu);
    CHECK(arrives(port));
    CHECK_EQUAL(eoi(pirq), 0);
    CHECK(pci_messages_enabled(edu.devfn));
    if (start_on_ringside())
        CHECK(event_pending(port)); /* in place of those that were not sent */
    event_clear(port);
    CHECK_EQUAL(eoi(pirq), 0);
    edu_raise(&edu);
    CHECK(arrives(port));
    CHECK_EQUAL(eoi(pirq), 0);
    edu_acknowledge(&edu);
    event_drop(port);
    pci_enable_messages(edu.devfn, false);
    CHECK_EQUAL(unmap(pirq), 0);
    edu_close(&edu);
    io_level(0);
}

TEST(pirq_message_refuses)
{
    struct edu edu;
    io_level(1);
    if (!edu_open(&edu))
        SKIP("no edu device");
    CHECK_EQUAL(announce(edu.devfn), 0);
    struct physdev_map_pirq request = message_request(edu.devfn);
    request.type = MAP_PIRQ_TYPE_MULTI_MSI;
    request.entry_nr = 2; /* not without a translation of interrupts */
    CHECK_EQUAL(map(request), -XEN_EOPNOTSUPP);
    request.entry_nr = 0;
    CHECK_EQUAL(map(request), -XEN_EDOM);
    request.entry_nr = 33;
    CHECK_EQUAL(map(request), -XEN_EDOM);
    request = message_request(edu.devfn);
    request.index = 5;
    CHECK_EQUAL(map(request), -XEN_EINVAL);
    request = message_request(edu.devfn);
    request.table_base = 0x1000; /* MSI-X */
    CHECK_EQUAL(map(request), -XEN_ENODEV);
    CHECK_EQUAL(map(message_request(NO_FUNCTION)), -XEN_ENODEV);
    request = message_request(edu.devfn);
    request.bus = 7 << 16; /* a segment that is not there */
    CHECK_EQUAL(map(request), -XEN_ENODEV);
    CHECK_EQUAL(announce(0), 0);
    CHECK_EQUAL(map(message_request(0)), -XEN_ENODEV); /* the bridge sends none */
    if (start_on_ringside()) { /* Xen maps it twice, and the first one gets nothing any more */
        long pirq = map(message_request(edu.devfn));
        CHECK(pirq > 0);
        CHECK_EQUAL(map(message_request(edu.devfn)), -XEN_EEXIST);
        CHECK_EQUAL(unmap(pirq), 0);
    }
    CHECK_EQUAL(of_device(PHYSDEVOP_pci_device_remove, edu.devfn), 0);
    CHECK_EQUAL(of_device(PHYSDEVOP_pci_device_remove, edu.devfn), -XEN_ENODEV);
    CHECK_EQUAL(of_device(PHYSDEVOP_restore_msi_ext, edu.devfn), -XEN_ENODEV);
    CHECK_EQUAL(map(message_request(edu.devfn)), -XEN_ENODEV);
    edu_close(&edu);
    io_level(0);
}

/* A table of messages: entries are written by the hypervisor, masked until they are bound. */
TEST(pirq_message_table)
{
    enum { ENTRY_WORDS = 4, ADDRESS = 0, CONTROL = 3, MASKED = 1 };
    io_level(1);
    int found = pci_find(VIRTIO_VENDOR, VIRTIO_RNG_DEVICE);
    if (found < 0)
        SKIP("no virtio-rng device");
    unsigned devfn = (unsigned)found;
    unsigned at = pci_capability(devfn, PCI_CAPABILITY_MSIX);
    REQUIRE(at != 0);
    uint32_t where = pci_read(devfn, at + 4);
    uint64_t table = pci_bar(devfn, where & 7) + (where & ~7U);
    CHECK_EQUAL(announce(devfn), 0);
    struct physdev_map_pirq request = message_request(devfn);
    request.table_base = pci_bar(devfn, where & 7);
    long first = map(request);
    request.entry_nr = 1;
    long second = map(request);
    REQUIRE(first > 0 && second > 0);
    CHECK(first != second);
    request.entry_nr = 2000;
    CHECK_EQUAL(map(request), -XEN_EINVAL);
    request.entry_nr = -1;
    CHECK_EQUAL(map(request), -XEN_EINVAL);
    CHECK_EQUAL(of_device(PHYSDEVOP_release_msix, devfn), -XEN_EBUSY);
    const volatile uint32_t *entries = device_map(table);
    CHECK_EQUAL(entries[ADDRESS] >> 20, 0xfee);
    CHECK_EQUAL(entries[ENTRY_WORDS + ADDRESS] >> 20, 0xfee);
    CHECK_EQUAL(entries[CONTROL] & MASKED, MASKED);
    long port = bind(first);
    CHECK(port > 0);
    CHECK_EQUAL(entries[CONTROL] & MASKED, 0);
    CHECK_EQUAL(entries[ENTRY_WORDS + CONTROL] & MASKED, MASKED);
    event_drop((evtchn_port_t)port);
    CHECK_EQUAL(entries[CONTROL] & MASKED, MASKED);
    device_unmap();
    CHECK_EQUAL(unmap(first), 0);
    CHECK_EQUAL(unmap(second), 0);
    if (start_on_ringside()) /* Xen still counts an entry that it refused */
        CHECK_EQUAL(of_device(PHYSDEVOP_release_msix, devfn), 0);
    CHECK_EQUAL(of_device(PHYSDEVOP_pci_device_remove, devfn), 0);
    io_level(0);
}

TEST(pirq_devices)
{
    struct physdev_manage_pci old = {.devfn = NO_FUNCTION};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_manage_pci_add, &old), 0);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_manage_pci_remove, &old), 0);
    CHECK_EQUAL(of_device(PHYSDEVOP_pci_device_remove, NO_FUNCTION), -XEN_ENODEV);
    struct physdev_pci_mmcfg_reserved window = {.address = 0x123000, .end_bus = 255};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_pci_mmcfg_reserved, &window), -XEN_ENODEV);
}

/* ---- to other vcpus */

static volatile bool second_ran;
static evtchn_port_t moved;
static volatile unsigned got, got_at;

static void on_moved(evtchn_port_t port, void *data)
{
    (void)port;
    (void)data;
    got_at = vcpu_self()->id;
    __atomic_fetch_add(&got, 1, __ATOMIC_SEQ_CST);
}

#define MOVED_EVENTS 10

/* The second vcpu takes events until it has had enough. */
static void second(void)
{
    event_unmask(moved);
    vcpu_unmask();
    uint64_t end = time_system().n + PATIENCE;
    while (got < MOVED_EVENTS && time_system().n < end)
        asm volatile("pause");
    vcpu_mask();
    second_ran = true;
}

TEST(pirq_moves)
{
    if (vcpu_count() < 2)
        SKIP("one vcpu");
    io_level(1);
    long port = bind(CLOCK_LINE);
    REQUIRE(port > 0);
    moved = (evtchn_port_t)port;
    got = 0;
    second_ran = false;
    event_handle(moved, on_moved, NULL);
    CHECK_EQUAL(event_bind_vcpu(moved, 1), 0);
    REQUIRE(vcpu_up(1, second) == 0);
    clock_start(6);
    uint64_t end = time_system().n + 2 * PATIENCE;
    while (!second_ran && time_system().n < end) {
        CHECK_EQUAL(eoi(CLOCK_LINE), 0);
        clock_acknowledge();
    }
    CHECK(got >= MOVED_EVENTS);
    CHECK_EQUAL(got_at, 1);
    clock_stop();
    while (vcpu_is_up(1) == 1 && time_system().n < end)
        asm volatile("pause");
    event_drop(moved);
    io_level(0);
}

/* ---- the page that says what needs an EOI, which a domain gives once: last of all */

TEST(pirq_zz_eoi_page)
{
    struct edu edu;
    io_level(1);
    struct physdev_pirq_eoi_gmfn a = {.gmfn = FRAME_BEYOND.n};
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &a), -XEN_EINVAL);
    a.gmfn = table_root_mfn().n;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &a), -XEN_EINVAL);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v1, POINTER_BAD), -XEN_EFAULT);
    if (!edu_open(&edu))
        SKIP("no edu device");
    int line = (int)(pci_read(edu.devfn, PCI_INTERRUPT_LINE) & 0xff);
    REQUIRE(map(line_request(line, line)) == line);
    uint64_t *page = page_alloc(); /* the hypervisor's from now on */
    a.gmfn = page_mfn(page).n;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v1, &a), 0);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v1, &a), -XEN_EBUSY);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &a), -XEN_EBUSY);
    long port = bind(line);
    REQUIRE(port > 0);
    CHECK(page[0] >> line & 1);
    /* Version 1: an EOI unmasks the port. */
    event_mask((evtchn_port_t)port);
    CHECK_EQUAL(eoi(line), 0);
    CHECK(!event_masked((evtchn_port_t)port));
    event_drop((evtchn_port_t)port);
    if (start_on_ringside()) /* Xen leaves it */
        CHECK(!(page[0] >> line & 1));
    edu_close(&edu);
    io_level(0);
}

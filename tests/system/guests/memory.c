/* SPDX-License-Identifier: MIT */
/* memory_op: the domain's reservation, balloon, exchange, and what the machine looks like. */
#include "guest/balloon.h"
#include "tests/system/guests/support.h"

TEST(balloon_down_and_up)
{
    enum { COUNT = 64 };
    volatile char *pages = page_alloc_run(COUNT);
    struct caught caught;
    long before = balloon_current();
    CHECK_EQUAL(before, page_count);
    CHECK_EQUAL(balloon_give((void *)pages, COUNT), COUNT);
    CHECK_EQUAL(balloon_current(), before - COUNT);
    CHECK(CATCH(&caught, pages[0]));
    CHECK_EQUAL(caught.frame.vector, TRAP_PAGE_FAULT);
    CHECK_EQUAL(balloon_take((void *)pages, COUNT), COUNT);
    CHECK_EQUAL(balloon_current(), before);
    for (size_t i = 0; i < COUNT; i++) {
        volatile char *page = pages + i * PAGE_SIZE;
        page[0] = (char)i;
        CHECK_EQUAL(machine_to_phys_mapping[page_mfn((void *)page).n], page_pfn((void *)page).n);
    }
    for (size_t i = 0; i < COUNT; i++)
        CHECK_EQUAL(pages[i * PAGE_SIZE], (char)i);
}

/* So many that the hypervisor lets others run in between. */
TEST(balloon_many)
{
    const size_t count = 4000;
    char *pages = page_alloc_run(count);
    long before = balloon_current();
    CHECK_EQUAL(balloon_give(pages, count), count);
    CHECK_EQUAL(balloon_current(), before - (long)count);
    CHECK_EQUAL(balloon_take(pages, count), count);
    CHECK_EQUAL(balloon_current(), before);
    for (size_t i = 0; i < count; i++)
        page_free(pages + i * PAGE_SIZE);
}

/* Up to the maximum and not beyond: what is too much is not an error, but it is not there. */
TEST(balloon_stops_at_the_maximum)
{
    long maximum = balloon_maximum();
    if (maximum != balloon_current())
        SKIP("the domain may have more than it has: dom0_mem has no max");
    uint64_t frame = page_count;
    struct xen_memory_reservation more = {
        .extent_start = {&frame}, .nr_extents = 1, .domid = DOMID_SELF};
    CHECK_EQUAL(hypercall_memory_op(XENMEM_populate_physmap, &more), 0);
    CHECK_EQUAL(frame, page_count);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_increase_reservation, &more), 0);
    CHECK_EQUAL(balloon_current(), maximum);
}

/* Numbers of frames that are not the domain's: none is taken. */
TEST(balloon_refuses_foreign_frames)
{
    uint64_t frames[3] = {frame_of_hypervisor().n, FRAME_BEYOND.n, FRAME_OF_SCREEN.n};
    long before = balloon_current();
    for (unsigned i = 0; i < LENGTH(frames); i++) {
        struct xen_memory_reservation down = {
            .extent_start = {&frames[i]}, .nr_extents = 1, .domid = DOMID_SELF};
        CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &down), 0);
    }
    CHECK_EQUAL(balloon_current(), before);
}

/* The first is good, the second is not: one was done. */
TEST(balloon_counts_what_was_done)
{
    char *page = page_alloc();
    uint64_t *frame = &frame_list[page_pfn(page).n];
    uint64_t frames[2] = {*frame, FRAME_BEYOND.n};
    struct xen_memory_reservation down = {
        .extent_start = {frames}, .nr_extents = 2, .domid = DOMID_SELF};
    CHECK_EQUAL(table_set_linear((uintptr_t)page, 0), 0);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &down), 1);
    *frame = FRAME_NONE;
    CHECK_EQUAL(balloon_take(page, 1), 1);
    page_free(page);
}

/* A frame that is mapped still is gone only when the mapping is. */
TEST(balloon_mapped_frames_wait)
{
    volatile char *page = page_alloc();
    uint64_t frame = page_mfn((void *)page).n;
    struct xen_memory_reservation down = {
        .extent_start = {&frame}, .nr_extents = 1, .domid = DOMID_SELF};
    long before = balloon_current();
    page[0] = 1;
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &down), 1);
    CHECK_EQUAL(page[0], 1);
    CHECK_EQUAL(balloon_current(), before);
    CHECK_EQUAL(table_set_linear((uintptr_t)page, 0), 0);
    CHECK_EQUAL(balloon_current(), before - 1);
    frame_list[page_pfn((void *)page).n] = FRAME_NONE;
    CHECK_EQUAL(balloon_take((void *)page, 1), 1);
    page_free((void *)page);
}

TEST(reservation_refuses)
{
    uint64_t frame = page_mfn(start_info).n;
    struct xen_memory_reservation down = {
        .extent_start = {&frame}, .nr_extents = 1, .domid = DOMAIN_NOBODY};
    long before = balloon_current();
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &down), 0);
    down.domid = DOMID_SELF;
    down.extent_start.p = POINTER_BAD;
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &down), 0);
    down.extent_start.p = &frame;
    down.nr_extents = ~0UL;
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &down), 0);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, POINTER_BAD), 0);
    CHECK_EQUAL(balloon_current(), before);
    domid_t nobody = DOMAIN_NOBODY;
    CHECK_EQUAL(hypercall_memory_op(XENMEM_current_reservation, &nobody), -XEN_ESRCH);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_current_reservation, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_memory_op(63, NULL), -XEN_ENOSYS);
}

/* Of those that are no domain's, each call has said the same on Xen. */
TEST(reservation_of_special_domains)
{
    static const domid_t special[] = {DOMID_IO, DOMID_XEN, DOMID_COW, DOMID_INVALID, DOMID_IDLE};
    long before = balloon_current();
    for (unsigned i = 0; i < LENGTH(special); i++) {
        domid_t id = special[i];
        char *page = page_alloc();
        uint64_t frame = page_mfn(page).n, pfn = page_pfn(page).n;
        CHECK_EQUAL(hypercall_memory_op(XENMEM_current_reservation, &id), -XEN_ESRCH);
        CHECK_EQUAL(hypercall_memory_op(XENMEM_maximum_reservation, &id), -XEN_ESRCH);
        CHECK_EQUAL(hypercall_memory_op(XENMEM_maximum_gpfn, &id), -XEN_ESRCH);
        struct xen_memory_reservation down = {
            .extent_start = {&frame}, .nr_extents = 1, .domid = id};
        CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &down), 0);
        down.extent_start.p = &pfn;
        CHECK_EQUAL(hypercall_memory_op(XENMEM_populate_physmap, &down), 0);
        struct xen_memory_exchange exchange = {
            .in = {.extent_start = {&frame}, .nr_extents = 1, .domid = id},
            .out = {.extent_start = {&pfn}, .nr_extents = 1, .domid = id},
        };
        CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, &exchange), -XEN_ESRCH);
        CHECK_EQUAL(page_mfn(page).n, frame);
        page[0] = 1;
        page_free(page);
    }
    CHECK_EQUAL(balloon_current(), before);
}

TEST(memory_exchange)
{
    uint64_t *page = page_alloc();
    uint64_t pfn = page_pfn(page).n;
    uint64_t before = frame_list[pfn];
    uint64_t out = pfn;
    struct xen_memory_exchange exchange = {
        .in = {.extent_start = {&before}, .nr_extents = 1, .domid = DOMID_SELF},
        .out = {.extent_start = {&out}, .nr_extents = 1, .domid = DOMID_SELF},
    };
    long reservation = balloon_current();
    CHECK_EQUAL(table_set_linear((uintptr_t)page, 0), 0);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, &exchange), 0);
    CHECK_EQUAL(exchange.nr_exchanged, 1);
    CHECK_EQUAL(machine_to_phys_mapping[out], pfn);
    frame_list[pfn] = out;
    table_protect(page, PTE_READ_WRITE);
    page[0] = 1;
    CHECK_EQUAL(balloon_current(), reservation);
    page_free(page);
}

/* Two for one of double size, and of the right alignment. */
TEST(memory_exchange_for_a_contiguous_one)
{
    uint64_t *pages = page_alloc_run(2);
    uint64_t pfn = page_pfn(pages).n;
    uint64_t in[2] = {frame_list[pfn], frame_list[pfn + 1]};
    uint64_t out = pfn;
    struct xen_memory_exchange exchange = {
        .in = {.extent_start = {in}, .nr_extents = 2, .domid = DOMID_SELF},
        .out = {.extent_start = {&out}, .nr_extents = 1, .extent_order = 1, .domid = DOMID_SELF},
    };
    CHECK_EQUAL(table_set_linear((uintptr_t)pages, 0), 0);
    CHECK_EQUAL(table_set_linear((uintptr_t)pages + PAGE_SIZE, 0), 0);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, &exchange), 0);
    CHECK_EQUAL(exchange.nr_exchanged, 2);
    CHECK_EQUAL(out & 1, 0);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQUAL(machine_to_phys_mapping[out + i], pfn + i);
        frame_list[pfn + i] = out + i;
        table_protect((char *)pages + i * PAGE_SIZE, PTE_READ_WRITE);
    }
    page_free(pages);
    page_free((char *)pages + PAGE_SIZE);
}

/*
 * Where the guest cannot be told, nothing is exchanged: the second entry of the list is on a page
 * that is not there, and later the count on one that is read-only. The header promises that what is
 * beyond nr_exchanged is untouched; Xen gives those frames away before it looks.
 */
TEST(memory_exchange_tells_first)
{
    if (!start_on_ringside())
        SKIP("Xen loses what it cannot tell of");
    uint64_t *pages = page_alloc_run(2); /* to be exchanged */
    uint64_t *lists = page_alloc_run(2);
    uint64_t pfn = page_pfn(pages).n;
    uint64_t in[2] = {frame_list[pfn], frame_list[pfn + 1]};
    uint64_t *out = lists + TABLE_ENTRIES - 1;
    struct xen_memory_exchange *exchange = (struct xen_memory_exchange *)lists;
    const struct xen_memory_exchange both = {
        .in = {.extent_start = {in}, .nr_extents = 2, .domid = DOMID_SELF},
        .out = {.extent_start = {out}, .nr_extents = 2, .domid = DOMID_SELF},
    };
    long reservation = balloon_current();
    *exchange = both;
    out[0] = pfn;
    out[1] = pfn + 1;
    CHECK_EQUAL(table_set_linear((uintptr_t)pages, 0), 0);
    CHECK_EQUAL(table_set_linear((uintptr_t)pages + PAGE_SIZE, 0), 0);
    CHECK_EQUAL(table_set_linear((uintptr_t)lists + PAGE_SIZE, 0), 0);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, exchange), -XEN_EFAULT);
    CHECK_EQUAL(exchange->nr_exchanged, 1);
    CHECK_EQUAL(machine_to_phys_mapping[out[0]], pfn);
    CHECK_EQUAL(machine_to_phys_mapping[in[1]], pfn + 1);
    CHECK_EQUAL(balloon_current(), reservation);
    frame_list[pfn] = out[0];
    table_protect((char *)lists + PAGE_SIZE, PTE_READ_WRITE);
    CHECK_EQUAL(out[1], pfn + 1);

    table_protect(lists, PTE_READ_ONLY);
    uint64_t first = out[0];
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, exchange), -XEN_EFAULT);
    CHECK_EQUAL(exchange->nr_exchanged, 1);
    CHECK_EQUAL(out[0], first);
    CHECK_EQUAL(out[1], pfn + 1); /* was told, and taken back */
    CHECK_EQUAL(machine_to_phys_mapping[in[1]], pfn + 1);
    CHECK_EQUAL(balloon_current(), reservation);

    /* And it goes on from there. */
    table_protect(lists, PTE_READ_WRITE);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, exchange), 0);
    CHECK_EQUAL(exchange->nr_exchanged, 2);
    CHECK_EQUAL(machine_to_phys_mapping[out[1]], pfn + 1);
    frame_list[pfn + 1] = out[1];
    for (unsigned i = 0; i < 2; i++) {
        table_protect((char *)pages + i * PAGE_SIZE, PTE_READ_WRITE);
        page_free((char *)pages + i * PAGE_SIZE);
        page_free((char *)lists + i * PAGE_SIZE);
    }
}

TEST(memory_exchange_refuses)
{
    uint64_t in = page_mfn(start_info).n;
    uint64_t out = 0;
    const struct xen_memory_exchange good = {
        .in = {.extent_start = {&in}, .nr_extents = 1, .domid = DOMID_SELF},
        .out = {.extent_start = {&out}, .nr_extents = 1, .domid = DOMID_SELF},
    };
    struct xen_memory_exchange bad = good;
    long before = balloon_current();
    bad.out.nr_extents = 2; /* not as much */
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, &bad), -XEN_EINVAL);
    bad = good;
    bad.nr_exchanged = 2; /* more than there are */
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, &bad), -XEN_EINVAL);
    bad = good;
    in = frame_of_hypervisor().n;
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, &bad), -XEN_EINVAL);
    CHECK_EQUAL(bad.nr_exchanged, 0);
    CHECK_EQUAL(hypercall_memory_op(XENMEM_exchange, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(balloon_current(), before);
}

struct map_entry { /* as BIOS call 0x15, 0xe820 gives it */
    uint64_t start, size;
    uint32_t type;
} __attribute__((packed));

TEST(memory_maps)
{
    static struct map_entry entries[128];
    struct xen_memory_map map = {.nr_entries = LENGTH(entries), .buffer = {entries}};
    CHECK_EQUAL(hypercall_memory_op(XENMEM_machine_memory_map, &map), 0);
    CHECK(map.nr_entries > 0 && map.nr_entries <= LENGTH(entries));
    uint64_t ram = 0;
    for (unsigned i = 0; i < map.nr_entries; i++)
        ram += entries[i].type == 1 ? entries[i].size : 0;
    CHECK(ram / PAGE_SIZE > page_count); /* the hypervisor has some too */
    map.nr_entries = 0;
    map.buffer.p = NULL; /* how many would it be? */
    CHECK_EQUAL(hypercall_memory_op(XENMEM_machine_memory_map, &map), 0);
    CHECK(map.nr_entries > 0);
    map.nr_entries = LENGTH(entries);
    map.buffer.p = POINTER_BAD;
    CHECK_EQUAL(hypercall_memory_op(XENMEM_machine_memory_map, &map), -XEN_EFAULT);
}

TEST(memory_machine_table)
{
    struct xen_machphys_mapping mapping = {0};
    CHECK_EQUAL(hypercall_memory_op(XENMEM_machphys_mapping, &mapping), 0);
    CHECK_EQUAL(mapping.v_start, MACH2PHYS_VIRT_START);
    CHECK(mapping.v_end > mapping.v_start && mapping.v_end <= MACH2PHYS_VIRT_END);
    long last = hypercall_memory_op(XENMEM_maximum_ram_page, NULL);
    CHECK(last > (long)page_count);
    for (size_t i = 0; i < page_count; i++) {
        REQUIRE(frame_list[i] <= (uint64_t)last);
        REQUIRE(frame_list[i] <= mapping.max_mfn);
    }
}

TEST(memory_machine_table_frames)
{
    static xen_pfn_t frames[16];
    struct xen_machphys_mfn_list list = {.max_extents = LENGTH(frames), .extent_start = {frames}};
    CHECK_EQUAL(hypercall_memory_op(XENMEM_machphys_mfn_list, &list), 0);
    CHECK(list.nr_extents > 0 && list.nr_extents <= LENGTH(frames));
    CHECK_EQUAL(frames[0] % 512, 0); /* 2 MiB each */
    list.max_extents = 0;
    CHECK_EQUAL(hypercall_memory_op(XENMEM_machphys_mfn_list, &list), 0);
    CHECK_EQUAL(list.nr_extents, 0);
}

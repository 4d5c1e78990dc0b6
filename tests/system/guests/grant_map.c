/* SPDX-License-Identifier: MIT */
/*
 * Mappings of grants: what they map, what they are refused for, what they hold, and how they end.
 * The domain grants to itself, which is as good as to another: who grants makes no difference.
 */
#include "guest/balloon.h"
#include "guest/grant.h"
#include "tests/system/guests/support.h"

/* A page that is granted, and where grants are mapped. */
static struct {
    volatile uint64_t *page;
    grant_ref_t ref;
    uint64_t va;
    volatile uint64_t *alias;
} g;

static void begin(bool readonly)
{
    grant_init();
    g.page = page_alloc();
    g.ref = grant_alloc();
    g.va = spare_address();
    g.alias = (uint64_t *)g.va;
    g.page[0] = 4711;
    grant_access(g.ref, DOMAIN_SELF, page_mfn((void *)g.page), readonly);
}

/* Nothing uses it any more: neither the entry, nor the frame, which can be given back at once. */
static void end(void)
{
    CHECK_EQUAL(entry_at(g.va), 0);
    CHECK_EQUAL(grant_table[g.ref].flags & (GTF_reading | GTF_writing), 0);
    CHECK(grant_end_access(g.ref));
    grant_free(g.ref);
    long before = balloon_current();
    CHECK_EQUAL(balloon_give((void *)g.page, 1), 1);
    CHECK_EQUAL(balloon_current(), before - 1);
    CHECK_EQUAL(balloon_take((void *)g.page, 1), 1);
    page_free((void *)g.page);
}

static uint16_t use(void)
{
    return grant_table[g.ref].flags & (GTF_reading | GTF_writing);
}

static int map(uint32_t flags, grant_handle_t *handle)
{
    return grant_map(DOMAIN_SELF, g.ref, g.va, flags, handle);
}

static struct gnttab_map_grant_ref map_raw(domid_t domain, grant_ref_t ref, uint64_t at,
                                           uint32_t flags)
{
    struct gnttab_map_grant_ref op = {.host_addr = at,
                                      .flags = flags,
                                      .ref = ref,
                                      .dom = domain,
                                      .status = 77,
                                      .handle = 0xabcd,
                                      .dev_bus_addr = 0x1234};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1), 0);
    return op;
}

static int unmap_raw(grant_handle_t handle, uint64_t host, uint64_t device)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = host, .dev_bus_addr = device, .handle = handle, .status = 77};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1), 0);
    return op.status;
}

TEST(grant_map_and_unmap)
{
    grant_handle_t handle;
    struct caught caught;
    begin(false);
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    CHECK_EQUAL(use(), GTF_reading | GTF_writing);
    CHECK(!grant_end_access(g.ref));
    CHECK_EQUAL(g.alias[0], 4711);
    g.alias[1] = 42;
    CHECK_EQUAL(g.page[1], 42);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    CHECK_EQUAL(use(), 0);
    /* At once: the translation was in use just now. */
    CHECK(CATCH(&caught, g.alias[0]));
    CHECK_EQUAL(caught.cr2, g.va);
    end();
}

TEST(grant_map_readonly)
{
    grant_handle_t handle;
    struct caught caught;
    begin(true);
    CHECK_EQUAL(map(0, &handle), GNTST_general_error);
    CHECK_EQUAL(entry_at(g.va), 0);
    CHECK_EQUAL(use(), 0);
    CHECK_EQUAL(map(GNTMAP_readonly, &handle), GNTST_okay);
    CHECK_EQUAL(use(), GTF_reading);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK(CATCH(&caught, g.alias[0] = 1));
    CHECK_EQUAL(caught.frame.error, FAULT_PRESENT | FAULT_WRITE);
    CHECK_EQUAL(g.page[0], 4711);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    end();
}

/* Bits that are not compared are a hypervisor's own: its mark of user's and of kernel's entries. */
#define ENTRY_MEANT (~(PTE_GLOBAL | 1UL << 52))

TEST(grant_map_entry)
{
    static const struct {
        uint32_t flags;
        uint64_t entry;
    } ways[] = {
        {0, PTE_WRITE},
        {GNTMAP_readonly, 0},
        {GNTMAP_application_map, PTE_WRITE},
        {1U << 16, PTE_WRITE | 1UL << 9},
        {5U << 16, PTE_WRITE | 5UL << 9},
        {0xffffU << 16 | GNTMAP_readonly, 7UL << 9},
        {0xff20U, PTE_WRITE}, /* flags that there are not */
    };
    grant_handle_t handle;
    begin(false);
    for (unsigned i = 0; i < LENGTH(ways); i++) {
        CHECK_EQUAL(map(ways[i].flags, &handle), GNTST_okay);
        CHECK_EQUAL(entry_at(g.va) & ENTRY_MEANT,
                    pte_make(page_mfn((void *)g.page), ways[i].entry | PTE_PRESENT | PTE_USER |
                                                           PTE_ACCESSED | PTE_DIRTY |
                                                           PTE_NO_EXECUTE));
        CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    }
    end();
}

/* Anywhere within the page will do for an address. */
TEST(grant_map_address_within_a_page)
{
    begin(false);
    struct gnttab_map_grant_ref op = map_raw(DOMAIN_SELF, g.ref, g.va + 8, GNTMAP_host_map);
    CHECK_EQUAL(op.status, GNTST_okay);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(op.dev_bus_addr, page_mfn((void *)g.page).n << PAGE_SHIFT);
    CHECK_EQUAL(grant_unmap(op.handle, g.va + 16), GNTST_okay);
    end();
}

TEST(grant_map_refuses)
{
    const struct {
        int status;
        domid_t domain;
        grant_ref_t ref;
        uint64_t at;
        uint32_t flags;
    } ways[] = {
        {GNTST_bad_gntref, 0, 0, 0, 0},
        {GNTST_bad_gntref, 0, 0, 0, GNTMAP_readonly},
        {GNTST_bad_gntref, 0, 0, 0, GNTMAP_contains_pte},
        {GNTST_bad_domain, DOMID_SELF, 0, 0, GNTMAP_host_map},
        {GNTST_bad_domain, DOMAIN_NOBODY, 0, 0, GNTMAP_host_map},
        {GNTST_bad_domain, DOMID_IO, 0, 0, GNTMAP_host_map},
        {GNTST_bad_domain, DOMID_XEN, 0, 0, GNTMAP_host_map},
        {GNTST_bad_gntref, 0, 100 * GRANT_REFS, 0, GNTMAP_host_map},
        {GNTST_bad_gntref, 0, UINT32_MAX, 0, GNTMAP_host_map},
        {GNTST_general_error, 0, GRANT_REFS - 1, 0, GNTMAP_host_map}, /* grants nothing */
        {GNTST_general_error, 0, 0, 0x10000, GNTMAP_host_map},        /* no table */
        {GNTST_general_error, 0, 0, HYPERVISOR_VIRT_START, GNTMAP_host_map},
        {GNTST_general_error, 0, 0, 0x0000800000000000, GNTMAP_host_map},
    };
    begin(false);
    for (unsigned i = 0; i < LENGTH(ways); i++) {
        struct gnttab_map_grant_ref op = map_raw(ways[i].domain, ways[i].ref ? ways[i].ref : g.ref,
                                                 ways[i].at ? ways[i].at : g.va, ways[i].flags);
        CHECK_EQUAL(op.status, ways[i].status);
        CHECK_EQUAL(op.handle, 0xabcd);
        CHECK_EQUAL(op.dev_bus_addr, 0x1234);
        CHECK_EQUAL(entry_at(g.va), 0);
        CHECK_EQUAL(use(), 0);
    }
    end();
}

/* What the entry must say, and of which frame. */
TEST(grant_map_refuses_entries)
{
    const struct {
        int status;
        uint16_t flags;
        domid_t domain;
        mfn_t frame;
        uint32_t how;
    } ways[] = {
        {GNTST_general_error, GTF_permit_access, DOMAIN_NOBODY, {0}, 0},
        {GNTST_general_error, GTF_permit_access, DOMID_SELF, {0}, 0},
        {GNTST_general_error, GTF_invalid, DOMAIN_SELF, {0}, 0},
        {GNTST_general_error, GTF_accept_transfer, DOMAIN_SELF, {0}, 0},
        {GNTST_general_error, GTF_transitive, DOMAIN_SELF, {0}, 0},
        {GNTST_general_error, GTF_permit_access | GTF_sub_page, DOMAIN_SELF, {0}, 0},
        {GNTST_bad_page, GTF_permit_access, DOMAIN_SELF, frame_of_hypervisor(), 0},
        {GNTST_bad_page, GTF_permit_access, DOMAIN_SELF, frame_of_hypervisor(), GNTMAP_readonly},
        {GNTST_bad_page, GTF_permit_access, DOMAIN_SELF, {0xfffffff}, GNTMAP_readonly},
        {GNTST_bad_page, GTF_permit_access, DOMAIN_SELF, {0xffffffff}, 0},
        {GNTST_general_error, GTF_permit_access, DOMAIN_SELF, table_root_mfn(), 0},
        {GNTST_general_error, GTF_permit_access, DOMAIN_SELF, table_root_mfn(), GNTMAP_device_map},
    };
    begin(false);
    for (unsigned i = 0; i < LENGTH(ways); i++) {
        grant_handle_t handle;
        grant_table[g.ref] = (struct grant_entry_v1){
            .flags = ways[i].flags, .domid = ways[i].domain, .frame = (uint32_t)ways[i].frame.n};
        if (!ways[i].frame.n)
            grant_table[g.ref].frame = (uint32_t)page_mfn((void *)g.page).n;
        CHECK_EQUAL(map(ways[i].how, &handle), ways[i].status);
        CHECK_EQUAL(grant_table[g.ref].flags, ways[i].flags);
        CHECK_EQUAL(entry_at(g.va), 0);
    }
    end();
}

/* A page table may be read. */
TEST(grant_map_of_a_table)
{
    grant_handle_t handle;
    begin(true);
    grant_table[g.ref].frame = (uint32_t)table_root_mfn().n;
    CHECK_EQUAL(map(GNTMAP_readonly, &handle), GNTST_okay);
    CHECK_EQUAL(g.alias[table_index(GUEST_BASE, 4)], table_root[table_index(GUEST_BASE, 4)]);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    end();
}

/* While it is mapped writable, the frame is that and nothing else. */
TEST(grant_mapping_holds_the_frame)
{
    grant_handle_t handle;
    mfn_t frame;
    begin(false);
    frame = page_mfn((void *)g.page);
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    table_protect((void *)g.page, PTE_READ_ONLY);
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, frame), -XEN_EINVAL);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    for (unsigned i = 0; i < PAGE_SIZE / sizeof(*g.page); i++)
        CHECK_EQUAL(g.page[i], i == 0 ? 4711 : 0);
    table_protect((void *)g.page, PTE_READ_WRITE);
    g.page[0] = 0;
    table_protect((void *)g.page, PTE_READ_ONLY);
    CHECK_EQUAL(map(GNTMAP_readonly, &handle), GNTST_okay);
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, frame), 0); /* reading does not count */
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, frame), 0);
    table_protect((void *)g.page, PTE_READ_WRITE);
    end();
}

/* A frame that its owner gave back lives on for as long as it is mapped. */
TEST(grant_mapping_outlives_the_owners_claim)
{
    grant_handle_t handle;
    begin(false);
    uint64_t frame = page_mfn((void *)g.page).n;
    long before = balloon_current();
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    CHECK_EQUAL(table_set_linear((uintptr_t)g.page, 0), 0);
    struct xen_memory_reservation reservation = {
        .extent_start = {&frame}, .nr_extents = 1, .domid = DOMID_SELF};
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &reservation), 1);
    CHECK_EQUAL(balloon_current(), before);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    CHECK_EQUAL(balloon_current(), before - 1);
    CHECK_EQUAL(balloon_take((void *)g.page, 1), 1);
    end();
}

/* What was mapped there before gives its place up, and its uses back. */
TEST(grant_map_takes_the_place_of_another_page)
{
    grant_handle_t handle;
    uint64_t *other = page_alloc();
    begin(false);
    CHECK_EQUAL(table_set_linear(g.va, pte_make(page_mfn(other), PTE_READ_WRITE)), 0);
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    table_protect(other, PTE_READ_ONLY);
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, page_mfn(other)), 0);
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(other)), 0);
    table_protect(other, PTE_READ_WRITE);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    page_free(other);
    end();
}

TEST(grant_map_counts)
{
    grant_handle_t handles[4];
    static const uint32_t how[] = {GNTMAP_readonly, 0, 0, GNTMAP_readonly};
    begin(false);
    for (unsigned i = 0; i < LENGTH(handles); i++) {
        CHECK_EQUAL(grant_map(DOMAIN_SELF, g.ref, g.va + i * PAGE_SIZE, how[i], &handles[i]),
                    GNTST_okay);
        for (unsigned j = 0; j < i; j++)
            CHECK(handles[i] != handles[j]);
        CHECK_EQUAL(use(), i == 0 ? GTF_reading : GTF_reading | GTF_writing);
    }
    CHECK_EQUAL(grant_unmap(handles[2], g.va + 2 * PAGE_SIZE), GNTST_okay);
    CHECK_EQUAL(use(), GTF_reading | GTF_writing);
    CHECK_EQUAL(grant_unmap(handles[1], g.va + PAGE_SIZE), GNTST_okay);
    CHECK_EQUAL(use(), GTF_reading);
    CHECK_EQUAL(grant_unmap(handles[0], g.va), GNTST_okay);
    CHECK_EQUAL(use(), GTF_reading);
    CHECK_EQUAL(grant_unmap(handles[3], g.va + 3 * PAGE_SIZE), GNTST_okay);
    end();
}

/* An entry in use stays what it was then, whatever its owner makes of it. */
TEST(grant_entry_in_use)
{
    grant_handle_t handles[2];
    uint64_t *other = page_alloc();
    begin(false);
    CHECK_EQUAL(map(0, &handles[0]), GNTST_okay);
    grant_table[g.ref].frame = (uint32_t)page_mfn(other).n;
    CHECK_EQUAL(grant_map(DOMAIN_SELF, g.ref, g.va + PAGE_SIZE, 0, &handles[1]), GNTST_okay);
    CHECK_EQUAL(entry_at(g.va + PAGE_SIZE) & PTE_FRAME, entry_at(g.va) & PTE_FRAME);
    CHECK_EQUAL(grant_unmap(handles[1], g.va + PAGE_SIZE), GNTST_okay);
    CHECK_EQUAL(grant_unmap(handles[0], g.va), GNTST_okay);
    CHECK_EQUAL(map(0, &handles[0]), GNTST_okay);
    CHECK_EQUAL(entry_at(g.va) & PTE_FRAME, page_mfn(other).n << PAGE_SHIFT);
    CHECK_EQUAL(grant_unmap(handles[0], g.va), GNTST_okay);
    page_free(other);
    end();
}

TEST(grant_map_by_entry)
{
    grant_handle_t handle;
    uint64_t *other = page_alloc();
    begin(false);
    uint64_t entry = machine_address(table_entry(table_root, g.va, 1));
    const uint64_t bad[] = {entry + 1, machine_address(other), machine_address(table_root),
                            frame_of_hypervisor().n << PAGE_SHIFT, FRAME_BEYOND.n << PAGE_SHIFT};
    for (unsigned i = 0; i < LENGTH(bad); i++) {
        CHECK_EQUAL(grant_map(DOMAIN_SELF, g.ref, bad[i], GNTMAP_contains_pte, &handle),
                    GNTST_general_error);
        CHECK_EQUAL(use(), 0);
    }
    CHECK_EQUAL(grant_map(DOMAIN_SELF, g.ref, entry, GNTMAP_contains_pte, &handle), GNTST_okay);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_general_error); /* as it was mapped */
    CHECK_EQUAL(grant_unmap(handle, entry + 8), GNTST_general_error);
    CHECK_EQUAL(grant_unmap(handle, entry + 1), GNTST_general_error);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(grant_unmap(handle, entry), GNTST_okay);
    page_free(other);
    end();
}

TEST(grant_unmap_refuses)
{
    grant_handle_t handle;
    begin(false);
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    CHECK_EQUAL(grant_unmap(handle + 1000, g.va), GNTST_bad_handle);
    CHECK_EQUAL(grant_unmap(UINT32_MAX, g.va), GNTST_bad_handle);
    CHECK_EQUAL(grant_unmap(handle, g.va + PAGE_SIZE), GNTST_general_error);
    CHECK_EQUAL(grant_unmap(handle, 0x10000), GNTST_general_error);
    CHECK_EQUAL(grant_unmap(handle, HYPERVISOR_VIRT_START), GNTST_general_error);
    CHECK_EQUAL(grant_unmap(handle, 0x0000800000000000), GNTST_general_error);
    CHECK_EQUAL(grant_unmap(handle, 0), GNTST_okay); /* nothing was asked for */
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_bad_handle);
    CHECK_EQUAL(grant_unmap(handle, 0), GNTST_bad_handle);
    end();
}

TEST(grant_map_for_devices)
{
    begin(false);
    mfn_t frame = page_mfn((void *)g.page);
    uint64_t device = frame.n << PAGE_SHIFT;
    struct gnttab_map_grant_ref both =
        map_raw(DOMAIN_SELF, g.ref, g.va, GNTMAP_host_map | GNTMAP_device_map);
    CHECK_EQUAL(both.status, GNTST_okay);
    CHECK_EQUAL(both.dev_bus_addr, device);
    CHECK_EQUAL(unmap_raw(both.handle, g.va, device + PAGE_SIZE), GNTST_bad_dev_addr);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(unmap_raw(both.handle, g.va, 0), GNTST_okay);
    CHECK_EQUAL(entry_at(g.va), 0);
    CHECK_EQUAL(use(), GTF_reading | GTF_writing);
    CHECK_EQUAL(unmap_raw(both.handle, g.va, 0), GNTST_okay); /* nothing there */
    /* Devices write to it: so nobody may make a table of it. */
    table_protect((void *)g.page, PTE_READ_ONLY);
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, frame), -XEN_EINVAL);
    table_protect((void *)g.page, PTE_READ_WRITE);
    CHECK_EQUAL(unmap_raw(both.handle, 0, device + PAGE_SIZE), GNTST_bad_dev_addr);
    CHECK_EQUAL(unmap_raw(both.handle, 0, device), GNTST_okay);
    CHECK_EQUAL(unmap_raw(both.handle, 0, device), GNTST_bad_handle);

    struct gnttab_map_grant_ref alone =
        map_raw(DOMAIN_SELF, g.ref, g.va, GNTMAP_device_map | GNTMAP_readonly);
    CHECK_EQUAL(alone.status, GNTST_okay);
    CHECK_EQUAL(entry_at(g.va), 0);
    CHECK_EQUAL(use(), GTF_reading);
    CHECK_EQUAL(unmap_raw(alone.handle, 0, device), GNTST_okay);
    both = map_raw(DOMAIN_SELF, g.ref, g.va, GNTMAP_host_map | GNTMAP_device_map);
    CHECK_EQUAL(unmap_raw(both.handle, g.va, device), GNTST_okay);
    end();
}

TEST(grant_map_batches)
{
    enum { N = 100 };
    static struct gnttab_map_grant_ref maps[N];
    static struct gnttab_unmap_grant_ref unmaps[N];
    begin(false);
    for (unsigned i = 0; i < N; i++)
        maps[i] = (struct gnttab_map_grant_ref){.host_addr = g.va + i * PAGE_SIZE,
                                                .flags = GNTMAP_host_map,
                                                .ref = i % 10 == 9 ? UINT32_MAX : g.ref,
                                                .dom = DOMAIN_SELF};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_map_grant_ref, maps, N), 0);
    for (unsigned i = 0; i < N; i++) {
        CHECK_EQUAL(maps[i].status, i % 10 == 9 ? GNTST_bad_gntref : GNTST_okay);
        unmaps[i] = (struct gnttab_unmap_grant_ref){.host_addr = maps[i].host_addr,
                                                    .handle = maps[i].handle};
        if (maps[i].status != GNTST_okay)
            unmaps[i].handle = UINT32_MAX;
        else
            CHECK_EQUAL(*(volatile uint64_t *)maps[i].host_addr, 4711);
    }
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, unmaps, N), 0);
    for (unsigned i = 0; i < N; i++) {
        CHECK_EQUAL(unmaps[i].status, i % 10 == 9 ? GNTST_bad_handle : GNTST_okay);
        CHECK_EQUAL(entry_at(maps[i].host_addr), 0);
    }
    end();
}

/* A batch ends at what cannot be read; what came before it is done, all of it. */
TEST(grant_unmap_batch_that_ends_early)
{
    enum { N = 3 };
    grant_handle_t handles[N];
    begin(false);
    for (unsigned i = 0; i < N; i++)
        CHECK_EQUAL(grant_map(DOMAIN_SELF, g.ref, g.va + i * PAGE_SIZE, 0, &handles[i]),
                    GNTST_okay);
    /* The list's end is where nothing is mapped. */
    uint64_t *page = page_alloc();
    uint64_t window = g.va + 8 * PAGE_SIZE;
    CHECK_EQUAL(table_set_linear(window, pte_make(page_mfn(page), PTE_READ_WRITE)), 0);
    struct gnttab_unmap_grant_ref *ops = (struct gnttab_unmap_grant_ref *)(window + PAGE_SIZE) - N;
    for (unsigned i = 0; i < N; i++)
        ops[i] = (struct gnttab_unmap_grant_ref){.host_addr = g.va + i * PAGE_SIZE,
                                                 .handle = handles[i]};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, ops, N + 1), -XEN_EFAULT);
    for (unsigned i = 0; i < N; i++)
        CHECK_EQUAL(entry_at(g.va + i * PAGE_SIZE), 0);
    CHECK_EQUAL(table_set_linear(window, 0), 0);
    page_free(page);
    end();
}

/* One handle twice in a batch, by one kind and by both. */
TEST(grant_unmap_twice_in_a_batch)
{
    grant_handle_t handle;
    begin(false);
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    struct gnttab_unmap_grant_ref twice[2] = {{.host_addr = g.va, .handle = handle},
                                              {.host_addr = g.va, .handle = handle}};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, twice, 2), 0);
    CHECK_EQUAL(twice[0].status, GNTST_okay);
    CHECK_EQUAL(twice[1].status, GNTST_bad_handle);

    struct gnttab_map_grant_ref both =
        map_raw(DOMAIN_SELF, g.ref, g.va, GNTMAP_host_map | GNTMAP_device_map);
    twice[0] = (struct gnttab_unmap_grant_ref){.host_addr = g.va, .handle = both.handle};
    twice[1] =
        (struct gnttab_unmap_grant_ref){.dev_bus_addr = both.dev_bus_addr, .handle = both.handle};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, twice, 2), 0);
    CHECK_EQUAL(twice[0].status, GNTST_okay);
    CHECK_EQUAL(twice[1].status, GNTST_okay);
    end();
}

/*
 * An entry that the domain itself writes over is no mapping of the grant any more, and holds
 * nothing: but the grant stays in use, because it was not said to end, until it is put back as it
 * was. Of a grant to oneself it can be.
 */
TEST(grant_mapping_written_over)
{
    grant_handle_t handle;
    uint64_t *other = page_alloc();
    begin(false);
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    CHECK_EQUAL(table_set_linear(g.va, pte_make(page_mfn(other), PTE_READ_WRITE)), 0);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_general_error);
    CHECK_EQUAL(entry_at(g.va) & PTE_FRAME, page_mfn(other).n << PAGE_SHIFT);
    CHECK_EQUAL(use(), GTF_reading | GTF_writing);
    table_protect((void *)g.page, PTE_READ_ONLY);
    CHECK_EQUAL(table_set_linear(g.va, 0), 0);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_general_error);
    table_protect((void *)g.page, PTE_READ_WRITE);
    /* Of the frame but to read only, which is not what was mapped. */
    CHECK_EQUAL(table_set_linear(g.va, pte_make(page_mfn((void *)g.page), PTE_READ_ONLY)), 0);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_general_error);
    CHECK_EQUAL(table_set_linear(g.va, pte_make(page_mfn((void *)g.page), PTE_READ_WRITE)), 0);
    CHECK_EQUAL(grant_unmap(handle, g.va), GNTST_okay);
    page_free(other);
    end();
}

static int replace(grant_handle_t handle, uint64_t host, uint64_t by)
{
    struct gnttab_unmap_and_replace op = {
        .host_addr = host, .new_addr = by, .handle = handle, .status = 77};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_unmap_and_replace, &op, 1), 0);
    return op.status;
}

TEST(grant_unmap_and_replace)
{
    grant_handle_t handle;
    uint64_t *other = page_alloc();
    begin(false);
    uint64_t by = g.va + PAGE_SIZE;
    uint64_t pte = pte_make(page_mfn(other), PTE_READ_WRITE);
    other[0] = 99;
    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    CHECK_EQUAL(table_set_linear(by, pte), 0);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(*(volatile uint64_t *)by, 99);
    CHECK_EQUAL(replace(handle, g.va, HYPERVISOR_VIRT_START), GNTST_general_error);
    CHECK_EQUAL(replace(handle, g.va, 0x10000), GNTST_general_error);
    CHECK_EQUAL(replace(handle, g.va + 2 * PAGE_SIZE, g.va + 3 * PAGE_SIZE), GNTST_general_error);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(replace(handle, g.va, by), GNTST_okay);
    CHECK_EQUAL(g.alias[0], 99);
    CHECK_EQUAL(entry_at(by), 0);
    CHECK_EQUAL(replace(handle, g.va, by), GNTST_bad_handle);
    CHECK_EQUAL(g.alias[0], 99);
    CHECK_EQUAL(use(), 0);
    CHECK_EQUAL(table_set_linear(g.va, 0), 0);

    CHECK_EQUAL(map(0, &handle), GNTST_okay);
    CHECK_EQUAL(replace(handle, g.va, 0), GNTST_okay); /* by nothing */
    page_free(other);
    end();
}

/* Not of a mapping by its entry. */
TEST(grant_unmap_and_replace_by_entry)
{
    grant_handle_t handle;
    begin(false);
    uint64_t entry = machine_address(table_entry(table_root, g.va, 1));
    CHECK_EQUAL(grant_map(DOMAIN_SELF, g.ref, entry, GNTMAP_contains_pte, &handle), GNTST_okay);
    CHECK_EQUAL(replace(handle, entry, g.va + PAGE_SIZE), GNTST_general_error);
    CHECK_EQUAL(g.alias[0], 4711);
    CHECK_EQUAL(grant_unmap(handle, entry), GNTST_okay);
    end();
}

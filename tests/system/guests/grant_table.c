/* SPDX-License-Identifier: MIT */
/* grant_table_op: what is about a whole table, and what all operations have in common. */
#include "guest/grant.h"
#include "tests/system/guests/support.h"

static long op(unsigned cmd, void *ops, unsigned count)
{
    return hypercall_grant_table_op(cmd, ops, count);
}

static struct gnttab_query_size size_of(domid_t domain)
{
    struct gnttab_query_size query = {.dom = domain, .status = 77};
    CHECK_EQUAL(op(GNTTABOP_query_size, &query, 1), 0);
    return query;
}

TEST(grant_query_size)
{
    grant_init();
    struct gnttab_query_size query = size_of(DOMID_SELF);
    CHECK_EQUAL(query.status, GNTST_okay);
    CHECK(query.nr_frames >= GRANT_FRAMES);
    CHECK(query.max_nr_frames >= query.nr_frames);
    CHECK_EQUAL(size_of(DOMAIN_SELF).nr_frames, query.nr_frames);
    CHECK_EQUAL(size_of(DOMAIN_NOBODY).status, GNTST_bad_domain);
    CHECK_EQUAL(size_of(DOMID_IO).status, GNTST_bad_domain);
    CHECK_EQUAL(size_of(DOMID_XEN).status, GNTST_bad_domain);
}

static int setup(domid_t domain, unsigned frames, xen_pfn_t *list)
{
    struct gnttab_setup_table setup = {
        .dom = domain, .nr_frames = frames, .frame_list = {list}, .status = 77};
    CHECK_EQUAL(op(GNTTABOP_setup_table, &setup, 1), 0);
    return setup.status;
}

TEST(grant_setup_table)
{
    static xen_pfn_t first[GRANT_FRAMES + 1];
    static xen_pfn_t again[GRANT_FRAMES + 1];
    grant_init();
    CHECK_EQUAL(setup(DOMID_SELF, GRANT_FRAMES, first), GNTST_okay);
    for (unsigned i = 0; i < GRANT_FRAMES; i++)
        CHECK_EQUAL(entry_at((uintptr_t)grant_table + i * PAGE_SIZE) & PTE_FRAME,
                    first[i] << PAGE_SHIFT);
    /* What was there stays where it is; what is asked for is what is written. */
    CHECK_EQUAL(setup(DOMAIN_SELF, 1, again), GNTST_okay);
    CHECK_EQUAL(again[0], first[0]);
    CHECK_EQUAL(again[1], 0);
    CHECK_EQUAL(setup(DOMID_SELF, GRANT_FRAMES + 1, again), GNTST_okay);
    CHECK_EQUAL(memcmp(first, again, GRANT_FRAMES * sizeof(*first)), 0);
    CHECK(size_of(DOMID_SELF).nr_frames > GRANT_FRAMES);
    CHECK_EQUAL(setup(DOMID_SELF, 0, NULL), GNTST_okay);
}

TEST(grant_setup_table_refuses)
{
    xen_pfn_t list[1] = {0};
    unsigned max = size_of(DOMID_SELF).max_nr_frames;
    unsigned frames = size_of(DOMID_SELF).nr_frames;
    CHECK_EQUAL(setup(DOMID_SELF, max + 1, list), GNTST_general_error);
    CHECK_EQUAL(setup(DOMID_SELF, UINT32_MAX, list), GNTST_general_error);
    CHECK_EQUAL(setup(DOMID_SELF, 1, (xen_pfn_t *)spare_address()), GNTST_bad_virt_addr);
    CHECK_EQUAL(setup(DOMAIN_NOBODY, 1, list), GNTST_bad_domain);
    CHECK_EQUAL(setup(DOMID_IO, 1, list), GNTST_bad_domain);
    CHECK_EQUAL(list[0], 0);
    CHECK_EQUAL(size_of(DOMID_SELF).nr_frames, frames);
}

/* They are the hypervisor's as much: not to be given back, and never a page table. */
TEST(grant_table_frames_stay)
{
    xen_pfn_t list[1] = {0};
    REQUIRE(setup(DOMID_SELF, 1, list) == GNTST_okay);
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, MFN(list[0])), -XEN_EINVAL);
    struct gnttab_transfer transfer = {.mfn = list[0], .domid = DOMAIN_SELF};
    CHECK_EQUAL(op(GNTTABOP_transfer, &transfer, 1), 0);
    CHECK_EQUAL(transfer.status, GNTST_bad_page);
    if (!start_on_ringside())
        SKIP("this hypervisor lets the domain give its claim back");
    struct xen_memory_reservation reservation = {
        .extent_start = {list}, .nr_extents = 1, .domid = DOMID_SELF};
    CHECK_EQUAL(hypercall_memory_op(XENMEM_decrease_reservation, &reservation), 0);
}

TEST(grant_version)
{
    struct gnttab_get_version get = {.dom = DOMID_SELF, .version = 9};
    CHECK_EQUAL(op(GNTTABOP_get_version, &get, 1), 0);
    CHECK_EQUAL(get.version, 1);
    get = (struct gnttab_get_version){.dom = DOMAIN_SELF};
    CHECK_EQUAL(op(GNTTABOP_get_version, &get, 1), 0);
    CHECK_EQUAL(get.version, 1);
    get.dom = DOMAIN_NOBODY;
    CHECK_EQUAL(op(GNTTABOP_get_version, &get, 1), -XEN_ESRCH);
    CHECK_EQUAL(op(GNTTABOP_get_version, POINTER_BAD, 1), -XEN_EFAULT);

    static const unsigned none[] = {0, 3, UINT32_MAX};
    struct gnttab_set_version set = {.version = 1};
    CHECK_EQUAL(op(GNTTABOP_set_version, &set, 1), 0);
    CHECK_EQUAL(set.version, 1);
    for (unsigned i = 0; i < LENGTH(none); i++) {
        set.version = none[i];
        CHECK_EQUAL(op(GNTTABOP_set_version, &set, 1), -XEN_EINVAL);
        CHECK_EQUAL(set.version, 1); /* what it is */
    }
    CHECK_EQUAL(op(GNTTABOP_set_version, POINTER_BAD, 1), -XEN_EFAULT);
}

/* As Xen answers that is started with gnttab=max-ver:1. */
TEST(grant_version_2)
{
    if (!start_on_ringside())
        SKIP("this hypervisor has version 2");
    struct gnttab_set_version set = {.version = 2};
    CHECK_EQUAL(op(GNTTABOP_set_version, &set, 1), -XEN_ENOSYS);
    CHECK_EQUAL(set.version, 1);
}

static int status_frames(domid_t domain, unsigned frames)
{
    struct gnttab_get_status_frames get = {.dom = domain, .nr_frames = frames, .status = 77};
    CHECK_EQUAL(op(GNTTABOP_get_status_frames, &get, 1), 0);
    return get.status;
}

TEST(grant_status_frames_are_of_version_2)
{
    CHECK_EQUAL(status_frames(DOMID_SELF, 0), GNTST_okay);
    CHECK_EQUAL(status_frames(DOMID_SELF, 1), GNTST_general_error);
    CHECK_EQUAL(status_frames(DOMAIN_NOBODY, 1), GNTST_bad_domain);
}

TEST(grant_op_arguments)
{
    static const unsigned single[] = {GNTTABOP_setup_table, GNTTABOP_query_size,
                                      GNTTABOP_get_status_frames};
    static const unsigned all[] = {
        GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref,   GNTTABOP_copy,
        GNTTABOP_transfer,      GNTTABOP_unmap_and_replace, GNTTABOP_swap_grant_ref,
        GNTTABOP_cache_flush};
    char ops[64] = {0};
    for (unsigned i = 0; i < LENGTH(single); i++) {
        CHECK_EQUAL(op(single[i], ops, 0), -XEN_EINVAL);
        CHECK_EQUAL(op(single[i], ops, 2), -XEN_EINVAL);
        CHECK_EQUAL(op(single[i], POINTER_BAD, 1), -XEN_EFAULT);
    }
    for (unsigned i = 0; i < LENGTH(all); i++) {
        CHECK_EQUAL(op(all[i], ops, 0), 0);
        CHECK_EQUAL(op(all[i], POINTER_BAD, 1), -XEN_EFAULT);
        CHECK_EQUAL(op(all[i], (void *)spare_address(), 1), -XEN_EFAULT);
        CHECK_EQUAL(op(all[i], ops, 1U << 31), -XEN_EINVAL);
    }
    CHECK_EQUAL(op(GNTTABOP_dump_table, ops, 1), -XEN_ENOSYS);
    CHECK_EQUAL(op(99, ops, 1), -XEN_ENOSYS);
    CHECK_EQUAL(op(GNTTABOP_map_grant_ref | 1 << 12, ops, 0), -XEN_EINVAL);
}

static int swap(grant_ref_t a, grant_ref_t b)
{
    struct gnttab_swap_grant_ref swap = {.ref_a = a, .ref_b = b, .status = 77};
    CHECK_EQUAL(op(GNTTABOP_swap_grant_ref, &swap, 1), 0);
    return swap.status;
}

TEST(grant_swap)
{
    uint64_t va = spare_address();
    grant_handle_t handle;
    uint64_t *pages[2] = {page_alloc(), page_alloc()};
    grant_init();
    grant_ref_t a = grant_alloc();
    grant_ref_t b = grant_alloc();
    grant_access(a, DOMAIN_SELF, page_mfn(pages[0]), true);
    grant_access(b, DOMAIN_NOBODY, page_mfn(pages[1]), false);
    CHECK_EQUAL(swap(a, b), GNTST_okay);
    CHECK_EQUAL(grant_table[a].flags, GTF_permit_access);
    CHECK_EQUAL(grant_table[a].domid, DOMAIN_NOBODY);
    CHECK_EQUAL(grant_table[a].frame, page_mfn(pages[1]).n);
    CHECK_EQUAL(grant_table[b].flags, GTF_permit_access | GTF_readonly);
    CHECK_EQUAL(grant_table[b].domid, DOMAIN_SELF);
    CHECK_EQUAL(grant_table[b].frame, page_mfn(pages[0]).n);
    CHECK_EQUAL(swap(b, b), GNTST_okay);
    CHECK_EQUAL(grant_table[b].domid, DOMAIN_SELF);
    CHECK_EQUAL(swap(a, UINT32_MAX), GNTST_bad_gntref);
    CHECK_EQUAL(swap(UINT32_MAX, a), GNTST_bad_gntref);

    CHECK_EQUAL(grant_map(DOMAIN_SELF, b, va, GNTMAP_readonly, &handle), GNTST_okay);
    CHECK_EQUAL(swap(a, b), GNTST_eagain);
    CHECK_EQUAL(swap(b, a), GNTST_eagain);
    CHECK_EQUAL(grant_table[b].domid, DOMAIN_SELF);
    CHECK_EQUAL(grant_unmap(handle, va), GNTST_okay);
    CHECK_EQUAL(swap(a, b), GNTST_okay);
    CHECK(grant_end_access(a) && grant_end_access(b));
    grant_free(a);
    grant_free(b);
    page_free(pages[0]);
    page_free(pages[1]);
}

static long flush(uint64_t address, unsigned offset, unsigned length, unsigned how)
{
    struct gnttab_cache_flush flush = {.a.dev_bus_addr = address,
                                       .offset = (uint16_t)offset,
                                       .length = (uint16_t)length,
                                       .op = how};
    return op(GNTTABOP_cache_flush, &flush, 1);
}

TEST(grant_cache_flush)
{
    const unsigned both = GNTTAB_CACHE_CLEAN | GNTTAB_CACHE_INVAL;
    uint64_t *page = page_alloc();
    uint64_t at = page_mfn(page).n << PAGE_SHIFT;
    page[0] = 5;
    CHECK_EQUAL(flush(at, 0, PAGE_SIZE, GNTTAB_CACHE_CLEAN), 0);
    CHECK_EQUAL(flush(at, 1, PAGE_SIZE - 1, both), 0);
    CHECK_EQUAL(page[0], 5);
    CHECK_EQUAL(flush(at, 0, 64, GNTTAB_CACHE_INVAL), -XEN_EOPNOTSUPP);
    CHECK_EQUAL(flush(at, 0, 0, GNTTAB_CACHE_CLEAN), 0);
    CHECK_EQUAL(flush(at, 0, 64, 0), 0);
    CHECK_EQUAL(flush(at, PAGE_SIZE, 0, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    CHECK_EQUAL(flush(at, 1, PAGE_SIZE, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    CHECK_EQUAL(flush(at, 0, PAGE_SIZE + 1, GNTTAB_CACHE_CLEAN), -XEN_EINVAL);
    CHECK_EQUAL(flush(at, 0, 64, 4), -XEN_EINVAL);
    CHECK_EQUAL(flush(at, 0, 64, GNTTAB_CACHE_SOURCE_GREF | 1), -XEN_EINVAL);
    CHECK_EQUAL(flush(frame_of_hypervisor().n << PAGE_SHIFT, 0, 64, both), -XEN_EPERM);
    CHECK_EQUAL(flush(FRAME_OF_SCREEN.n << PAGE_SHIFT, 0, 64, both), -XEN_EPERM);
    CHECK_EQUAL(flush(FRAME_BEYOND.n << PAGE_SHIFT, 0, 64, both), -XEN_EINVAL);
    page_free(page);
}

/* References come and go in any order; none is given twice. */
TEST(grant_references)
{
    grant_init();
    grant_ref_t refs[16];
    for (unsigned i = 0; i < LENGTH(refs); i++) {
        refs[i] = grant_alloc();
        CHECK(refs[i] >= GNTTAB_NR_RESERVED_ENTRIES && refs[i] < GRANT_REFS);
        for (unsigned j = 0; j < i; j++)
            CHECK(refs[j] != refs[i]);
    }
    for (unsigned i = 0; i < LENGTH(refs); i += 2)
        grant_free(refs[i]);
    for (unsigned i = 0; i < LENGTH(refs); i += 2) {
        grant_ref_t ref = grant_alloc();
        CHECK_EQUAL(ref, refs[LENGTH(refs) - 2 - i]);
    }
    for (unsigned i = 0; i < LENGTH(refs); i++)
        grant_free(refs[i]);
}

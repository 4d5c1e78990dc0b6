/* SPDX-License-Identifier: MIT */
/* Copies between frames of one's own and granted ones. */
#include "guest/grant.h"
#include "tests/system/guests/support.h"

static struct {
    uint8_t *page, *other; /* granted; the domain's alone */
    grant_ref_t ref, readonly;
} g;

static void begin(void)
{
    grant_init();
    g.page = page_alloc();
    g.other = page_alloc();
    g.ref = grant_alloc();
    g.readonly = grant_alloc();
    grant_access(g.ref, DOMAIN_SELF, page_mfn(g.page), false);
    grant_access(g.readonly, DOMAIN_SELF, page_mfn(g.page), true);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        g.page[i] = (uint8_t)(i * 7 + i / 256);
}

static void end(void)
{
    CHECK_EQUAL(grant_table[g.ref].flags, GTF_permit_access);
    CHECK_EQUAL(grant_table[g.readonly].flags, GTF_permit_access | GTF_readonly);
    CHECK(grant_end_access(g.ref) && grant_end_access(g.readonly));
    grant_free(g.ref);
    grant_free(g.readonly);
    /* No use of them stays behind. */
    table_protect(g.page, PTE_READ_ONLY);
    table_protect(g.other, PTE_READ_ONLY);
    table_protect(g.page, PTE_READ_WRITE);
    table_protect(g.other, PTE_READ_WRITE);
    page_free(g.page);
    page_free(g.other);
}

static struct gnttab_copy_ptr granted(grant_ref_t ref, unsigned offset)
{
    return grant_place(DOMAIN_SELF, ref, (uint16_t)offset);
}

static int copy(struct gnttab_copy_ptr to, struct gnttab_copy_ptr from, unsigned size,
                unsigned flags)
{
    struct gnttab_copy op = {
        .source = from, .dest = to, .len = (uint16_t)size, .flags = (uint16_t)flags, .status = 77};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_copy, &op, 1), 0);
    return op.status;
}

TEST(grant_copy)
{
    begin();
    CHECK_EQUAL(grant_copy(grant_own_place(g.other), granted(g.ref, 0), PAGE_SIZE), GNTST_okay);
    CHECK_EQUAL(memcmp(g.page, g.other, PAGE_SIZE), 0);
    memset(g.other, 0x5a, PAGE_SIZE);
    CHECK_EQUAL(grant_copy(granted(g.ref, 0), grant_own_place(g.other), PAGE_SIZE), GNTST_okay);
    CHECK_EQUAL(memcmp(g.page, g.other, PAGE_SIZE), 0);
    CHECK_EQUAL(grant_copy(grant_own_place(g.other), granted(g.readonly, 0), 1), GNTST_okay);
    CHECK_EQUAL(grant_copy(granted(g.readonly, 0), grant_own_place(g.other), 1),
                GNTST_general_error);
    end();
}

/* Of any size to any place: what is beside it stays as it was. */
TEST(grant_copy_sizes)
{
    static const unsigned sizes[] = {0, 1, 7, 8, 9, 63, 64, 4095};
    static const unsigned places[] = {0, 1, 3, 8, 2048, 4095, 4096};
    begin();
    for (unsigned i = 0; i < LENGTH(sizes); i++)
        for (unsigned j = 0; j < LENGTH(places); j++)
            for (unsigned k = 0; k < LENGTH(places); k++) {
                unsigned size = sizes[i];
                unsigned from = places[j];
                unsigned to = places[k];
                bool fits = from + size <= PAGE_SIZE && to + size <= PAGE_SIZE;
                memset(g.other, 0xee, PAGE_SIZE);
                struct gnttab_copy_ptr own = grant_own_place(g.other);
                own.offset = (uint16_t)to;
                CHECK_EQUAL(copy(own, granted(g.ref, from), size, GNTCOPY_source_gref),
                            fits ? GNTST_okay : GNTST_bad_copy_arg);
                bool right = true;
                for (unsigned at = 0; at < PAGE_SIZE; at++)
                    right &=
                        g.other[at] == (fits && at - to < size ? g.page[from + at - to] : 0xee);
                CHECK(right);
            }
    CHECK_EQUAL(copy(granted(g.ref, 65535), grant_own_place(g.other), 65535, GNTCOPY_dest_gref),
                GNTST_bad_copy_arg);
    CHECK_EQUAL(copy(granted(g.ref, 0), grant_own_place(g.other), 65535, GNTCOPY_dest_gref),
                GNTST_bad_copy_arg);
    end();
}

/* One's own frame is named by number, and DOMID_SELF; a reference may be one's own too. */
TEST(grant_copy_domains)
{
    begin();
    struct gnttab_copy_ptr own = grant_own_place(g.other);
    struct gnttab_copy_ptr by_number = own;
    CHECK_EQUAL(copy(own, own, 8, 0), GNTST_okay);
    CHECK_EQUAL(copy(own, own, 8, 0xfffc), GNTST_okay); /* flags that there are not */
    by_number.domid = DOMAIN_SELF;
    CHECK_EQUAL(copy(by_number, own, 8, 0), GNTST_permission_denied);
    CHECK_EQUAL(copy(own, by_number, 8, 0), GNTST_permission_denied);
    by_number.domid = DOMAIN_NOBODY;
    CHECK_EQUAL(copy(own, by_number, 8, 0), GNTST_bad_domain);
    struct gnttab_copy_ptr place = granted(g.ref, 0);
    place.domid = DOMID_SELF;
    CHECK_EQUAL(copy(own, place, 8, GNTCOPY_source_gref), GNTST_okay);
    CHECK_EQUAL(copy(place, own, 8, GNTCOPY_dest_gref), GNTST_okay);
    place.domid = DOMAIN_NOBODY;
    CHECK_EQUAL(copy(own, place, 8, GNTCOPY_source_gref), GNTST_bad_domain);
    CHECK_EQUAL(copy(place, own, 8, GNTCOPY_dest_gref), GNTST_bad_domain);
    end();
}

TEST(grant_copy_references)
{
    begin();
    struct gnttab_copy_ptr own = grant_own_place(g.other);
    grant_ref_t ref = grant_alloc();
    CHECK_EQUAL(grant_copy(own, granted(ref, 0), 8), GNTST_general_error); /* grants nothing */
    CHECK_EQUAL(grant_copy(own, granted(100 * GRANT_REFS, 0), 8), GNTST_bad_gntref);
    CHECK_EQUAL(grant_copy(granted(UINT32_MAX, 0), own, 8), GNTST_bad_gntref);
    grant_access(ref, DOMAIN_NOBODY, page_mfn(g.page), false);
    CHECK_EQUAL(grant_copy(own, granted(ref, 0), 8), GNTST_general_error);
    grant_accept(ref, DOMAIN_SELF, PFN(0));
    CHECK_EQUAL(grant_copy(own, granted(ref, 0), 8), GNTST_general_error);
    grant_access(ref, DOMAIN_SELF, page_mfn(g.page), false);
    grant_table[ref].flags |= GTF_sub_page; /* which is no matter to a copy in version 1 */
    CHECK_EQUAL(grant_copy(own, granted(ref, 0), 8), GNTST_okay);
    grant_table[ref].flags = GTF_invalid;
    grant_free(ref);
    end();
}

TEST(grant_copy_frames)
{
    begin();
    struct gnttab_copy_ptr own = grant_own_place(g.other);
    const mfn_t nobodys[] = {frame_of_hypervisor(), FRAME_BEYOND, MFN(FRAME_NONE), FRAME_OF_SCREEN};
    grant_ref_t ref = grant_alloc();
    struct gnttab_copy_ptr place = own;
    place.offset = 0;
    for (unsigned i = 0; i < LENGTH(nobodys); i++) {
        place.u.gmfn = nobodys[i].n;
        CHECK_EQUAL(copy(own, place, 8, 0), GNTST_bad_page);
        CHECK_EQUAL(copy(place, own, 8, 0), GNTST_bad_page);
        grant_access(ref, DOMAIN_SELF, nobodys[i], false);
        CHECK_EQUAL(grant_copy(own, granted(ref, 0), 8), GNTST_bad_page);
        CHECK_EQUAL(grant_copy(granted(ref, 0), own, 8), GNTST_bad_page);
        CHECK(grant_end_access(ref));
    }
    /* A page table may be read, and not written. */
    place.u.gmfn = table_root_mfn().n;
    grant_access(ref, DOMAIN_SELF, table_root_mfn(), false);
    CHECK_EQUAL(copy(place, own, 8, 0), GNTST_general_error);
    CHECK_EQUAL(grant_copy(granted(ref, 0), own, 8), GNTST_general_error);
    CHECK_EQUAL(copy(own, place, PAGE_SIZE, 0), GNTST_okay);
    unsigned slot = table_index(GUEST_BASE, 4);
    CHECK_EQUAL(((uint64_t *)g.other)[slot], table_root[slot]);
    CHECK_EQUAL(grant_copy(own, granted(ref, 0), 8), GNTST_okay);
    CHECK(grant_end_access(ref));
    grant_free(ref);
    end();
}

TEST(grant_copy_batches)
{
    enum { N = 100 };
    static struct gnttab_copy ops[N];
    begin();
    memset(g.other, 0, PAGE_SIZE);
    for (unsigned i = 0; i < N; i++) {
        ops[i] = (struct gnttab_copy){.source = granted(i % 7 == 6 ? UINT32_MAX : g.ref, i),
                                      .dest = grant_own_place(g.other + i),
                                      .len = 1,
                                      .flags = GNTCOPY_source_gref};
    }
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_copy, ops, N), 0);
    for (unsigned i = 0; i < N; i++) {
        CHECK_EQUAL(ops[i].status, i % 7 == 6 ? GNTST_bad_gntref : GNTST_okay);
        CHECK_EQUAL(g.other[i], i % 7 == 6 ? 0 : g.page[i]);
    }
    end();
}

/* SPDX-License-Identifier: MIT */
/* Frames that change their owner; here from the domain to itself. */
#include "guest/balloon.h"
#include "guest/grant.h"
#include "tests/system/guests/support.h"

static int transfer(uint64_t frame, domid_t domain, grant_ref_t ref)
{
    struct gnttab_transfer op = {.mfn = frame, .domid = domain, .ref = ref, .status = 77};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_transfer, &op, 1), 0);
    return op.status;
}

/* A page that nothing maps, whose frame can be given. */
static mfn_t unmapped(void *page)
{
    CHECK_EQUAL(table_set_linear((uintptr_t)page, 0), 0);
    return page_mfn(page);
}

/* The page again with the frame that has come. */
static void adopt(void *page, mfn_t frame)
{
    frame_list[page_pfn(page).n] = frame.n;
    CHECK_EQUAL(table_set_linear((uintptr_t)page, pte_make(frame, PTE_READ_WRITE)), 0);
}

TEST(grant_transfer)
{
    grant_init();
    uint64_t *page = page_alloc();
    long before = balloon_current();
    grant_ref_t ref = grant_alloc();
    page[5] = 0x123456;
    mfn_t frame = unmapped(page);
    grant_accept(ref, DOMAIN_SELF, page_pfn(page));
    CHECK_EQUAL(transfer(frame.n, DOMAIN_SELF, ref), GNTST_okay);
    CHECK_EQUAL(balloon_current(), before);
    CHECK_EQUAL(machine_to_phys_mapping[frame.n], page_pfn(page).n);
    CHECK_EQUAL(grant_table[ref].flags,
                GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed);
    CHECK_EQUAL(grant_end_accept(ref).n, frame.n);
    adopt(page, frame);
    CHECK_EQUAL(page[5], 0x123456);
    CHECK_EQUAL(grant_table[ref].flags, GTF_invalid);
    grant_free(ref);
    page_free(page);
}

TEST(grant_accept_can_be_taken_back)
{
    grant_init();
    grant_ref_t ref = grant_alloc();
    grant_accept(ref, DOMAIN_SELF, PFN(0));
    CHECK_EQUAL(grant_end_accept(ref).n, FRAME_NONE);
    CHECK_EQUAL(grant_table[ref].flags, GTF_invalid);
    grant_free(ref);
}

/* What is not the caller's alone stays where it is. */
TEST(grant_transfer_of_bad_pages)
{
    grant_init();
    uint64_t *page = page_alloc();
    long before = balloon_current();
    grant_ref_t ref = grant_alloc();
    grant_accept(ref, DOMAIN_SELF, page_pfn(page));
    const uint64_t bad[] = {
        page_mfn(page).n, /* mapped */
        frame_of_hypervisor().n, FRAME_BEYOND.n, FRAME_NONE, table_root_mfn().n, FRAME_OF_SCREEN.n,
    };
    for (unsigned i = 0; i < LENGTH(bad); i++)
        CHECK_EQUAL(transfer(bad[i], DOMAIN_SELF, ref), GNTST_bad_page);
    table_protect(page, PTE_READ_ONLY);
    CHECK_EQUAL(transfer(page_mfn(page).n, DOMAIN_SELF, ref), GNTST_bad_page);
    mfn_t frame = unmapped(page);
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, frame), 0);
    CHECK_EQUAL(transfer(frame.n, DOMAIN_SELF, ref), GNTST_bad_page);
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, frame), 0);
    CHECK_EQUAL(grant_table[ref].flags, GTF_accept_transfer);
    CHECK_EQUAL(balloon_current(), before);
    CHECK_EQUAL(grant_end_accept(ref).n, FRAME_NONE);
    adopt(page, frame);
    grant_free(ref);
    page_free(page);
}

/* A page that nobody accepts is lost to its giver all the same. */
TEST(grant_transfer_that_nobody_accepts)
{
    grant_init();
    uint64_t *page = page_alloc();
    grant_ref_t ref = grant_alloc();
    const struct {
        int status;
        uint16_t flags;
        domid_t from, to;
        grant_ref_t ref;
    } ways[] = {
        {GNTST_bad_domain, GTF_accept_transfer, DOMAIN_SELF, DOMID_SELF, ref},
        {GNTST_bad_domain, GTF_accept_transfer, DOMAIN_SELF, DOMAIN_NOBODY, ref},
        {GNTST_bad_domain, GTF_accept_transfer, DOMAIN_SELF, DOMID_IO, ref},
        {GNTST_general_error, GTF_accept_transfer, DOMAIN_SELF, DOMAIN_SELF, 100 * GRANT_REFS},
        {GNTST_general_error, GTF_accept_transfer, DOMAIN_NOBODY, DOMAIN_SELF, ref},
        {GNTST_general_error, GTF_permit_access, DOMAIN_SELF, DOMAIN_SELF, ref},
        {GNTST_general_error, GTF_invalid, DOMAIN_SELF, DOMAIN_SELF, ref},
        {GNTST_general_error, GTF_accept_transfer | GTF_PCD, DOMAIN_SELF, DOMAIN_SELF, ref},
        {GNTST_general_error, GTF_accept_transfer | GTF_transfer_completed, DOMAIN_SELF,
         DOMAIN_SELF, ref},
    };
    for (unsigned i = 0; i < LENGTH(ways); i++) {
        long before = balloon_current();
        mfn_t frame = unmapped(page);
        grant_table[ref] =
            (struct grant_entry_v1){.flags = ways[i].flags, .domid = ways[i].from, .frame = 0};
        CHECK_EQUAL(transfer(frame.n, ways[i].to, ways[i].ref), ways[i].status);
        CHECK_EQUAL(grant_table[ref].flags, ways[i].flags);
        CHECK_EQUAL(grant_table[ref].frame, 0);
        CHECK_EQUAL(balloon_current(), before - 1);
        CHECK(table_set_linear((uintptr_t)page, pte_make(frame, PTE_READ_ONLY)) < 0);
        CHECK_EQUAL(balloon_take(page, 1), 1);
    }
    grant_table[ref].flags = GTF_invalid;
    grant_free(ref);
    page_free(page);
}

/* An entry takes one page. */
TEST(grant_transfer_twice)
{
    grant_init();
    uint64_t *pages[2] = {page_alloc(), page_alloc()};
    grant_ref_t ref = grant_alloc();
    mfn_t frames[2] = {unmapped(pages[0]), unmapped(pages[1])};
    grant_accept(ref, DOMAIN_SELF, page_pfn(pages[0]));
    struct gnttab_transfer ops[2];
    for (unsigned i = 0; i < 2; i++)
        ops[i] = (struct gnttab_transfer){
            .mfn = frames[i].n, .domid = DOMAIN_SELF, .ref = ref, .status = 77};
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_transfer, ops, 2), 0);
    CHECK_EQUAL(ops[0].status, GNTST_okay);
    CHECK_EQUAL(ops[1].status, GNTST_general_error);
    CHECK_EQUAL(grant_end_accept(ref).n, frames[0].n);
    adopt(pages[0], frames[0]);
    CHECK_EQUAL(balloon_take(pages[1], 1), 1);
    grant_free(ref);
    page_free(pages[0]);
    page_free(pages[1]);
}

TEST(grant_transfer_batches)
{
    enum { N = 50 };
    static struct gnttab_transfer ops[N];
    static uint64_t *pages[N];
    grant_init();
    long before = balloon_current();
    for (unsigned i = 0; i < N; i++) {
        pages[i] = page_alloc();
        pages[i][0] = i;
        grant_ref_t ref = grant_alloc();
        ops[i] = (struct gnttab_transfer){.domid = DOMAIN_SELF, .ref = ref, .status = 77};
        grant_accept(ref, DOMAIN_SELF, page_pfn(pages[i]));
    }
    for (unsigned i = 0; i < N; i++)
        ops[i].mfn = unmapped(pages[N - 1 - i]).n;
    CHECK_EQUAL(hypercall_grant_table_op(GNTTABOP_transfer, ops, N), 0);
    for (unsigned i = 0; i < N; i++) {
        CHECK_EQUAL(ops[i].status, GNTST_okay);
        adopt(pages[i], grant_end_accept(ops[i].ref));
        CHECK_EQUAL(pages[i][0], N - 1 - i);
        grant_free(ops[i].ref);
    }
    CHECK_EQUAL(balloon_current(), before);
    for (unsigned i = 0; i < N; i++)
        page_free(pages[i]);
}

/* SPDX-License-Identifier: MIT */
/* mmuext_op besides pinning and bases: flushes, copying, batches. */
#include "tests/system/guests/support.h"

static long one(struct mmuext_op op)
{
    return hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

/* Maps one page, then another one without a flush, and sees the second after the operation. */
static void check_flush(struct mmuext_op op)
{
    uint64_t va = spare_address();
    uint64_t *pages[2] = {page_alloc(), page_alloc()};
    pages[0][0] = 10;
    pages[1][0] = 11;
    CHECK_EQUAL(table_set_linear(va, pte_make(page_mfn(pages[0]), PTE_READ_ONLY)), 0);
    CHECK_EQUAL(*(volatile uint64_t *)va, 10);
    uint64_t second = pte_make(page_mfn(pages[1]), PTE_READ_ONLY);
    CHECK_EQUAL(hypercall_update_va_mapping(va, second, UVMF_NONE), 0);
    CHECK_EQUAL(one(op), 0);
    CHECK_EQUAL(*(volatile uint64_t *)va, 11);
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(pages[0]);
    page_free(pages[1]);
}

TEST(mmuext_flushes)
{
    static uint64_t vcpus = 1;
    uint64_t va = spare_address();
    check_flush((struct mmuext_op){.cmd = MMUEXT_TLB_FLUSH_LOCAL});
    check_flush((struct mmuext_op){.cmd = MMUEXT_INVLPG_LOCAL, .arg1.linear_addr = va});
    check_flush((struct mmuext_op){.cmd = MMUEXT_TLB_FLUSH_MULTI, .arg2.vcpumask = {&vcpus}});
    check_flush((struct mmuext_op){
        .cmd = MMUEXT_INVLPG_MULTI, .arg1.linear_addr = va, .arg2.vcpumask = {&vcpus}});
    check_flush((struct mmuext_op){.cmd = MMUEXT_TLB_FLUSH_ALL});
    check_flush((struct mmuext_op){.cmd = MMUEXT_INVLPG_ALL, .arg1.linear_addr = va});
}

TEST(mmuext_flush_refuses_bad_masks)
{
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_MULTI, .arg2.vcpumask = {POINTER_BAD}};
    CHECK_EQUAL(one(op), -XEN_EINVAL);
    op.cmd = MMUEXT_INVLPG_MULTI;
    CHECK_EQUAL(one(op), -XEN_EINVAL);
}

TEST(mmuext_flushes_caches)
{
    CHECK_EQUAL(one((struct mmuext_op){.cmd = MMUEXT_FLUSH_CACHE}), 0);
    CHECK_EQUAL(one((struct mmuext_op){.cmd = MMUEXT_FLUSH_CACHE_GLOBAL}), 0);
}

TEST(mmuext_clears_a_page)
{
    volatile uint64_t *page = page_alloc();
    page[0] = page[511] = 1;
    CHECK_EQUAL(table_extended(MMUEXT_CLEAR_PAGE, page_mfn((void *)page)), 0);
    CHECK_EQUAL(page[0], 0);
    CHECK_EQUAL(page[511], 0);
    page_free((void *)page);
}

TEST(mmuext_copies_a_page)
{
    volatile uint64_t *from = page_alloc();
    volatile uint64_t *to = page_alloc();
    from[0] = 1;
    from[511] = 2;
    struct mmuext_op op = {.cmd = MMUEXT_COPY_PAGE,
                           .arg1.mfn = page_mfn((void *)to).n,
                           .arg2.src_mfn = page_mfn((void *)from).n};
    CHECK_EQUAL(one(op), 0);
    CHECK_EQUAL(to[0], 1);
    CHECK_EQUAL(to[511], 2);
    page_free((void *)from);
    page_free((void *)to);
}

TEST(mmuext_clear_and_copy_refuse)
{
    uint64_t *page = page_alloc();
    uint64_t *table = table_alloc();
    CHECK_EQUAL(table_extended(MMUEXT_PIN_L1_TABLE, page_mfn(table)), 0);
    page[0] = 5;
    CHECK_EQUAL(table_extended(MMUEXT_CLEAR_PAGE, page_mfn(table)), -XEN_EINVAL);
    CHECK_EQUAL(table_extended(MMUEXT_CLEAR_PAGE, frame_of_hypervisor()), -XEN_EINVAL);
    CHECK_EQUAL(table_extended(MMUEXT_CLEAR_PAGE, FRAME_BEYOND), -XEN_EINVAL);
    struct mmuext_op op = {.cmd = MMUEXT_COPY_PAGE};
    op.arg1.mfn = page_mfn(page).n;
    op.arg2.src_mfn = frame_of_hypervisor().n;
    CHECK_EQUAL(one(op), -XEN_EINVAL);
    op.arg2.src_mfn = FRAME_BEYOND.n;
    CHECK_EQUAL(one(op), -XEN_EINVAL);
    CHECK_EQUAL(page[0], 5);
    op.arg1.mfn = page_mfn(table).n;
    op.arg2.src_mfn = page_mfn(page).n;
    CHECK_EQUAL(one(op), -XEN_EINVAL);
    CHECK_EQUAL(table[0], 0);
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(table)), 0);
    table_free(table);
    page_free(page);
}

TEST(mmuext_refuses_unknown_operations)
{
    CHECK_EQUAL(one((struct mmuext_op){.cmd = 14}), -XEN_ENOSYS);
    CHECK_EQUAL(one((struct mmuext_op){.cmd = 99}), -XEN_ENOSYS);
    CHECK_EQUAL(one((struct mmuext_op){.cmd = MMUEXT_MARK_SUPER}), -XEN_EOPNOTSUPP);
    CHECK_EQUAL(one((struct mmuext_op){.cmd = MMUEXT_UNMARK_SUPER}), -XEN_EOPNOTSUPP);
}

TEST(mmuext_batch)
{
    uint64_t *table = table_alloc();
    struct mmuext_op ops[] = {
        {.cmd = MMUEXT_PIN_L1_TABLE, .arg1.mfn = page_mfn(table).n},
        {.cmd = MMUEXT_TLB_FLUSH_LOCAL},
        {.cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = page_mfn(table).n},
    };
    unsigned done = 77;
    CHECK_EQUAL(hypercall_mmuext_op(ops, LENGTH(ops), &done, DOMID_SELF), 0);
    CHECK_EQUAL(done, LENGTH(ops));
    ops[1].cmd = 99;
    CHECK_EQUAL(hypercall_mmuext_op(ops, LENGTH(ops), &done, DOMID_SELF), -XEN_ENOSYS);
    CHECK_EQUAL(done, 1);
    CHECK_EQUAL(table_extended(MMUEXT_UNPIN_TABLE, page_mfn(table)), 0);
    CHECK_EQUAL(hypercall_mmuext_op(NULL, 0, &done, DOMID_SELF), 0);
    CHECK_EQUAL(hypercall_mmuext_op(POINTER_BAD, 1, &done, DOMID_SELF), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_mmuext_op(ops, 1, NULL, DOMAIN_NOBODY), -XEN_ESRCH);
    table_free(table);
}

/* DOMID_IO has no memory and no translations: nothing is done to the caller in its name. */
TEST(mmuext_of_devices)
{
    static uint64_t vcpus = 1;
    uint64_t *page = page_alloc();
    page[0] = 5;
    const struct {
        unsigned command;
        int result;
    } wanted[] = {
        {MMUEXT_PIN_L1_TABLE, -XEN_EINVAL},   {MMUEXT_UNPIN_TABLE, -XEN_EINVAL},
        {MMUEXT_NEW_BASEPTR, -XEN_EPERM},     {MMUEXT_NEW_USER_BASEPTR, -XEN_EPERM},
        {MMUEXT_CLEAR_PAGE, -XEN_EINVAL},     {MMUEXT_COPY_PAGE, -XEN_EINVAL},
        {MMUEXT_TLB_FLUSH_LOCAL, -XEN_EPERM}, {MMUEXT_TLB_FLUSH_ALL, -XEN_EPERM},
        {MMUEXT_TLB_FLUSH_MULTI, -XEN_EPERM}, {MMUEXT_FLUSH_CACHE, -XEN_EPERM},
        {MMUEXT_MARK_SUPER, -XEN_EOPNOTSUPP}, {99, -XEN_ENOSYS},
    };
    for (unsigned i = 0; i < LENGTH(wanted); i++) {
        struct mmuext_op op = {.cmd = wanted[i].command, .arg1.mfn = page_mfn(page).n};
        if (op.cmd == MMUEXT_TLB_FLUSH_MULTI)
            op.arg2.vcpumask.p = &vcpus;
        else
            op.arg2.src_mfn = page_mfn(page).n;
        CHECK_EQUAL(hypercall_mmuext_op(&op, 1, NULL, DOMID_IO), wanted[i].result);
    }
    CHECK_EQUAL(page[0], 5);
    page_free(page);
}

/* SPDX-License-Identifier: MIT */
/* multicall: many hypercalls in one, each with its own result. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

TEST(multicall_results)
{
    uint64_t *page = page_alloc();
    uint64_t va = spare_address();
    struct multicall_entry calls[] = {
        {.op = __HYPERVISOR_xen_version, .result = 99, .args = {XENVER_version}},
        {.op = __HYPERVISOR_update_va_mapping,
         .result = 99,
         .args = {va, pte_make(page_mfn(page), PTE_READ_ONLY), UVMF_INVLPG}},
        {.op = __HYPERVISOR_xen_version, .result = 99, .args = {77}},
        {.op = 63, .result = 99},
        {.op = 1UL << 40, .result = 99},
        {.op = __HYPERVISOR_update_va_mapping, .result = 99, .args = {va, 0, UVMF_INVLPG}},
    };
    CHECK_EQUAL(hypercall_multicall(calls, LENGTH(calls)), 0);
    CHECK_EQUAL(calls[0].result, hypercall_xen_version(XENVER_version, NULL));
    CHECK_EQUAL(calls[1].result, 0);
    CHECK_EQUAL(calls[2].result, -XEN_ENOSYS);
    CHECK_EQUAL(calls[3].result, -XEN_ENOSYS);
    CHECK_EQUAL(calls[4].result, -XEN_ENOSYS);
    CHECK_EQUAL(calls[5].result, 0);
    page_free(page);
}

TEST(multicall_empty)
{
    CHECK_EQUAL(hypercall_multicall(NULL, 0), 0);
}

TEST(multicall_does_not_nest)
{
    struct multicall_entry inner = {
        .op = __HYPERVISOR_xen_version, .result = 99, .args = {XENVER_version}};
    struct multicall_entry outer = {
        .op = __HYPERVISOR_multicall, .result = 99, .args = {(uintptr_t)&inner, 1}};
    CHECK_EQUAL(hypercall_multicall(&outer, 1), 0);
    CHECK_EQUAL(outer.result, -XEN_EINVAL);
    CHECK_EQUAL(inner.result, 99);
}

TEST(multicall_refuses_bad_pointers)
{
    CHECK_EQUAL(hypercall_multicall(POINTER_BAD, 1), -XEN_EFAULT);
    CHECK_EQUAL(hypercall_multicall((void *)spare_address(), 1), -XEN_EFAULT);
}

/* The list ends in the middle of nowhere: what came before has been done. */
TEST(multicall_stops_where_memory_ends)
{
    uint64_t va = spare_address();
    uint64_t *page = page_alloc();
    CHECK_EQUAL(table_set_linear(va, pte_make(page_mfn(page), PTE_READ_WRITE)), 0);
    struct multicall_entry *calls =
        (struct multicall_entry *)(va + PAGE_SIZE - 2 * sizeof(struct multicall_entry));
    for (unsigned i = 0; i < 2; i++)
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_xen_version, .result = 99, .args = {XENVER_version}};
    CHECK_EQUAL(hypercall_multicall(calls, 3), -XEN_EFAULT);
    CHECK_EQUAL(calls[0].result, hypercall_xen_version(XENVER_version, NULL));
    CHECK_EQUAL(calls[1].result, hypercall_xen_version(XENVER_version, NULL));
    CHECK_EQUAL(table_set_linear(va, 0), 0);
    page_free(page);
}

/* So many that others are let run in between. */
TEST(multicall_long)
{
    enum { COUNT = 20000 };
    const size_t bytes = COUNT * sizeof(struct multicall_entry);
    const size_t pages = (bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    struct multicall_entry *calls = page_alloc_run(pages);
    for (unsigned i = 0; i < COUNT; i++)
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_xen_version, .result = 99, .args = {XENVER_pagesize}};
    CHECK_EQUAL(hypercall_multicall(calls, COUNT), 0);
    unsigned good = 0;
    for (unsigned i = 0; i < COUNT; i++)
        good += calls[i].result == PAGE_SIZE;
    CHECK_EQUAL(good, COUNT);
    for (size_t i = 0; i < pages; i++)
        page_free((char *)calls + i * PAGE_SIZE);
}

/* What a call does not take is not touched when it is continued. The call is long enough to be
 * interrupted by the timer, sooner or later. */
TEST(multicall_continued_keeps_what_is_behind)
{
    enum { UPDATES = 2048, TRIES = 500 };
    const uint64_t mark = 0x123456789abcdef0;
    size_t pages = UPDATES * sizeof(struct mmu_update) / PAGE_SIZE;
    struct mmu_update *updates = page_alloc_run(pages);
    uint64_t *entry = table_entry(table_root, spare_address(), 1);
    bool continued = false;
    for (unsigned i = 0; i < UPDATES; i++)
        updates[i].ptr = machine_address(entry);
    for (unsigned i = 0; i < TRIES && !continued; i++) {
        struct multicall_entry call = {
            .op = __HYPERVISOR_mmu_update,
            .args = {(uintptr_t)updates, UPDATES, 0, DOMID_SELF, mark, ~mark}};
        CHECK_EQUAL(hypercall_set_timer_op(time_system().n + 50 * NS_PER_US), 0);
        REQUIRE(hypercall_multicall(&call, 1) == 0);
        CHECK_EQUAL(call.result, 0);
        continued = call.args[1] != UPDATES;
        CHECK_EQUAL(call.args[4], mark);
        CHECK_EQUAL(call.args[5], ~mark);
    }
    CHECK_EQUAL(hypercall_set_timer_op(0), 0);
    CHECK(continued);
    page_free_run(updates, pages);
}

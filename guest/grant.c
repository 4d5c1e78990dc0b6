/* SPDX-License-Identifier: MIT */
#include "guest/grant.h"
#include "guest/hypercall.h"
#include "guest/power.h"
#include "guest/table.h"

/* Where the table is mapped: far above all memory, in the kernel's half. */
#define GRANT_TABLE_VA 0xffffc90000000000UL

struct grant_entry_v1 *grant_table;

/* References that are free: a list by numbers. */
static grant_ref_t next_free[GRANT_REFS];
static grant_ref_t first_free = GRANT_NONE;

void grant_init(void)
{
    xen_pfn_t frames[GRANT_FRAMES] = {0};
    struct gnttab_setup_table setup = {
        .dom = DOMID_SELF, .nr_frames = GRANT_FRAMES, .frame_list = {frames}};
    if (grant_table)
        return;
    long error = hypercall_grant_table_op(GNTTABOP_setup_table, &setup, 1);
    if (error || setup.status != GNTST_okay)
        power_panic("grant table of %u frames: error %ld, status %d", GRANT_FRAMES, error,
                    setup.status);
    for (unsigned i = 0; i < GRANT_FRAMES; i++) {
        uint64_t va = GRANT_TABLE_VA + i * PAGE_SIZE;
        error = table_set(table_reach(table_root, va, 1), pte_make(MFN(frames[i]), PTE_READ_WRITE));
        if (error)
            power_panic("frame %lx of the grant table: error %ld", frames[i], error);
    }
    grant_table = (struct grant_entry_v1 *)GRANT_TABLE_VA;
    for (grant_ref_t ref = GRANT_REFS - 1; ref >= GNTTAB_NR_RESERVED_ENTRIES; ref--)
        grant_free(ref);
}

grant_ref_t grant_alloc(void)
{
    grant_ref_t ref = first_free;
    if (ref != GRANT_NONE)
        first_free = next_free[ref];
    return ref;
}

bool grant_reserve(grant_ref_t first, unsigned n)
{
    unsigned found = 0;
    for (grant_ref_t ref = first_free; ref != GRANT_NONE; ref = next_free[ref])
        found += ref - first < n;
    if (found < n)
        return false;
    for (grant_ref_t *at = &first_free; *at != GRANT_NONE;) {
        if (*at - first < n)
            *at = next_free[*at];
        else
            at = &next_free[*at];
    }
    return true;
}

void grant_free(grant_ref_t ref)
{
    next_free[ref] = first_free;
    first_free = ref;
}

static void publish(grant_ref_t ref, uint16_t flags, domid_t domain, uint64_t frame)
{
    struct grant_entry_v1 *entry = &grant_table[ref];
    entry->domid = domain;
    entry->frame = (uint32_t)frame;
    __atomic_store_n(&entry->flags, flags, __ATOMIC_RELEASE);
}

/* Until one of the flags is set, which is others' to do, an entry can be taken back. */
static bool take_back(grant_ref_t ref, uint16_t in_use)
{
    uint16_t flags = __atomic_load_n(&grant_table[ref].flags, __ATOMIC_RELAXED);
    do {
        if (flags & in_use)
            return false;
    } while (!__atomic_compare_exchange_n(&grant_table[ref].flags, &flags, GTF_invalid, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return true;
}

void grant_access(grant_ref_t ref, domid_t to, mfn_t frame, bool readonly)
{
    publish(ref, GTF_permit_access | (readonly ? GTF_readonly : 0), to, frame.n);
}

bool grant_end_access(grant_ref_t ref)
{
    return take_back(ref, GTF_reading | GTF_writing);
}

void grant_accept(grant_ref_t ref, domid_t from, pfn_t page)
{
    publish(ref, GTF_accept_transfer, from, page.n);
}

mfn_t grant_end_accept(grant_ref_t ref)
{
    const struct grant_entry_v1 *entry = &grant_table[ref];
    if (take_back(ref, GTF_transfer_committed))
        return MFN(FRAME_NONE);
    /* The hypervisor is between two of its steps: on another processor, or it was done before. */
    while (!(__atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & GTF_transfer_completed))
        asm volatile("pause");
    mfn_t frame = MFN(entry->frame);
    publish(ref, GTF_invalid, 0, 0);
    return frame;
}

/* ---- operations: one at a time */

static int outcome(const char *what, long error, int status)
{
    if (error)
        power_panic("grant_table_op %s: error %ld", what, error);
    return status;
}

int grant_map(domid_t domain, grant_ref_t ref, uint64_t va, uint32_t flags, grant_handle_t *handle)
{
    struct gnttab_map_grant_ref op = {
        .host_addr = va, .flags = GNTMAP_host_map | flags, .ref = ref, .dom = domain};
    long error = hypercall_grant_table_op(GNTTABOP_map_grant_ref, &op, 1);
    *handle = op.handle;
    return outcome("map", error, op.status);
}

int grant_unmap(grant_handle_t handle, uint64_t va)
{
    struct gnttab_unmap_grant_ref op = {.host_addr = va, .handle = handle};
    long error = hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, &op, 1);
    return outcome("unmap", error, op.status);
}

struct gnttab_copy_ptr grant_place(domid_t domain, grant_ref_t ref, uint16_t offset)
{
    return (struct gnttab_copy_ptr){.u.ref = ref, .domid = domain, .offset = offset};
}

struct gnttab_copy_ptr grant_own_place(const void *p)
{
    return (struct gnttab_copy_ptr){.u.gmfn = page_mfn(p).n,
                                    .domid = DOMID_SELF,
                                    .offset = (uint16_t)((uintptr_t)p & ~PAGE_MASK)};
}

static uint16_t by_reference(const struct gnttab_copy_ptr *place, uint16_t flag)
{
    return place->domid == DOMID_SELF ? 0 : flag;
}

int grant_copy(struct gnttab_copy_ptr to, struct gnttab_copy_ptr from, uint16_t size)
{
    struct gnttab_copy op = {.source = from,
                             .dest = to,
                             .len = size,
                             .flags = by_reference(&from, GNTCOPY_source_gref) |
                                      by_reference(&to, GNTCOPY_dest_gref)};
    long error = hypercall_grant_table_op(GNTTABOP_copy, &op, 1);
    return outcome("copy", error, op.status);
}

int grant_transfer(mfn_t frame, domid_t to, grant_ref_t ref)
{
    struct gnttab_transfer op = {.mfn = frame.n, .domid = to, .ref = ref};
    long error = hypercall_grant_table_op(GNTTABOP_transfer, &op, 1);
    return outcome("transfer", error, op.status);
}

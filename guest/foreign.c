/* SPDX-License-Identifier: MIT */
#include "guest/foreign.h"
#include "guest/hypercall.h"
#include "guest/power.h"
#include "guest/table.h"
#include "guest/window.h"

#define BATCH 64U

static uint64_t pte_of(const uint64_t *frames, size_t i)
{
    return frames ? pte_make(MFN(frames[i]), PTE_READ_WRITE) : 0;
}

/* Sets the entries of `n` pages, from NULL to nothing. *done: how many were. */
static long set(char *at, const uint64_t *frames, size_t n, domid_t owner, size_t *done)
{
    struct mmu_update updates[BATCH];
    *done = 0;
    while (*done < n) {
        unsigned some = 0;
        unsigned succeeded = 0;
        for (; some < BATCH && *done + some < n; some++)
            updates[some] = (struct mmu_update){
                .ptr = window_entry(at + (*done + some) * PAGE_SIZE) | MMU_NORMAL_PT_UPDATE,
                .val = pte_of(frames, *done + some),
            };
        long error = hypercall_mmu_update(updates, some, &succeeded, owner);
        *done += error ? succeeded : some;
        if (error)
            return error;
    }
    return 0;
}

static void clear(void *at, size_t n)
{
    size_t done;
    long error = set(at, NULL, n, DOMID_SELF, &done);
    if (!error)
        error = table_extended(MMUEXT_TLB_FLUSH_ALL, MFN(0));
    if (error)
        power_panic("unmapping %zu pages at %p: error %ld", n, at, error);
}

void *foreign_map(domid_t domain, const uint64_t *frames, size_t n, long *error)
{
    void *at = window_alloc(n);
    if (!at) {
        *error = -XEN_ENOSPC;
        return NULL;
    }
    size_t done;
    *error = set(at, frames, n, domain, &done);
    if (!*error)
        return at;
    clear(at, done);
    window_free(at, n);
    return NULL;
}

void foreign_unmap(void *at, size_t n)
{
    clear(at, n);
    window_free(at, n);
}

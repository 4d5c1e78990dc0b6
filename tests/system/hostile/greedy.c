/* SPDX-License-Identifier: MIT */
/*
 * A domain that wants more memory than it may have, by what its two vcpus do at the same time: one
 * exchanges frames, the other asks for more, or maps what is being exchanged. It says how often it
 * had more, `over N`, which is to be never.
 */
#include "guest/balloon.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/table.h"
#include "guest/vcpu.h"

#include <xen/memory.h>

#define ORDER 3U
#define FRAMES (1U << ORDER)
#define SANDBOX 0x0000300000000000UL
#define HELD 8U /* mappings at most of frames that are about to go */

static xen_pfn_t in[FRAMES], out;
static uint64_t in_published; /* a frame that is about to go */
static volatile bool over;
static uint64_t too_many;

static void look(void)
{
    too_many += balloon_current() > balloon_maximum();
}

/* On the second vcpu. */
static void grab(void)
{
    uint64_t at = 0;
    while (!over) {
        xen_pfn_t extent = page_count + 1;
        struct xen_memory_reservation more = {
            .extent_start = {&extent}, .nr_extents = 1, .domid = DOMID_SELF};
        hypercall_memory_op(XENMEM_increase_reservation, &more);
        uint64_t frame = __atomic_load_n(&in_published, __ATOMIC_ACQUIRE);
        if (frame && table_set_linear(SANDBOX + at % HELD * PAGE_SIZE,
                                      pte_make(MFN(frame), PTE_READ_WRITE)) == 0)
            at++;
        look();
    }
}

/* Whatever frames there are now: those that were exchanged are not in a page. */
static long exchange(void)
{
    struct xen_memory_exchange e = {
        .in = {.extent_start = {in}, .nr_extents = FRAMES, .domid = DOMID_SELF},
        .out = {.extent_start = {&out},
                .nr_extents = 1,
                .extent_order = ORDER,
                .domid = DOMID_SELF},
    };
    out = page_count;
    __atomic_store_n(&in_published, in[FRAMES - 1], __ATOMIC_RELEASE);
    long error = hypercall_memory_op(XENMEM_exchange, &e);
    if (!error) {
        for (unsigned i = 0; i < FRAMES; i++)
            in[i] = out + i;
    }
    return error;
}

void guest_main(void)
{
    uint64_t rounds = start_option_number("rounds", 2000);
    uint64_t good = 0;
    char *pages = page_alloc_run(FRAMES);
    table_reach(table_root, SANDBOX, 1);
    for (unsigned i = 0; i < FRAMES; i++) {
        in[i] = page_mfn(pages + i * PAGE_SIZE).n;
        table_set_linear((uintptr_t)pages + i * PAGE_SIZE, 0);
    }
    if (vcpu_up(1, grab) != 0)
        printf("one vcpu alone\n");
    for (uint64_t i = 0; i < rounds; i++) {
        long error = exchange();
        good += error == 0;
        /* The other one was faster: let go, for the next try. */
        for (unsigned k = 0; error && k < HELD; k++)
            table_set_linear(SANDBOX + k * PAGE_SIZE, 0);
        look();
    }
    over = true;
    while (vcpu_is_up(1) == 1)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    look();
    printf("exchanged %lu\nover %lu\n", good, too_many);
}

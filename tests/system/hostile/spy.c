/* SPDX-License-Identifier: MIT */
/*
 * What a domain may find of another one that was there before. `leave=1`: puts a mark wherever it
 * can: memory, vectors, debug registers, segment bases; then gives some memory back, and ends or
 * stays as it is told. Without it: looks for such marks in all that it was given, and says how many
 * it found, `found N`.
 */
#include "guest/balloon.h"
#include "guest/event.h"
#include "guest/grant.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/table.h"
#include "guest/trap.h"

#include <xen/memory.h>

/* The mark, upside down: as it is it must not be in the image, nor on a stack. */
static const volatile uint64_t not_mark = 0x5ec4e75ec4e75ec4;

#define PAGE_WORDS (PAGE_SIZE / sizeof(uint64_t))
#define VECTORS 16U
#define OWN 0x11

/* ---- leaving marks */

static void mark_page(void *page)
{
    uint64_t *words = page;
    for (unsigned i = 0; i < PAGE_WORDS; i++)
        words[i] = ~not_mark;
}

static void leave_marks(void)
{
    const uint64_t mark[2] = {~not_mark, ~not_mark};
    size_t n = page_free_count();
    size_t got = 0;
    for (void *page; got < n && (page = page_try_run(1)); got++)
        mark_page(page);
    asm volatile("movdqu %0, %%xmm0; movdqu %0, %%xmm7; movdqu %0, %%xmm8; movdqu %0, %%xmm15\n"
                 "fildll %0; fildll %0; fildll %0"
                 :
                 : "m"(mark));
    for (int i = 0; i < 4; i++)
        hypercall_set_debugreg(i, 0x0000700000001000);
    hypercall_set_segment_base(SEGBASE_FS, ~not_mark >> 20);
    hypercall_set_segment_base(SEGBASE_GS_USER, ~not_mark >> 20);
    printf("marked %lu\n", got);
}

/* ---- looking */

static uint64_t marks_in(const void *from, size_t bytes)
{
    const uint64_t *words = from;
    const uint64_t upside_down = not_mark;
    uint64_t found = 0;
    for (size_t i = 0; i < bytes / sizeof(uint64_t); i++)
        found += words[i] + upside_down == UINT64_MAX;
    return found;
}

/* Everything but what its own image holds. */
static uint64_t look_at_memory(void)
{
    uint64_t found = 0;
    for (size_t pfn = 0; pfn < page_count; pfn++)
        found += marks_in(pfn_page(PFN(pfn)), PAGE_SIZE);
    return found;
}

/* Memory that comes later, by balloon and by exchange. */
static uint64_t look_at_new_memory(void)
{
    const size_t n = 64;
    char *pages = page_alloc_run(n);
    memset(pages, OWN, n * PAGE_SIZE);
    size_t given = balloon_give(pages, n);
    size_t taken = balloon_take(pages, given);
    uint64_t found = 0;
    for (size_t i = 0; i < taken * PAGE_SIZE; i++)
        found += pages[i] != 0 && pages[i] != OWN; /* what was its own may come back as it was */
    return found + (given != n) + (taken != n);
}

static uint64_t look_at_shared_pages(void)
{
    grant_init();
    uint64_t found = 0;
    for (size_t i = 0; i < GRANT_FRAMES * PAGE_SIZE; i++)
        found += ((const char *)grant_table)[i] != 0;
    return found + marks_in(shared_info, PAGE_SIZE);
}

static uint64_t look_at_registers(void)
{
    uint8_t vectors[VECTORS][16] = {{0}};
    struct {
        uint32_t control, status, tags, rest[4];
        uint8_t stack[80];
    } __attribute__((packed)) x87;
    uint64_t found = 0;
    asm volatile("movdqu %%xmm0, (%0); movdqu %%xmm1, 16(%0); movdqu %%xmm2, 32(%0)\n"
                 "movdqu %%xmm3, 48(%0); movdqu %%xmm4, 64(%0); movdqu %%xmm5, 80(%0)\n"
                 "movdqu %%xmm6, 96(%0); movdqu %%xmm7, 112(%0); movdqu %%xmm8, 128(%0)\n"
                 "movdqu %%xmm9, 144(%0); movdqu %%xmm10, 160(%0); movdqu %%xmm11, 176(%0)\n"
                 "movdqu %%xmm12, 192(%0); movdqu %%xmm13, 208(%0); movdqu %%xmm14, 224(%0)\n"
                 "movdqu %%xmm15, 240(%0)"
                 :
                 : "r"(vectors)
                 : "memory");
    asm volatile("fnsave %0" : "=m"(x87));
    for (unsigned i = 0; i < VECTORS; i++) {
        for (unsigned k = 0; k < sizeof(vectors[i]); k++)
            found += vectors[i][k] != 0;
    }
    for (unsigned i = 0; i < sizeof(x87.stack); i++)
        found += x87.stack[i] != 0;
    for (int i = 0; i < 4; i++)
        found += hypercall_get_debugreg(i) != 0;
    return found;
}

/* Memory that only devices want is not looked for, as long as that takes, for who has none. Xen
 * gives it. */
static uint64_t ask_for_low_memory(void)
{
    if (!start_on_ringside())
        return 0;
    char *page = page_alloc();
    size_t given = balloon_give(page, 1);
    xen_pfn_t extent = page_pfn(page).n;
    struct xen_memory_reservation low = {.extent_start = {&extent},
                                         .nr_extents = 1,
                                         .mem_flags = XENMEMF_address_bits(27),
                                         .domid = DOMID_SELF};
    uint64_t got = (uint64_t)hypercall_memory_op(XENMEM_populate_physmap, &low);
    return got + (given != 1);
}

static bool look(const char *what, uint64_t n)
{
    if (n)
        printf("%s: %lu\n", what, n);
    return n;
}

void guest_main(void)
{
    if (start_option_number("leave", 0)) {
        leave_marks();
        return;
    }
    uint64_t found = look("registers", look_at_registers());
    found += look("memory", look_at_memory());
    found += look("grants, shared info", look_at_shared_pages());
    found += look("new memory", look_at_new_memory());
    found += look("low memory", ask_for_low_memory());
    printf("found %lu\n", found);
}

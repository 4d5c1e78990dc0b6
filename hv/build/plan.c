/* SPDX-License-Identifier: MIT */
#include "hv/build/plan.h"

#include "hv/core/abi.h"

#define L1_SPAN (512 * PAGE_SIZE)
#define L2_SPAN (512 * L1_SPAN)
#define L3_SPAN (512 * L2_SPAN)

#define LOWER_HALF_END (1UL << 47)

#define FREE_AT_END (512UL << 10)
#define END_ALIGN (4UL << 20)

static uint64_t spans(uint64_t start, uint64_t end, uint64_t span)
{
    return (end - 1) / span - start / span + 1;
}

/* Canonical, and not the hypervisor's. */
static bool guest_range(uint64_t start, uint64_t end)
{
    return start < end && (end <= LOWER_HALF_END || start >= HYPERVISOR_VIRT_END);
}

/* Tables of levels 1 to 3 that map a range. */
static uint64_t tables_for(uint64_t start, uint64_t end)
{
    return spans(start, end, L1_SPAN) + spans(start, end, L2_SPAN) + spans(start, end, L3_SPAN);
}

static uint64_t pages_of(uint64_t bytes)
{
    return round_up(bytes, PAGE_SIZE) >> PAGE_SHIFT;
}

static const char *image_range(const struct elf_image *e, uint64_t *start, uint64_t *end)
{
    *start = UINT64_MAX;
    *end = 0;
    for (unsigned i = 0; i < e->n_segments; i++) {
        const struct elf_segment *s = &e->segments[i];
        *start = min(*start, round_down(s->address, PAGE_SIZE));
        *end = max(*end, s->address + s->memory_size);
    }
    *end = round_up(*end, PAGE_SIZE);
    return *end == 0 ? "ends at the top of the address space" : NULL;
}

/* Places what follows the image; n_tables is a guess, which more tables may make too small. */
static void place(struct plan *p, uint64_t image_end)
{
    uint64_t at = image_end;
    p->ramdisk = at;
    if (!p->ramdisk_apart)
        at += p->ramdisk_pages << PAGE_SHIFT;
    p->frame_list = at;
    if (!p->list_apart)
        at += p->list_pages << PAGE_SHIFT;
    p->start_info = at;
    at += PAGE_SIZE;
    p->tables = at;
    at += p->n_tables << PAGE_SHIFT;
    p->stack = at;
    at += PAGE_SIZE;
    p->v_end = round_up(at + FREE_AT_END, END_ALIGN);
}

const char *plan_make(struct plan *p, const struct elf_image *e, uint64_t ramdisk_size,
                      uint64_t pages)
{
    uint64_t image_start;
    uint64_t image_end;
    const char *wrong = image_range(e, &image_start, &image_end);
    if (wrong != NULL)
        return wrong;

    *p = (struct plan){
        .v_start = e->note_virt_base != NOTE_NONE ? e->note_virt_base : 0,
        .list_apart = e->note_init_p2m != NOTE_NONE,
        .ramdisk_apart = e->note_mod_start_pfn,
        .list_pages = pages_of(pages * sizeof(uint64_t)),
        .ramdisk_pages = pages_of(ramdisk_size),
    };
    if (p->v_start % END_ALIGN != 0 || p->v_start > image_start)
        return "has a base that is not a multiple of 4 MiB at or below its segments";

    uint64_t needed = 1;
    do {
        p->n_tables = needed;
        place(p, image_end);
        if (p->v_end <= image_end)
            return "does not fit below the top of the address space";
        needed = tables_for(p->v_start, p->v_end) + 1;
    } while (needed > p->n_tables);
    if (!guest_range(p->v_start, p->v_end))
        return "has addresses that are not a guest's";

    uint64_t pfn = (p->v_end - p->v_start) >> PAGE_SHIFT;
    p->list_pfn = (p->frame_list - p->v_start) >> PAGE_SHIFT;
    if (p->list_apart) {
        p->frame_list = e->note_init_p2m;
        uint64_t list_end = p->frame_list + (p->list_pages << PAGE_SHIFT);
        if (p->frame_list % PAGE_SIZE != 0 || !guest_range(p->frame_list, list_end) ||
            (p->frame_list < p->v_end && list_end > p->v_start))
            return "wants its frame list where it cannot be";
        p->list_pfn = pfn;
        pfn += p->list_pages;
        p->list_tables_pfn = pfn;
        p->list_tables = tables_for(p->frame_list, list_end);
        pfn += p->list_tables;
    }
    p->ramdisk_pfn = (p->ramdisk - p->v_start) >> PAGE_SHIFT;
    if (p->ramdisk_apart) {
        p->ramdisk_pfn = pfn;
        pfn += p->ramdisk_pages;
    }
    p->pages_used = pfn;
    return pfn <= pages ? NULL : "needs more memory than the domain has (see option dom0_mem)";
}

/* SPDX-License-Identifier: MIT */
#include "tests/hv/plan_check.h"

#include <string.h>

#include "hv/core/abi.h"

struct frames {
    bool used[PLAN_PAGES_MAX];
    uint64_t pages, highest;
};

/* n frames from `first` on are something: there, and nothing else yet. */
static bool mark(struct frames *f, uint64_t first, uint64_t n)
{
    for (uint64_t i = first; i - first < n; i++) {
        if (i >= f->pages || f->used[i])
            return false;
        f->used[i] = true;
        f->highest = i + 1 > f->highest ? i + 1 : f->highest;
    }
    return true;
}

static uint64_t pages_of(uint64_t bytes)
{
    return bytes / PAGE_SIZE + (bytes % PAGE_SIZE != 0);
}

/* Tables of levels 1 to 3 of these addresses, found by going through them. */
static uint64_t count_tables(uint64_t start, uint64_t end)
{
    uint64_t n = 0;
    for (unsigned shift = 21; shift <= 39; shift += 9) {
        uint64_t last = ~(start >> shift);
        for (uint64_t a = start; a - start < end - start; a += PAGE_SIZE) {
            n += a >> shift != last;
            last = a >> shift;
        }
    }
    return n;
}

/* xen-x86_64.h: not the hypervisor's, and none that is not canonical. */
static bool is_guests(uint64_t address)
{
    return address >> 47 == 0 || address >= HYPERVISOR_VIRT_END;
}

static bool all_guests(uint64_t start, uint64_t end)
{
    return start < end && is_guests(start) && is_guests(end - 1) &&
           (start >> 47 == 0) == ((end - 1) >> 47 == 0);
}

static bool mark_apart(struct frames *f, const struct plan *p)
{
    return (!p->list_apart ||
            (mark(f, p->list_pfn, p->list_pages) && mark(f, p->list_tables_pfn, p->list_tables))) &&
           (!p->ramdisk_apart || mark(f, p->ramdisk_pfn, p->ramdisk_pages));
}

static bool mark_together(struct frames *f, const struct plan *p, uint64_t image_pages)
{
    return mark(f, 0, image_pages) &&
           (p->ramdisk_apart || mark(f, p->ramdisk_pfn, p->ramdisk_pages)) &&
           (p->list_apart || mark(f, p->list_pfn, p->list_pages)) &&
           mark(f, pages_of(p->start_info - p->v_start), 1) &&
           mark(f, pages_of(p->tables - p->v_start), p->n_tables) &&
           mark(f, pages_of(p->stack - p->v_start), 1);
}

const char *plan_unsound(const struct plan *p, const struct elf_image *e, uint64_t ramdisk_size,
                         uint64_t pages)
{
    static struct frames f;
    memset(&f, 0, sizeof(f));
    f.pages = pages;
    if (!all_guests(p->v_start, p->v_end) || p->v_start % PAGE_SIZE != 0)
        return "its addresses are a guest's";
    if (pages_of(p->v_end - p->v_start) > pages || p->pages_used > pages)
        return "its frames are there";
    if (p->v_end % (4 << 20) != 0 || p->v_end - p->stack - PAGE_SIZE < 512 << 10)
        return "it ends at 4 MiB with 512 KiB free"; /* xen.h */
    if (p->ramdisk_pages != pages_of(ramdisk_size) || p->list_pages != pages_of(pages * 8))
        return "ramdisk and list have room";
    if (!p->list_apart && p->frame_list - p->v_start != p->list_pfn << PAGE_SHIFT)
        return "its list is mapped where it is";
    if (!p->ramdisk_apart && p->ramdisk - p->v_start != p->ramdisk_pfn << PAGE_SHIFT)
        return "its ramdisk is mapped where it is";

    uint64_t image = 0;
    for (unsigned i = 0; i < e->n_segments; i++) {
        const struct elf_segment *s = &e->segments[i];
        if (s->address < p->v_start || s->memory_size > p->v_end - s->address)
            return "its segments are mapped";
        uint64_t end = s->address - p->v_start + s->memory_size;
        image = end > image ? end : image;
    }
    uint64_t before = pages_of(image) + (p->ramdisk_apart ? 0 : p->ramdisk_pages) +
                      (p->list_apart ? 0 : p->list_pages);
    if (p->start_info - p->v_start != before << PAGE_SHIFT)
        return "nothing is left free between what is mapped";
    if (!mark_together(&f, p, pages_of(image)))
        return "each mapped frame is one thing";
    if (f.highest > (p->v_end - p->v_start) >> PAGE_SHIFT)
        return "what is mapped is inside";
    memset(f.used, 1, (p->v_end - p->v_start) >> PAGE_SHIFT);
    f.highest = (p->v_end - p->v_start) >> PAGE_SHIFT;
    if (!mark_apart(&f, p))
        return "each frame behind is one thing";
    if (f.highest != p->pages_used)
        return "it says which frames it uses";
    if (p->n_tables != 1 + count_tables(p->v_start, p->v_end))
        return "it has the tables that it takes";
    uint64_t list_end = p->frame_list + (p->list_pages << PAGE_SHIFT);
    if (p->list_apart && (!all_guests(p->frame_list, list_end) || p->frame_list % PAGE_SIZE != 0 ||
                          (p->frame_list < p->v_end && list_end > p->v_start) ||
                          p->list_tables != count_tables(p->frame_list, list_end)))
        return "its list is beside it, with its own tables";
    return NULL;
}

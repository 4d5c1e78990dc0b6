/* SPDX-License-Identifier: MIT */
#include "hv/core/boot_info.h"

#include "hv/core/format.h"
#include "hv/core/string.h"

#define FIRMWARE_USABLE 1 /* ACPI 6.5, table 15.3: AddressRangeMemory */
#define FIRMWARE_ACPI_RECLAIM 3

#define ADDRESS_TOP PAGE_MASK /* what is said to go on beyond ends here: rounding does not wrap */

struct boot_info boot_info;

static bool insert(struct boot_info *b, unsigned at, struct region r)
{
    if (r.start >= r.end)
        return true;
    if (b->n_regions == BOOT_REGIONS_MAX)
        return false;
    memmove(&b->regions[at + 1], &b->regions[at], (b->n_regions - at) * sizeof(r));
    b->regions[at] = r;
    b->n_regions++;
    return true;
}

static void remove_at(struct boot_info *b, unsigned at)
{
    b->n_regions--;
    memmove(&b->regions[at], &b->regions[at + 1], (b->n_regions - at) * sizeof(b->regions[0]));
}

/* Takes [start, end) out of all regions. */
static bool cut(struct boot_info *b, paddr_t start, paddr_t end)
{
    for (unsigned i = 0; i < b->n_regions;) {
        struct region r = b->regions[i];
        if (r.end <= start || r.start >= end) {
            i++;
            continue;
        }
        remove_at(b, i);
        struct region below = r;
        struct region above = r;
        below.end = min(r.end, start);
        above.start = max(r.start, end);
        if (!insert(b, i, above) || !insert(b, i, below))
            return false;
        i += (below.start < below.end) + (above.start < above.end);
    }
    return true;
}

static bool insert_sorted(struct boot_info *b, struct region r)
{
    unsigned at = 0;
    while (at < b->n_regions && b->regions[at].start < r.start)
        at++;
    return insert(b, at, r);
}

/* Of a usable region, what no reserved one covers. */
static bool add_usable(struct boot_info *b, struct region r)
{
    for (unsigned i = 0; i < b->n_regions && r.start < r.end; i++) {
        const struct region *other = &b->regions[i];
        if (other->end <= r.start || other->start >= r.end)
            continue;
        struct region before = r;
        before.end = min(r.end, other->start);
        paddr_t next = max(r.start, other->end);
        if (before.start < before.end) {
            if (!insert(b, i, before))
                return false;
            i++;
        }
        r.start = next;
    }
    return r.start >= r.end || insert_sorted(b, r);
}

bool boot_region_add(struct boot_info *b, paddr_t start, paddr_t end, uint32_t type)
{
    struct region r = {.type = type};
    if (end < start || end > ADDRESS_TOP)
        end = ADDRESS_TOP;
    if (start >= end)
        return true;
    r.kind = type == FIRMWARE_USABLE         ? REGION_USABLE
             : type == FIRMWARE_ACPI_RECLAIM ? REGION_ACPI
                                             : REGION_RESERVED;
    if (r.kind == REGION_USABLE) {
        r.start = round_up(start, PAGE_SIZE);
        r.end = round_down(end, PAGE_SIZE);
        return r.start >= r.end || add_usable(b, r);
    }
    r.start = round_down(start, PAGE_SIZE);
    r.end = round_up(end, PAGE_SIZE);
    return cut(b, r.start, r.end) && insert_sorted(b, r);
}

/* Regions are sorted: those that adjoin continue each other. */
static bool is_usable(const struct boot_info *b, paddr_t start, paddr_t end)
{
    for (unsigned i = 0; i < b->n_regions && start < end; i++) {
        const struct region *r = &b->regions[i];
        if (r->kind == REGION_USABLE && r->start <= start && start < r->end)
            start = r->end;
    }
    return start >= end;
}

static bool overlap(const struct boot_module *m, paddr_t start, paddr_t end)
{
    return max(m->start, start) < min(m->end, end);
}

bool boot_modules_check(const struct boot_info *b, paddr_t image_start, paddr_t image_end,
                        char *error, size_t size)
{
    for (unsigned i = 0; i < b->n_modules; i++) {
        const struct boot_module *m = &b->modules[i];
        const char *wrong = NULL;
        if (m->start > m->end)
            wrong = "an end that is not below its start";
        else if (!is_usable(b, m->start, m->end))
            wrong = "memory that the memory map says is usable";
        else if (overlap(m, image_start, image_end))
            wrong = "memory beside the hypervisor's";
        for (unsigned k = 0; k < i && wrong == NULL; k++) {
            if (overlap(m, b->modules[k].start, b->modules[k].end))
                wrong = "memory beside the other modules'";
        }
        if (wrong != NULL) {
            format_string(error, size, "module %u: expected %s, found it at 0x%lx to 0x%lx", i + 1,
                          wrong, m->start, m->end);
            return false;
        }
    }
    return true;
}

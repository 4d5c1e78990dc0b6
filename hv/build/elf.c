/* SPDX-License-Identifier: MIT */
#include "hv/build/elf.h"

#include "hv/core/abi.h"
#include "hv/core/format.h"
#include "hv/core/string.h"

#include <xen/elfnote.h>

struct elf_header {
    uint8_t magic[4], class, data, version, os_abi, abi_version, padding[7];
    uint16_t type, machine;
    uint32_t version_2;
    uint64_t entry, program_headers, section_headers;
    uint32_t flags;
    uint16_t size, program_size, program_count, section_size, section_count, names;
};

struct program_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct section_header {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t align, entry_size;
};

struct note_header {
    uint32_t name_size, value_size, type;
};

#define CLASS_64 2
#define DATA_LITTLE 1
#define MACHINE_X86_64 62
#define PROGRAM_LOAD 1
#define PROGRAM_NOTE 4
#define SECTION_NOTE 7

static bool inside(const struct elf_image *e, uint64_t offset, uint64_t size)
{
    return offset <= e->size && size <= e->size - offset;
}

static bool table_inside(const struct elf_image *e, uint64_t offset, uint64_t count, uint64_t each,
                         uint64_t least)
{
    return count == 0 || (each >= least && inside(e, offset, count * each));
}

/* ---- notes */

static uint64_t number(const uint8_t *value, uint32_t size)
{
    uint64_t n = 0;
    memcpy(&n, value, size < sizeof(n) ? size : sizeof(n));
    return n;
}

static void take_note(struct elf_image *e, uint32_t type, const uint8_t *value, uint32_t size)
{
    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        e->note_entry = number(value, size);
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        e->note_hypercall_page = number(value, size);
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        e->note_virt_base = number(value, size);
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        e->note_paddr_offset = number(value, size);
        break;
    case XEN_ELFNOTE_INIT_P2M:
        e->note_init_p2m = number(value, size);
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        e->note_mod_start_pfn = number(value, size) != 0;
        break;
    case XEN_ELFNOTE_GUEST_OS:
        memcpy(e->guest_os, value, min((size_t)size, sizeof(e->guest_os) - 1));
        break;
    default:
        break;
    }
}

/* [offset, offset + size) is inside. */
static void read_notes(struct elf_image *e, uint64_t offset, uint64_t size)
{
    while (size >= sizeof(struct note_header)) {
        struct note_header h;
        memcpy(&h, e->bytes + offset, sizeof(h));
        uint64_t name = sizeof(h);
        uint64_t value = name + round_up((uint64_t)h.name_size, 4UL);
        uint64_t end = value + round_up((uint64_t)h.value_size, 4UL);
        if (end > size)
            return;
        if (h.name_size == 4 && memcmp(e->bytes + offset + name, "Xen", 4) == 0)
            take_note(e, h.type, e->bytes + offset + value, h.value_size);
        offset += end;
        size -= end;
    }
}

/* ---- tables */

static bool add_segment(struct elf_image *e, const struct program_header *p)
{
    if (p->memory_size == 0)
        return true;
    if (e->n_segments == ELF_SEGMENTS_MAX || p->file_size > p->memory_size ||
        !inside(e, p->offset, p->file_size))
        return false;
    e->segments[e->n_segments++] =
        (struct elf_segment){p->address, p->physical, p->offset, p->file_size, p->memory_size};
    return true;
}

/*
 * A segment's place is its physical address, counted from the one that the notes say the image
 * begins at; the virtual addresses are what the notes' base makes of that (xen/elfnote.h,
 * PADDR_OFFSET). The virtual address in the file may mean something else: Linux's per-CPU data have
 * 0 there.
 */
static bool place_segments(struct elf_image *e)
{
    uint64_t base = e->note_virt_base != NOTE_NONE ? e->note_virt_base : 0;
    uint64_t first = e->note_paddr_offset != NOTE_NONE ? e->note_paddr_offset : 0;
    for (unsigned i = 0; i < e->n_segments; i++) {
        struct elf_segment *s = &e->segments[i];
        if (s->physical < first || s->physical - first > ~base)
            return false;
        s->address = base + (s->physical - first);
        if (s->memory_size > UINT64_MAX - s->address)
            return false;
    }
    return true;
}

/* true if all of them fit. *notes: there were some. */
static bool read_programs(struct elf_image *e, const struct elf_header *h, bool *notes)
{
    for (unsigned i = 0; i < h->program_count; i++) {
        struct program_header p;
        memcpy(&p, e->bytes + h->program_headers + (uint64_t)i * h->program_size, sizeof(p));
        if (p.type == PROGRAM_LOAD && !add_segment(e, &p))
            return false;
        if (p.type == PROGRAM_NOTE) {
            if (!inside(e, p.offset, p.file_size))
                return false;
            read_notes(e, p.offset, p.file_size);
            *notes = true;
        }
    }
    return true;
}

/* Kernels may have their notes in sections alone. */
static bool read_sections(struct elf_image *e, const struct elf_header *h)
{
    for (unsigned i = 0; i < h->section_count; i++) {
        struct section_header s;
        memcpy(&s, e->bytes + h->section_headers + (uint64_t)i * h->section_size, sizeof(s));
        if (s.type != SECTION_NOTE)
            continue;
        if (!inside(e, s.offset, s.size))
            return false;
        read_notes(e, s.offset, s.size);
    }
    return true;
}

const char *elf_read(struct elf_image *e, const void *bytes, uint64_t size, char *error,
                     size_t error_size)
{
    struct elf_header h;
    *e = (struct elf_image){
        .bytes = bytes,
        .size = size,
        .note_entry = NOTE_NONE,
        .note_hypercall_page = NOTE_NONE,
        .note_virt_base = NOTE_NONE,
        .note_paddr_offset = NOTE_NONE,
        .note_init_p2m = NOTE_NONE,
    };
    if (size < sizeof(h))
        return "is shorter than an ELF header";
    memcpy(&h, bytes, sizeof(h));
    if (memcmp(h.magic, "\177ELF", 4) != 0)
        return "is not an ELF file";
    if (h.class != CLASS_64 || h.data != DATA_LITTLE || h.machine != MACHINE_X86_64) {
        format_string(error, error_size,
                      "is for class %u, byte order %u, machine %u; expected %u, %u, %u", h.class,
                      h.data, h.machine, CLASS_64, DATA_LITTLE, MACHINE_X86_64);
        return error;
    }
    if (!table_inside(e, h.program_headers, h.program_count, h.program_size,
                      sizeof(struct program_header)) ||
        !table_inside(e, h.section_headers, h.section_count, h.section_size,
                      sizeof(struct section_header)))
        return "has tables that are not inside the file";

    bool notes = false;
    if (!read_programs(e, &h, &notes))
        return "has a segment that is not inside the file, or too many";
    if (!notes && !read_sections(e, &h))
        return "has a section that is not inside the file";
    if (e->n_segments == 0)
        return "has nothing to load";
    if (!place_segments(e))
        return "has a segment outside of the address space that its notes describe";
    e->entry = e->note_entry != NOTE_NONE ? e->note_entry : h.entry;
    return NULL;
}

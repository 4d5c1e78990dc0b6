/* SPDX-License-Identifier: MIT */
#include "dom0/image.h"
#include "guest/lib/string.h"

#include <xen/xen.h>
#include <xen/elfnote.h>

#define PAGE_SIZE 4096U
#define LOWER_END (1UL << 47)
#define NOTE_NAME "Xen"

/* System V ABI, chapters 4 and 5; AMD64 supplement, chapter 4. */
struct elf_header {
    uint8_t magic[4], class, order, version, os, os_version, padding[7];
    uint16_t type, machine;
    uint32_t version_again;
    uint64_t entry, programs, sections;
    uint32_t flags;
    uint16_t size, program_size, program_count, section_size, section_count, names;
};

struct elf_program {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct elf_note {
    uint32_t name_size, size, type;
};

#define ELF_CLASS_64 2
#define ELF_ORDER_LITTLE 1
#define ELF_MACHINE_X86_64 62
#define ELF_LOAD 1
#define ELF_NOTE 4

/* The notes that place an image; NONE: it has no such note. */
struct notes {
    uint64_t entry, hypercall_page, base, paddr_offset;
    bool other_list; /* it wants its list of frames elsewhere */
    bool any;
};

struct bytes {
    const uint8_t *at;
    uint64_t size;
};

static bool inside(struct bytes file, uint64_t offset, uint64_t size)
{
    return offset <= file.size && size <= file.size - offset;
}

static bool read_header(struct bytes file, struct elf_header *h, struct problem *problem)
{
    if (file.size < sizeof(*h))
        return problem_is(problem, "expected an ELF header of %zu bytes, found %lu", sizeof(*h),
                          file.size);
    memcpy(h, file.at, sizeof(*h));
    if (memcmp(h->magic, "\177ELF", sizeof(h->magic)) != 0)
        return problem_is(problem, "expected an ELF file");
    if (h->class != ELF_CLASS_64 || h->order != ELF_ORDER_LITTLE ||
        h->machine != ELF_MACHINE_X86_64)
        return problem_is(problem, "expected class %u, byte order %u, machine %u, found %u, %u, %u",
                          ELF_CLASS_64, ELF_ORDER_LITTLE, ELF_MACHINE_X86_64, h->class, h->order,
                          h->machine);
    if (h->program_size < sizeof(struct elf_program) ||
        !inside(file, h->programs, (uint64_t)h->program_count * h->program_size))
        return problem_is(problem, "expected program headers inside the file");
    return true;
}

static struct elf_program program(struct bytes file, const struct elf_header *h, unsigned i)
{
    struct elf_program p;
    memcpy(&p, file.at + h->programs + (uint64_t)i * h->program_size, sizeof(p));
    return p;
}

/* ---- notes */

static void take_note(struct notes *notes, uint32_t type, struct bytes value)
{
    uint64_t number = 0;
    memcpy(&number, value.at, value.size < sizeof(number) ? value.size : sizeof(number));
    notes->any = true;
    if (type == XEN_ELFNOTE_ENTRY)
        notes->entry = number;
    else if (type == XEN_ELFNOTE_HYPERCALL_PAGE)
        notes->hypercall_page = number;
    else if (type == XEN_ELFNOTE_VIRT_BASE)
        notes->base = number;
    else if (type == XEN_ELFNOTE_PADDR_OFFSET)
        notes->paddr_offset = number;
    else if (type == XEN_ELFNOTE_INIT_P2M)
        notes->other_list = true;
}

/* A segment of notes, each part of which is filled up to a multiple of four bytes. */
static bool read_notes(struct notes *notes, struct bytes in, struct problem *problem)
{
    while (in.size >= sizeof(struct elf_note)) {
        struct elf_note note;
        memcpy(&note, in.at, sizeof(note));
        uint64_t name = sizeof(note);
        uint64_t value = name + (((uint64_t)note.name_size + 3) & ~3UL);
        uint64_t end = value + (((uint64_t)note.size + 3) & ~3UL);
        if (end > in.size)
            return problem_is(problem, "expected notes inside their segment");
        if (note.name_size == sizeof(NOTE_NAME) &&
            !memcmp(in.at + name, NOTE_NAME, sizeof(NOTE_NAME)))
            take_note(notes, note.type, (struct bytes){in.at + value, note.size});
        in.at += end;
        in.size -= end;
    }
    return true;
}

/* Bytes of the address space from `base` on, outside of the hypervisor's range. */
static uint64_t room(uint64_t base)
{
    if (base >= HYPERVISOR_VIRT_END)
        return -base;
    return base < LOWER_END ? LOWER_END - base : 0;
}

static bool read_all_notes(struct bytes file, const struct elf_header *h, struct notes *notes,
                           struct problem *problem)
{
    *notes = (struct notes){IMAGE_NONE, IMAGE_NONE, IMAGE_NONE, IMAGE_NONE, false, false};
    for (unsigned i = 0; i < h->program_count; i++) {
        struct elf_program p = program(file, h, i);
        if (p.type != ELF_NOTE)
            continue;
        if (!inside(file, p.offset, p.file_size))
            return problem_is(problem, "expected segment %u inside the file", i);
        if (!read_notes(notes, (struct bytes){file.at + p.offset, p.file_size}, problem))
            return false;
    }
    if (!notes->any)
        return problem_is(problem, "expected notes of a paravirtual kernel (xen/elfnote.h)");
    if (notes->base == IMAGE_NONE)
        return problem_is(problem, "expected a note VIRT_BASE");
    if (notes->base % PAGE_SIZE || room(notes->base) == 0)
        return problem_is(problem, "expected VIRT_BASE to be a page of the kernel's, found %lx",
                          notes->base);
    if (notes->other_list)
        return problem_is(problem, "a note INIT_P2M is not supported");
    return true;
}

/* ---- segments */

/*
 * A segment's place is its physical address, counted from what PADDR_OFFSET says the file begins
 * with; its virtual address follows from that and VIRT_BASE (xen/elfnote.h).
 */
static bool add_segment(struct image *image, struct bytes file, const struct elf_program *p,
                        uint64_t first, struct problem *problem)
{
    if (image->segments_count == IMAGE_SEGMENTS_MAX)
        return problem_is(problem, "expected at most %u segments", IMAGE_SEGMENTS_MAX);
    if (!inside(file, p->offset, p->file_size) || p->file_size > p->memory_size)
        return problem_is(problem, "expected a segment inside the file, found %lu bytes at %lu",
                          p->file_size, p->offset);
    uint64_t end;
    if (p->physical < first || __builtin_add_overflow(p->physical - first, p->memory_size, &end) ||
        end > room(image->base))
        return problem_is(problem, "expected a segment from %lx on, found %lu bytes at %lx", first,
                          p->memory_size, p->physical);
    image->segments[image->segments_count++] = (struct segment){
        .offset = p->physical - first,
        .memory_size = p->memory_size,
        .bytes = file.at + p->offset,
        .file_size = p->file_size,
    };
    image->end = end > image->end ? end : image->end;
    return true;
}

bool image_read(struct image *image, const void *bytes, size_t size, struct problem *problem)
{
    struct bytes file = {bytes, size};
    struct elf_header h = {0};
    struct notes notes;
    if (!read_header(file, &h, problem) || !read_all_notes(file, &h, &notes, problem))
        return false;
    *image = (struct image){
        .base = notes.base,
        .entry = notes.entry != IMAGE_NONE ? notes.entry : h.entry,
        .hypercall_page = IMAGE_NONE,
    };
    uint64_t first = notes.paddr_offset != IMAGE_NONE ? notes.paddr_offset : 0;
    for (unsigned i = 0; i < h.program_count; i++) {
        struct elf_program p = program(file, &h, i);
        if (p.type == ELF_LOAD && p.memory_size > 0 &&
            !add_segment(image, file, &p, first, problem))
            return false;
    }
    if (image->end == 0)
        return problem_is(problem, "expected something to load");
    if (image->entry - image->base >= image->end)
        return problem_is(problem, "expected an entry inside the image, found %lx", image->entry);
    if (notes.hypercall_page == IMAGE_NONE)
        return true;
    image->hypercall_page = notes.hypercall_page - image->base;
    if (image->hypercall_page % PAGE_SIZE || image->hypercall_page >= image->end)
        return problem_is(problem, "expected a hypercall page inside the image, found %lx",
                          notes.hypercall_page);
    return true;
}

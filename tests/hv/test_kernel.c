/* SPDX-License-Identifier: MIT */
/* A kernel's ELF file and where its domain goes: whatever the file says, nothing outside it is read
 * and nothing outside the domain is planned. */
#include "tests/unit/tap.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "hv/build/elf.h"
#include "hv/build/plan.h"
#include "hv/core/abi.h"
#include "tests/unit/rng.h"

#include <xen/elfnote.h>

#define BASE 0xffffffff80000000UL
#define SIZE 4096U

/*
 * A kernel: header, two program headers, notes, contents. Kept in memory of its size exactly, so
 * that reading behind it is seen.
 */
struct file {
    uint8_t *bytes;
    size_t size;
    Elf64_Ehdr header;
    Elf64_Phdr programs[3];
    size_t notes_end;
};

#define NOTES_AT 512U
#define CONTENTS_AT 1024U

static void add_note(struct file *f, uint32_t type, const void *value, uint32_t size)
{
    Elf64_Nhdr note = {.n_namesz = 4, .n_descsz = size, .n_type = type};
    memcpy(f->bytes + f->notes_end, &note, sizeof(note));
    memcpy(f->bytes + f->notes_end + sizeof(note), "Xen", 4);
    memcpy(f->bytes + f->notes_end + sizeof(note) + 4, value, size);
    f->notes_end += sizeof(note) + 4 + (size + 3) / 4 * 4;
    f->programs[2].p_filesz = f->notes_end - NOTES_AT;
}

static void add_number(struct file *f, uint32_t type, uint64_t value)
{
    add_note(f, type, &value, sizeof(value));
}

static struct file file_new(void)
{
    struct file f = {.bytes = (uint8_t *)calloc(1, SIZE), .size = SIZE, .notes_end = NOTES_AT};
    assert_non_null(f.bytes);
    f.header = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_entry = BASE + 0x1000000,
        .e_phoff = sizeof(Elf64_Ehdr),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 3,
    };
    f.programs[0] = (Elf64_Phdr){.p_type = PT_LOAD,
                                 .p_offset = CONTENTS_AT,
                                 .p_vaddr = BASE + 0x1000000,
                                 .p_paddr = 0x1000000,
                                 .p_filesz = 1024,
                                 .p_memsz = 0x3000};
    f.programs[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                 .p_offset = CONTENTS_AT + 1024,
                                 .p_paddr = 0x1800000,
                                 .p_filesz = 2048,
                                 .p_memsz = 2048};
    f.programs[2] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = NOTES_AT};
    add_number(&f, XEN_ELFNOTE_VIRT_BASE, BASE);
    add_number(&f, XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1001000);
    add_note(&f, XEN_ELFNOTE_GUEST_OS, "test", 5);
    return f;
}

static void file_write(struct file *f)
{
    memcpy(f->bytes, &f->header, sizeof(f->header));
    memcpy(f->bytes + sizeof(f->header), f->programs, sizeof(f->programs));
}

static void file_free(struct file *f)
{
    free(f->bytes);
}

static const char *read_file(struct file *f, struct elf_image *e)
{
    static char error[128];
    file_write(f);
    return elf_read(e, f->bytes, f->size, error, sizeof(error));
}

/* ---- ELF */

static void test_good(void **state)
{
    (void)state;
    struct file f = file_new();
    struct elf_image e;
    assert_null(read_file(&f, &e));
    assert_int_equal(e.n_segments, 2);
    assert_int_equal(e.entry, BASE + 0x1000000);
    assert_int_equal(e.note_virt_base, BASE);
    assert_int_equal(e.note_hypercall_page, BASE + 0x1001000);
    assert_int_equal(e.note_init_p2m, NOTE_NONE);
    assert_string_equal(e.guest_os, "test");
    assert_int_equal(e.segments[0].address, BASE + 0x1000000);
    assert_int_equal(e.segments[1].address, BASE + 0x1800000); /* by its physical one */
    add_number(&f, XEN_ELFNOTE_ENTRY, BASE + 0x1000010);
    assert_null(read_file(&f, &e));
    assert_int_equal(e.entry, BASE + 0x1000010);
    file_free(&f);
}

static void test_other_files(void **state)
{
    (void)state;
    struct elf_image e;
    for (unsigned i = 0; i < 6; i++) {
        struct file f = file_new();
        switch (i) {
        case 0:
            f.header.e_ident[0] = 0;
            break;
        case 1:
            f.header.e_ident[EI_CLASS] = ELFCLASS32;
            break;
        case 2:
            f.header.e_ident[EI_DATA] = ELFDATA2MSB;
            break;
        case 3:
            f.header.e_machine = EM_AARCH64;
            break;
        case 4:
            f.header.e_phnum = 0;
            break;
        default:
            f.programs[0].p_memsz = f.programs[0].p_filesz = f.programs[1].p_memsz =
                f.programs[1].p_filesz = 0;
        }
        assert_non_null(read_file(&f, &e));
        file_free(&f);
    }
}

/* Cut anywhere: an error, or all that is used is still there. */
static void test_truncated(void **state)
{
    (void)state;
    for (size_t size = 0; size < SIZE; size++) {
        struct file f = file_new();
        file_write(&f);
        uint8_t *cut = (uint8_t *)malloc(size == 0 ? 1 : size);
        assert_non_null(cut);
        memcpy(cut, f.bytes, size);
        struct elf_image e;
        char error[128];
        assert_non_null(elf_read(&e, cut, size, error, sizeof(error)));
        free(cut);
        file_free(&f);
    }
}

struct patch {
    uint16_t at, size; /* in the file */
    uint64_t value;
};

#define IN_HEADER(member, number)                                               \
    {                                                                           \
        offsetof(Elf64_Ehdr, member), sizeof(((Elf64_Ehdr *)0)->member), number \
    }
#define IN_PROGRAM(n, member, number)                                                 \
    {                                                                                 \
        sizeof(Elf64_Ehdr) + (n) * sizeof(Elf64_Phdr) + offsetof(Elf64_Phdr, member), \
            sizeof(((Elf64_Phdr *)0)->member), number                                 \
    }

/* One field of a good file each. */
static const struct patch hostile[] = {
    IN_HEADER(e_phoff, UINT64_MAX),
    IN_HEADER(e_phoff, SIZE),
    IN_HEADER(e_phoff, UINT64_MAX - 2 * sizeof(Elf64_Phdr)), /* wraps */
    IN_HEADER(e_phnum, UINT16_MAX),
    IN_HEADER(e_phentsize, sizeof(Elf64_Phdr) - 1),
    IN_HEADER(e_phentsize, UINT16_MAX),
    IN_PROGRAM(0, p_offset, SIZE),
    IN_PROGRAM(0, p_offset, SIZE - 1023),
    IN_PROGRAM(0, p_offset, UINT64_MAX),
    IN_PROGRAM(0, p_offset, UINT64_MAX - 511), /* wraps into the file */
    IN_PROGRAM(0, p_filesz, UINT64_MAX),
    IN_PROGRAM(0, p_filesz, 0x3001), /* more than in memory */
    IN_PROGRAM(0, p_memsz, 1023),
    IN_PROGRAM(0, p_memsz, UINT64_MAX),
    IN_PROGRAM(0, p_paddr, UINT64_MAX), /* wraps */
    IN_PROGRAM(0, p_paddr, ~BASE),
    IN_PROGRAM(1, p_memsz, ~BASE),
    IN_PROGRAM(2, p_offset, SIZE),
    IN_PROGRAM(2, p_filesz, UINT64_MAX),
};

static void test_hostile_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
        struct file f = file_new();
        struct elf_image e;
        char error[128];
        file_write(&f);
        memcpy(f.bytes + hostile[i].at, &hostile[i].value, hostile[i].size);
        if (elf_read(&e, f.bytes, f.size, error, sizeof(error)) == NULL)
            fail_msg("patch %zu was taken", i);
        file_free(&f);
    }
}

static void test_too_many_segments(void **state)
{
    (void)state;
    struct file f = file_new();
    struct elf_image e;
    char error[128];
    f.header.e_phoff = CONTENTS_AT;
    for (unsigned n = ELF_SEGMENTS_MAX; n <= ELF_SEGMENTS_MAX + 1; n++) {
        f.header.e_phnum = (uint16_t)n;
        file_write(&f);
        for (unsigned i = 0; i < n; i++)
            memcpy(f.bytes + CONTENTS_AT + i * sizeof(Elf64_Phdr), &f.programs[1],
                   sizeof(Elf64_Phdr));
        const char *wrong = elf_read(&e, f.bytes, f.size, error, sizeof(error));
        if (n == ELF_SEGMENTS_MAX)
            assert_null(wrong);
        else /* and not for what writing one too many spoils */
            assert_string_equal(wrong, "has a segment that is not inside the file, or too many");
    }
    file_free(&f);
}

/* Notes that say that they are longer than they are end the list; the rest of the file counts. */
static void test_hostile_notes(void **state)
{
    (void)state;
    static const Elf64_Nhdr notes[] = {
        {UINT32_MAX, 8, XEN_ELFNOTE_ENTRY}, {4, UINT32_MAX, XEN_ELFNOTE_ENTRY},
        {UINT32_MAX, UINT32_MAX, 0},        {4, 4096, XEN_ELFNOTE_GUEST_OS},
        {0, 0, XEN_ELFNOTE_ENTRY},          {4, 0, XEN_ELFNOTE_GUEST_OS},
    };
    for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
        struct file f = file_new();
        struct elf_image e;
        memcpy(f.bytes + f.notes_end, &notes[i], sizeof(notes[i]));
        f.programs[2].p_filesz = f.notes_end - NOTES_AT + sizeof(notes[i]);
        assert_null(read_file(&f, &e));
        assert_int_equal(e.note_entry, NOTE_NONE);
        assert_int_equal(e.note_virt_base, BASE);
        file_free(&f);
    }
}

/* A name that fills its place ends. */
static void test_long_name(void **state)
{
    (void)state;
    struct file f = file_new();
    struct elf_image e;
    char name[100];
    memset(name, 'x', sizeof(name));
    add_note(&f, XEN_ELFNOTE_GUEST_OS, name, sizeof(name));
    assert_null(read_file(&f, &e));
    assert_int_equal(strnlen(e.guest_os, sizeof(e.guest_os)), sizeof(e.guest_os) - 1);
    file_free(&f);
}

/* ---- the plan */

#define PAGES 16384U /* 64 MiB */

/* What of the domain's frames is what: each frame at most one thing, none beyond them. */
static void mark(uint8_t *used, uint64_t first, uint64_t n)
{
    for (uint64_t i = first; i < first + n; i++) {
        assert_true(i < PAGES);
        assert_int_equal(used[i], 0);
        used[i] = 1;
    }
}

static void assert_plan_sound(const struct plan *p, const struct elf_image *e)
{
    static uint8_t used[PAGES];
    memset(used, 0, sizeof(used));
    uint64_t v_pages = (p->v_end - p->v_start) >> PAGE_SHIFT;
    assert_true(p->v_start < p->v_end);
    assert_true(p->pages_used <= PAGES);
    assert_true(v_pages <= p->pages_used);
    uint64_t image_end = 0;
    for (unsigned i = 0; i < e->n_segments; i++) {
        const struct elf_segment *s = &e->segments[i];
        assert_true(s->address >= p->v_start && s->address + s->memory_size <= p->v_end);
        if (s->address + s->memory_size - p->v_start > image_end)
            image_end = s->address + s->memory_size - p->v_start;
    }
    mark(used, 0, (image_end + PAGE_SIZE - 1) >> PAGE_SHIFT);
    mark(used, p->ramdisk_pfn, p->ramdisk_pages);
    mark(used, p->list_pfn, p->list_pages);
    mark(used, p->list_tables_pfn, p->list_apart ? p->list_tables : 0);
    mark(used, (p->start_info - p->v_start) >> PAGE_SHIFT, 1);
    mark(used, (p->tables - p->v_start) >> PAGE_SHIFT, p->n_tables);
    mark(used, (p->stack - p->v_start) >> PAGE_SHIFT, 1);
    assert_true(p->v_end - p->stack > 512 << 10); /* xen.h: at least so much is free */
    assert_int_equal(p->v_end % (4 << 20), 0);
}

static void test_plans(void **state)
{
    (void)state;
    static const uint64_t ramdisks[] = {0, 1, 4096, 4097, 10 << 20};
    for (unsigned i = 0; i < 20; i++) {
        struct file f = file_new();
        struct elf_image e;
        struct plan p;
        if (i % 2 != 0)
            add_number(&f, XEN_ELFNOTE_INIT_P2M, 0xffffc00000000000);
        if (i / 2 % 2 != 0)
            add_number(&f, XEN_ELFNOTE_MOD_START_PFN, 1);
        assert_null(read_file(&f, &e));
        assert_null(plan_make(&p, &e, ramdisks[i / 4], PAGES));
        assert_plan_sound(&p, &e);
        assert_int_equal(p.list_apart, i % 2 != 0);
        assert_int_equal(p.ramdisk_apart, i / 2 % 2 != 0);
        assert_non_null(plan_make(&p, &e, ramdisks[i / 4], 4096)); /* 16 MiB: behind is a segment */
        assert_non_null(plan_make(&p, &e, (uint64_t)PAGES << PAGE_SHIFT, PAGES));
        file_free(&f);
    }
}

static const char *plan_of(uint64_t base, uint64_t at, uint64_t size, uint64_t list)
{
    struct elf_image e = {.n_segments = 1,
                          .segments = {{.address = at, .memory_size = size}},
                          .note_virt_base = base,
                          .note_init_p2m = list};
    struct plan p;
    const char *wrong = plan_make(&p, &e, 0, PAGES);
    if (wrong == NULL)
        assert_plan_sound(&p, &e);
    return wrong;
}

/* Images at the ends of the address space and in the hypervisor's part of it. */
static void test_hostile_places(void **state)
{
    (void)state;
    const uint64_t top = 0xffffffffffc00000;
    assert_null(plan_of(0, 0x1000, 0x1000, NOTE_NONE));
    assert_non_null(plan_of(NOTE_NONE, 0xffffffffffffe000, 0x1000, NOTE_NONE)); /* wraps */
    assert_non_null(plan_of(0, 0xffffffffffffe000, 0x1000, NOTE_NONE));
    assert_non_null(plan_of(top, top + 0x3fe000, 0x1000, NOTE_NONE));
    assert_non_null(plan_of(top, top, 0x400000, NOTE_NONE));
    assert_non_null(plan_of(0, 0x1000, UINT64_MAX - 0x1000, NOTE_NONE));
    assert_non_null(plan_of(0, 0x1000, 1UL << 62, NOTE_NONE));
    assert_non_null(plan_of(0x1000, 0x1000, 0x1000, NOTE_NONE));   /* not 4 MiB */
    assert_non_null(plan_of(0x400000, 0x1000, 0x1000, NOTE_NONE)); /* below the base */
    assert_non_null(plan_of(HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_START, 0x1000, NOTE_NONE));
    assert_non_null(plan_of(0x800000000000, 0x800000000000, 0x1000, NOTE_NONE));
    assert_non_null(plan_of(0x7fffffc00000, 0x7fffffc00000, 0x400000, NOTE_NONE));
    assert_null(plan_of(HYPERVISOR_VIRT_END, HYPERVISOR_VIRT_END, 0x1000, NOTE_NONE));
}

static void test_hostile_lists(void **state)
{
    (void)state;
    assert_null(plan_of(0, 0x1000, 0x1000, HYPERVISOR_VIRT_END));
    assert_non_null(plan_of(0, 0x1000, 0x1000, HYPERVISOR_VIRT_END + 8));
    assert_non_null(plan_of(0, 0x1000, 0x1000, 0));
    assert_non_null(plan_of(0, 0x1000, 0x1000, 0x1000));
    assert_non_null(plan_of(0, 0x1000, 0x1000, HYPERVISOR_VIRT_START));
    assert_non_null(plan_of(0, 0x1000, 0x1000, HYPERVISOR_VIRT_START - 0x1000));
    assert_non_null(plan_of(0, 0x1000, 0x1000, UINT64_MAX & PAGE_MASK)); /* wraps */
}

/* 300,000 files with bytes of their headers and notes changed: what is taken can be planned, or is
 * refused; the sanitizers watch. */
static void test_random(void **state)
{
    (void)state;
    static const uint8_t corners[] = {0, 1, 4, 7, 0x7f, 0x80, 0xfe, 0xff};
    struct rng rng = rng_seeded(29);
    struct file f = file_new();
    file_write(&f);
    uint8_t *copy = (uint8_t *)malloc(SIZE);
    assert_non_null(copy);
    unsigned good = 0;
    for (int i = 0; i < 300000; i++) {
        memcpy(copy, f.bytes, SIZE);
        for (uint32_t n = rng_batch(&rng, 12); n != 0; n--) {
            uint32_t at = rng_one_in(&rng, 3) ? NOTES_AT + rng_below(&rng, 128)
                                              : 16 + rng_below(&rng, 64 + 3 * 56 - 16);
            copy[at] = rng_one_in(&rng, 2) ? corners[rng_below(&rng, sizeof(corners))]
                                           : (uint8_t)rng_next(&rng);
        }
        struct elf_image e;
        struct plan p;
        char error[128];
        if (elf_read(&e, copy, SIZE, error, sizeof(error)) != NULL)
            continue;
        for (unsigned k = 0; k < e.n_segments; k++)
            assert_true(e.segments[k].offset <= SIZE &&
                        e.segments[k].file_size <= SIZE - e.segments[k].offset);
        if (plan_make(&p, &e, rng_below(&rng, 1 << 20), PAGES) != NULL)
            continue;
        assert_plan_sound(&p, &e);
        good++;
    }
    assert_true(good > 1000);
    free(copy);
    file_free(&f);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_other_files),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_hostile_fields),
        cmocka_unit_test(test_too_many_segments),
        cmocka_unit_test(test_hostile_notes),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_hostile_places),
        cmocka_unit_test(test_hostile_lists),
        cmocka_unit_test(test_random),
    };
    return tap_run("hv/kernel", tests, sizeof(tests) / sizeof(tests[0]));
}

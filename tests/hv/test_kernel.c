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
#include "tests/hv/plan_check.h"
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

/* Notes of others are passed over, whatever they are called and how long that is; ours come in the
 * width that they come in. */
static void test_notes_among_others(void **state)
{
    (void)state;
    static const struct {
        uint32_t length;
        char name[8];
    } others[] = {{6, "Linux"}, {4, "GNU"}, {4, "Xe"},   {4, "XenA"},
                  {4, "xen"},   {8, "Xen"}, {5, "Xens"}, {0, ""}};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct file f = file_new();
        struct elf_image e;
        uint64_t value = 0x5555;
        Elf64_Nhdr note = {others[i].length, sizeof(value), XEN_ELFNOTE_ENTRY};
        size_t padded = (others[i].length + 3) / 4 * 4;
        memcpy(f.bytes + f.notes_end, &note, sizeof(note));
        memcpy(f.bytes + f.notes_end + sizeof(note), others[i].name, padded);
        memcpy(f.bytes + f.notes_end + sizeof(note) + padded, &value, sizeof(value));
        f.notes_end += sizeof(note) + padded + sizeof(value);
        uint32_t narrow = 0x1234000;
        add_note(&f, XEN_ELFNOTE_INIT_P2M, &narrow, sizeof(narrow));
        assert_null(read_file(&f, &e));
        assert_int_equal(e.note_entry, NOTE_NONE);
        assert_int_equal(e.note_init_p2m, 0x1234000);
        file_free(&f);
    }
}

/* A segment's place: what the notes say, or, where they say nothing, as it is. */
static void test_places(void **state)
{
    (void)state;
    struct elf_image e;
    struct file f = file_new();
    add_number(&f, XEN_ELFNOTE_PADDR_OFFSET, 0x1000000);
    assert_null(read_file(&f, &e));
    assert_int_equal(e.segments[0].address, BASE);
    assert_int_equal(e.segments[1].address, BASE + 0x800000);
    f.programs[0].p_paddr = 0xffffff; /* below where the image begins */
    assert_non_null(read_file(&f, &e));
    /* Up to the last byte of the address space, and not beyond. */
    f.programs[0].p_paddr = 0x1000000 + ~BASE - 0x3000;
    assert_null(read_file(&f, &e));
    f.programs[0].p_paddr++;
    assert_non_null(read_file(&f, &e));
    file_free(&f);

    f = file_new();
    memset(f.bytes + NOTES_AT, 0, f.notes_end - NOTES_AT);
    f.programs[2].p_filesz = 0;
    assert_null(read_file(&f, &e));
    assert_int_equal(e.note_virt_base, NOTE_NONE);
    assert_int_equal(e.segments[0].address, 0x1000000);
    assert_int_equal(e.segments[1].address, 0x1800000);
    f.notes_end = NOTES_AT;
    add_number(&f, XEN_ELFNOTE_PADDR_OFFSET, 0x1000001);
    assert_non_null(read_file(&f, &e));
    file_free(&f);
}

/* What is not to be loaded may be anything; what is, may be empty, or have nothing in the file. */
static void test_other_segments(void **state)
{
    (void)state;
    struct elf_image e;
    struct file f = file_new();
    f.programs[1].p_type = PT_GNU_STACK;
    f.programs[1].p_offset = UINT64_MAX;
    assert_null(read_file(&f, &e));
    assert_int_equal(e.n_segments, 1);
    f.programs[1].p_type = PT_LOAD;
    f.programs[1].p_filesz = f.programs[1].p_memsz = 0;
    assert_null(read_file(&f, &e));
    assert_int_equal(e.n_segments, 1);
    f.programs[1].p_memsz = 4096;
    f.programs[1].p_offset = SIZE;
    assert_null(read_file(&f, &e));
    assert_int_equal(e.n_segments, 2);
    f.programs[1].p_offset = SIZE + 1;
    assert_string_equal(read_file(&f, &e),
                        "has a segment that is not inside the file, or too many");
    file_free(&f);
}

static const char *read_with_sections(struct file *f, struct elf_image *e, const Elf64_Shdr *s,
                                      uint16_t n)
{
    f->header.e_shoff = SIZE - n * sizeof(*s);
    f->header.e_shentsize = sizeof(*s);
    f->header.e_shnum = n;
    memcpy(f->bytes + f->header.e_shoff, s, n * sizeof(*s));
    return read_file(f, e);
}

/* Notes that only sections name are found; where a program header names some, those are all. */
static void test_notes_in_sections(void **state)
{
    (void)state;
    struct elf_image e;
    struct file f = file_new();
    Elf64_Shdr s[2] = {
        {.sh_type = SHT_NOTE, .sh_offset = NOTES_AT, .sh_size = f.notes_end - NOTES_AT},
        {.sh_type = SHT_PROGBITS, .sh_offset = UINT64_MAX, .sh_size = UINT64_MAX},
    };
    f.programs[2].p_type = PT_NULL;
    assert_null(read_with_sections(&f, &e, s, 2));
    assert_int_equal(e.note_virt_base, BASE);
    assert_string_equal(e.guest_os, "test");
    s[0].sh_size = SIZE - NOTES_AT + 1;
    assert_string_equal(read_with_sections(&f, &e, s, 2),
                        "has a section that is not inside the file");
    f.programs[2].p_type = PT_NOTE; /* then nobody looks at them */
    assert_null(read_with_sections(&f, &e, s, 2));
    f.programs[2].p_filesz = 0;
    s[0].sh_size = f.notes_end - NOTES_AT;
    assert_null(read_with_sections(&f, &e, s, 2));
    assert_int_equal(e.note_virt_base, NOTE_NONE);

    f.header.e_shentsize--;
    file_write(&f);
    char error[128];
    assert_string_equal(elf_read(&e, f.bytes, f.size, error, sizeof(error)),
                        "has tables that are not inside the file");
    file_free(&f);
}

/* Each refusal for its own reason. */
static void test_reasons(void **state)
{
    (void)state;
    struct elf_image e;
    char error[128];
    struct file f = file_new();
    f.header.e_phnum = 0;
    file_write(&f);
    assert_string_equal(elf_read(&e, f.bytes, sizeof(Elf64_Ehdr), error, sizeof(error)),
                        "has nothing to load");
    assert_string_equal(elf_read(&e, f.bytes, sizeof(Elf64_Ehdr) - 1, error, sizeof(error)),
                        "is shorter than an ELF header");
    f.bytes[3] = 'G';
    assert_string_equal(elf_read(&e, f.bytes, f.size, error, sizeof(error)), "is not an ELF file");
    f.header.e_machine = EM_AARCH64;
    assert_string_equal(read_file(&f, &e), "is for class 2, byte order 1, machine 183; expected "
                                           "2, 1, 62");
    file_free(&f);
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

static void assert_plan_sound_in(const struct plan *p, const struct elf_image *e, uint64_t ramdisk,
                                 uint64_t pages)
{
    const char *wrong = plan_unsound(p, e, ramdisk, pages);
    if (wrong != NULL)
        fail_msg("does not hold: %s", wrong);
}

static void assert_plan_sound(const struct plan *p, const struct elf_image *e, uint64_t ramdisk)
{
    assert_plan_sound_in(p, e, ramdisk, PAGES);
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
        assert_plan_sound(&p, &e, ramdisks[i / 4]);
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
        assert_plan_sound(&p, &e, 0);
    return wrong;
}

#define TOO_HIGH "does not fit below the top of the address space"
#define AT_THE_TOP "ends at the top of the address space"
#define WRONG_BASE "has a base that is not a multiple of 4 MiB at or below its segments"
#define NOT_A_GUESTS "has addresses that are not a guest's"
#define WRONG_LIST "wants its frame list where it cannot be"

/* Images at the ends of the address space and in the hypervisor's part of it. */
static void test_hostile_places(void **state)
{
    (void)state;
    const uint64_t top = 0xffffffffffc00000;
    const uint64_t lower_end = 0x800000000000;
    static const uint64_t none = NOTE_NONE;
    assert_null(plan_of(0, 0x1000, 0x1000, none));
    assert_string_equal(plan_of(none, 0xffffffffffffe000, 0x1000, none), TOO_HIGH); /* wraps */
    assert_string_equal(plan_of(0, 0xffffffffffffe000, 0x1000, none), TOO_HIGH);
    assert_string_equal(plan_of(top, top + 0x3fe000, 0x1000, none), TOO_HIGH);
    assert_string_equal(plan_of(top, top, 0x1000, none), TOO_HIGH);
    assert_string_equal(plan_of(top, top, 0x400000, none), AT_THE_TOP);
    assert_string_equal(plan_of(0, 0x1000, UINT64_MAX - 0x1000, none), AT_THE_TOP);
    assert_string_equal(plan_of(0, 0x1000, 1UL << 62, none), NOT_A_GUESTS);
    assert_string_equal(plan_of(0x1000, 0x1000, 0x1000, none), WRONG_BASE); /* not 4 MiB */
    assert_string_equal(plan_of(0x200000, 0x400000, 0x1000, none), WRONG_BASE);
    assert_string_equal(plan_of(0x400000, 0x1000, 0x1000, none), WRONG_BASE); /* below the base */
    assert_null(plan_of(0x400000, 0x400fff, 0x1000, none));
    assert_string_equal(plan_of(HYPERVISOR_VIRT_START, HYPERVISOR_VIRT_START, 0x1000, none),
                        NOT_A_GUESTS);
    assert_string_equal(plan_of(lower_end, lower_end, 0x1000, none), NOT_A_GUESTS);
    assert_string_equal(plan_of(lower_end - 0x400000, lower_end - 0x400000, 0x400000, none),
                        NOT_A_GUESTS);
    assert_null(plan_of(lower_end - 0x400000, lower_end - 0x400000, 0x200000, none));
    assert_null(plan_of(HYPERVISOR_VIRT_END, HYPERVISOR_VIRT_END, 0x1000, none));
    assert_string_equal(plan_of(HYPERVISOR_VIRT_END - 0x400000, HYPERVISOR_VIRT_END, 0x1000, none),
                        NOT_A_GUESTS);
}

static void test_hostile_lists(void **state)
{
    (void)state;
    static const uint64_t list_size = PAGES * sizeof(uint64_t);
    static const uint64_t base = 0x10000000;
    static const uint64_t end = base + 0x400000; /* of so small an image's plan */
    assert_null(plan_of(base, base, 0x1000, end));
    assert_null(plan_of(base, base, 0x1000, base - list_size));
    assert_null(plan_of(base, base, 0x1000, 0));
    assert_null(plan_of(base, base, 0x1000, 0x800000000000 - list_size));
    assert_null(plan_of(base, base, 0x1000, HYPERVISOR_VIRT_END));
    static const uint64_t wrong[] = {
        end + 8,
        end - PAGE_SIZE,
        base - list_size + PAGE_SIZE,
        base,
        0x800000000000 - list_size + PAGE_SIZE,
        HYPERVISOR_VIRT_END + 8,
        HYPERVISOR_VIRT_END - PAGE_SIZE,
        HYPERVISOR_VIRT_START,
        HYPERVISOR_VIRT_START - PAGE_SIZE,
        UINT64_MAX & PAGE_MASK, /* wraps */
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *says = plan_of(base, base, 0x1000, wrong[i]);
        if (says == NULL)
            fail_msg("list at 0x%lx was taken", wrong[i]);
        assert_string_equal(says, WRONG_LIST);
    }
}

/* Exactly as many frames as it says it uses are enough, and one less is not. */
static void test_just_enough(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct elf_image e = {
            .n_segments = 1,
            .segments = {{.address = 0x400000, .memory_size = 0x300000}},
            .note_virt_base = i & 1 ? 0x400000 : NOTE_NONE,
            .note_init_p2m = i & 2 ? 0x10000000000 : NOTE_NONE,
            .note_mod_start_pfn = i & 2,
        };
        struct plan p;
        assert_null(plan_make(&p, &e, 100000, PAGES));
        assert_int_equal(p.v_start, i & 1 ? 0x400000 : 0);
        uint64_t enough = p.pages_used;
        /* The list of a smaller domain is shorter: none of them is at its edge here. */
        while (plan_make(&p, &e, 100000, enough) == NULL && p.pages_used < enough)
            enough = p.pages_used;
        assert_null(plan_make(&p, &e, 100000, enough));
        assert_plan_sound_in(&p, &e, 100000, enough);
        assert_string_equal(plan_make(&p, &e, 100000, enough - 1),
                            "needs more memory than the domain has (see option dom0_mem)");
    }
}

/* Many tables: so that their own room makes more of them necessary, at each size of the ramdisk. */
static void test_tables(void **state)
{
    (void)state;
    struct elf_image e = {
        .n_segments = 1,
        .segments = {{.address = 0x3ffff000, .memory_size = 0x2000}}, /* over 1 GiB's end */
        .note_virt_base = 0x3fc00000,
        .note_init_p2m = NOTE_NONE,
    };
    struct plan p;
    for (uint64_t ramdisk = 0; ramdisk < 8 << 20; ramdisk += 4096) {
        assert_null(plan_make(&p, &e, ramdisk, PAGES));
        assert_plan_sound(&p, &e, ramdisk);
    }
    /* A list over the edge of a table of each level. */
    static const uint64_t lists[] = {0x7fffffe00000, 0x4000000000, 0x8000000000 - 0x1000,
                                     0x40000000 - 0x1000 + 0x100000000, 0x10000000000 - 0x10000};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        e.note_init_p2m = lists[i];
        assert_null(plan_make(&p, &e, 0, PAGES));
        assert_plan_sound(&p, &e, 0);
    }
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
        uint64_t ramdisk = rng_below(&rng, 1 << 20);
        if (plan_make(&p, &e, ramdisk, PAGES) != NULL)
            continue;
        assert_plan_sound(&p, &e, ramdisk);
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
        cmocka_unit_test(test_notes_among_others),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_other_segments),
        cmocka_unit_test(test_notes_in_sections),
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_long_name),
        cmocka_unit_test(test_plans),
        cmocka_unit_test(test_hostile_places),
        cmocka_unit_test(test_hostile_lists),
        cmocka_unit_test(test_just_enough),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_random),
    };
    return tap_run("hv/kernel", tests, sizeof(tests) / sizeof(tests[0]));
}

/* SPDX-License-Identifier: MIT */
/* A kernel's file, and where everything of its domain lies: whatever the file says. */
#include "tests/unit/tap.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "dom0/image.h"
#include "dom0/place.h"
#include "tests/unit/rng.h"

#include <xen/elfnote.h>

#define BASE 0xffff880000000000UL
#define NOTES_AT 512U
#define CONTENTS_AT 1024U
#define SIZE 2048U
#define PAGE 4096U

static struct {
    Elf64_Ehdr header;
    Elf64_Phdr programs[2];
    uint8_t notes[256];
    size_t notes_size;
} f;

static void add_note(uint32_t type, uint64_t value)
{
    const Elf64_Nhdr note = {.n_namesz = 4, .n_descsz = 8, .n_type = type};
    memcpy(f.notes + f.notes_size, &note, sizeof(note));
    memcpy(f.notes + f.notes_size + sizeof(note), "Xen", 4);
    memcpy(f.notes + f.notes_size + sizeof(note) + 4, &value, sizeof(value));
    f.notes_size += sizeof(note) + 4 + sizeof(value);
}

static void begin(void)
{
    memset(&f, 0, sizeof(f));
    f.header = (Elf64_Ehdr){.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB},
                            .e_machine = EM_X86_64,
                            .e_entry = BASE + 0x10,
                            .e_phoff = sizeof(Elf64_Ehdr),
                            .e_phentsize = sizeof(Elf64_Phdr),
                            .e_phnum = 2};
    f.programs[0] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_offset = CONTENTS_AT, .p_filesz = 1000, .p_memsz = 3 * PAGE};
    add_note(XEN_ELFNOTE_VIRT_BASE, BASE);
    add_note(XEN_ELFNOTE_PADDR_OFFSET, 0);
    add_note(XEN_ELFNOTE_ENTRY, BASE + 0x20);
    add_note(XEN_ELFNOTE_HYPERCALL_PAGE, BASE + PAGE);
}

static struct image image;
static struct problem problem;

static size_t finish(uint8_t bytes[SIZE])
{
    memset(bytes, 0x5a, SIZE);
    f.programs[1].p_type = PT_NOTE;
    f.programs[1].p_offset = f.programs[1].p_offset ? f.programs[1].p_offset : NOTES_AT;
    f.programs[1].p_filesz = f.programs[1].p_filesz ? f.programs[1].p_filesz : f.notes_size;
    memcpy(bytes, &f.header, sizeof(f.header));
    memcpy(bytes + sizeof(f.header), f.programs, sizeof(f.programs));
    memcpy(bytes + NOTES_AT, f.notes, sizeof(f.notes));
    return CONTENTS_AT + 1000;
}

static bool read_bytes(const uint8_t *bytes, size_t n)
{
    static uint8_t *exact;
    free(exact);
    exact = malloc(n ? n : 1);
    memcpy(exact, bytes, n);
    memset(&problem, 0, sizeof(problem));
    return image_read(&image, exact, n, &problem);
}

static bool read(void)
{
    uint8_t bytes[SIZE];
    size_t n = finish(bytes);
    return read_bytes(bytes, n);
}

static void test_good(void **state)
{
    (void)state;
    begin();
    if (!read())
        fail_msg("%s", problem.text);
    assert_true(image.base == BASE);
    assert_true(image.entry == BASE + 0x20);
    assert_int_equal(image.end, 3 * PAGE);
    assert_int_equal(image.hypercall_page, PAGE);
    assert_int_equal(image.segments_count, 1);
    assert_int_equal(image.segments[0].offset, 0);
    assert_int_equal(image.segments[0].file_size, 1000);
    assert_int_equal(image.segments[0].memory_size, 3 * PAGE);
    assert_int_equal(*(const uint8_t *)image.segments[0].bytes, 0x5a);
}

/* PADDR_OFFSET: what the file's physical addresses begin with. */
static void test_offset(void **state)
{
    (void)state;
    begin();
    f.programs[0].p_paddr = 0x200000;
    memset(f.notes, 0, sizeof(f.notes));
    f.notes_size = 0;
    add_note(XEN_ELFNOTE_VIRT_BASE, BASE);
    add_note(XEN_ELFNOTE_PADDR_OFFSET, 0x100000);
    f.header.e_entry = BASE + 0x100000;
    assert_true(read());
    assert_int_equal(image.segments[0].offset, 0x100000);
    assert_true(image.entry == BASE + 0x100000);
    assert_true(image.hypercall_page == IMAGE_NONE);
}

static void refuse(const char *says)
{
    assert_false(read());
    if (!strstr(problem.text, says))
        fail_msg("expected `%s', found `%s'", says, problem.text);
}

static void set_note(size_t n, uint64_t value)
{
    memcpy(f.notes + n * 24 + 16, &value, sizeof(value));
}

static void test_refusals(void **state)
{
    (void)state;
    begin(), f.header.e_ident[0] = 0, refuse("expected an ELF file");
    begin(), f.header.e_machine = EM_386, refuse("expected class 2");
    begin(), f.header.e_phoff = UINT64_MAX - 8, refuse("program headers inside");
    begin(), f.header.e_phentsize = 8, refuse("program headers inside");
    begin(), f.header.e_phnum = 1, refuse("expected notes of a paravirtual kernel");
    begin(), f.programs[1].p_offset = SIZE, refuse("expected segment 1 inside the file");
    begin(), f.programs[1].p_filesz = 90, refuse("expected notes inside their segment");
    begin(), f.programs[0].p_offset = SIZE, refuse("expected a segment inside the file");
    begin(), f.programs[0].p_filesz = UINT64_MAX, refuse("expected a segment inside the file");
    begin(), f.programs[0].p_memsz = 999, refuse("expected a segment inside the file");
    begin(), f.programs[0].p_memsz = UINT64_MAX, refuse("expected a segment from 0 on");
    begin(), f.programs[0].p_paddr = UINT64_MAX, refuse("expected a segment from 0 on");
    begin(), f.programs[0].p_memsz = f.programs[0].p_filesz = 0, refuse("something to load");
    begin(), set_note(0, BASE + 8), refuse("expected VIRT_BASE to be a page");
    begin(), set_note(0, 0xffff800000000000UL), refuse("expected VIRT_BASE to be a page");
    begin(), set_note(0, 1UL << 47), refuse("expected VIRT_BASE to be a page");
    begin(), set_note(1, 1), refuse("expected a segment from 1 on");
    begin(), set_note(2, BASE + 3 * PAGE), refuse("expected an entry inside");
    begin(), set_note(2, BASE - 1), refuse("expected an entry inside");
    begin(), set_note(3, BASE + 3 * PAGE), refuse("expected a hypercall page");
    begin(), set_note(3, BASE + 1), refuse("expected a hypercall page");
    begin(), set_note(3, BASE - PAGE), refuse("expected a hypercall page");
    begin(), add_note(XEN_ELFNOTE_INIT_P2M, BASE), refuse("INIT_P2M is not supported");
}

/* ---- places */

static bool place(uint64_t image_end, uint64_t ramdisk, uint64_t pages, struct place *p)
{
    const struct image of = {.base = BASE, .end = image_end};
    return place_make(p, &of, ramdisk, pages, &problem);
}

/* Walks the tables as a processor would; the pfn that is mapped, ~0 for none. */
static uint64_t walk(const struct place *p, const uint64_t *frames, uint64_t va, uint64_t *entry)
{
    uint64_t table = p->tables;
    for (unsigned level = 4;; level--) {
        uint64_t entries[PLACE_TABLE_ENTRIES];
        if (table < p->tables || table >= p->tables + p->tables_count)
            fail_msg("%lx leads to pfn %lx for a table of level %u", va, table, level);
        place_table(p, table - p->tables, frames, entries);
        *entry = entries[va >> (12 + 9 * (level - 1)) & 511];
        if (!(*entry & 1))
            return ~0UL;
        uint64_t pfn = ~0UL; /* frames are pfns in disguise here */
        for (uint64_t i = 0; i < p->pages; i++)
            pfn = frames[i] == (*entry >> 12 & 0xffffffffff) ? i : pfn;
        if (level == 1)
            return pfn;
        table = pfn;
    }
}

static void check_place(uint64_t image_end, uint64_t ramdisk, uint64_t pages)
{
    struct place p;
    if (!place(image_end, ramdisk, pages, &p))
        fail_msg("%s", problem.text);
    assert_true(p.ramdisk * PAGE >= image_end);
    assert_true(p.list * PAGE >= p.ramdisk * PAGE + ramdisk);
    assert_true((p.info - p.list) * PAGE >= pages * 8);
    assert_true(p.info < p.store && p.store < p.console && p.console < p.tables);
    assert_true(p.tables + p.tables_count <= p.stack && p.stack < p.mapped && p.mapped <= pages);
    uint64_t *frames = calloc(pages, sizeof(*frames));
    for (uint64_t i = 0; i < pages; i++)
        frames[i] = 1000000 + i * 3;
    const uint64_t looks[] = {0, 1, 511, 512, p.info, p.console, p.stack, p.mapped - 1};
    uint64_t entry;
    for (unsigned i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
        if (looks[i] >= p.mapped)
            continue;
        assert_int_equal(walk(&p, frames, BASE + looks[i] * PAGE, &entry), looks[i]);
        bool table = looks[i] >= p.tables && looks[i] < p.tables + p.tables_count;
        assert_int_equal(entry >> 1 & 1, !table);
    }
    for (uint64_t i = 0; i < p.tables_count; i++) {
        assert_int_equal(walk(&p, frames, BASE + (p.tables + i) * PAGE, &entry), p.tables + i);
        assert_int_equal(entry & 2, 0); /* tables are read-only */
    }
    assert_true(walk(&p, frames, BASE + p.mapped * PAGE, &entry) == ~0UL);
    assert_true(walk(&p, frames, BASE - PAGE, &entry) == ~0UL);
    free(frames);
}

static void test_places(void **state)
{
    (void)state;
    check_place(100000, 0, 512);
    check_place(100000, 50000, 512);
    check_place(1, 0, 4096);
    check_place(5UL << 20, 0, 2048);
    check_place((4UL << 20) - 10 * PAGE, 3, 2300); /* tables that need another table */
}

static void test_places_refused(void **state)
{
    (void)state;
    struct place p;
    assert_false(place(100000, 0, 30, &p));
    assert_non_null(strstr(problem.text, "expected memory of"));
    /* The least that it says it needs is enough. */
    unsigned least = (unsigned)atoi(strstr(problem.text, "of ") + 3) / 4;
    assert_false(place(100000, 0, least - 1, &p));
    assert_true(place(100000, 0, least, &p));
    const struct image of = {.base = BASE + (2UL << 20), .end = 1};
    assert_false(place_make(&p, &of, 0, 1000, &problem));
    assert_non_null(strstr(problem.text, "multiple of 4 MiB"));
}

/* Whatever is changed in a file: an answer, and what is to be loaded is in the file. */
static void test_random(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(5);
    unsigned good = 0;
    for (unsigned round = 0; round < 50000; round++) {
        uint8_t bytes[SIZE];
        begin();
        size_t n = finish(bytes);
        for (uint64_t i = rng_next(&rng) % 4; i > 0; i--)
            bytes[rng_next(&rng) % (NOTES_AT + 100)] = (uint8_t)rng_next(&rng);
        if (!read_bytes(bytes, n)) {
            assert_true(problem.text[0] != '\0');
            continue;
        }
        good++;
        for (unsigned i = 0; i < image.segments_count; i++) {
            const struct segment *s = &image.segments[i];
            volatile uint8_t sum = 0; /* outside of the file: the sanitizer says so */
            for (uint64_t j = 0; j < s->file_size; j++)
                sum = (uint8_t)(sum + ((const uint8_t *)s->bytes)[j]);
            assert_true(s->file_size <= s->memory_size && s->offset + s->memory_size <= image.end);
        }
        struct place p;
        place_make(&p, &image, 0, 4096, &problem);
    }
    assert_true(good > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),           cmocka_unit_test(test_offset),
        cmocka_unit_test(test_refusals),       cmocka_unit_test(test_places),
        cmocka_unit_test(test_places_refused), cmocka_unit_test(test_random),
    };
    return tap_run("dom0_image", tests, sizeof(tests) / sizeof(*tests));
}

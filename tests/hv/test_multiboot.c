/* SPDX-License-Identifier: MIT */
/*
 * What boot loaders pass: each protocol's information, made here as its specification has it, then
 * with one thing wrong at a time. Pieces lie in memory by their sizes exactly: what is read beside
 * them is seen.
 */
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/multiboot.h"
#include "tests/hv/low_memory.h"

#define MAGIC_1 0x2badb002
#define MAGIC_2 0x36d76289

static struct boot_info info;
static char error[256];

static bool read_it(uint32_t magic, paddr_t at)
{
    memset(error, '#', sizeof(error));
    return multiboot_read(&info, magic, at, error, sizeof(error));
}

/* Refused, in words that hold this. */
static void assert_refused(uint32_t magic, paddr_t at, const char *says)
{
    if (read_it(magic, at))
        fail_msg("taken; expected: %s", says);
    if (strstr(error, says) == NULL)
        fail_msg("'%s'; expected: %s", error, says);
}

static int start(void **state)
{
    (void)state;
    low_memory_start();
    low_memory_forbid();
    return 0;
}

static void test_no_loader(void **state)
{
    (void)state;
    assert_refused(0, 0x1000, "magic: expected a multiboot loader's");
    assert_refused(MAGIC_1 + 1, 0x1000, "found 0x2badb003");
}

/* ---- version 1. Where the pieces of a good one lie: */

#define AT_1 0x1000U
#define LINE_AT 0x2000U
#define MODULES_AT 0x3000U
#define MODULE_LINES_AT 0x4000U
#define MAP_AT 0x5000U
#define NAME_AT 0x6000U

enum { LINE = 1 << 2, MODULES = 1 << 3, MAP = 1 << 6, NAME = 1 << 9 };

struct information_1 {
    uint32_t flags, lower, upper, device, line, n_modules, modules, symbols[4], map_size, map,
        drives_size, drives, config, name;
};

struct module_1 {
    uint32_t start, end, line, reserved;
};

struct __attribute__((packed)) region_1 {
    uint32_t size;
    uint64_t start, length;
    uint32_t type;
};

static void put_text(paddr_t at, const char *text)
{
    low_memory_put(at, text, strlen(text) + 1);
}

static struct information_1 good_1(void)
{
    static const struct module_1 modules[] = {{0x200000, 0x280000, MODULE_LINES_AT, 0},
                                              {0x300000, 0x300001, 0, 0}};
    static const struct region_1 map[] = {
        {20, 0, 0x9fc00, 1}, {20, 0xf0000, 0x10000, 2}, {20, 0x100000, 0xff00000, 1}};
    put_text(LINE_AT, "console=com1  cpus=2");
    put_text(MODULE_LINES_AT, "only=mmu_* quick");
    put_text(NAME_AT, "GRUB 2.06");
    low_memory_put(MODULES_AT, modules, sizeof(modules));
    low_memory_put(MAP_AT, map, sizeof(map));
    struct information_1 in = {.flags = LINE | MODULES | MAP | NAME,
                               .line = LINE_AT,
                               .n_modules = 2,
                               .modules = MODULES_AT,
                               .map_size = sizeof(map),
                               .map = MAP_AT,
                               .name = NAME_AT};
    low_memory_put(AT_1, &in, sizeof(in));
    return in;
}

static void put_1(struct information_1 in)
{
    low_memory_put(AT_1, &in, sizeof(in));
}

static void assert_map(void)
{
    assert_int_equal(info.n_regions, 3);
    assert_int_equal(info.regions[0].start, 0);
    assert_int_equal(info.regions[0].end, 0x9f000);
    assert_int_equal(info.regions[1].kind, REGION_RESERVED);
    assert_int_equal(info.regions[2].start, 0x100000);
    assert_int_equal(info.regions[2].end, 0x10000000);
    assert_int_equal(info.regions[2].kind, REGION_USABLE);
}

static void test_version_1(void **state)
{
    (void)state;
    good_1();
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.loader, "multiboot 1");
    assert_string_equal(info.line, "console=com1  cpus=2");
    assert_int_equal(info.n_modules, 2);
    assert_int_equal(info.modules[0].start, 0x200000);
    assert_int_equal(info.modules[0].end, 0x280000);
    assert_string_equal(info.modules[0].line, "only=mmu_* quick");
    assert_int_equal(info.modules[1].end, 0x300001);
    assert_string_equal(info.modules[1].line, "");
    assert_map();
    assert_int_equal(info.n_rsdp, 0);
}

/* QEMU has the file's name before the line; nobody else has. */
static void test_file_names(void **state)
{
    (void)state;
    struct information_1 in = good_1();
    put_text(NAME_AT, "qemu");
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.loader, "multiboot 1 (qemu)");
    assert_string_equal(info.line, "cpus=2");
    assert_string_equal(info.modules[0].line, "quick");
    put_text(LINE_AT, "alone");
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.line, "");

    in.flags &= ~(uint32_t)NAME;
    put_1(in);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.line, "alone");
    in.flags |= NAME;
    in.name = UINT32_MAX - 3; /* "qem" would fit, its end would not */
    low_memory_put(BOOT_MAPPED - 8, (const char[]){0, 0, 0, 0, 'q', 'e', 'm', 'u'}, 8);
    put_1(in);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.loader, "multiboot 1");
    low_memory_put(BOOT_MAPPED - 8, "...qemu", 8); /* the last place for it */
    in.name = UINT32_MAX - 4;
    put_1(in);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.loader, "multiboot 1 (qemu)");
}

/* What its flags do not name is not there, whatever its fields say. */
static void test_flags(void **state)
{
    (void)state;
    struct information_1 in = good_1();
    in.flags = MAP;
    in.line = in.modules = in.name = UINT32_MAX;
    put_1(in);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.line, "");
    assert_int_equal(info.n_modules, 0);
    assert_map();
    in.flags = 0;
    put_1(in);
    assert_refused(MAGIC_1, AT_1, "memory map: expected one, found none");
}

static void test_ends_of_memory(void **state)
{
    (void)state;
    struct information_1 in = good_1();
    /* The last place that the information fits in, and the first one that it does not. */
    paddr_t last = BOOT_MAPPED - sizeof(in);
    low_memory_put(round_down(last, 8UL), "", 1); /* of the granule that it begins in */
    low_memory_put(last, &in, sizeof(in));
    assert_true(read_it(MAGIC_1, last));
    assert_refused(MAGIC_1, last + 1, "information: expected at most 1 MiB below 4 GiB");
    assert_refused(MAGIC_1, BOOT_MAPPED, "information: expected at most 1 MiB below 4 GiB");
    assert_refused(MAGIC_1, UINT64_MAX, "information: expected at most 1 MiB below 4 GiB");

    struct information_1 bad = in;
    bad.modules = UINT32_MAX - 2 * sizeof(struct module_1) + 2; /* one byte too far */
    put_1(bad);
    assert_refused(MAGIC_1, AT_1, "list of modules: expected at most 1 MiB below 4 GiB");
    bad = in;
    bad.n_modules = UINT32_MAX;
    put_1(bad);
    assert_refused(MAGIC_1, AT_1, "list of modules: expected at most 1 MiB below 4 GiB");
    bad = in;
    bad.map = UINT32_MAX - bad.map_size + 2;
    put_1(bad);
    assert_refused(MAGIC_1, AT_1, "memory map: expected at most 1 MiB below 4 GiB");
    bad = in;
    bad.map_size = UINT32_MAX;
    put_1(bad);
    assert_refused(MAGIC_1, AT_1, "memory map: expected at most 1 MiB below 4 GiB");
    bad = in;
    bad.n_modules = (1 << 20) / sizeof(struct module_1) + 1;
    put_1(bad);
    assert_refused(MAGIC_1, AT_1, "1 MiB below 4 GiB, found 1048592 bytes at 0x3000");
    bad = in;
    bad.map_size = 1 << 20;
    put_1(bad);
    low_memory_put(MAP_AT, (const char[sizeof(struct region_1)]){0}, sizeof(struct region_1));
    assert_refused(MAGIC_1, AT_1, "memory map: expected entries");
    good_1();

    low_memory_put(BOOT_MAPPED - 8, "12345678", 8);
    bad = in;
    bad.line = UINT32_MAX - 7;
    put_1(bad);
    assert_refused(MAGIC_1, AT_1, "command line: expected its end within 8 bytes, found none");
    put_text(BOOT_MAPPED - 8, "1234567");
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.line, "1234567");
    struct module_1 m = {0x200000, 0x280000, UINT32_MAX, 0};
    low_memory_put(MODULES_AT, &m, sizeof(m));
    low_memory_put(BOOT_MAPPED - 8, "12345678", 8);
    put_1(in);
    assert_refused(MAGIC_1, AT_1, "module's line: expected its end within 1 bytes, found none");
}

/* As long as a line may be, and one longer. */
static void test_long_lines(void **state)
{
    (void)state;
    good_1();
    char line[BOOT_LINE_MAX + 1] = "";
    memset(line, 'x', BOOT_LINE_MAX - 1);
    put_text(LINE_AT, line);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_string_equal(info.line, line);
    line[BOOT_LINE_MAX - 1] = 'x';
    low_memory_put(LINE_AT, line, BOOT_LINE_MAX);
    assert_refused(MAGIC_1, AT_1, "command line: expected its end within 1024 bytes, found none");
    put_text(LINE_AT, "");
    low_memory_put(MODULE_LINES_AT, line, BOOT_LINE_MAX);
    assert_refused(MAGIC_1, AT_1, "module's line: expected its end within 1024 bytes");
}

static void test_too_many_modules(void **state)
{
    (void)state;
    struct information_1 in = good_1();
    struct module_1 modules[BOOT_MODULES_MAX + 1];
    for (unsigned i = 0; i <= BOOT_MODULES_MAX; i++)
        modules[i] = (struct module_1){.start = i, .end = i};
    low_memory_put(MODULES_AT, modules, sizeof(modules));
    in.n_modules = BOOT_MODULES_MAX;
    put_1(in);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_int_equal(info.n_modules, BOOT_MODULES_MAX);
    in.n_modules++;
    put_1(in);
    assert_refused(MAGIC_1, AT_1, "modules: expected at most 8, found more");
}

/* The sizes of entries: of all of what follows them, more than is known, less, and beyond the map.
 */
static void test_map_1(void **state)
{
    (void)state;
    struct information_1 in = good_1();
    low_memory_forbid();
    struct __attribute__((packed)) {
        struct region_1 first;
        uint32_t more; /* as ACPI 3.0 has it */
        struct region_1 second;
    } map = {{24, 0x100000, 0x100000, 1}, 1, {20, 0x400000, 0x100000, 2}};
    in.flags = MAP;
    in.map_size = sizeof(map);
    put_1(in);
    low_memory_put(MAP_AT, &map, sizeof(map));
    assert_true(read_it(MAGIC_1, AT_1));
    assert_int_equal(info.n_regions, 2);
    assert_int_equal(info.regions[1].start, 0x400000);

    static const uint32_t bad[] = {0, 19, sizeof(map) - 4 + 1, UINT32_MAX - 3, UINT32_MAX};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        map.first.size = bad[i];
        low_memory_put(MAP_AT, &map, sizeof(map));
        assert_refused(MAGIC_1, AT_1, "memory map: expected entries of 20 to 48 bytes, found");
    }
    map.first.size = sizeof(map) - 4; /* all the rest: one entry */
    low_memory_put(MAP_AT, &map, sizeof(map));
    assert_true(read_it(MAGIC_1, AT_1));
    assert_int_equal(info.n_regions, 1);
    map.first.size = 24;
    for (uint32_t cut = 1; cut < sizeof(map); cut++) {
        low_memory_forbid();
        low_memory_put(MAP_AT, &map, cut);
        in.map_size = cut;
        put_1(in);
        bool whole = cut == sizeof(map.first) + sizeof(map.more);
        assert_int_equal(read_it(MAGIC_1, AT_1), whole);
    }
    assert_non_null(strstr(error, "memory map: expected an entry of 24 bytes, found 23 left"));
    in.map_size = 0;
    put_1(in);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_int_equal(info.n_regions, 0);
}

static void test_too_many_regions(void **state)
{
    (void)state;
    struct information_1 in = good_1();
    static struct region_1 map[BOOT_REGIONS_MAX + 1];
    for (unsigned i = 0; i <= BOOT_REGIONS_MAX; i++)
        map[i] = (struct region_1){20, 0x2000UL * i, 0x1000, 1};
    low_memory_put(0x10000, map, sizeof(map));
    in.map = 0x10000;
    in.map_size = sizeof(map) - sizeof(map[0]);
    put_1(in);
    assert_true(read_it(MAGIC_1, AT_1));
    assert_int_equal(info.n_regions, BOOT_REGIONS_MAX);
    in.map_size = sizeof(map);
    put_1(in);
    assert_refused(MAGIC_1, AT_1, "memory map: expected at most 128 regions, found more");
}

/* ---- version 2: a list of tags */

enum { TAG_END = 0, TAG_LINE = 1, TAG_MODULE = 3, TAG_MAP = 6, TAG_RSDP_1 = 14, TAG_RSDP_2 = 15 };

static uint8_t tags[16384];
static uint32_t tags_size;

static void tags_begin(void)
{
    memset(tags, 0, sizeof(tags));
    tags_size = 8;
}

/* Returns where it is in `tags`. size: of what follows its head. */
static uint32_t add_tag(uint32_t type, const void *body, uint32_t size)
{
    uint32_t at = tags_size;
    uint32_t head[] = {type, 8 + size};
    memcpy(tags + at, head, sizeof(head));
    memcpy(tags + at + 8, body, size);
    tags_size = round_up(at + 8 + size, 8U);
    return at;
}

static uint32_t add_module(uint32_t from, uint32_t to, const char *line)
{
    uint8_t body[64];
    memcpy(body, &from, 4);
    memcpy(body + 4, &to, 4);
    memcpy(body + 8, line, strlen(line) + 1);
    return add_tag(TAG_MODULE, body, (uint32_t)(8 + strlen(line) + 1));
}

struct region_2 {
    uint64_t start, length;
    uint32_t type, reserved;
};

static uint32_t add_map(void)
{
    static const struct {
        uint32_t entry_size, version;
        struct region_2 regions[3];
    } map = {24, 0, {{0, 0x9fc00, 1, 0}, {0xf0000, 0x10000, 2, 0}, {0x100000, 0xff00000, 1, 0}}};
    return add_tag(TAG_MAP, &map, sizeof(map));
}

static void set(uint32_t at, uint32_t value)
{
    memcpy(tags + at, &value, sizeof(value));
}

/* Ends them; their place is the last that there is, so that nothing is behind. */
static paddr_t put_tags(void)
{
    add_tag(TAG_END, "", 0);
    set(0, tags_size);
    low_memory_forbid();
    low_memory_put(BOOT_MAPPED - tags_size, tags, tags_size);
    return BOOT_MAPPED - tags_size;
}

static void test_version_2(void **state)
{
    (void)state;
    uint8_t rsdp[36];
    memset(rsdp, 0x22, sizeof(rsdp));
    tags_begin();
    add_tag(TAG_LINE, "cpus=2", 7);
    add_tag(9, "of no use", 9);
    add_module(0x200000, 0x280000, "only=x");
    add_module(0x300000, 0x300000, "");
    add_map();
    add_tag(TAG_RSDP_2, rsdp, sizeof(rsdp));
    assert_true(read_it(MAGIC_2, put_tags()));
    assert_string_equal(info.loader, "multiboot 2");
    assert_string_equal(info.line, "cpus=2");
    assert_int_equal(info.n_modules, 2);
    assert_int_equal(info.modules[0].start, 0x200000);
    assert_int_equal(info.modules[0].end, 0x280000);
    assert_string_equal(info.modules[0].line, "only=x");
    assert_string_equal(info.modules[1].line, "");
    assert_map();
    assert_int_equal(info.n_rsdp, sizeof(rsdp));
    assert_memory_equal(info.rsdp, rsdp, sizeof(rsdp));
}

/* The second version of the pointer is taken, wherever it is. */
static void test_root_pointers(void **state)
{
    (void)state;
    uint8_t old[20];
    uint8_t new[100];
    memset(old, 1, sizeof(old));
    memset(new, 2, sizeof(new));
    for (unsigned order = 0; order < 3; order++) {
        tags_begin();
        add_map();
        if (order == 0)
            add_tag(TAG_RSDP_2, new, 36);
        add_tag(TAG_RSDP_1, old, sizeof(old));
        if (order == 1)
            add_tag(TAG_RSDP_2, new, sizeof(new));
        assert_true(read_it(MAGIC_2, put_tags()));
        assert_int_equal(info.n_rsdp, order == 0 ? 36 : order == 1 ? BOOT_RSDP_MAX : 20);
        assert_memory_equal(info.rsdp, order == 2 ? old : new, info.n_rsdp);
    }
    for (unsigned type = TAG_RSDP_1; type <= TAG_RSDP_2; type++) {
        unsigned least = type == TAG_RSDP_1 ? 20 : 36;
        for (unsigned size = 0; size <= least; size++) {
            tags_begin();
            add_map();
            add_tag(type, new, size);
            assert_int_equal(read_it(MAGIC_2, put_tags()), size == least);
        }
        assert_int_equal(info.n_rsdp, least);
    }
}

/* Cut anywhere: its size says less than there is, down to nothing. */
static void test_truncated(void **state)
{
    (void)state;
    tags_begin();
    add_tag(TAG_LINE, "cpus=2", 7);
    add_module(0x200000, 0x280000, "only=x");
    add_map();
    add_tag(TAG_END, "", 0);
    for (uint32_t size = 0; size < tags_size; size++) {
        low_memory_forbid();
        set(0, size);
        low_memory_put(AT_1, tags, size < 8 ? 8 : size);
        assert_false(read_it(MAGIC_2, AT_1));
        assert_in_range(strlen(error), 1, sizeof(error) - 1);
    }
    assert_non_null(strstr(error, "information: expected an end within"));
    assert_refused(MAGIC_2, BOOT_MAPPED - 7, "information: expected at most 1 MiB below 4 GiB");
    assert_refused(MAGIC_2, BOOT_MAPPED, "information: expected at most 1 MiB below 4 GiB");
    set(0, 17); /* beyond the end of memory */
    low_memory_put(BOOT_MAPPED - 16, tags, 16);
    assert_refused(MAGIC_2, BOOT_MAPPED - 16, "information: expected at most 1 MiB below 4 GiB");
}

/* Tags' sizes: none, less than a head, beyond the end, around the end of numbers. */
static void test_tag_sizes(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 7, 0x7fffffff, UINT32_MAX - 7, UINT32_MAX};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        tags_begin();
        add_map();
        uint32_t at = add_tag(4, "12345678", 8);
        set(at + 4, sizes[i]);
        assert_refused(MAGIC_2, put_tags(), "tag of type 4: expected 8 to 24 bytes, found");
    }
    tags_begin();
    add_map();
    uint32_t at = add_tag(4, "12345678", 8);
    set(at + 4, 25);
    assert_refused(MAGIC_2, put_tags(), "tag of type 4: expected 8 to 24 bytes, found 25");
    set(at + 4, 24); /* it ends where all does, and there is no end */
    low_memory_put(BOOT_MAPPED - tags_size, tags, tags_size);
    assert_refused(MAGIC_2, BOOT_MAPPED - tags_size, "information: expected an end within");
}

/* Lines are within their tags. */
static void test_lines_2(void **state)
{
    (void)state;
    tags_begin();
    add_map();
    add_tag(TAG_LINE, "cpus=2", 6);
    assert_refused(MAGIC_2, put_tags(), "command line: expected its end within 6 bytes");
    tags_begin();
    add_tag(TAG_LINE, "", 0);
    assert_refused(MAGIC_2, put_tags(), "command line: expected its end within 0 bytes");
    tags_begin();
    uint32_t at = add_module(0x200000, 0x280000, "1234567");
    set(at + 4, 8 + 8 + 7);
    assert_refused(MAGIC_2, put_tags(), "module's line: expected its end within 7 bytes");
    for (uint32_t size = 8; size < 8 + 8; size++) {
        set(at + 4, size);
        low_memory_put(BOOT_MAPPED - tags_size, tags, tags_size);
        assert_refused(MAGIC_2, BOOT_MAPPED - tags_size, "module: expected a tag of at least 16");
    }
    tags_begin();
    for (unsigned i = 0; i <= BOOT_MODULES_MAX; i++)
        add_module(0x200000, 0x280000, "");
    assert_refused(MAGIC_2, put_tags(), "modules: expected at most 8, found more");
    char line[BOOT_LINE_MAX + 8];
    memset(line, 'x', sizeof(line));
    line[sizeof(line) - 1] = '\0';
    tags_begin();
    add_tag(TAG_LINE, line, sizeof(line));
    assert_refused(MAGIC_2, put_tags(), "command line: expected its end within 1024 bytes");
}

static void test_map_2(void **state)
{
    (void)state;
    tags_begin();
    uint32_t at = add_map();
    static const uint32_t bad[] = {0, 8, 23, 25, 35, 73, UINT32_MAX};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        set(at + 8, bad[i]);
        assert_refused(MAGIC_2, put_tags(), "memory map: expected entries of at least 24 bytes");
        tags_size -= 8;
    }
    set(at + 8, 72); /* what is known comes first */
    assert_true(read_it(MAGIC_2, put_tags()));
    assert_int_equal(info.n_regions, 1);
    tags_size -= 8;
    set(at + 8, 24);
    for (uint32_t size = 8; size < 16 + 3 * 24; size++) {
        set(at + 4, size);
        bool whole = size >= 16 && (size - 16) % 24 == 0;
        low_memory_forbid();
        /* What follows a shorter tag is not one: so it is the last. */
        tags_size = round_up(at + size, 8U);
        assert_int_equal(read_it(MAGIC_2, put_tags()), whole);
        if (!whole)
            assert_non_null(strstr(error, size < 16
                                              ? "memory map: expected a tag of at least 16 bytes"
                                              : "memory map: expected entries of at least 24"));
        tags_begin();
        add_map();
    }
    tags_begin();
    add_tag(TAG_LINE, "x", 2);
    assert_refused(MAGIC_2, put_tags(), "memory map: expected one, found none");
}

static void test_many_regions_2(void **state)
{
    (void)state;
    static struct {
        uint32_t entry_size, version;
        struct region_2 regions[BOOT_REGIONS_MAX + 1];
    } map = {24, 0, {{0}}};
    for (unsigned i = 0; i <= BOOT_REGIONS_MAX; i++)
        map.regions[i] = (struct region_2){0x2000UL * i, 0x1000, 1, 0};
    tags_begin();
    add_tag(TAG_MAP, &map, sizeof(map) - sizeof(map.regions[0]));
    assert_true(read_it(MAGIC_2, put_tags()));
    assert_int_equal(info.n_regions, BOOT_REGIONS_MAX);
    tags_begin();
    add_tag(TAG_MAP, &map, sizeof(map));
    assert_refused(MAGIC_2, put_tags(), "memory map: expected at most 128 regions, found more");
}

/* ---- modules: where they may be */

#define IMAGE_START 0x200000U
#define IMAGE_END 0x300000U

static bool check_two(paddr_t start_1, paddr_t end_1, paddr_t start_2, paddr_t end_2)
{
    info = (struct boot_info){.n_modules = 2};
    info.modules[0] = (struct boot_module){start_1, end_1, ""};
    info.modules[1] = (struct boot_module){start_2, end_2, ""};
    assert_true(boot_region_add(&info, 0x100000, 0x800000, 1));
    assert_true(boot_region_add(&info, 0x800000, 0x900000, 1)); /* goes on */
    assert_true(boot_region_add(&info, 0x900000, 0xa00000, 3));
    assert_true(boot_region_add(&info, 0xa00000, 0xb00000, 1));
    assert_true(boot_region_add(&info, 0xc00000, 0xd00000, 1));
    memset(error, '#', sizeof(error));
    return boot_modules_check(&info, IMAGE_START, IMAGE_END, error, sizeof(error));
}

static void test_modules(void **state)
{
    (void)state;
    static const struct {
        paddr_t start, end;
        const char *says; /* NULL: good */
    } cases[] = {
        {0x400000, 0x400001, NULL},
        {0x500000, 0x600000, NULL},
        {0x700000, 0x900000, NULL}, /* over two regions */
        {0x100000, 0x200000, NULL}, /* up to the image */
        {0x300000, 0x400000, NULL}, /* between the image and the other one */
        {0xc00000, 0xd00000, NULL},
        {0x480000, 0x480000, NULL}, /* nothing, within the other one */
        {0, 0, NULL},
        {0x500001, 0x500000,
         "module 1: expected an end that is not below its start, "
         "found it at 0x500001 to 0x500000"},
        {0x500000, 0, "module 1: expected an end"},
        {0xfffff, 0x100001, "module 1: expected memory that the memory map says is usable"},
        {0x8fffff, 0x900001, "says is usable"}, /* ACPI's */
        {0x900000, 0x901000, "says is usable"},
        {0xafffff, 0xb00001, "says is usable"}, /* what is in no region */
        {0xaff000, 0xc01000, "says is usable"},
        {0xcff000, 0xd00001, "says is usable"}, /* above all memory */
        {0x100000000, 0x100001000, "says is usable"},
        {0x1ff000, 0x200001, "module 1: expected memory beside the hypervisor's"},
        {0x2fffff, 0x300001, "beside the hypervisor's"},
        {0x250000, 0x251000, "beside the hypervisor's"},
        {0x3ff000, 0x400002, "module 2: expected memory beside the other modules'"},
        {0x4fffff, 0x501000, "beside the other modules'"},
        {0x400001, 0x500000, "beside the other modules'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool good = check_two(cases[i].start, cases[i].end, 0x400001, 0x500000);
        if (good != (cases[i].says == NULL) || (!good && !strstr(error, cases[i].says)))
            fail_msg("case %zu: %s", i, good ? "taken" : error);
    }
    assert_false(check_two(0x400000, 0x500000, 0x450000, 0x460000)); /* the second in the first */
    assert_false(check_two(0x450000, 0x460000, 0xfff00000, 0xfff00001));
    assert_non_null(strstr(error, "module 2: expected memory that the memory map says"));
}

int main(void)
{
#define BOOT_TEST(t) cmocka_unit_test_setup(t, start)
    static const struct CMUnitTest tests[] = {
        BOOT_TEST(test_no_loader),
        BOOT_TEST(test_version_1),
        BOOT_TEST(test_file_names),
        BOOT_TEST(test_flags),
        BOOT_TEST(test_ends_of_memory),
        BOOT_TEST(test_long_lines),
        BOOT_TEST(test_too_many_modules),
        BOOT_TEST(test_map_1),
        BOOT_TEST(test_too_many_regions),
        BOOT_TEST(test_version_2),
        BOOT_TEST(test_root_pointers),
        BOOT_TEST(test_truncated),
        BOOT_TEST(test_tag_sizes),
        BOOT_TEST(test_lines_2),
        BOOT_TEST(test_map_2),
        BOOT_TEST(test_many_regions_2),
        BOOT_TEST(test_modules),
    };
    return tap_run("hv/multiboot", tests, sizeof(tests) / sizeof(tests[0]));
}

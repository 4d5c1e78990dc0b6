/* SPDX-License-Identifier: MIT */
/*
 * Both protocols' information: Multiboot Specification 0.6.96 section 3.3, Multiboot2 Specification
 * 2.0 section 3.6. All of it lies below 4 GiB, which the boot tables map linearly.
 */
#include "hv/arch/x86_64/multiboot.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/boot_info.h"
#include "hv/core/string.h"

#define MB1_LOADED 0x2badb002
#define MB2_LOADED 0x36d76289

struct boot_info boot_info;

static const void *linear(paddr_t a)
{
    return (const void *)(LINEAR_VIRT + a);
}

static void copy_line(char *to, const char *from)
{
    size_t length = strlen(from);
    if (length >= BOOT_LINE_MAX)
        panic("the boot loader passed a line of %zu characters, expected at most %d", length,
              BOOT_LINE_MAX - 1);
    memcpy(to, from, length + 1);
}

/* QEMU's own loader puts the file's name in front, which GRUB does not. */
static const char *without_file_name(const char *line)
{
    while (*line != '\0' && *line != ' ')
        line++;
    while (*line == ' ')
        line++;
    return line;
}

static void add_module(paddr_t start, paddr_t end, const char *line)
{
    if (boot_info.n_modules == BOOT_MODULES_MAX)
        panic("more than %d modules", BOOT_MODULES_MAX);
    struct boot_module *m = &boot_info.modules[boot_info.n_modules++];
    m->start = start;
    m->end = end;
    copy_line(m->line, line);
}

static void add_region(paddr_t start, uint64_t length, uint32_t type)
{
    if (!boot_region_add(&boot_info, start, start + length, type))
        panic("firmware's memory map has more than %d regions", BOOT_REGIONS_MAX);
}

/* ---- version 1 */

#define MB1_HAS_LINE (1U << 2)
#define MB1_HAS_MODULES (1U << 3)
#define MB1_HAS_MAP (1U << 6)
#define MB1_HAS_NAME (1U << 9)

struct mb1_information {
    uint32_t flags, mem_lower, mem_upper, boot_device, line, n_modules, modules, symbols[4],
        map_length, map, drives_length, drives, config_table, loader_name;
};

struct mb1_module {
    uint32_t start, end, line, reserved;
};

struct mb1_region {
    uint32_t size; /* of the rest */
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));

static void read_version_1(const struct mb1_information *in)
{
    bool named = (in->flags & MB1_HAS_NAME) && strcmp(linear(in->loader_name), "qemu") == 0;
    boot_info.loader = named ? "multiboot 1 (qemu)" : "multiboot 1";

    if (in->flags & MB1_HAS_LINE) {
        const char *line = linear(in->line);
        copy_line(boot_info.line, named ? without_file_name(line) : line);
    }
    if (in->flags & MB1_HAS_MODULES) {
        const struct mb1_module *m = linear(in->modules);
        for (uint32_t i = 0; i < in->n_modules; i++) {
            const char *line = m[i].line == 0 ? "" : linear(m[i].line);
            add_module(m[i].start, m[i].end, named ? without_file_name(line) : line);
        }
    }
    if (!(in->flags & MB1_HAS_MAP))
        panic("the boot loader passed no memory map");
    for (uint32_t at = 0; at < in->map_length;) {
        const struct mb1_region *r = linear(in->map + at);
        add_region(r->start, r->length, r->type);
        at += r->size + sizeof(r->size);
    }
}

/* ---- version 2 */

enum {
    MB2_END = 0,
    MB2_LINE = 1,
    MB2_MODULE = 3,
    MB2_MAP = 6,
    MB2_RSDP_1 = 14,
    MB2_RSDP_2 = 15,
};

struct mb2_tag {
    uint32_t type, size;
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end;
    char line[];
};

struct mb2_map {
    struct mb2_tag tag;
    uint32_t entry_size, entry_version;
};

struct mb2_region {
    uint64_t start, length;
    uint32_t type, reserved;
};

static void read_map_2(const struct mb2_map *map)
{
    for (uint32_t at = sizeof(*map); at + sizeof(struct mb2_region) <= map->tag.size;
         at += map->entry_size) {
        const struct mb2_region *r = (const void *)((const char *)map + at);
        add_region(r->start, r->length, r->type);
    }
}

static void read_version_2(paddr_t information)
{
    bool has_map = false;
    boot_info.loader = "multiboot 2";
    for (paddr_t at = information + 8;;) {
        const struct mb2_tag *tag = linear(at);
        if (tag->type == MB2_END)
            break;
        if (tag->type == MB2_LINE) {
            copy_line(boot_info.line, (const char *)(tag + 1));
        } else if (tag->type == MB2_MODULE) {
            const struct mb2_module *m = (const void *)tag;
            add_module(m->start, m->end, m->line);
        } else if (tag->type == MB2_MAP) {
            has_map = true;
            read_map_2((const void *)tag);
        } else if (tag->type == MB2_RSDP_2 || (tag->type == MB2_RSDP_1 && boot_info.n_rsdp == 0)) {
            boot_info.n_rsdp = min((unsigned)(tag->size - sizeof(*tag)), (unsigned)BOOT_RSDP_MAX);
            memcpy(boot_info.rsdp, tag + 1, boot_info.n_rsdp);
        }
        at += round_up(tag->size, 8U);
    }
    if (!has_map)
        panic("the boot loader passed no memory map");
}

void multiboot_read(uint32_t magic, paddr_t information)
{
    if (magic == MB1_LOADED)
        read_version_1(linear(information));
    else if (magic == MB2_LOADED)
        read_version_2(information);
    else
        panic("not loaded by a multiboot loader: magic 0x%x, expected 0x%x or 0x%x", magic,
              MB1_LOADED, MB2_LOADED);
}

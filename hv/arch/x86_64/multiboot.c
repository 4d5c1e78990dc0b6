/* SPDX-License-Identifier: MIT */
/*
 * Both protocols' information: Multiboot Specification 0.6.96 section 3.3, Multiboot2 Specification
 * 2.0 section 3.6.
 *
 * All of it lies in the memory that the boot tables map. It is input like any other: nothing is
 * read outside of that memory, nor outside of the size that a piece says it has, and each structure
 * is copied, because neither protocol's pieces need to be aligned as C wants them.
 */
#include "hv/arch/x86_64/multiboot.h"

#include <stdarg.h>

#include "hv/arch/x86_64/layout.h"
#include "hv/core/arch.h"
#include "hv/core/format.h"
#include "hv/core/string.h"

#define MB1_LOADED 0x2badb002
#define MB2_LOADED 0x36d76289

struct reader {
    struct boot_info *to;
    char *error;
    size_t error_size;
};

static bool __attribute__((format(printf, 2, 3)))
refuse(const struct reader *r, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    format_string_v(r->error, r->error_size, form, args);
    va_end(args);
    return false;
}

/* No loader has so much to say; what claims to would be read for seconds. */
#define PIECE_MAX (1UL << 20)

/* Is there such a piece at [at, at + size)? Then it is mapped. */
static bool is_piece(const struct reader *r, const char *what, paddr_t at, uint64_t size)
{
    if (at < BOOT_MAPPED && size <= BOOT_MAPPED - at && size <= PIECE_MAX)
        return true;
    return refuse(r, "%s: expected at most 1 MiB below 4 GiB, found %lu bytes at 0x%lx", what, size,
                  at);
}

/* Text from `at` on, which ends before `end`; both are mapped. */
static bool copy_text(const struct reader *r, const char *what, char to[BOOT_LINE_MAX], paddr_t at,
                      paddr_t end)
{
    const char *from = arch_boot_memory(at);
    uint64_t room = min(end - at, (uint64_t)BOOT_LINE_MAX);
    uint64_t length = 0;
    while (length < room && from[length] != '\0')
        length++;
    if (length == room)
        return refuse(r, "%s: expected its end within %lu bytes, found none", what, room);
    memcpy(to, from, length + 1);
    return true;
}

static bool add_module(const struct reader *r, paddr_t start, paddr_t end)
{
    if (r->to->n_modules == BOOT_MODULES_MAX)
        return refuse(r, "modules: expected at most %d, found more", BOOT_MODULES_MAX);
    struct boot_module *m = &r->to->modules[r->to->n_modules++];
    m->start = start;
    m->end = end;
    return true;
}

static bool add_region(const struct reader *r, paddr_t start, uint64_t length, uint32_t type)
{
    return boot_region_add(r->to, start, start + length, type) ||
           refuse(r, "memory map: expected at most %d regions, found more", BOOT_REGIONS_MAX);
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

#define MB1_REGION_SIZE_LEAST (sizeof(struct mb1_region) - sizeof(uint32_t))

/* QEMU's own loader puts the file's name in front of a line, which GRUB does not. */
static void drop_file_name(char line[BOOT_LINE_MAX])
{
    const char *rest = line;
    while (*rest != '\0' && *rest != ' ')
        rest++;
    while (*rest == ' ')
        rest++;
    memmove(line, rest, strlen(rest) + 1);
}

static bool is_qemu(const struct mb1_information *in)
{
    static const char name[] = "qemu";
    return (in->flags & MB1_HAS_NAME) && in->loader_name <= BOOT_MAPPED - sizeof(name) &&
           memcmp(arch_boot_memory(in->loader_name), name, sizeof(name)) == 0;
}

static bool read_modules_1(const struct reader *r, const struct mb1_information *in, bool qemu)
{
    if (!is_piece(r, "list of modules", in->modules,
                  in->n_modules * (uint64_t)sizeof(struct mb1_module)))
        return false;
    const char *list = arch_boot_memory(in->modules);
    for (uint32_t i = 0; i < in->n_modules; i++) {
        struct mb1_module m;
        memcpy(&m, list + i * sizeof(m), sizeof(m));
        if (!add_module(r, m.start, m.end))
            return false;
        char *line = r->to->modules[i].line;
        if (m.line != 0 && !copy_text(r, "module's line", line, m.line, BOOT_MAPPED))
            return false;
        if (qemu)
            drop_file_name(line);
    }
    return true;
}

static bool read_map_1(const struct reader *r, const struct mb1_information *in)
{
    if (!is_piece(r, "memory map", in->map, in->map_length))
        return false;
    const char *map = arch_boot_memory(in->map);
    for (uint64_t at = 0; at < in->map_length;) {
        struct mb1_region region;
        uint64_t left = in->map_length - at;
        if (left < sizeof(region))
            return refuse(r, "memory map: expected an entry of %zu bytes, found %lu left",
                          sizeof(region), left);
        memcpy(&region, map + at, sizeof(region));
        if (region.size < MB1_REGION_SIZE_LEAST || region.size > left - sizeof(region.size))
            return refuse(r, "memory map: expected entries of %zu to %lu bytes, found %u",
                          MB1_REGION_SIZE_LEAST, left - sizeof(region.size), region.size);
        if (!add_region(r, region.start, region.length, region.type))
            return false;
        at += sizeof(region.size) + region.size;
    }
    return true;
}

static bool read_version_1(const struct reader *r, paddr_t information)
{
    struct mb1_information in;
    if (!is_piece(r, "information", information, sizeof(in)))
        return false;
    memcpy(&in, arch_boot_memory(information), sizeof(in));
    bool qemu = is_qemu(&in);
    r->to->loader = qemu ? "multiboot 1 (qemu)" : "multiboot 1";

    if (in.flags & MB1_HAS_LINE) {
        if (!copy_text(r, "command line", r->to->line, in.line, BOOT_MAPPED))
            return false;
        if (qemu)
            drop_file_name(r->to->line);
    }
    if ((in.flags & MB1_HAS_MODULES) && !read_modules_1(r, &in, qemu))
        return false;
    if (!(in.flags & MB1_HAS_MAP))
        return refuse(r, "memory map: expected one, found none");
    return read_map_1(r, &in);
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

#define MB2_ALIGN 8UL    /* of the information and of each tag */
#define RSDP_1_SIZE 20UL /* ACPI 6.5, table 5.3: those of ACPI 1.0 end there */
#define RSDP_2_SIZE 36UL

struct mb2_information {
    uint32_t size, reserved;
};

struct mb2_tag {
    uint32_t type, size;
};

struct mb2_module {
    struct mb2_tag tag;
    uint32_t start, end; /* its line follows */
};

struct mb2_map {
    struct mb2_tag tag;
    uint32_t entry_size, entry_version;
};

struct mb2_region {
    uint64_t start, length;
    uint32_t type, reserved;
};

/* Of each of these, [at, at + t->size) is mapped. */

static bool tag_holds(const struct reader *r, const char *what, const struct mb2_tag *t,
                      uint64_t least)
{
    return t->size >= least ||
           refuse(r, "%s: expected a tag of at least %lu bytes, found %u", what, least, t->size);
}

static bool read_module_2(const struct reader *r, const struct mb2_tag *t, paddr_t at)
{
    struct mb2_module m;
    if (!tag_holds(r, "module", t, sizeof(m)))
        return false;
    memcpy(&m, arch_boot_memory(at), sizeof(m));
    return add_module(r, m.start, m.end) &&
           copy_text(r, "module's line", r->to->modules[r->to->n_modules - 1].line, at + sizeof(m),
                     at + t->size);
}

static bool read_map_2(const struct reader *r, const struct mb2_tag *t, paddr_t at)
{
    struct mb2_map map;
    if (!tag_holds(r, "memory map", t, sizeof(map)))
        return false;
    memcpy(&map, arch_boot_memory(at), sizeof(map));
    uint64_t size = t->size - sizeof(map);
    if (map.entry_size < sizeof(struct mb2_region) || size % map.entry_size != 0)
        return refuse(r, "memory map: expected entries of at least %zu bytes, found %u in %lu",
                      sizeof(struct mb2_region), map.entry_size, size);
    const char *entries = (const char *)arch_boot_memory(at) + sizeof(map);
    for (uint64_t i = 0; i < size; i += map.entry_size) {
        struct mb2_region region;
        memcpy(&region, entries + i, sizeof(region));
        if (!add_region(r, region.start, region.length, region.type))
            return false;
    }
    return true;
}

static bool read_rsdp_2(const struct reader *r, const struct mb2_tag *t, paddr_t at)
{
    uint64_t least = t->type == MB2_RSDP_2 ? RSDP_2_SIZE : RSDP_1_SIZE;
    if (!tag_holds(r, "ACPI's root pointer", t, sizeof(*t) + least))
        return false;
    if (t->type == MB2_RSDP_1 && r->to->n_rsdp != 0)
        return true; /* the newer one says more */
    r->to->n_rsdp = (unsigned)min(t->size - sizeof(*t), (size_t)BOOT_RSDP_MAX);
    memcpy(r->to->rsdp, (const char *)arch_boot_memory(at) + sizeof(*t), r->to->n_rsdp);
    return true;
}

static bool read_tag(const struct reader *r, const struct mb2_tag *t, paddr_t at, bool *has_map)
{
    switch (t->type) {
    case MB2_LINE:
        return copy_text(r, "command line", r->to->line, at + sizeof(*t), at + t->size);
    case MB2_MODULE:
        return read_module_2(r, t, at);
    case MB2_MAP:
        *has_map = true;
        return read_map_2(r, t, at);
    case MB2_RSDP_1:
    case MB2_RSDP_2:
        return read_rsdp_2(r, t, at);
    default:
        return true;
    }
}

static bool read_version_2(const struct reader *r, paddr_t information)
{
    struct mb2_information in;
    r->to->loader = "multiboot 2";
    if (!is_piece(r, "information", information, sizeof(in)))
        return false;
    memcpy(&in, arch_boot_memory(information), sizeof(in));
    if (!is_piece(r, "information", information, in.size))
        return false;

    bool has_map = false;
    for (uint64_t at = sizeof(in);;) {
        struct mb2_tag tag;
        if (at + sizeof(tag) > in.size)
            return refuse(r, "information: expected an end within %u bytes, found none", in.size);
        memcpy(&tag, arch_boot_memory(information + at), sizeof(tag));
        if (tag.size < sizeof(tag) || tag.size > in.size - at)
            return refuse(r, "tag of type %u: expected %zu to %lu bytes, found %u", tag.type,
                          sizeof(tag), in.size - at, tag.size);
        if (tag.type == MB2_END)
            break;
        if (!read_tag(r, &tag, information + at, &has_map))
            return false;
        at += round_up((uint64_t)tag.size, MB2_ALIGN);
    }
    return has_map || refuse(r, "memory map: expected one, found none");
}

bool multiboot_read(struct boot_info *b, uint32_t magic, paddr_t information, char *error,
                    size_t size)
{
    const struct reader r = {b, error, size};
    memset(b, 0, sizeof(*b));
    if (magic == MB1_LOADED)
        return read_version_1(&r, information);
    if (magic == MB2_LOADED)
        return read_version_2(&r, information);
    return refuse(&r, "magic: expected a multiboot loader's, 0x%x or 0x%x, found 0x%x", MB1_LOADED,
                  MB2_LOADED, magic);
}

/* SPDX-License-Identifier: MIT */
/*
 * Nothing is read above 4 GiB, however the pieces point around; version 2, whose pieces are within
 * its own size, reads nothing beside that either. What is taken must be what boot_info.h says:
 * regions in order, lines that end, modules where they may be.
 */
#include <sanitizer/asan_interface.h>
#include <string.h>

#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/multiboot.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_hv.h"
#include "tests/hv/low_memory.h"

#define MAGIC_1 0x2badb002
#define MAGIC_2 0x36d76289
#define IMAGE_START 0x200000U
#define IMAGE_END 0x400000U
#define AT 0x8000U /* where the memory lies, if not at the end */
#define INPUT_MAX 8192U
#define BESIDE (2 * INPUT_MAX) /* from AT on: so far it is known what may be read */

enum { VERSION_2 = 1, AT_THE_END = 2 };

static void check_regions(const struct boot_info *b)
{
    fuzz_check(b->n_regions <= BOOT_REGIONS_MAX);
    for (unsigned i = 0; i < b->n_regions; i++) {
        const struct region *r = &b->regions[i];
        fuzz_check(r->start < r->end && (r->start | r->end) % PAGE_SIZE == 0);
        fuzz_check(i == 0 || b->regions[i - 1].end <= r->start);
    }
}

static bool is_usable(const struct boot_info *b, paddr_t a)
{
    for (unsigned i = 0; i < b->n_regions; i++) {
        if (b->regions[i].start <= a && a < b->regions[i].end)
            return b->regions[i].kind == REGION_USABLE;
    }
    return false;
}

static void check_modules(const struct boot_info *b)
{
    for (unsigned i = 0; i < b->n_modules; i++) {
        const struct boot_module *m = &b->modules[i];
        fuzz_check(m->start <= m->end && m->end <= BOOT_MAPPED);
        fuzz_check(m->start == m->end || m->end <= IMAGE_START || m->start >= IMAGE_END);
        for (unsigned k = 0; k < i; k++) {
            const struct boot_module *other = &b->modules[k];
            fuzz_check(m->end <= other->start || other->end <= m->start || m->start == m->end ||
                       other->start == other->end);
        }
        if (m->start == m->end)
            continue;
        fuzz_check(is_usable(b, m->start));
        for (unsigned k = 0; k < b->n_regions; k++) {
            paddr_t end = b->regions[k].end;
            fuzz_check(end <= m->start || end >= m->end || is_usable(b, end));
        }
    }
}

static void check_info(const struct boot_info *b)
{
    fuzz_check(b->loader != NULL);
    fuzz_check(memchr(b->line, '\0', sizeof(b->line)) != NULL);
    fuzz_check(b->n_modules <= BOOT_MODULES_MAX && b->n_rsdp <= BOOT_RSDP_MAX);
    for (unsigned i = 0; i < b->n_modules; i++)
        fuzz_check(memchr(b->modules[i].line, '\0', BOOT_LINE_MAX) != NULL);
    check_regions(b);
    char error[256] = "";
    if (boot_modules_check(b, IMAGE_START, IMAGE_END, error, sizeof(error)))
        check_modules(b);
    else
        fuzz_check(error[0] != '\0');
}

void fuzz_multiboot_one(const uint8_t *data, size_t size)
{
    static struct boot_info info;
    static const uint8_t zeros[INPUT_MAX];
    char error[256] = "";
    uint8_t how = size == 0 ? 0 : data[0];
    size = size == 0 ? 0 : size - 1;
    if (size > INPUT_MAX)
        size = INPUT_MAX;
    /* Version 2 begins at a multiple of 8; its size is what it says, if that is not too much. */
    paddr_t at = how & AT_THE_END ? round_down(BOOT_MAPPED - 1 - size, 8UL) : AT;
    low_memory_start();
    uint8_t *memory = (uint8_t *)low_memory(at);
    if (size != 0)
        memcpy(memory, data + 1, size);
    if (how & VERSION_2) {
        uint32_t says = 0;
        memcpy(&says, memory, size < sizeof(says) ? size : sizeof(says));
        says = says < 8 ? 8 : says;
        if (says <= size && !(how & AT_THE_END))
            ASAN_POISON_MEMORY_REGION(memory + says, BESIDE - says);
    }
    fuzz_call(how & VERSION_2 ? "multiboot 2" : "multiboot 1", 0);
    bool taken =
        multiboot_read(&info, how & VERSION_2 ? MAGIC_2 : MAGIC_1, at, error, sizeof(error));
    ASAN_UNPOISON_MEMORY_REGION(low_memory(AT), BESIDE);
    if (size != 0)
        memcpy(memory, zeros, size);
    if (taken)
        check_info(&info);
    else
        fuzz_check(error[0] != '\0' && memchr(error, '\0', sizeof(error)) != NULL);
}

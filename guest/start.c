/* SPDX-License-Identifier: MIT */
/*
 * Start of day: from the loader's address space (xen/xen.h, "Start-of-day memory layout") to a
 * kernel with a linear map of all its memory, traps and a console.
 */
#include "guest/start.h"
#include "guest/address.h"
#include "guest/console.h"
#include "guest/cpuid.h"
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/table.h"
#include "guest/vcpu.h"
#include "hv/public/ringside.h"

/* Mapped over this page of the image, because its own frame is not the domain's memory. */
static char shared_info_page[PAGE_SIZE] __attribute__((aligned(4096)));

const struct start_info *start_info;
struct shared_info *shared_info = (struct shared_info *)shared_info_page;

uint64_t start_counter; /* written by entry.S */

const char *start_option(const char *name, size_t *length)
{
    size_t n = strlen(name);
    const char *line = (const char *)start_info->cmd_line;
    const char *end = line + strnlen(line, MAX_GUEST_CMDLINE);
    while (line < end) {
        const char *word = line;
        while (line < end && *line != ' ')
            line++;
        size_t size = (size_t)(line - word);
        if (size > n && word[n] == '=' && !strncmp(word, name, n)) {
            *length = size - n - 1;
            return word + n + 1;
        }
        if (line < end)
            line++;
    }
    return NULL;
}

uint64_t start_option_number(const char *name, uint64_t otherwise)
{
    size_t length;
    const char *text = start_option(name, &length);
    if (text && !string_number(text, length, &otherwise))
        power_panic("option %s: expected a number, found `%.*s'", name, (int)length, text);
    return otherwise;
}

bool start_on_ringside(void)
{
    struct cpuid leaf = cpuid_forced(RINGSIDE_CPUID_LEAF, 0);
    const uint32_t signature[] = {leaf.b, leaf.c, leaf.d};
    return memcmp(signature, RINGSIDE_SIGNATURE, sizeof(signature)) == 0;
}

/* The frame that used to be behind shared_info_page is the domain's still, and no longer mapped. */
static void map_shared_info(void)
{
    uint64_t pte = start_info->shared_info | PTE_READ_WRITE;
    long error = table_set_linear((uintptr_t)shared_info, pte);
    if (error)
        power_panic("shared info at machine address %lx cannot be mapped: error %ld",
                    start_info->shared_info, error);
}

/* Called by entry.S on the boot stack, upcalls masked. */
void guest_start(const struct start_info *info);
void guest_start(const struct start_info *info)
{
    start_info = info;
    frame_list = (uint64_t *)info->mfn_list;
    page_count = info->nr_pages;
    table_root = (uint64_t *)info->pt_base;
    map_shared_info();
    console_init();
    vcpu_init(0);
    page_init(info->pt_base + info->nr_pt_frames * PAGE_SIZE);
    event_init();
    guest_main();
    power_off(POWER_DONE);
}

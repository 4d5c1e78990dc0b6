/* SPDX-License-Identifier: MIT */
#include "tests/hv/machine.h"

#include <stdlib.h>

#include "hv/core/assert.h"
#include "hv/core/frame.h"

jmp_buf machine_panicked;
bool machine_panic_expected;
char *machine_memory;
struct frame *frame_table;
uint64_t tlb_clock;
uint64_t frame_count __attribute__((weak)); /* of who tests without frame.c */

void machine_calm(void)
{
    machine_panic_expected = false;
}

void panic(const char *form, ...)
{
    if (machine_panic_expected)
        longjmp(machine_panicked, 1);
    va_list args;
    va_start(args, form);
    fputs("# panic: ", stdout);
    vprintf(form, args);
    putchar('\n');
    va_end(args);
    abort();
}

void machine_start(uint64_t frames, bool with_contents)
{
    frame_table = (struct frame *)calloc(frames, sizeof(*frame_table));
    assert_non_null(frame_table);
    for (uint64_t n = 0; n < frames; n++)
        frame_table[n].count = FRAME_FREE;
    frame_count = frames;
    tlb_clock = 1;
    if (!with_contents)
        return;
    machine_memory = (char *)aligned_alloc(PAGE_SIZE, frames << PAGE_SHIFT);
    assert_non_null(machine_memory);
}

void machine_end(void)
{
    free(frame_table);
    free(machine_memory);
    frame_table = NULL;
    machine_memory = NULL;
}

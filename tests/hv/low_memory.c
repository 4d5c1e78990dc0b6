/* SPDX-License-Identifier: MIT */
#include "tests/hv/low_memory.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hv/arch/x86_64/layout.h"
#include "hv/core/arch.h"

#define WINDOWS 2

static char *memory;

static char *window(unsigned n)
{
    return memory + (n == 0 ? 0 : BOOT_MAPPED - LOW_WINDOW);
}

void low_memory_start(void)
{
    if (memory != NULL)
        return;
    /* Pages that are only read take no memory. */
    memory = (char *)mmap(NULL, BOOT_MAPPED + PAGE_SIZE, PROT_READ,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory + BOOT_MAPPED, PAGE_SIZE, PROT_NONE) != 0)
        abort();
    for (unsigned n = 0; n < WINDOWS; n++) {
        if (mprotect(window(n), LOW_WINDOW, PROT_READ | PROT_WRITE) != 0)
            abort();
    }
}

void *low_memory(paddr_t at)
{
    if (!(at < LOW_WINDOW || (at >= BOOT_MAPPED - LOW_WINDOW && at < BOOT_MAPPED)))
        abort();
    return memory + at;
}

void low_memory_forbid(void)
{
    for (unsigned n = 0; n < WINDOWS; n++) {
        ASAN_UNPOISON_MEMORY_REGION(window(n), LOW_WINDOW);
        memset(window(n), 0, LOW_WINDOW);
        ASAN_POISON_MEMORY_REGION(window(n), LOW_WINDOW);
    }
}

void low_memory_put(paddr_t at, const void *bytes, size_t size)
{
    ASAN_UNPOISON_MEMORY_REGION(low_memory(at), size);
    memcpy(low_memory(at), bytes, size);
}

const void *arch_boot_memory(paddr_t a)
{
    return memory + a;
}

/* SPDX-License-Identifier: MIT */
/*
 * The way of the control domain's kernel: out of a bzImage, uncompressed, read as ELF, planned. The
 * input and what it is uncompressed to have exactly their sizes, so that the sanitizers see each
 * stray access; what is taken in the end must hold by plan_check.h.
 */
#include <stdlib.h>
#include <string.h>

#include "hv/build/compression.h"
#include "hv/build/crc32.h"
#include "hv/build/elf.h"
#include "hv/build/image.h"
#include "hv/build/plan.h"
#include "hv/build/xz.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_hv.h"
#include "tests/hv/plan_check.h"

#define FULL_MAX (256U << 10) /* what may come out: bounds how long one input takes */
#define PAGES 16384U
#define RAMDISK 5000U

static uint32_t read_32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

static void write_crc(uint8_t *at, const uint8_t *of, size_t size)
{
    uint32_t crc = crc32(of, size);
    memcpy(at, &crc, sizeof(crc));
}

/* The .xz file format 1.1.0: stream header 2.1.1, footer 2.1.2, index 4.3, the first block's header
 * 3.1.7. */
static void repair_checksums(uint8_t *b, size_t size)
{
    if (!xz_is(b, size) || size < 32)
        return;
    write_crc(b + 8, b + 6, 2);
    uint8_t *footer = b + size - 12;
    write_crc(footer, footer + 4, 6);
    uint64_t index = (read_32(footer + 4) + 1UL) * 4;
    if (index >= 8 && index <= size - 24)
        write_crc(footer - 4, footer - index, index - 4);
    size_t header = (b[12] + 1U) * 4;
    if (b[12] != 0 && header <= size - 24)
        write_crc(b + 12 + header - 4, b + 12, header - 4);
}

static void take_kernel(const void *bytes, uint64_t size)
{
    struct elf_image e;
    struct plan p;
    char error[128];
    image_compression(bytes, size);
    const char *wrong = elf_read(&e, bytes, size, error, sizeof(error));
    if (wrong == NULL)
        wrong = plan_make(&p, &e, RAMDISK, PAGES);
    if (wrong != NULL) {
        fuzz_check(wrong[0] != '\0');
        return;
    }
    const char *unsound = plan_unsound(&p, &e, RAMDISK, PAGES);
    fuzz_check_(unsound == NULL, unsound);
}

void fuzz_kernel_one(const uint8_t *data, size_t size)
{
    uint8_t *file = (uint8_t *)malloc(size == 0 ? 1 : size);
    if (file == NULL)
        abort();
    memcpy(file, data, size);
    fuzz_call("a kernel", 0);

    const void *bytes = file;
    uint64_t left = size;
    const char *wrong = image_payload(&bytes, &left);
    fuzz_check((const uint8_t *)bytes >= file && left <= size &&
               (size_t)((const uint8_t *)bytes - file) <= size - left);
    repair_checksums((uint8_t *)file + ((const uint8_t *)bytes - file), left);
    uint8_t *full = NULL;
    const struct compression *c = wrong == NULL ? compression_of(bytes, left) : NULL;
    if (c != NULL) {
        uint64_t room = c->size(bytes, left);
        if (room > FULL_MAX)
            room = FULL_MAX;
        full = (uint8_t *)malloc(room == 0 ? 1 : room);
        if (full == NULL)
            abort();
        wrong = c->uncompress(bytes, left, full, room);
        bytes = full;
        left = room;
    }
    if (wrong == NULL)
        take_kernel(bytes, left);
    free(full);
    free(file);
}

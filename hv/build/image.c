/* SPDX-License-Identifier: MIT */
#include "hv/build/image.h"

#include "hv/core/string.h"

#define BZ_SECTORS 0x1f1 /* of the real-mode part, without the first; 0 stands for 4 */
#define BZ_MAGIC 0x202   /* "HdrS" */
#define BZ_VERSION 0x206
#define BZ_PAYLOAD_OFFSET 0x248 /* from the protected-mode part on; since version 2.08 */
#define BZ_PAYLOAD_LENGTH 0x24c
#define BZ_END 0x250
#define BZ_VERSION_WITH_PAYLOAD 0x208
#define SECTOR_SIZE 512UL

static uint32_t read_number(const uint8_t *p, unsigned bytes)
{
    uint32_t v = 0;
    memcpy(&v, p, bytes);
    return v;
}

const char *image_payload(const void **bytes, uint64_t *size)
{
    const uint8_t *b = *bytes;
    if (*size < BZ_END || memcmp(b + BZ_MAGIC, "HdrS", 4) != 0)
        return NULL;
    if (read_number(b + BZ_VERSION, 2) < BZ_VERSION_WITH_PAYLOAD)
        return "is a bzImage of boot protocol before 2.08, which does not say where its payload is";
    uint64_t sectors = b[BZ_SECTORS] == 0 ? 4 : b[BZ_SECTORS];
    uint64_t start = (sectors + 1) * SECTOR_SIZE + read_number(b + BZ_PAYLOAD_OFFSET, 4);
    uint64_t length = read_number(b + BZ_PAYLOAD_LENGTH, 4);
    if (start > *size || length > *size - start)
        return "is a bzImage with a payload that is not inside the file";
    *bytes = b + start;
    *size = length;
    return NULL;
}

const char *image_compression(const void *bytes, uint64_t size)
{
    static const struct {
        const char *name;
        uint8_t length, magic[6];
    } known[] = {
        {"zstd", 4, {0x28, 0xb5, 0x2f, 0xfd}},
        {"bzip2", 3, {'B', 'Z', 'h'}},
        {"lz4", 4, {0x02, 0x21, 0x4c, 0x18}},
        {"lzo", 4, {0x89, 'L', 'Z', 'O'}},
        {"lzma", 3, {0x5d, 0, 0}},
    };
    for (unsigned i = 0; i < array_size(known); i++) {
        if (size >= known[i].length && memcmp(bytes, known[i].magic, known[i].length) == 0)
            return known[i].name;
    }
    return NULL;
}

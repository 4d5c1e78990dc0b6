/* SPDX-License-Identifier: MIT */
/* Section numbers are the format description's. */
#include "hv/build/xz.h"

#include "hv/build/branches.h"
#include "hv/build/crc32.h"
#include "hv/build/lzma2.h"
#include "hv/core/string.h"

#define HEADER_SIZE 12 /* 2.1.1: magic, flags, their CRC */
#define FOOTER_SIZE 12 /* 2.1.2: CRC of what follows, the index's size, flags, magic */
#define APPENDED_SIZE 4
#define CRC_SIZE 4UL
#define CHECK_NONE 0
#define CHECK_CRC32 1
#define FILTERS_MAX 2
#define FILTER_X86 4      /* 5.3.2 */
#define FILTER_LZMA2 0x21 /* 5.3.1 */
#define HAS_SIZE_IN 0x40  /* 3.1.2: block flags */
#define HAS_SIZE_OUT 0x80
#define RESERVED_FLAGS 0x3c

static const uint8_t header_magic[] = {0xfd, '7', 'z', 'X', 'Z', 0};
static const uint8_t footer_magic[] = {'Y', 'Z'};

static uint32_t read_32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof(v));
    return v;
}

/* A piece of the file that is read from its start on. */
struct piece {
    const uint8_t *bytes;
    uint64_t at, size;
    bool wrong;
};

/* 1.2: 7 bits a byte, the lowest first, in as few bytes as it takes. */
static uint64_t take_number(struct piece *p)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 9 && p->at < p->size; i++) {
        uint8_t b = p->bytes[p->at++];
        v |= (uint64_t)(b & 0x7f) << (7 * i);
        if (!(b & 0x80)) {
            p->wrong |= b == 0 && i != 0;
            return v;
        }
    }
    p->wrong = true;
    return 0;
}

/* ---- the index, 4: what the file says it holds */

struct totals {
    uint64_t blocks, out;
};

/* Where the footer is; 0: nowhere. */
static uint64_t find_footer(const uint8_t *b, uint64_t size)
{
    for (unsigned behind = 0; behind <= APPENDED_SIZE; behind += APPENDED_SIZE) {
        if (size < HEADER_SIZE + FOOTER_SIZE + behind)
            continue;
        uint64_t at = size - behind - FOOTER_SIZE;
        if (memcmp(b + at + FOOTER_SIZE - 2, footer_magic, 2) == 0 &&
            crc32(b + at + CRC_SIZE, 6) == read_32(b + at))
            return at;
    }
    return 0;
}

static bool read_index(const uint8_t *b, uint64_t size, uint64_t *start, struct totals *t)
{
    uint64_t footer = find_footer(b, size);
    if (footer == 0 || memcmp(b + footer + 8, b + 6, 2) != 0)
        return false;
    uint64_t length = (read_32(b + footer + 4) + 1UL) * 4;
    if (length < 2 * CRC_SIZE || length > footer - HEADER_SIZE)
        return false;
    *start = footer - length;
    if (crc32(b + *start, length - CRC_SIZE) != read_32(b + footer - CRC_SIZE))
        return false;
    struct piece p = {.bytes = b + *start, .at = 1, .size = length - CRC_SIZE};
    *t = (struct totals){.blocks = take_number(&p)};
    for (uint64_t i = 0; i < t->blocks && !p.wrong; i++) {
        take_number(&p);
        uint64_t out = take_number(&p);
        p.wrong |= out > UINT64_MAX - t->out;
        t->out += out;
    }
    return !p.wrong && b[*start] == 0;
}

/* ---- blocks, 3 */

struct block {
    bool has_x86;
    uint64_t size_in, size_out; /* UINT64_MAX: it does not say */
};

/* NULL, or what is wrong. The header's CRC is right. */
static const char *read_filters(struct block *block, struct piece *p, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        uint64_t id = take_number(p);
        uint64_t properties = take_number(p);
        if (p->wrong || properties > p->size - p->at)
            return "is compressed by xz with a header that is damaged";
        bool last = i == n - 1;
        /* One with a start offset has properties; kernels are at offset 0. */
        if (id == FILTER_X86 && !last && properties == 0)
            block->has_x86 = true;
        else if (id != FILTER_LZMA2 || !last || properties != 1)
            return "is compressed by xz with filters other than LZMA2, or x86 and LZMA2";
        p->at += properties;
    }
    return NULL;
}

static const char *read_block_header(struct block *block, const uint8_t *b, uint64_t length)
{
    if (crc32(b, length - CRC_SIZE) != read_32(b + length - CRC_SIZE) || (b[1] & RESERVED_FLAGS))
        return "is compressed by xz with a header that is damaged";
    struct piece p = {.bytes = b, .at = 2, .size = length - CRC_SIZE};
    *block = (struct block){.size_in = UINT64_MAX, .size_out = UINT64_MAX};
    if (b[1] & HAS_SIZE_IN)
        block->size_in = take_number(&p);
    if (b[1] & HAS_SIZE_OUT)
        block->size_out = take_number(&p);
    unsigned filters = (b[1] & 3) + 1;
    if (filters > FILTERS_MAX)
        return "is compressed by xz with filters other than LZMA2, or x86 and LZMA2";
    return read_filters(block, &p, filters);
}

/* One block from *at on, which ends before `end`: of the file b. */
static const char *take_block(const uint8_t *b, uint64_t *at, uint64_t end, unsigned check_size,
                              uint8_t *to, uint64_t room, uint64_t *made)
{
    struct block block;
    uint64_t length = (b[*at] + 1UL) * 4;
    if (b[*at] == 0 || length > end - *at)
        return "is compressed by xz with a block that is not inside the file";
    const char *wrong = read_block_header(&block, b + *at, length);
    if (wrong != NULL)
        return wrong;
    *at += length;

    uint64_t used;
    if (!lzma2_uncompress(b + *at, end - *at, to, room, &used, made) ||
        (block.size_in != UINT64_MAX && block.size_in != used) ||
        (block.size_out != UINT64_MAX && block.size_out != *made))
        return "cannot be uncompressed";
    if (block.has_x86)
        branches_restore(to, *made);

    /* Padding with zeros to a multiple of 4, then the check. */
    uint64_t padded = round_up(used, 4UL);
    if (padded + check_size > end - *at)
        return "ends before its check";
    for (; used < padded; used++) {
        if (b[*at + used] != 0)
            return "is damaged: its padding is not zero";
    }
    *at += padded;
    if (check_size != 0 && crc32(to, *made) != read_32(b + *at))
        return "is damaged: its check does not match";
    *at += check_size;
    return NULL;
}

/* ---- the file */

bool xz_is(const void *bytes, uint64_t size)
{
    return size >= HEADER_SIZE && memcmp(bytes, header_magic, sizeof(header_magic)) == 0;
}

uint64_t xz_size(const void *bytes, uint64_t size)
{
    uint64_t index;
    struct totals t;
    return read_index(bytes, size, &index, &t) ? t.out : 0;
}

const char *xz_uncompress(const void *bytes, uint64_t size, void *to, uint64_t room)
{
    const uint8_t *b = bytes;
    uint64_t end;
    struct totals t;
    if (crc32(b + 6, 2) != read_32(b + 8) || !read_index(b, size, &end, &t) || t.out != room)
        return "is compressed by xz, with header, index or end damaged";
    if (b[6] != 0 || (b[7] != CHECK_NONE && b[7] != CHECK_CRC32))
        return "is compressed by xz with a check other than CRC-32, which kernels have";
    unsigned check_size = b[7] == CHECK_CRC32 ? CRC_SIZE : 0;
    uint64_t at = HEADER_SIZE;
    uint64_t out = 0;
    for (uint64_t i = 0; i < t.blocks; i++) {
        uint64_t made;
        if (at == end)
            return "has fewer blocks than it says";
        const char *wrong =
            take_block(b, &at, end, check_size, (uint8_t *)to + out, room - out, &made);
        if (wrong != NULL)
            return wrong;
        out += made;
    }
    return at == end && out == room ? NULL : "has another size than it says";
}

/* SPDX-License-Identifier: MIT */
/* RFC 1951; names and section numbers are its. */
#include "hv/build/inflate.h"

#include "hv/build/crc32.h"
#include "hv/core/string.h"

#define CODE_BITS_MAX 15
#define LITERALS 288
#define DISTANCES 30
#define END_OF_BLOCK 256

/*
 * A canonical Huffman code (3.2.2): how many codes there are of each length, and the symbols by
 * length, then value. Decoding counts its way down the lengths.
 */
struct code {
    uint16_t count[CODE_BITS_MAX + 1];
    uint16_t symbols[LITERALS];
};

struct stream {
    const uint8_t *in;
    uint64_t n_in, at_in;
    uint8_t *out;
    uint64_t n_out, at_out;
    uint32_t bits; /* read, not used yet; the lowest first */
    unsigned n_bits;
    bool short_of; /* something was missing: all that is read from then on is 0 */
};

static unsigned take_bits(struct stream *s, unsigned n)
{
    while (s->n_bits < n) {
        if (s->at_in == s->n_in) {
            s->short_of = true;
            return 0;
        }
        s->bits |= (uint32_t)s->in[s->at_in++] << s->n_bits;
        s->n_bits += 8;
    }
    unsigned v = s->bits & ((1U << n) - 1);
    s->bits >>= n;
    s->n_bits -= n;
    return v;
}

/* false: more codes than there is room for. */
static bool make_code(struct code *c, const uint8_t *lengths, unsigned n)
{
    uint16_t offsets[CODE_BITS_MAX + 2] = {0};
    memset(c->count, 0, sizeof(c->count));
    for (unsigned i = 0; i < n; i++)
        c->count[lengths[i]]++;
    c->count[0] = 0;
    int left = 1;
    for (unsigned l = 1; l <= CODE_BITS_MAX; l++) {
        left = 2 * left - c->count[l];
        if (left < 0)
            return false;
        offsets[l + 1] = (uint16_t)(offsets[l] + c->count[l]);
    }
    for (unsigned i = 0; i < n; i++) {
        if (lengths[i] != 0)
            c->symbols[offsets[lengths[i]]++] = (uint16_t)i;
    }
    return true;
}

/* -1: no such code. */
static int take_symbol(struct stream *s, const struct code *c)
{
    int code = 0;
    int first = 0;
    int index = 0;
    for (unsigned l = 1; l <= CODE_BITS_MAX && !s->short_of; l++) {
        code |= (int)take_bits(s, 1);
        int count = c->count[l];
        if (code - count < first)
            return c->symbols[index + (code - first)];
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    return -1;
}

/* 3.2.5 */
static const uint16_t length_base[] = {3,  4,  5,  6,   7,   8,   9,   10,  11, 13,
                                       15, 17, 19, 23,  27,  31,  35,  43,  51, 59,
                                       67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                       2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[] = {
    1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
    193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extra[] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                         6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

_Static_assert(array_size(distance_base) == DISTANCES, "a distance that has a code has a base");

static bool copy_back(struct stream *s, unsigned length, unsigned distance)
{
    if (distance > s->at_out || length > s->n_out - s->at_out)
        return false;
    for (; length != 0; length--, s->at_out++)
        s->out[s->at_out] = s->out[s->at_out - distance];
    return true;
}

static bool take_block(struct stream *s, const struct code *literals, const struct code *distances)
{
    for (;;) {
        int symbol = take_symbol(s, literals);
        if (symbol < 0)
            return false;
        if (symbol == END_OF_BLOCK)
            return true;
        if (symbol < END_OF_BLOCK) {
            if (s->at_out == s->n_out)
                return false;
            s->out[s->at_out++] = (uint8_t)symbol;
            continue;
        }
        unsigned l = (unsigned)symbol - END_OF_BLOCK - 1;
        if (l >= array_size(length_base))
            return false;
        unsigned length = length_base[l] + take_bits(s, length_extra[l]);
        int d = take_symbol(s, distances);
        if (d < 0)
            return false;
        if (!copy_back(s, length, distance_base[d] + take_bits(s, distance_extra[d])))
            return false;
    }
}

/* 3.2.4 */
static bool take_stored(struct stream *s)
{
    s->bits = 0;
    s->n_bits = 0;
    unsigned length = take_bits(s, 16);
    unsigned inverted = take_bits(s, 16);
    if (s->short_of || length != (~inverted & 0xffff) || length > s->n_in - s->at_in ||
        length > s->n_out - s->at_out)
        return false;
    memcpy(s->out + s->at_out, s->in + s->at_in, length);
    s->at_in += length;
    s->at_out += length;
    return true;
}

/* 3.2.6 */
static bool take_fixed(struct stream *s)
{
    static struct code literals, distances;
    uint8_t lengths[LITERALS];
    for (unsigned i = 0; i < LITERALS; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    make_code(&literals, lengths, LITERALS);
    memset(lengths, 5, DISTANCES);
    make_code(&distances, lengths, DISTANCES);
    return take_block(s, &literals, &distances);
}

/* 3.2.7: the lengths of both codes' codes are themselves coded. */
static bool take_dynamic(struct stream *s)
{
    static const uint8_t order[] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                    11, 4,  12, 3, 13, 2, 14, 1, 15};
    static struct code literals, distances;
    uint8_t lengths[LITERALS + 32] = {0};
    unsigned n_literals = take_bits(s, 5) + 257;
    unsigned n_distances = take_bits(s, 5) + 1;
    unsigned n_order = take_bits(s, 4) + 4;

    if (n_literals > LITERALS - 2 || n_distances > DISTANCES)
        return false;
    for (unsigned i = 0; i < n_order; i++)
        lengths[order[i]] = (uint8_t)take_bits(s, 3);
    if (!make_code(&literals, lengths, array_size(order)))
        return false;
    memset(lengths, 0, sizeof(lengths));
    for (unsigned i = 0; i < n_literals + n_distances;) {
        int symbol = take_symbol(s, &literals);
        if (symbol < 0)
            return false;
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        if (symbol == 16 && i == 0)
            return false;
        uint8_t value = symbol == 16 ? lengths[i - 1] : 0;
        unsigned times = symbol == 16   ? 3 + take_bits(s, 2)
                         : symbol == 17 ? 3 + take_bits(s, 3)
                                        : 11 + take_bits(s, 7);
        if (times > n_literals + n_distances - i)
            return false;
        memset(lengths + i, value, times);
        i += times;
    }
    return make_code(&literals, lengths, n_literals) &&
           make_code(&distances, lengths + n_literals, n_distances) &&
           take_block(s, &literals, &distances);
}

static bool inflate(struct stream *s)
{
    bool last;
    do {
        last = take_bits(s, 1);
        unsigned kind = take_bits(s, 2);
        bool good = kind == 0   ? take_stored(s)
                    : kind == 1 ? take_fixed(s)
                    : kind == 2 ? take_dynamic(s)
                                : false;
        if (!good || s->short_of)
            return false;
    } while (!last);
    return true;
}

/* ---- gzip, RFC 1952 */

#define HEADER_SIZE 10
#define TRAILER_SIZE 8
#define FLAG_HEADER_CRC 2
#define FLAG_EXTRA 4
#define FLAG_NAME 8
#define FLAG_COMMENT 16

static uint32_t read_32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

bool gzip_is(const void *bytes, uint64_t size)
{
    const uint8_t *b = bytes;
    return size >= HEADER_SIZE + TRAILER_SIZE && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8;
}

uint64_t gzip_size(const void *bytes, uint64_t size)
{
    return read_32((const uint8_t *)bytes + size - 4);
}

static uint64_t skip_text(const uint8_t *b, uint64_t at, uint64_t size)
{
    while (at < size && b[at] != 0)
        at++;
    return at + 1;
}

/* Where the stream begins; beyond the end if the header does not end. */
static uint64_t skip_header(const uint8_t *b, uint64_t size)
{
    uint64_t at = HEADER_SIZE;
    if (b[3] & FLAG_EXTRA)
        at += 2UL + b[at] + ((uint64_t)b[at + 1] << 8);
    if (b[3] & FLAG_NAME)
        at = skip_text(b, at, size);
    if (b[3] & FLAG_COMMENT)
        at = skip_text(b, at, size);
    if (b[3] & FLAG_HEADER_CRC)
        at += 2;
    return at;
}

const char *gzip_uncompress(const void *bytes, uint64_t size, void *to, uint64_t room)
{
    const uint8_t *b = bytes;
    uint64_t start = skip_header(b, size);
    if (start + TRAILER_SIZE > size)
        return "ends in its header";
    struct stream s = {
        .in = b + start, .n_in = size - TRAILER_SIZE - start, .out = to, .n_out = room};
    if (!inflate(&s))
        return "cannot be uncompressed";
    if (s.at_out != room)
        return "has another size than it says";
    if (crc32(to, room) != read_32(b + size - TRAILER_SIZE))
        return "is damaged: its check does not match";
    return NULL;
}

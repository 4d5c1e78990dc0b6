/* SPDX-License-Identifier: MIT */
/* What a kernel comes wrapped in: bzImage and gzip. */
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

#include "hv/build/crc32.h"
#include "hv/build/image.h"
#include "hv/build/inflate.h"
#include "tests/unit/rng.h"

/* ---- bzImage (Linux Documentation/x86/boot.rst) */

#define BZ_SIZE 4096U

static uint8_t *bzimage(uint8_t sectors, uint16_t version, uint32_t offset, uint32_t length)
{
    uint8_t *b = (uint8_t *)calloc(1, BZ_SIZE);
    assert_non_null(b);
    b[0x1f1] = sectors;
    memcpy(b + 0x202, (const char[]){'H', 'd', 'r', 'S'}, 4);
    memcpy(b + 0x206, &version, sizeof(version));
    memcpy(b + 0x248, &offset, sizeof(offset));
    memcpy(b + 0x24c, &length, sizeof(length));
    return b;
}

static void test_no_bzimage(void **state)
{
    (void)state;
    uint8_t *b = bzimage(1, 0x20f, 0, 16);
    const void *at = b;
    uint64_t size = 0x24f; /* too short to be one */
    assert_null(image_payload(&at, &size));
    assert_ptr_equal(at, b);
    assert_int_equal(size, 0x24f);
    b[0x202] = 'h';
    size = BZ_SIZE;
    assert_null(image_payload(&at, &size));
    assert_ptr_equal(at, b);
    free(b);
}

static void test_payload(void **state)
{
    (void)state;
    static const struct {
        uint8_t sectors;
        uint16_t version;
        uint32_t offset, length;
        int64_t at; /* -1: refused */
    } cases[] = {
        {1, 0x208, 0, 16, 1024},
        {2, 0x20f, 100, 16, 1536 + 100},
        {0, 0x20f, 0, 16, 5 * 512}, /* stands for 4 */
        {1, 0x20f, 0, BZ_SIZE - 1024, 1024},
        {1, 0x20f, BZ_SIZE - 1024, 0, BZ_SIZE},
        {1, 0x207, 0, 16, -1},
        {1, 0x20f, 0, BZ_SIZE - 1023, -1},
        {1, 0x20f, BZ_SIZE - 1023, 0, -1},
        {1, 0x20f, UINT32_MAX, 16, -1},
        {1, 0x20f, 16, UINT32_MAX, -1},
        {1, 0x20f, UINT32_MAX, UINT32_MAX, -1},
        {255, 0x20f, 0, 0, -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t *b = bzimage(cases[i].sectors, cases[i].version, cases[i].offset, cases[i].length);
        const void *at = b;
        uint64_t size = BZ_SIZE;
        const char *wrong = image_payload(&at, &size);
        assert_int_equal(wrong == NULL, cases[i].at >= 0);
        assert_ptr_equal(at, wrong == NULL ? b + cases[i].at : b);
        assert_int_equal(size, wrong == NULL ? cases[i].length : BZ_SIZE);
        free(b);
    }
}

static void test_compressions(void **state)
{
    (void)state;
    static const uint8_t zstd[] = {0x28, 0xb5, 0x2f, 0xfd};
    assert_string_equal(image_compression(zstd, 4), "zstd");
    assert_null(image_compression(zstd, 3));
    assert_null(image_compression("\177ELF....", 8));
    assert_string_equal(image_compression("BZh9", 4), "bzip2");
    assert_string_equal(image_compression("\x02\x21\x4c\x18", 4), "lz4");
    assert_string_equal(image_compression("\x89LZO", 4), "lzo");
    assert_string_equal(image_compression("\x5d\0\0", 3), "lzma");
    assert_null(image_compression("\x5d\0\1", 3));
    assert_null(image_compression("", 0));
}

/* ---- gzip: streams made by gzip itself */

struct bytes {
    uint8_t *p;
    size_t n;
};

static struct bytes bytes_new(size_t n)
{
    struct bytes b = {(uint8_t *)malloc(n == 0 ? 1 : n), n};
    assert_non_null(b.p);
    return b;
}

static struct bytes compress(struct bytes in, int level)
{
    char path[] = "/tmp/test_hv_image.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(in.p, 1, in.n, file), in.n);
    assert_int_equal(fclose(file), 0);
    char command[128];
    snprintf(command, sizeof(command), "gzip -c%s -%d %s", level % 2 != 0 ? "n" : "", level, path);
    FILE *out = popen(command, "r"); /* NOLINT(cert-env33-c): a fixed command */
    assert_non_null(out);
    struct bytes b = bytes_new(2 * in.n + 1024);
    b.n = fread(b.p, 1, b.n, out);
    assert_int_equal(pclose(out), 0);
    assert_int_equal(remove(path), 0);
    return b;
}

static void assert_round_trip(struct bytes in, int level)
{
    struct bytes z = compress(in, level);
    struct bytes out = bytes_new(in.n);
    assert_true(gzip_is(z.p, z.n));
    assert_int_equal(gzip_size(z.p, z.n), in.n);
    assert_null(gzip_uncompress(z.p, z.n, out.p, out.n));
    assert_memory_equal(out.p, in.p, in.n);
    free(z.p);
    free(out.p);
}

/* Text, noise and runs: blocks of all three kinds, near and far copies; with and without a name. */
static struct bytes sample(size_t n, unsigned kind)
{
    struct rng rng = rng_seeded(n + kind);
    struct bytes b = bytes_new(n);
    for (size_t i = 0; i < n; i++) {
        if (kind == 0)
            b.p[i] = (uint8_t)("the frame table "[rng_below(&rng, 16)]);
        else if (kind == 1)
            b.p[i] = (uint8_t)rng_next(&rng);
        else
            b.p[i] = i > 40000 && rng_below(&rng, 50) != 0 ? b.p[i - 32000] : (uint8_t)(i >> 9);
    }
    return b;
}

static void test_round_trips(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 10, 1000, 200000};
    for (unsigned i = 0; i < 30; i++) {
        struct bytes in = sample(sizes[i % 5], i / 5 % 3);
        assert_round_trip(in, i < 15 ? 1 : 9 - (int)(i % 2));
        free(in.p);
    }
}

/* Each optional field of the header (RFC 1952, 2.3.1), and where they end. */
static void test_headers(void **state)
{
    (void)state;
    static const uint8_t stream[] = {0x01, 3, 0, 0xfc, 0xff, 'a', 'b', 'c'}; /* stored */
    static const uint8_t trailer[] = {0xc2, 0x41, 0x24, 0x35, 3, 0, 0, 0};
    for (unsigned flags = 0; flags < 32; flags++) {
        uint8_t b[64] = {0x1f, 0x8b, 8, (uint8_t)flags};
        size_t n = 10;
        if (flags & 4) {
            b[n++] = 5;
            n += 1 + 5;
        }
        if (flags & 8) {
            memcpy(b + n, "name", 5);
            n += 5;
        }
        if (flags & 16) {
            memcpy(b + n, "comment", 8);
            n += 8;
        }
        n += flags & 2 ? 2 : 0;
        size_t header = n;
        memcpy(b + n, stream, sizeof(stream));
        n += sizeof(stream);
        memcpy(b + n, trailer, sizeof(trailer));
        n += sizeof(trailer);
        char out[3];
        assert_null(gzip_uncompress(b, n, out, sizeof(out)));
        assert_memory_equal(out, "abc", 3);
        for (size_t cut = 18; cut < header + 8; cut++) {
            struct bytes part = bytes_new(cut);
            memcpy(part.p, b, cut);
            assert_non_null(gzip_uncompress(part.p, part.n, out, sizeof(out)));
            free(part.p);
        }
    }
}

/* A file that says that its extra field is longer than it is, at every length of the file. */
static void test_long_extra(void **state)
{
    (void)state;
    for (size_t n = 18; n < 64; n++) {
        struct bytes b = bytes_new(n);
        memset(b.p, 0xff, n);
        memcpy(b.p, "\x1f\x8b\x08", 3);
        char out[16];
        assert_true(gzip_is(b.p, b.n));
        assert_non_null(gzip_uncompress(b.p, b.n, out, sizeof(out)));
        free(b.p);
    }
}

static void test_sizes(void **state)
{
    (void)state;
    struct bytes in = sample(1000, 0);
    struct bytes z = compress(in, 6);
    for (size_t room = 0; room < 2000; room += 37) {
        struct bytes out = bytes_new(room);
        assert_int_equal(gzip_uncompress(z.p, z.n, out.p, room) == NULL, room == 1000);
        free(out.p);
    }
    for (size_t n = 18; n < z.n; n++) {
        struct bytes part = bytes_new(n);
        struct bytes out = bytes_new(1000);
        memcpy(part.p, z.p, n);
        assert_non_null(gzip_uncompress(part.p, n, out.p, out.n));
        free(part.p);
        free(out.p);
    }
    free(in.p);
    free(z.p);
}

/* Any bit: it is noticed, by the stream or by the check, unless it is in a field that says nothing
 * (time, flags of the compressor, system, a name). */
static void test_flipped_bits(void **state)
{
    (void)state;
    struct bytes in = sample(3000, 0);
    for (int level = 1; level <= 9; level += 8) {
        struct bytes z = compress(in, level);
        struct bytes out = bytes_new(3000);
        for (size_t bit = 8 * 10; bit < 8 * (z.n - 4); bit++) {
            z.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
            const char *wrong = gzip_uncompress(z.p, z.n, out.p, out.n);
            if (wrong == NULL)
                assert_memory_equal(out.p, in.p, in.n); /* a bit of padding */
            z.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
        z.p[z.n - 8] ^= 1; /* the check itself */
        assert_non_null(gzip_uncompress(z.p, z.n, out.p, out.n));
        free(z.p);
        free(out.p);
    }
    free(in.p);
}

/* ---- streams that no compressor makes, bit by bit */

struct stream {
    uint8_t bytes[1024];
    size_t n_bits;
};

/* A number, the lowest bit first; and a code, the highest first (RFC 1951, 3.1.1). */
static void put_number(struct stream *s, uint64_t value, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++, s->n_bits++)
        s->bytes[s->n_bits / 8] |= (uint8_t)((value >> i & 1) << s->n_bits % 8);
}

static void put_code(struct stream *s, unsigned code, unsigned bits)
{
    while (bits-- > 0)
        put_number(s, code >> bits & 1, 1);
}

/* What a file of this stream gives, where `expected` should come out of it. */
static const char *run(const struct stream *s, const char *expected)
{
    size_t n = (s->n_bits + 7) / 8;
    size_t room = strlen(expected);
    struct bytes file = bytes_new(10 + n + 8);
    struct bytes out = bytes_new(room);
    uint32_t trailer[2] = {crc32(expected, room), (uint32_t)room};
    memset(file.p, 0, file.n);
    memcpy(file.p, "\x1f\x8b\x08", 3);
    memcpy(file.p + 10, s->bytes, n);
    memcpy(file.p + 10 + n, trailer, sizeof(trailer));
    const char *wrong = gzip_uncompress(file.p, file.n, out.p, room);
    if (wrong == NULL)
        assert_memory_equal(out.p, expected, room);
    free(out.p);
    free(file.p);
    return wrong;
}

#define REFUSED "cannot be uncompressed"

enum { STORED, FIXED, DYNAMIC, RESERVED };

static struct stream block(unsigned kind)
{
    struct stream s = {{0}, 0};
    put_number(&s, 1, 1);
    put_number(&s, kind, 2);
    return s;
}

/* ---- fixed codes, 3.2.6 */

static void put_literal(struct stream *s, char c)
{
    put_code(s, 0x30 + (unsigned)c, 8);
}

static void put_length(struct stream *s, unsigned symbol)
{
    if (symbol < 280)
        put_code(s, symbol - 256, 7);
    else
        put_code(s, 0xc0 + symbol - 280, 8);
}

#define END 256
#define LENGTH_3 257

static void test_fixed(void **state)
{
    (void)state;
    struct stream s = block(FIXED);
    put_literal(&s, 'a');
    put_literal(&s, 'b');
    struct stream start = s;
    put_length(&s, LENGTH_3);
    put_code(&s, 1, 5); /* distance 2: all there is */
    put_length(&s, END);
    assert_null(run(&s, "ababa"));
    assert_string_equal(run(&s, "abab"), REFUSED); /* a copy for which there is no room */
    assert_string_equal(run(&s, "a"), REFUSED);    /* and a literal */
    assert_string_equal(run(&s, "ababab"), "has another size than it says");

    /* Distance 3, 30 and 31; lengths 286 and 287; and a stream that does not end. */
    for (unsigned code = 2; code < 32; code += code == 2 ? 28 : 1) {
        s = start;
        put_length(&s, LENGTH_3);
        put_code(&s, code, 5);
        put_number(&s, 0, 13);
        put_length(&s, END);
        assert_string_equal(run(&s, "ababa"), REFUSED);
    }
    for (unsigned symbol = 286; symbol < 288; symbol++) {
        s = start;
        put_length(&s, symbol);
        put_code(&s, 0, 5);
        put_length(&s, END);
        assert_string_equal(run(&s, "abbbb"), REFUSED);
    }
    assert_string_equal(run(&start, "ab"), REFUSED);
}

static void test_kinds_of_blocks(void **state)
{
    (void)state;
    struct stream s = block(RESERVED);
    put_number(&s, 0, 64);
    assert_string_equal(run(&s, ""), REFUSED);
    /* One that is not the last, then one that is. */
    s = (struct stream){{0}, 0};
    put_number(&s, 0, 1);
    put_number(&s, FIXED, 2);
    put_literal(&s, 'x');
    put_length(&s, END);
    assert_string_equal(run(&s, "x"), REFUSED);
    put_number(&s, 1, 1);
    put_number(&s, FIXED, 2);
    put_literal(&s, 'y');
    put_length(&s, END);
    assert_null(run(&s, "xy"));
}

/* Stored: a length, the same inverted, and so many bytes. */
static void test_stored(void **state)
{
    (void)state;
    for (unsigned length = 2; length <= 4; length++) {
        for (unsigned flip = 0; flip <= 16; flip++) {
            struct stream s = block(STORED);
            s.n_bits = 8;
            put_number(&s, length, 16);
            put_number(&s, ~length ^ (flip == 0 ? 0 : 1U << (flip - 1)), 16);
            put_number(&s, 'a' | 'b' << 8 | 'c' << 16, 24);
            if (length == 3 && flip == 0)
                assert_null(run(&s, "abc"));
            else if (length != 2 || flip != 0)
                assert_string_equal(run(&s, length == 4 ? "abcd" : "abc"), REFUSED);
            assert_string_equal(run(&s, "a"), REFUSED); /* no room */
        }
    }
}

/* What is stored behind something else: the room is what that left. */
static void test_stored_behind(void **state)
{
    (void)state;
    struct stream s = {{0}, 0};
    put_number(&s, 0, 1);
    put_number(&s, FIXED, 2);
    put_literal(&s, 'x');
    put_literal(&s, 'y');
    put_length(&s, END);
    put_number(&s, 1, 1);
    put_number(&s, STORED, 2);
    s.n_bits = round_up(s.n_bits, 8U);
    put_number(&s, 2, 16);
    put_number(&s, ~2U, 16);
    put_number(&s, 'a' | 'b' << 8, 16);
    assert_null(run(&s, "xyab"));
    assert_string_equal(run(&s, "xya"), REFUSED);
    assert_string_equal(run(&s, "xy"), REFUSED);
}

/* ---- dynamic codes, 3.2.7: here all codes of a kind have one length, so that a code is its
 * symbol's number */

#define ORDER_LENGTH 5
#define LITERAL_LENGTH 9

static struct stream dynamic(unsigned n_literals, unsigned n_distances)
{
    struct stream s = block(DYNAMIC);
    put_number(&s, n_literals - 257, 5);
    put_number(&s, n_distances - 1, 5);
    put_number(&s, 19 - 4, 4);
    for (unsigned i = 0; i < 19; i++)
        put_number(&s, ORDER_LENGTH, 3);
    return s;
}

static void put_lengths(struct stream *s, unsigned n, unsigned length)
{
    for (unsigned i = 0; i < n; i++)
        put_code(s, length, ORDER_LENGTH);
}

static const char *run_a(struct stream *s)
{
    put_code(s, 'a', LITERAL_LENGTH);
    put_code(s, END, LITERAL_LENGTH);
    return run(s, "a");
}

/* As many codes as there may be, and more. */
static void test_numbers_of_codes(void **state)
{
    (void)state;
    for (unsigned literals = 257; literals <= 288; literals++) {
        for (unsigned distances = 1; distances <= 32; distances++) {
            struct stream s = dynamic(literals, distances);
            put_lengths(&s, literals, LITERAL_LENGTH);
            put_lengths(&s, distances, 5);
            const char *wrong = run_a(&s);
            if (literals <= 286 && distances <= 30)
                assert_null(wrong);
            else
                assert_string_equal(wrong, REFUSED);
        }
    }
}

/* A code that stands for nothing, though bits follow it; and one of the greatest length, 15. */
static void test_rare_codes(void **state)
{
    (void)state;
    struct stream s = dynamic(257, 1);
    put_lengths(&s, 257, LITERAL_LENGTH);
    put_lengths(&s, 1, 5);
    struct stream start = s;
    put_code(&s, 'a', LITERAL_LENGTH);
    put_code(&s, 300, LITERAL_LENGTH);
    put_number(&s, 0, 64);
    assert_string_equal(run(&s, "a"), REFUSED);
    s = dynamic(257, 1);
    put_lengths(&s, 256, 0);
    put_lengths(&s, 1, 15);
    put_lengths(&s, 1, 5);
    put_code(&s, 0, 15);
    assert_null(run(&s, ""));
    put_code(&start, END, LITERAL_LENGTH);
    assert_null(run(&start, ""));
}

/* Repetitions: of nothing, up to the end of all, and beyond it; 16 to 18 are three kinds. */
static void test_repetitions(void **state)
{
    (void)state;
    struct stream s = dynamic(257, 1);
    put_code(&s, 16, ORDER_LENGTH);
    put_number(&s, 0, 2);
    put_lengths(&s, 258 - 3, LITERAL_LENGTH);
    assert_string_equal(run_a(&s), REFUSED);

    for (unsigned kind = 16; kind <= 18; kind++) {
        unsigned bits = kind == 16 ? 2 : kind == 17 ? 3 : 7;
        unsigned least = kind == 18 ? 11 : 3;
        for (unsigned more = 0; more < 1U << bits && least + more <= 30; more++) {
            for (unsigned beyond = 0; beyond <= 1; beyond++) {
                s = dynamic(257, 30); /* and the last of the distances are so many times the same */
                put_lengths(&s, 257 + 30 - least - more + beyond, LITERAL_LENGTH);
                put_code(&s, kind, ORDER_LENGTH);
                put_number(&s, more, bits);
                const char *wrong = run_a(&s);
                if (beyond == 0)
                    assert_null(wrong);
                else
                    assert_string_equal(wrong, REFUSED);
            }
        }
    }
}

/* Codes for which there is no room: two of one bit are all; a third one, longer, is too much, even
 * if it is not used. */
static void test_overfull_codes(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 4; which++) { /* 0: all is well */
        struct stream s = block(DYNAMIC);
        put_number(&s, 0, 5); /* 257 */
        put_number(&s, 2, 5); /* 3 */
        put_number(&s, 19 - 4, 4);
        /* In the order 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1 15: 0 is 0, 1 is 10, 2 is 110,
         * 18 is 111. */
        static const uint8_t good[19] = {[2] = 3, [3] = 1, [15] = 3, [17] = 2};
        for (unsigned i = 0; i < 19; i++)
            put_number(&s, i == 0 && which == 1 ? 4 : good[i], 3);
        put_code(&s, 7, 3);
        put_number(&s, 'a' - 11, 7);                          /* nothing before 'a' */
        put_code(&s, 2, 2);                                   /* 'a': 1 bit */
        put_code(&s, which == 2 ? 6 : 0, which == 2 ? 3 : 1); /* 'b': 2 bits, or none */
        put_code(&s, 7, 3);
        put_number(&s, 138 - 11, 7);
        put_code(&s, 7, 3);
        put_number(&s, 256 - 'b' - 1 - 138 - 11, 7);
        put_code(&s, 2, 2); /* the end: 1 bit */
        put_code(&s, 2, 2); /* distances: 1, 1, and 2 bits or none */
        put_code(&s, 2, 2);
        put_code(&s, which == 3 ? 6 : 0, which == 3 ? 3 : 1);
        put_code(&s, 0, 1);
        put_code(&s, 1, 1);
        const char *wrong = run(&s, "a");
        if (which == 0)
            assert_null(wrong);
        else
            assert_string_equal(wrong, REFUSED);
    }
}

/* 300,000 streams of noise behind a good start of a block. */
static void test_noise(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(31);
    struct bytes b = bytes_new(120);
    struct bytes out = bytes_new(300);
    for (int i = 0; i < 300000; i++) {
        for (size_t k = 0; k < b.n; k++)
            b.p[k] = (uint8_t)rng_next(&rng);
        memcpy(b.p, "\x1f\x8b\x08\0\0\0\0\0\0\0", 10);
        b.p[10] = (uint8_t)((b.p[10] & ~7) | (rng_below(&rng, 4) << 1));
        assert_non_null(gzip_uncompress(b.p, b.n, out.p, out.n));
    }
    free(b.p);
    free(out.p);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_bzimage),
        cmocka_unit_test(test_payload),
        cmocka_unit_test(test_compressions),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_long_extra),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_fixed),
        cmocka_unit_test(test_kinds_of_blocks),
        cmocka_unit_test(test_stored),
        cmocka_unit_test(test_numbers_of_codes),
        cmocka_unit_test(test_repetitions),
        cmocka_unit_test(test_overfull_codes),
        cmocka_unit_test(test_stored_behind),
        cmocka_unit_test(test_rare_codes),
    };
    return tap_run("hv/image", tests, sizeof(tests) / sizeof(tests[0]));
}

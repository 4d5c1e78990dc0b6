/* SPDX-License-Identifier: MIT */
/* What a kernel comes wrapped in: bzImage and gzip. */
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

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
        cmocka_unit_test(test_no_bzimage),   cmocka_unit_test(test_payload),
        cmocka_unit_test(test_compressions), cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_headers),      cmocka_unit_test(test_long_extra),
        cmocka_unit_test(test_sizes),        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_noise),
    };
    return tap_run("hv/image", tests, sizeof(tests) / sizeof(tests[0]));
}

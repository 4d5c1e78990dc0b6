/* SPDX-License-Identifier: MIT */
/*
 * What xz(1) makes is what xz.c takes: of text, of code full of calls, of noise, in one block and
 * in many, with each setting of the models. And nothing else is taken: no file with a byte changed
 * or missing.
 */
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hv/build/xz.h"
#include "tests/unit/rng.h"

#define SIZE_LARGE (3U << 20) /* more than one chunk of LZMA2 holds */
#define SIZE_SMALL 3000

struct bytes {
    uint8_t *at;
    size_t size;
};

static size_t add_text(uint8_t *to, size_t room, struct rng *rng)
{
    static const char *const words[] = {"frame ", "grant ", "port ", "vcpu ", "warp ", "\n"};
    size_t n = 0;
    for (unsigned i = 0; i < 200; i++) {
        const char *w = words[rng_below(rng, 6)];
        size_t length = strlen(w);
        if (length > room - n)
            break;
        for (size_t k = 0; k < length; k++)
            to[n + k] = (uint8_t)w[k];
        n += length;
    }
    return n;
}

/* Calls and jumps, near and far, close to each other and overlapping. */
static size_t add_code(uint8_t *to, size_t room, struct rng *rng)
{
    size_t n = 0;
    while (n < 4000 && n + 16 <= room) {
        to[n] = rng_below(rng, 2) ? 0xe8 : 0xe9;
        uint32_t kind = rng_below(rng, 8);
        int32_t where = (int32_t)rng_below(rng, 0x20000) - 0x10000;
        memcpy(to + n + 1, &where, sizeof(where));
        if (kind == 0)
            to[n + 4] = (uint8_t)rng_next(rng);
        n += kind < 4 ? 5 : kind < 6 ? 1 + kind % 4 : 9;
    }
    return n;
}

static size_t add_noise(uint8_t *to, size_t room, struct rng *rng)
{
    size_t n = room < 70000 ? room : 70000; /* of which a chunk is not compressed */
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)rng_next(rng);
    return n;
}

static struct bytes make_content(size_t size)
{
    struct bytes b = {calloc(1, size), size};
    struct rng rng = rng_seeded(1);
    assert_non_null(b.at);
    for (size_t n = 0; n < size; n++) {
        uint32_t kind = rng_below(&rng, 8);
        n += kind < 4   ? add_text(b.at + n, size - n, &rng)
             : kind < 7 ? add_code(b.at + n, size - n, &rng)
                        : add_noise(b.at + n, size - n, &rng);
    }
    return b;
}

/* Of exactly its size, so that the sanitizer sees what is read behind it. */
static struct bytes compress(struct bytes content, const char *options)
{
    char name[] = "/tmp/xz-test-XXXXXX";
    char command[256];
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content.at, content.size), content.size);
    close(fd);
    snprintf(command, sizeof(command), "xz -c %s <%s", options, name);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t room = 2 * content.size + 4096;
    struct bytes b = {malloc(room), 0};
    assert_non_null(b.at);
    b.size = fread(b.at, 1, room, pipe);
    assert_int_equal(pclose(pipe), 0);
    unlink(name);
    b.at = realloc(b.at, b.size);
    assert_non_null(b.at);
    return b;
}

static const char *uncompress(struct bytes file, struct bytes *out)
{
    out->at = malloc(out->size);
    assert_non_null(out->at);
    return xz_uncompress(file.at, file.size, out->at, out->size);
}

static void check_taken(struct bytes content, const char *options)
{
    struct bytes file = compress(content, options);
    assert_true(xz_is(file.at, file.size));
    assert_int_equal(xz_size(file.at, file.size), content.size);
    struct bytes out = {NULL, content.size};
    const char *wrong = uncompress(file, &out);
    if (wrong != NULL)
        fail_msg("%s: %s", options, wrong);
    assert_memory_equal(out.at, content.at, content.size);
    free(out.at);
    free(file.at);
}

#define KERNEL "--check=crc32 --x86 --lzma2=dict=32MiB" /* Linux scripts/xz_wrap.sh, on x86 */

static void takes_what_kernels_are_compressed_by(void **state)
{
    (void)state;
    struct bytes content = make_content(SIZE_LARGE);
    check_taken(content, KERNEL);
    free(content.at);
}

static void takes_every_setting(void **state)
{
    static const char *const options[] = {
        "--check=crc32 -0",
        "--check=none -9e",
        "--check=crc32 --x86 --lzma2=lc=0,lp=4,pb=0",
        "--check=crc32 --lzma2=lc=4,lp=0,pb=4,nice=273",
        "--check=crc32 --lzma2=lc=2,lp=2,pb=1,mode=fast,mf=hc3",
        "--check=crc32 -T2 --block-size=100000 --x86 --lzma2",
        "--check=crc32 -T1 --block-list=1,5,70000",
    };
    (void)state;
    struct bytes content = make_content(SIZE_LARGE / 4);
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        check_taken(content, options[i]);
    free(content.at);
}

static void takes_the_size_that_kernels_append(void **state)
{
    (void)state;
    struct bytes content = make_content(SIZE_SMALL);
    struct bytes file = compress(content, KERNEL);
    struct bytes out = {NULL, content.size};
    uint32_t size = (uint32_t)content.size;
    file.at = realloc(file.at, file.size + sizeof(size));
    assert_non_null(file.at);
    memcpy(file.at + file.size, &size, sizeof(size));
    file.size += sizeof(size);
    assert_int_equal(xz_size(file.at, file.size), content.size);
    assert_null(uncompress(file, &out));
    assert_memory_equal(out.at, content.at, content.size);
    free(out.at);
    free(file.at);
    free(content.at);
}

static void names_what_it_cannot_do(void **state)
{
    static const struct {
        const char *options, *says;
    } cases[] = {
        {"--check=crc64", "check other than CRC-32"},
        {"--check=sha256", "check other than CRC-32"},
        {"--check=crc32 --arm --lzma2", "filters other than"},
        {"--check=crc32 --delta=dist=4 --x86 --lzma2", "filters other than"},
        {"--check=crc32 --x86=start=16 --lzma2", "filters other than"},
    };
    (void)state;
    struct bytes content = make_content(SIZE_SMALL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes file = compress(content, cases[i].options);
        struct bytes out = {NULL, content.size};
        const char *wrong = uncompress(file, &out);
        assert_non_null(wrong);
        assert_non_null(strstr(wrong, cases[i].says));
        free(out.at);
        free(file.at);
    }
    free(content.at);
}

static void refuse(struct bytes file, size_t room)
{
    if (!xz_is(file.at, file.size))
        return;
    struct bytes out = {NULL, room};
    assert_non_null(uncompress(file, &out));
    free(out.at);
}

static void refuses_a_changed_byte(void **state)
{
    static const uint8_t changes[] = {1, 0x80, 0xff};
    (void)state;
    struct bytes content = make_content(SIZE_SMALL);
    struct bytes file = compress(content, KERNEL);
    for (size_t i = 0; i < file.size; i++) {
        for (size_t k = 0; k < sizeof(changes); k++) {
            file.at[i] ^= changes[k];
            refuse(file, content.size);
            file.at[i] ^= changes[k];
        }
    }
    free(file.at);
    free(content.at);
}

static void refuses_a_file_that_is_not_whole(void **state)
{
    (void)state;
    struct bytes content = make_content(SIZE_SMALL);
    struct bytes file = compress(content, KERNEL);
    for (size_t size = 1; size < file.size; size++) {
        struct bytes part = {malloc(size), size};
        assert_non_null(part.at);
        memcpy(part.at, file.at, size);
        assert_int_equal(xz_size(part.at, size), 0);
        refuse(part, content.size);
        free(part.at);
    }
    free(file.at);
    free(content.at);
}

static void refuses_another_size(void **state)
{
    (void)state;
    struct bytes content = make_content(SIZE_SMALL);
    struct bytes file = compress(content, KERNEL);
    refuse(file, content.size - 1);
    refuse(file, content.size + 1);
    free(file.at);
    free(content.at);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_kernels_are_compressed_by),
        cmocka_unit_test(takes_every_setting),
        cmocka_unit_test(takes_the_size_that_kernels_append),
        cmocka_unit_test(names_what_it_cannot_do),
        cmocka_unit_test(refuses_a_changed_byte),
        cmocka_unit_test(refuses_a_file_that_is_not_whole),
        cmocka_unit_test(refuses_another_size),
    };
    return tap_run("hv/xz", tests, sizeof(tests) / sizeof(tests[0]));
}

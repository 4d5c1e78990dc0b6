/* SPDX-License-Identifier: MIT */
/* What a description says is what is read, and what is wrong with one is said with its line. */
#include "tests/unit/tap.h"

#include <stdlib.h>
#include <string.h>

#include "dom0/description.h"
#include "tests/unit/rng.h"

static struct description d;
static struct problem problem;

/* In memory of exactly this size, so that reading behind it is seen. */
static bool read_bytes(const char *text, size_t n)
{
    static char *exact;
    free(exact);
    exact = malloc(n ? n : 1);
    memcpy(exact, text, n);
    memset(&problem, 0, sizeof(problem));
    return description_read(&d, "file", exact, n, &problem);
}

static bool read(const char *text)
{
    return read_bytes(text, strlen(text));
}

static const char whole[] = "# comment\n"
                            "domain front   # another\r\n"
                            "    kernel ping-front\n"
                            "    memory 8M\n"
                            "    vcpus 2\n"
                            "    cpus 0,2-4,63\n"
                            "    arguments count=5  then=end \n"
                            "    events fifo\n"
                            "    ports 131071\n"
                            "    schedule weight=512 cap=0\n"
                            "    ramdisk files\n"
                            "\n"
                            "domain back\n"
                            "\tkernel ping-back\n"
                            "\tmemory 1G\n"
                            "domain third\n"
                            "kernel k\n"
                            "memory 4K\n"
                            "restart 3\n"
                            "channel ring\n"
                            "    front front\n"
                            "    back back\n"
                            "    pages 4\n"
                            "    with layout=xen policy=always\n"
                            "end front third\n"
                            "limit 30";

static void test_whole(void **state)
{
    (void)state;
    if (!read(whole))
        fail_msg("%s", problem.text);
    assert_int_equal(d.domains_count, 3);
    const struct described_domain *front = &d.domains[0];
    assert_string_equal(front->name, "front");
    assert_true(text_is(front->kernel, "ping-front"));
    assert_true(text_is(front->ramdisk, "files"));
    assert_int_equal(front->memory, 8 << 20);
    assert_int_equal(front->vcpus, 2);
    assert_true(front->cpus == (0x1dUL | 1UL << 63));
    assert_true(text_is(front->arguments, "count=5  then=end"));
    assert_string_equal(front->events, "fifo");
    assert_int_equal(front->ports, 131071);
    assert_true(text_is(front->schedule, "weight=512 cap=0"));
    assert_int_equal(front->restarts, 0);
    assert_true(front->ends);
    const struct described_domain *back = &d.domains[1];
    assert_int_equal(back->memory, 1 << 30);
    assert_int_equal(back->vcpus, 1);
    assert_int_equal(back->ports, 1023);
    assert_int_equal(back->cpus, 0);
    assert_int_equal(back->arguments.length, 0);
    assert_false(back->ends);
    assert_int_equal(d.domains[2].restarts, 3);
    assert_false(d.domains[2].only_crashes);
    assert_int_equal(d.channels_count, 1);
    assert_int_equal(d.channels[0].front, 0);
    assert_int_equal(d.channels[0].back, 1);
    assert_int_equal(d.channels[0].pages, 4);
    assert_true(text_is(d.channels[0].with, "layout=xen policy=always"));
    assert_int_equal(d.limit_seconds, 30);
}

#define ONE "domain a\nkernel k\nmemory 4M\n"

static void test_defaults_and_restarts(void **state)
{
    (void)state;
    assert_true(read(ONE));
    assert_true(d.domains[0].ends);
    assert_int_equal(d.limit_seconds, 0);
    assert_true(read(ONE "restart always\nend all\n"));
    assert_int_equal(d.domains[0].restarts, RESTART_ALWAYS);
    assert_true(read(ONE "restart on-crash"));
    assert_true(d.domains[0].only_crashes);
    assert_true(read(ONE "restart never"));
    assert_int_equal(d.domains[0].restarts, 0);
}

static void test_words(void **state)
{
    (void)state;
    struct text nothing = {NULL, 0};
    assert_int_equal(text_word(&nothing).length, 0);
    struct text words = {" a  bc ", 7};
    assert_true(text_is(text_word(&words), "a"));
    assert_true(text_is(text_word(&words), "bc"));
    assert_int_equal(text_word(&words).length, 0);
}

static const struct {
    const char *text;
    const char *says;
} refusals[] = {
    {"", "file: expected a domain, found none"},
    {"domain a\nmemory 4M\n", "file:1: a: expected a line `kernel', found none"},
    {"domain a\nkernel k\n", "file:1: a: expected a line `memory', found none"},
    {"domain\n", "file:1: expected a name"},
    {"domain a b\n",
     "file:1: expected a name of 1 to 31 letters, digits, `-' and `_', found `a b'"},
    {"domain a.b\n", "file:1: expected a name"},
    {"domain aaaaaaaaaabbbbbbbbbbccccccccccdd\n", "file:1: expected a name"},
    {ONE "domain a\n", "file:4: expected a name that no other domain has, found `a'"},
    {"kernel k\n", "file:1: expected this within a domain, found `kernel'"},
    {ONE "front a\n", "file:4: expected this within a channel, found `front'"},
    {ONE "colour red\n", "file:4: expected domain, channel, end, limit, or a line of a block"},
    {ONE "kernel j\n", "file:4: expected each line of a block once, found `kernel'"},
    {ONE "vcpus\n", "file:4: expected a value, found `vcpus'"},
    {ONE "vcpus 1 2\n", "file:4: expected one word, found `1 2'"},
    {ONE "vcpus 0\n", "file:4: expected 1 to 32 vcpus, found `0'"},
    {ONE "vcpus 33\n", "found `33'"},
    {ONE "vcpus 0x\n", "found `0x'"},
    {ONE "vcpus 99999999999999999999\n", "expected 1 to 32 vcpus"},
    {ONE "ports 131072\n", "expected a port of 1 to 131071"},
    {ONE "cpus 64\n", "expected CPUs below 64, such as 0,2-3, found `64'"},
    {ONE "cpus 3-2\n", "found `3-2'"},
    {ONE "cpus 1,\n", "found `1,'"},
    {ONE "cpus ,1\n", "found `,1'"},
    {ONE "cpus 1-\n", "found `1-'"},
    {ONE "events flut\n", "expected one of flat 2l 2l-32 fifo, found `flut'"},
    {ONE "schedule weight\n", "expected words name=value, found `weight'"},
    {ONE "schedule =5\n", "found `=5'"},
    {ONE "schedule weight=\n", "found `weight='"},
    {ONE "restart 0\n", "expected never, on-crash, always, or how many times, found `0'"},
    {ONE "restart sometimes\n", "found `sometimes'"},
    {"domain a\nkernel k\nmemory 4\n", "expected a size in whole pages, such as 8M, found `4'"},
    {"domain a\nkernel k\nmemory M\n", "found `M'"},
    {"domain a\nkernel k\nmemory 0M\n", "found `0M'"},
    {"domain a\nkernel k\nmemory 3K\n", "found `3K'"},
    {"domain a\nkernel k\nmemory 99999999999G\n", "found `99999999999G'"},
    {"domain a\nkernel k\nmemory 18446744073709551615K\n", "expected a size"},
    {ONE "limit 0\n", "expected a number of seconds, found `0'"},
    {ONE "limit 1\nlimit 2\n", "file:5: expected one line `limit', found `2'"},
    {ONE "end\n", "expected all, or names of domains, found `'"},
    {ONE "end b\n", "file:4: expected all, or names of domains, found `b'"},
    {ONE "end a\nend a\n", "file:5: expected one line `end', found `a'"},
    {ONE "channel c\nfront a\npages 1\n", "file:4: c: expected a line `back', found none"},
    {ONE "channel c\nfront a\nback b\npages 1\n",
     "file:4: expected the name of a domain, found `b'"},
    {ONE "channel c\nfront a\nback a\npages 1\n", "file:4: expected two domains, found `a'"},
    {ONE "channel c\nfront a\nback a\npages 257\n", "expected 1 to 256 pages"},
    {ONE "channel c\nfront a\nback a\npages 1\nwith x\n", "expected words name=value, found `x'"},
    {ONE "restart 1\ndomain b\nkernel k\nmemory 4M\nchannel c\nfront b\nback a\npages 1\n",
     "file:8: expected a channel between domains that are not restarted, found `a'"},
    {ONE "channel c\nfront a\nback a\npages 1\nchannel c\n",
     "file:8: expected a name that no other channel has, found `c'"},
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(*refusals); i++) {
        assert_false(read(refusals[i].text));
        if (!strstr(problem.text, refusals[i].says))
            fail_msg("%s: expected `%s', found `%s'", refusals[i].text, refusals[i].says,
                     problem.text);
    }
    static const char zero[] = ONE "vcpus\0 1\n";
    assert_false(read_bytes(zero, sizeof(zero) - 1));
    assert_non_null(strstr(problem.text, "file:4: expected text"));
}

/* One more than there is room for. */
static void test_too_many(void **state)
{
    (void)state;
    static char text[DESCRIBED_DOMAINS_MAX * 64];
    size_t n = 0;
    for (unsigned i = 0; i < DESCRIBED_DOMAINS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "domain d%u\nkernel k\nmemory 4M\n", i);
    assert_true(read(text));
    assert_int_equal(d.domains_count, DESCRIBED_DOMAINS_MAX);
    snprintf(text + n, sizeof(text) - n, "domain x\nkernel k\nmemory 4M\n");
    assert_false(read(text));
    assert_non_null(strstr(problem.text, "at most 256 domains"));
}

/* Whatever is changed or cut off: an answer, and if it is yes, one that holds together. */
static void test_random(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(11);
    static const char bytes[] = " \n#=,-09aKMG\t";
    unsigned good = 0;
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof(whole)];
        memcpy(text, whole, sizeof(whole));
        for (uint64_t n = rng_next(&rng) % 4; n > 0; n--)
            text[rng_next(&rng) % (sizeof(whole) - 1)] =
                bytes[rng_next(&rng) % (sizeof(bytes) - 1)];
        size_t n = rng_next(&rng) % 4 ? sizeof(whole) - 1 : rng_next(&rng) % sizeof(whole);
        if (!read_bytes(text, n)) {
            assert_true(problem.text[0] != '\0');
            continue;
        }
        good++;
        for (unsigned i = 0; i < d.domains_count; i++) {
            assert_true(d.domains[i].memory > 0 && d.domains[i].memory % 4096 == 0);
            assert_true(d.domains[i].vcpus >= 1 && d.domains[i].vcpus <= DESCRIBED_VCPUS_MAX);
            assert_true(d.domains[i].kernel.length > 0);
        }
        for (unsigned i = 0; i < d.channels_count; i++)
            assert_true(d.channels[i].front < d.domains_count &&
                        d.channels[i].back < d.domains_count &&
                        d.channels[i].front != d.channels[i].back);
    }
    assert_true(good > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),    cmocka_unit_test(test_defaults_and_restarts),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_words),    cmocka_unit_test(test_random),
    };
    return tap_run("dom0_description", tests, sizeof(tests) / sizeof(*tests));
}

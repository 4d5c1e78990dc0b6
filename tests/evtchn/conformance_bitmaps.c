/* SPDX-License-Identifier: MIT */
/* `flat`, `2l` and `2l-32`: their order, and the words that they leave in the guest's memory. */
#include "tests/evtchn/conformance.h"

static struct world_domain w;

static void fill(void **state)
{
    const struct world_abi *abi = *state;
    world_open(&w, (struct world_config){.abi = abi, .id = 1, .vcpus = 2});
    for (uint32_t want = 1; want < abi->ports; want++)
        assert_int_equal(open_ipi(&w, 0), want);
}

static uint32_t word_bits(void)
{
    return w.config.abi->producer == &evtchn_two_level_32_producer ? 32 : 64;
}

/* ---- flat ---- */

static void test_lowest_first(void **state)
{
    fill(state);
    (void)send(&w, 63);
    (void)send(&w, 1);
    (void)send(&w, 17);
    assert_int_equal(*(uint64_t *)w.pending, 1ULL << 63 | 1ULL << 17 | 1ULL << 1);
    assert_int_equal(*w.vcpu[0].selector, 0);
    evtchn_consumer_mask(&w.vcpu[0].c, 17);
    assert_int_equal(*(uint64_t *)w.mask, 1ULL << 17);
    assert_scan(&w, 0, 1, 63);

    /* Even if that lets the highest one wait. */
    (void)send(&w, 63);
    (void)send(&w, 2);
    evtchn_consumer_begin(&w.vcpu[0].c);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), 2);
        (void)send(&w, 2);
    }
    assert_scan(&w, 0, 2, 63);
    world_close(&w);
}

/* ---- 2l ---- */

static void test_a_bit_a_port(void **state)
{
    fill(state);
    uint32_t bits = word_bits();
    for (uint32_t port = 1; port < bits * bits; port += 7) {
        (void)send(&w, port);
        assert_int_equal(*w.vcpu[0].selector, 1ULL << port / bits);
        for (uint32_t byte = 0; byte < bits * bits / 8; byte++)
            assert_int_equal(((uint8_t *)w.pending)[byte], byte == port / 8 ? 1U << port % 8 : 0);
        evtchn_consumer_mask(&w.vcpu[0].c, port);
        for (uint32_t byte = 0; byte < bits * bits / 8; byte++)
            assert_int_equal(((uint8_t *)w.mask)[byte], byte == port / 8 ? 1U << port % 8 : 0);
        struct evtchn_effect effect;
        assert_ok(evtchn_unmask(&w.d, port, &effect));
        assert_scan(&w, 0, port);
        assert_int_equal(*w.vcpu[0].selector, 0);
    }
    world_close(&w);
}

static void test_words_in_rotation(void **state)
{
    fill(state);
    uint32_t bits = word_bits();
    for (uint32_t word = 0; word < bits; word += 3) {
        (void)send(&w, word * bits + 5);
        (void)send(&w, word * bits + 2);
    }
    static struct got got;
    scan(&w, 0, &got);
    uint32_t words = (bits + 2) / 3;
    assert_int_equal(got.n, 2 * words);
    /* The word that it stands at, which at first is word 0, comes last. */
    for (uint32_t i = 0; i < words; i++) {
        uint32_t word = (i + 1) % words * 3;
        assert_int_equal(got.port[2 * i], word * bits + 2);
        assert_int_equal(got.port[2 * i + 1], word * bits + 5);
    }
    (void)send(&w, 3);
    (void)send(&w, 4 * bits);
    (void)send(&w, 9 * bits);
    assert_scan(&w, 0, 4 * bits, 9 * bits, 3);
    (void)send(&w, 9 * bits);
    assert_scan(&w, 0, 9 * bits);
    (void)send(&w, (bits - 1) * bits);
    (void)send(&w, 4 * bits);
    assert_scan(&w, 0, (bits - 1) * bits, 4 * bits);
    (void)send(&w, (bits - 1) * bits);
    assert_scan(&w, 0, (bits - 1) * bits);
    (void)send(&w, 1);
    (void)send(&w, (bits - 1) * bits + 1);
    assert_scan(&w, 0, 1, (bits - 1) * bits + 1);
    world_close(&w);
}

/* A selector bit that is set already, though its word's event was masked, is no reason not to set
 * the flag for another word. */
static void test_selector_bits_are_apart(void **state)
{
    fill(state);
    uint32_t bits = word_bits();
    evtchn_consumer_mask(&w.vcpu[0].c, 5);
    assert_tells_nobody(send(&w, 5), EVTCHN_IS_PENDING);
    assert_int_equal(*w.vcpu[0].selector, 0);
    assert_tells(send(&w, 6), &w, 0);
    *w.vcpu[0].upcall = 0; /* as between begin and the taking of the selector */
    assert_tells_nobody(send(&w, 7), EVTCHN_IS_PENDING);
    assert_tells(send(&w, bits), &w, 0);
    static struct got got;
    assert_int_equal(scan(&w, 0, &got)->n, 3);
    world_close(&w);
}

/* Each vcpu has its own selector. */
static void test_selectors_of_vcpus(void **state)
{
    const struct world_abi *abi = *state;
    world_open(&w, (struct world_config){.abi = abi, .id = 1, .vcpus = 2, .mine = true});
    uint32_t one = open_ipi(&w, 0), two = open_ipi(&w, 1);
    assert_tells(send(&w, one), &w, 0);
    assert_tells(send(&w, two), &w, 1);
    assert_int_equal(*w.vcpu[0].selector, 1);
    assert_int_equal(*w.vcpu[1].selector, 1);
    assert_scan(&w, 1, two);
    assert_scan(&w, 0, one);
    world_close(&w);
}

/* Regression: a port that was moved to another vcpu while its old one had stopped early was still
 * handed out there. */
static void test_moved_from_a_scan_that_stopped(void **state)
{
    const struct world_abi *abi = *state;
    struct evtchn_effect effect;
    world_open(&w, (struct world_config){.abi = abi, .id = 1, .vcpus = 2, .mine = true});
    struct pair p = open_pair(&w), q = open_pair(&w);
    (void)send(&w, p.from);
    (void)send(&w, q.from);
    evtchn_consumer_begin(&w.vcpu[0].c);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), p.to);
    evtchn_consumer_mask(&w.vcpu[0].c, q.to);
    assert_ok(evtchn_bind_vcpu(&w.d, q.to, 1));
    world_note_mine(&w, q.to, 1);
    assert_int_equal(evtchn_consumer_unmask(&w.vcpu[0].c, q.to), EVTCHN_UNMASK_CALL);
    assert_ok(evtchn_unmask(&w.d, q.to, &effect));
    assert_tells(effect, &w, 1);
    assert_int_equal(evtchn_consumer_next(&w.vcpu[0].c), EVTCHN_NONE);
    assert_scan(&w, 1, q.to);
    world_close(&w);
}

static const struct CMUnitTest flat_tests[] = {
    cmocka_unit_test(test_lowest_first),
};

static const struct CMUnitTest two_level_tests[] = {
    cmocka_unit_test(test_a_bit_a_port),
    cmocka_unit_test(test_words_in_rotation),
    cmocka_unit_test(test_selector_bits_are_apart),
    cmocka_unit_test(test_selectors_of_vcpus),
    cmocka_unit_test(test_moved_from_a_scan_that_stopped),
};

const struct conformance_suite conformance_flat = {flat_tests, 1};
const struct conformance_suite conformance_two_level = {
    two_level_tests, sizeof(two_level_tests) / sizeof(*two_level_tests)};

/* SPDX-License-Identifier: MIT */
/*
 * Frames' types and counts. Tables here have ENTRIES entries, each the number of a frame that must
 * be of the type below and is then referred to, or nothing; the processor's part is this.
 */
#include "tests/hv/machine.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "tests/unit/rng.h"

#define FRAMES 64U
#define ENTRIES 8U
#define NOTHING 0U /* frame 0 is in no table */

static struct domain owning = {.id = 1}, another = {.id = 2};
static struct domain *const owner = &owning, *const other = &another;

static uint32_t tables[FRAMES][ENTRIES];
static unsigned patience;    /* entries until the next -XEN_ERESTART; 0: none */
static uint64_t flushed_for; /* the last stamp that was flushed for */
static unsigned freed, flushes;

void domain_frame_free(struct frame *f)
{
    (void)f;
    freed++;
}

void tlb_flush_older(uint64_t stamp, const struct domain *owner)
{
    (void)owner;
    flushed_for = stamp;
    flushes++;
}

unsigned arch_table_entries(enum frame_type t)
{
    return t == TYPE_DESCRIPTORS ? 0 : ENTRIES;
}

/* Enough to come to an entry of a table that an entry of another one is of, and past it. */
#define PROGRESS 3

static bool impatient(void)
{
    return patience != 0 && --patience == 0;
}

static int entry_check(enum frame_type t, uint32_t entry)
{
    if (entry == NOTHING)
        return 0;
    if (!frame_get(mfn(entry), owner))
        return -XEN_EPERM;
    int rc = frame_get_type(frame_of(mfn(entry)), t == TYPE_L1 ? TYPE_WRITABLE : t - 1);
    if (rc != 0)
        frame_put(frame_of(mfn(entry)));
    return rc;
}

/* Only of what has entries. */
static bool has_entries(enum frame_type t)
{
    return t >= TYPE_L1 && t <= TYPE_DESCRIPTORS;
}

int arch_table_check(struct frame *f, enum frame_type t, unsigned from, unsigned *done)
{
    assert_true(has_entries(t));
    for (*done = from; *done < arch_table_entries(t); ++*done) {
        if (impatient())
            return -XEN_ERESTART;
        int rc = entry_check(t, tables[frame_mfn(f).n][*done]);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int arch_table_release(struct frame *f, enum frame_type t, unsigned from, unsigned *done)
{
    assert_true(has_entries(t));
    for (*done = from; *done != 0; --*done) {
        uint32_t entry = tables[frame_mfn(f).n][*done - 1];
        if (impatient())
            return -XEN_ERESTART;
        if (entry == NOTHING)
            continue;
        int rc = frame_put_type(frame_of(mfn(entry)));
        if (rc != 0)
            return rc;
        frame_put(frame_of(mfn(entry)));
    }
    return 0;
}

static struct frame *at(uint64_t n)
{
    return frame_of(mfn(n));
}

static int start(void **state)
{
    (void)state;
    machine_start(FRAMES, false);
    memset(tables, 0, sizeof(tables));
    patience = freed = flushes = 0;
    for (unsigned i = 1; i < FRAMES; i++)
        frame_assign(at(i), owner);
    return 0;
}

static int end(void **state)
{
    (void)state;
    machine_end();
    return 0;
}

static uint64_t references(uint64_t n)
{
    return frame_references(at(n));
}

/* ---- references */

static void test_references(void **state)
{
    (void)state;
    assert_false(frame_get(mfn(0), owner)); /* nobody's */
    assert_false(frame_get(mfn(FRAMES), owner));
    assert_false(frame_get(MFN_NONE, owner));
    assert_false(frame_get(mfn(5), other));
    assert_int_equal(references(5), 1);
    assert_int_equal(references(0), 0);
    assert_true(frame_get(mfn(5), owner));
    frame_get_more(at(5));
    assert_int_equal(references(5), 3);

    assert_true(frame_disown(at(5)));
    assert_false(frame_disown(at(5)));
    frame_put(at(5));
    assert_true(frame_get(mfn(5), owner)); /* as long as somebody has it */
    frame_put(at(5));
    frame_put(at(5));
    assert_int_equal(freed, 0);
    tlb_clock = 9;
    frame_put(at(5));
    assert_int_equal(freed, 1);
    assert_int_equal(at(5)->stamp, 9);
    assert_false(frame_get(mfn(5), owner));
    /* Whatever it was: who gets it next has one of no type. */
    at(5)->type = (uint64_t)TYPE_L3 << TYPE_KIND_SHIFT | TYPE_PINNED;
    frame_assign(at(5), other);
    assert_int_equal(at(5)->type, 0);
    assert_true(frame_get(mfn(5), other));
}

/*
 * Who guesses at frames of others changes nothing about them, not even for a moment: the table
 * cannot be written to, and is a page that this test ends by trying to.
 */
static void test_guesses_leave_no_trace(void **state)
{
    (void)state;
    struct frame *table = frame_table;
    frame_table = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(frame_table, MAP_FAILED);
    assert_true(FRAMES * sizeof(*table) <= PAGE_SIZE);
    memcpy(frame_table, table, FRAMES * sizeof(*table));
    at(6)->count = FRAME_FREE;
    assert_int_equal(mprotect(frame_table, PAGE_SIZE, PROT_READ), 0);
    bool got = false;
    for (unsigned i = 0; i < FRAMES; i++)
        got |= frame_get(mfn(i), other);
    got |= frame_get(mfn(6), owner);
    munmap(frame_table, PAGE_SIZE);
    frame_table = table;
    assert_false(got);
}

static void test_taken_and_kept(void **state)
{
    (void)state;
    assert_false(frame_take(mfn(0), owner)); /* nobody's */
    assert_false(frame_take(mfn(FRAMES), owner));
    assert_false(frame_take(MFN_NONE, owner));
    assert_false(frame_take(mfn(5), other));
    /* Its owner uses it, or has given it up. */
    assert_true(frame_get(mfn(5), owner));
    assert_false(frame_take(mfn(5), owner));
    assert_true(frame_disown(at(5)));
    frame_put(at(5));
    assert_false(frame_take(mfn(5), owner));
    assert_int_equal(references(5), 1);

    uint64_t type = at(7)->type = (uint64_t)TYPE_WRITABLE << TYPE_KIND_SHIFT;
    tlb_clock = 9;
    assert_true(frame_take(mfn(7), owner));
    assert_int_equal(references(7), 0);
    assert_int_equal(at(7)->stamp, 9);
    assert_false(frame_get(mfn(7), owner));
    assert_false(frame_take(mfn(7), owner));
    frame_untake(mfn(7), owner);
    assert_int_equal(at(7)->type, type);
    assert_int_equal(references(7), 1);
    assert_true(PANICS(frame_untake(mfn(7), owner)));
    assert_true(frame_take(mfn(7), owner));
    frame_assign(at(7), other);
    assert_true(frame_get(mfn(7), other));
    assert_int_equal(freed, 0);
}

/* A frame of the hypervisor's that a domain may refer to, and does so longer than it may. */
static void test_lent_and_taken_back(void **state)
{
    (void)state;
    assert_true(frame_take(mfn(5), owner));
    frame_assign(at(5), NULL);
    assert_false(frame_get(mfn(5), owner));
    frame_lend(at(5), owner);
    assert_false(frame_get(mfn(5), other));
    assert_true(frame_get(mfn(5), owner));
    assert_false(frame_disown(at(5))); /* it has no claim that it could give up */
    assert_false(frame_take(mfn(5), owner));
    assert_int_equal(references(5), 2);
    frame_lend(at(5), NULL);
    assert_null(at(5)->owner);
    assert_false(frame_get(mfn(5), owner));
    frame_put(at(5));
    assert_int_equal(freed, 0);
    frame_put(at(5));
    assert_int_equal(freed, 1);
    assert_true(PANICS(frame_lend(at(5), owner)));
}

static void test_broken_counts(void **state)
{
    (void)state;
    assert_true(PANICS(frame_get_more(at(0))));
    assert_true(PANICS(frame_assign(at(5), owner)));
    assert_true(PANICS(frame_put_type(at(5)))); /* not in use as anything */
    /* Its last reference goes while it is used as something. */
    assert_int_equal(frame_get_type(at(6), TYPE_WRITABLE), 0);
    assert_true(frame_disown(at(6)));
    assert_true(PANICS(frame_put(at(6))));
    /* A use is given back that is still being checked. */
    patience = 2;
    assert_int_equal(frame_get_type(at(20), TYPE_L2), -XEN_ERESTART);
    assert_true(PANICS(frame_put_type(at(20))));
}

/* ---- one type at a time */

static void test_types_exclude_each_other(void **state)
{
    (void)state;
    for (enum frame_type a = TYPE_L1; a <= TYPE_WRITABLE; a++) {
        for (enum frame_type b = TYPE_L1; b <= TYPE_WRITABLE; b++) {
            struct frame *f = at(7);
            assert_int_equal(frame_get_type(f, a), 0);
            for (enum frame_type c = TYPE_NONE; c <= TYPE_WRITABLE; c++)
                assert_int_equal(frame_is(f, c), c == a);
            uint64_t before = f->type;
            assert_int_equal(frame_get_type(f, b), a == b ? 0 : -XEN_EINVAL);
            if (a == b)
                assert_int_equal(frame_put_type(f), 0);
            assert_int_equal(f->type, before);
            assert_int_equal(frame_put_type(f), 0);
            assert_false(frame_is(f, a));
            assert_int_equal(references(7), 1);
        }
    }
}

static void test_uses_are_counted(void **state)
{
    (void)state;
    for (enum frame_type t = TYPE_L1; t <= TYPE_WRITABLE; t++) {
        for (unsigned i = 1; i <= 3; i++) {
            assert_int_equal(frame_get_type(at(7), t), 0);
            assert_int_equal(frame_type_count(at(7)), i);
        }
        for (unsigned i = 3; i-- > 0;) {
            assert_true(frame_is(at(7), t));
            assert_int_equal(frame_put_type(at(7)), 0);
            assert_int_equal(frame_type_count(at(7)), i);
        }
    }
    for (enum frame_type t = TYPE_L1; t <= TYPE_WRITABLE; t++) {
        assert_int_equal(frame_get_type(at(8), t), 0);
        at(8)->type |= TYPE_COUNT_MASK; /* as many as can be counted */
        assert_int_equal(frame_get_type(at(8), t), -XEN_EBUSY);
        assert_int_equal(frame_type_count(at(8)), TYPE_COUNT_MASK);
        at(8)->type -= TYPE_COUNT_MASK - 1;
        assert_int_equal(frame_put_type(at(8)), 0);
    }
}

/* Before a frame is something else, nobody knows a translation from when it was what it was. */
static void test_stale_translations(void **state)
{
    (void)state;
    tlb_clock = 5;
    assert_int_equal(frame_get_type(at(7), TYPE_WRITABLE), 0);
    assert_int_equal(flushes, 0); /* it was nothing */
    assert_int_equal(frame_put_type(at(7)), 0);
    tlb_clock = 6;
    assert_int_equal(frame_get_type(at(7), TYPE_WRITABLE), 0);
    assert_int_equal(flushes, 0); /* it is what it was */
    assert_int_equal(frame_put_type(at(7)), 0);
    tlb_clock = 7;
    assert_int_equal(frame_get_type(at(7), TYPE_L1), 0);
    assert_int_equal(flushes, 1);
    assert_int_equal(flushed_for, 6);
    tlb_clock = 8;
    assert_int_equal(frame_put_type(at(7)), 0);
    assert_int_equal(frame_get_type(at(7), TYPE_WRITABLE), 0);
    assert_int_equal(flushes, 2);
    assert_int_equal(flushed_for, 8);
}

/* ---- tables */

/* 20 is an L2 of two L1, 21 and 22, which map 30 to 33. */
static void make_tree(void)
{
    tables[20][1] = 21;
    tables[20][6] = 22;
    tables[21][0] = 30;
    tables[21][7] = 31;
    tables[22][2] = 32;
    tables[22][3] = 33;
}

static void assert_tree(unsigned used)
{
    for (unsigned n = 20; n <= 22; n++)
        assert_int_equal(frame_type_count(at(n)), used);
    for (unsigned n = 21; n <= 33; n++)
        assert_int_equal(references(n), n <= 22 || n >= 30 ? 1 + used : 1);
    for (unsigned n = 30; n <= 33; n++)
        assert_int_equal(frame_type_count(at(n)), used);
}

static void test_tables_hold_what_they_name(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(frame_get_type(at(20), TYPE_L2), 0);
    assert_tree(1);
    assert_int_equal(frame_get_type(at(30), TYPE_L1), -XEN_EINVAL);
    assert_int_equal(frame_get_type(at(21), TYPE_WRITABLE), -XEN_EINVAL);
    /* Used once more, it holds no more than before. */
    assert_int_equal(frame_get_type(at(20), TYPE_L2), 0);
    assert_int_equal(frame_type_count(at(20)), 2);
    assert_int_equal(frame_put_type(at(20)), 0);
    assert_tree(1);
    assert_int_equal(frame_put_type(at(20)), 0);
    assert_tree(0);
}

/* A table that maps itself, or one in use as a table, writable; whatever entry it is. */
static void test_wrong_entries(void **state)
{
    (void)state;
    static const uint32_t wrong[] = {22, 20, 0x3fffffff};
    for (unsigned i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        for (unsigned entry = 0; entry < ENTRIES; entry++) {
            make_tree();
            uint32_t kept = tables[22][entry];
            tables[22][entry] = wrong[i];
            assert_true(frame_get_type(at(20), TYPE_L2) < 0);
            assert_tree(0);
            assert_int_equal(at(20)->type & (TYPE_VALID | TYPE_PARTIAL | TYPE_FAILED), 0);
            tables[22][entry] = kept;
        }
    }
    frame_lend(at(31), other);
    assert_int_equal(frame_get_type(at(20), TYPE_L2), -XEN_EPERM);
    assert_tree(0);
}

/* ---- preemption: -XEN_ERESTART at every place there is, and at each of those of going on */

static void test_checking_is_preempted(void **state)
{
    (void)state;
    make_tree();
    for (unsigned first = 1; first <= 3 * ENTRIES; first++) {
        for (unsigned second = 1; second <= ENTRIES; second++) {
            patience = first;
            int rc = frame_get_type(at(20), TYPE_L2);
            if (rc == -XEN_ERESTART) {
                assert_true(at(20)->type & TYPE_PARTIAL);
                assert_false(frame_is(at(20), TYPE_L2));
                assert_int_equal(references(20), 2); /* nobody frees it meanwhile */
                assert_int_equal(frame_get_type(at(20), TYPE_WRITABLE), -XEN_EINVAL);
                patience = second;
                while ((rc = frame_get_type(at(20), TYPE_L2)) == -XEN_ERESTART)
                    ;
            }
            assert_int_equal(rc, 0);
            patience = 0;
            assert_int_equal(references(20), 1);
            assert_tree(1);
            assert_int_equal(frame_put_type(at(20)), 0);
            assert_tree(0);
        }
    }
}

static void test_releasing_is_preempted(void **state)
{
    (void)state;
    make_tree();
    for (unsigned first = 1; first <= 3 * ENTRIES; first++) {
        patience = 0;
        assert_int_equal(frame_get_type(at(20), TYPE_L2), 0);
        patience = first;
        int rc = frame_put_type(at(20));
        if (rc == -XEN_ERESTART) {
            patience = 0;
            assert_int_equal(frame_get_type(at(20), TYPE_L2), -XEN_EBUSY);
            assert_int_equal(frame_get_type(at(20), TYPE_WRITABLE), -XEN_EINVAL);
            patience = 1;
            assert_int_equal(frame_put_type(at(20)), -XEN_ERESTART);
            rc = frame_put_type(at(20));
        }
        assert_int_equal(rc, 0);
        assert_tree(0);
    }
}

/* Found wrong, and preempted while that is undone, once or whenever an entry was: the one who goes
 * on is told. */
static void test_undoing_is_preempted(void **state)
{
    (void)state;
    make_tree();
    tables[20][7] = 20; /* a table cannot be its own entry: it is an L2 */
    for (unsigned next = 0; next <= 4; next += 4) { /* an entry each level, and one more */
        for (unsigned first = 1; first <= 5 * ENTRIES; first++) {
            patience = first;
            int rc;
            unsigned again = 0;
            while ((rc = frame_get_type(at(20), TYPE_L2)) == -XEN_ERESTART) {
                assert_int_equal(references(20), 2);
                assert_int_equal(frame_type_count(at(20)), 1);
                again++;
                patience = next;
            }
            assert_true(rc < 0);
            assert_true(again <= (next == 0 ? 1 : 6 * ENTRIES));
            patience = 0;
            assert_tree(0);
            assert_int_equal(references(20), 1);
            assert_int_equal(at(20)->type & (TYPE_VALID | TYPE_PARTIAL | TYPE_RELEASING |
                                             TYPE_FAILED | TYPE_DONE_MASK),
                             0);
        }
    }
}

/* Checks and their undoing that were interrupted at any place, and that nobody goes on with: each
 * frame by itself is enough to come to the end, a parent before its child or after it. */
static void test_abandoned(void **state)
{
    (void)state;
    make_tree();
    for (int wrong = 0; wrong < 2; wrong++) {
        tables[20][7] = wrong ? 20 : NOTHING;
        for (unsigned first = 1; first <= 5 * ENTRIES; first++) {
            for (int upwards = 0; upwards < 2; upwards++) {
                patience = first;
                int rc = frame_get_type(at(20), TYPE_L2);
                patience = 0;
                for (uint32_t i = 0; i < FRAMES; i++) {
                    struct frame *f = at(upwards ? i : FRAMES - 1 - i);
                    patience = PROGRESS;
                    while (frame_abandon(f) == -XEN_ERESTART)
                        patience = PROGRESS;
                    patience = 0;
                }
                if (rc == 0) {
                    /* It was not interrupted: a use that is held is nobody's to end. */
                    assert_true(frame_is(at(20), TYPE_L2));
                    assert_int_equal(frame_put_type(at(20)), 0);
                }
                assert_tree(0);
            }
        }
    }
}

/* ---- 300,000 random steps: what the table says is what was taken */

static void test_random(void **state)
{
    (void)state;
    static struct use {
        uint32_t n;
        enum frame_type t;
    } uses[1000];
    unsigned n_uses = 0;
    unsigned taken[FRAMES] = {0};
    struct rng rng = rng_seeded(23);
    for (int i = 0; i < 300000; i++) {
        uint32_t n = 1 + rng_below(&rng, 8);
        enum frame_type t = TYPE_DESCRIPTORS + rng_below(&rng, 2);
        if (rng_one_in(&rng, 2) && n_uses < 1000) {
            bool fits = taken[n] == 0 || frame_type_of(at(n)) == t;
            assert_int_equal(frame_get_type(at(n), t), fits ? 0 : -XEN_EINVAL);
            if (fits) {
                uses[n_uses++] = (struct use){n, t};
                taken[n]++;
            }
        } else if (n_uses != 0) {
            unsigned which = rng_below(&rng, n_uses);
            struct use u = uses[which];
            uses[which] = uses[--n_uses];
            assert_true(frame_is(at(u.n), u.t));
            assert_int_equal(frame_put_type(at(u.n)), 0);
            taken[u.n]--;
        }
        assert_int_equal(frame_type_count(at(n)), taken[n]);
    }
}

int main(void)
{
    alarm(60); /* what is never done is called again for ever */
#define FRAME_TEST(t) cmocka_unit_test_setup_teardown(t, start, end)
    static const struct CMUnitTest tests[] = {
        FRAME_TEST(test_references),
        FRAME_TEST(test_guesses_leave_no_trace),
        FRAME_TEST(test_taken_and_kept),
        FRAME_TEST(test_lent_and_taken_back),
        FRAME_TEST(test_broken_counts),
        FRAME_TEST(test_types_exclude_each_other),
        FRAME_TEST(test_uses_are_counted),
        FRAME_TEST(test_stale_translations),
        FRAME_TEST(test_tables_hold_what_they_name),
        FRAME_TEST(test_wrong_entries),
        FRAME_TEST(test_checking_is_preempted),
        FRAME_TEST(test_releasing_is_preempted),
        FRAME_TEST(test_undoing_is_preempted),
        FRAME_TEST(test_abandoned),
        FRAME_TEST(test_random),
    };
    return tap_run("hv/frame", tests, sizeof(tests) / sizeof(tests[0]));
}

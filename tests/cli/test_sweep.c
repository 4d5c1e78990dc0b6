/* SPDX-License-Identifier: MIT */
/* From a description to points, and from points to the order in which they are observed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bench/runner/schedule.h"
#include "bench/runner/suites/native.h"

static char path[] = "/tmp/ringside-sweep-XXXXXX.exp";

/* A description around these sweeps. */
static struct experiment *read_sweeps(const char *sweeps, enum effort effort)
{
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fprintf(out,
            "title = \"t\"; repetitions = 3; duration_ms = 2;"
            "quick = { repetitions = 1; }; full = { duration_ms = 7; };"
            "sweeps = ( %s );"
            "tables = ( { title = \"t\"; metrics = \"throughput\"; } );",
            sweeps);
    fclose(out);
    struct fault fault;
    struct experiment *e = experiment_read(path, effort, &fault);
    if (e == NULL)
        fail_msg("%s", fault.text);
    return e;
}

static size_t count_points(const char *sweeps, enum effort effort)
{
    struct experiment *e = read_sweeps(sweeps, effort);
    struct plan plan;
    plan_make(&plan, e);
    size_t count = plan.point_count;
    plan_free(&plan);
    experiment_free(e);
    return count;
}

#define ONE_WAY "{ subjects = [\"xen\", \"lamport\"]; measure = \"one-way\"; batch = [1, 2, 4]; }"

static void test_product_of_axes(void **state)
{
    (void)state;
    assert_int_equal(count_points(ONE_WAY, EFFORT_STANDARD), 6);
}

static void test_points_are_once(void **state)
{
    (void)state;
    /* A sweep over again, and an axis that says nothing about one-way traffic under poll. */
    assert_int_equal(count_points(ONE_WAY ", " ONE_WAY, EFFORT_STANDARD), 6);
    assert_int_equal(count_points("{ subjects = \"xen\"; measure = \"one-way\"; threshold = [1, 8];"
                                  "  spin_ns = [0, 10]; rsp_size = [8, 16]; load = [1, 2]; }",
                                  EFFORT_STANDARD),
                     1);
}

static void test_efforts(void **state)
{
    (void)state;
    const char *sweep = "{ subjects = \"xen\"; measure = \"pairs\"; batch = [1, 2, 4];"
                        "  quick = { batch = 2; }; full = { batch = [1, 2, 4, 8, 16]; }; }";
    assert_int_equal(count_points(sweep, EFFORT_STANDARD), 3);
    assert_int_equal(count_points(sweep, EFFORT_QUICK), 1);
    assert_int_equal(count_points(sweep, EFFORT_FULL), 5);
    struct experiment *e = read_sweeps(sweep, EFFORT_QUICK);
    assert_int_equal(e->repetitions, 1);
    assert_int_equal(e->duration_ms, 2);
    experiment_free(e);
    e = read_sweeps(sweep, EFFORT_FULL);
    assert_int_equal(e->repetitions, 3);
    assert_int_equal(e->duration_ms, 7);
    experiment_free(e);
}

static void test_response_follows_request(void **state)
{
    (void)state;
    struct experiment *e = read_sweeps("{ subjects = \"xen\"; measure = \"pairs\";"
                                       "  req_size = [8, 64]; rsp_size = \"req_size\"; }",
                                       EFFORT_STANDARD);
    struct plan plan;
    plan_make(&plan, e);
    assert_int_equal(plan.point_count, 2);
    for (size_t i = 0; i < plan.point_count; i++)
        assert_int_equal(plan.points[i].point.at[NATIVE_AXIS_RSP_SIZE],
                         plan.points[i].point.at[NATIVE_AXIS_REQ_SIZE]);
    plan_free(&plan);
    experiment_free(e);
}

static void test_refused_points_are_counted(void **state)
{
    (void)state;
    /* Busy-polling goes with policy poll alone. */
    struct experiment *e = read_sweeps("{ subjects = [\"xen\", \"lamport\"]; measure = \"pairs\";"
                                       "  policy = [\"poll\", \"always\"]; batch = [1, 2]; }",
                                       EFFORT_STANDARD);
    struct plan plan;
    plan_make(&plan, e);
    assert_int_equal(plan.point_count, 4);
    assert_int_equal(plan.left_out_count, 1);
    assert_int_equal(plan.left_out[0].points, 4);
    assert_int_equal(plan.left_out[0].subjects.count, 2);
    assert_true(strlen(plan.left_out[0].reason) > 0);
    plan_free(&plan);
    experiment_free(e);
}

static void check_setting(struct experiment *e, const char *key, const char *value,
                          enum setting expected, const char *wrong)
{
    struct fault fault = {""};
    assert_int_equal(experiment_set(e, key, value, &fault), expected);
    assert_non_null(strstr(fault.text, wrong));
}

static void check_set(struct experiment *e, const char *key, const char *value)
{
    check_setting(e, key, value, SETTING_DONE, "");
}

static void check_wrong(struct experiment *e, const char *key, const char *value, const char *wrong)
{
    check_setting(e, key, value, SETTING_WRONG, wrong);
}

static void check_unknown(struct experiment *e, const char *key, const char *value,
                          const char *wrong)
{
    check_setting(e, key, value, SETTING_UNKNOWN, wrong);
}

static void test_settings(void **state)
{
    (void)state;
    struct experiment *e = read_sweeps(ONE_WAY, EFFORT_STANDARD);
    check_set(e, "batch", "8, 16");
    check_set(e, "subjects", "xen");
    check_set(e, "repetitions", "11");
    check_wrong(e, "batch", "0", "batch = 0: must be a whole number in 1..256");
    check_wrong(e, "batch", "1,,2", "batch = : must be");
    check_wrong(e, "entries", "48", "entries = 48: must be a power of two in 2..32768");
    check_wrong(e, "req_size", "10", "req_size = 10: must be a multiple of 4 in 8..256");
    check_wrong(e, "policy", "never", "policy = never: must be one of always, event-index");
    check_unknown(e, "subjects", "xem", "no subject 'xem'; there are: layouts, peers, raw, xen");
    check_wrong(e, "duration_ms", "0", "duration_ms = 0: must be a whole number in 1..");
    check_unknown(e, "batchs", "1", "unknown key 'batchs'; known are: repetitions");
    check_unknown(e, "kind", "layout", "unknown key 'kind'");
    assert_int_equal(e->repetitions, 11);
    experiment_free(e);

    e = read_sweeps(ONE_WAY, EFFORT_STANDARD);
    check_set(e, "batch", "8,16");
    check_set(e, "subjects", "xen");
    struct plan plan;
    plan_make(&plan, e);
    assert_int_equal(plan.point_count, 2);
    assert_string_equal(plan.points[0].axes[NATIVE_AXIS_BATCH], "8");
    assert_string_equal(plan.points[1].axes[NATIVE_AXIS_BATCH], "16");
    plan_free(&plan);
    experiment_free(e);
}

/* ---- the order ---- */

#define POINTS 6
#define REPETITIONS 3

struct fixture {
    struct experiment *experiment;
    struct plan plan;
};

static int make_plan(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->experiment = read_sweeps(ONE_WAY, EFFORT_STANDARD);
    plan_make(&f->plan, f->experiment);
    *state = f;
    return 0;
}

static int free_plan(void **state)
{
    struct fixture *f = *state;
    plan_free(&f->plan);
    experiment_free(f->experiment);
    free(f);
    return 0;
}

static struct schedule make(const struct fixture *f, uint32_t seed, uint64_t index, uint64_t of)
{
    struct schedule schedule;
    schedule_make(&schedule, &f->plan, 1, seed, (struct shard){index, of});
    return schedule;
}

static bool same_order(const struct schedule *a, const struct schedule *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = a->turns[i].point == b->turns[i].point && a->turns[i].rep == b->turns[i].rep;
    return same;
}

static void test_each_repetition_has_every_point(void **state)
{
    struct schedule s = make(*state, 1, 1, 1);
    assert_int_equal(s.count, POINTS * REPETITIONS);
    for (size_t rep = 0; rep < REPETITIONS; rep++) {
        unsigned seen = 0;
        for (size_t i = 0; i < POINTS; i++) {
            const struct turn *turn = &s.turns[rep * POINTS + i];
            assert_int_equal(turn->rep, rep + 1);
            assert_int_equal(turn->seq, rep * POINTS + i + 1);
            seen |= 1U << turn->point;
        }
        assert_int_equal(seen, (1U << POINTS) - 1);
    }
    schedule_free(&s);
}

static void test_seed_gives_the_order(void **state)
{
    struct schedule a = make(*state, 7, 1, 1), b = make(*state, 7, 1, 1), c = make(*state, 8, 1, 1);
    assert_true(same_order(&a, &b));
    assert_false(same_order(&a, &c));
    bool in_order = true;
    for (size_t i = 0; i < POINTS; i++)
        in_order = in_order && a.turns[i].point == i;
    assert_false(in_order);
    schedule_free(&a);
    schedule_free(&b);
    schedule_free(&c);
}

static void test_shards_make_the_whole(void **state)
{
    struct schedule whole = make(*state, 7, 1, 1);
    for (uint64_t of = 1; of <= 5; of++) {
        unsigned seen[POINTS * REPETITIONS + 1] = {0};
        for (uint64_t index = 1; index <= of; index++) {
            struct schedule part = make(*state, 7, index, of);
            assert_in_range(part.count, whole.count / of - REPETITIONS,
                            whole.count / of + REPETITIONS);
            for (size_t i = 0; i < part.count; i++) {
                const struct turn *turn = &part.turns[i];
                const struct turn *same = &whole.turns[turn->seq - 1];
                assert_true(turn->point == same->point && turn->rep == same->rep);
                assert_true(i == 0 || turn->seq > part.turns[i - 1].seq);
                seen[turn->seq]++;
            }
            schedule_free(&part);
        }
        for (size_t seq = 1; seq <= whole.count; seq++)
            assert_int_equal(seen[seq], 1);
    }
    schedule_free(&whole);
}

/* Of a suite that follows from its seed. */
static void test_seeded_suites_keep_their_order(void **state)
{
    const struct fixture *f = *state;
    struct experiment *e = read_sweeps(ONE_WAY, EFFORT_STANDARD);
    struct suite seeded = suite_native;
    seeded.seeded = true;
    e->suite = &seeded;
    struct plan plans[2] = {{.experiment = e}, f->plan};
    plans[0].points = f->plan.points;
    plans[0].point_count = POINTS;
    struct schedule both, alone;
    schedule_make(&both, plans, 2, 7, (struct shard){1, 1});
    alone = make(f, 7, 1, 1);
    assert_int_equal(both.count, 2 * POINTS * REPETITIONS);
    for (size_t i = 0; i < alone.count; i++) {
        assert_int_equal(both.turns[i].plan, 1);
        assert_int_equal(both.turns[i].seq, alone.turns[i].seq);
        assert_int_equal(both.turns[i].point, alone.turns[i].point);
        const struct turn *turn = &both.turns[alone.count + i];
        assert_int_equal(turn->plan, 0);
        assert_int_equal(turn->seq, i + 1);
        assert_int_equal(turn->rep, i / POINTS + 1);
        assert_int_equal(turn->point, i % POINTS);
    }
    schedule_free(&both);
    schedule_free(&alone);
    experiment_free(e);
}

static void test_seeds_are_of_repetitions(void **state)
{
    (void)state;
    const struct turn first = {.rep = 1, .plan = 0, .point = 3}, same = {.rep = 1, .plan = 2},
                      second = {.rep = 2};
    assert_true(turn_seed(7, &first) == turn_seed(7, &same));
    assert_true(turn_seed(7, &first) != turn_seed(7, &second));
    assert_true(turn_seed(7, &first) != turn_seed(8, &first));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product_of_axes),
        cmocka_unit_test(test_points_are_once),
        cmocka_unit_test(test_efforts),
        cmocka_unit_test(test_response_follows_request),
        cmocka_unit_test(test_refused_points_are_counted),
        cmocka_unit_test(test_settings),
        cmocka_unit_test_setup_teardown(test_each_repetition_has_every_point, make_plan, free_plan),
        cmocka_unit_test_setup_teardown(test_seed_gives_the_order, make_plan, free_plan),
        cmocka_unit_test_setup_teardown(test_seeded_suites_keep_their_order, make_plan, free_plan),
        cmocka_unit_test(test_seeds_are_of_repetitions),
        cmocka_unit_test_setup_teardown(test_shards_make_the_whole, make_plan, free_plan),
    };
    int fd = mkstemps(path, (int)strlen(".exp"));
    if (fd < 0)
        return 1;
    close(fd);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("sweep", tests, NULL, NULL);
    unlink(path);
    return failed;
}

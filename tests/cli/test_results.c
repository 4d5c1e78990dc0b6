/* SPDX-License-Identifier: MIT */
/* Observations written and read back, targets over them, and merging. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bench/native/native.h"
#include "bench/runner/dataset.h"
#include "bench/runner/derive.h"
#include "bench/runner/disturbed.h"
#include "bench/runner/folder.h"
#include "bench/runner/manifest.h"
#include "bench/runner/merge.h"
#include "bench/runner/record.h"
#include "bench/runner/suites/native.h"
#include "bench/runner/targets.h"

#define NAME "e"
#define SEED 3

static char dir[] = "/tmp/ringside-results-XXXXXX";

/* A fresh folder below dir for each test. */
static char *fresh(void)
{
    static int number;
    struct fault fault;
    char *path = format_text("%s/%d", dir, ++number);
    struct strings none = {0};
    char *made = folder_create(path, &none, &fault);
    if (made == NULL)
        fail_msg("%s", fault.text);
    free(path);
    return made;
}

static struct point point(const char *subject, enum native_measure measure, uint32_t batch)
{
    struct point p = {.subject = suite_subject_find(&suite_native, subject)};
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(&suite_native); a++)
        p.at[a] = suite_native.initial(a);
    p.at[NATIVE_AXIS_MEASURE] = measure;
    p.at[NATIVE_AXIS_BATCH] = batch;
    p.at[NATIVE_AXIS_RSP_SIZE] = p.at[NATIVE_AXIS_REQ_SIZE];
    return p;
}

static uint64_t next_seq = 1;

/* Appends observations of a point with these throughputs. */
static void append(struct record *record, const struct point *p, const double *values, size_t count,
                   const struct hist *latency)
{
    char *axes[AXES_MAX];
    struct fault fault;
    suite_point_axes(&suite_native, p, NAME, axes);
    for (size_t i = 0; i < count; i++) {
        const double metrics[] = {values[i], NAN};
        const struct row row = {next_seq++, i + 1, 1000, 2000, 0};
        if (!record_append(record, axes, &row, metrics, 2, latency, &fault))
            fail_msg("%s", fault.text);
    }
    axes_free(axes);
}

static struct record open_record(const char *where)
{
    char *names[] = {"throughput", "p50_ns"};
    struct strings metrics = {names, 2};
    struct record record = RECORD_UNOPENED;
    struct fault fault;
    if (!record_open(&record, where, NAME, &suite_native, &metrics, &fault))
        fail_msg("%s", fault.text);
    return record;
}

static struct dataset read_back(const char *where)
{
    struct dataset data;
    struct fault fault;
    if (!dataset_read(&data, where, NAME, &suite_native, &fault))
        fail_msg("%s", fault.text);
    dataset_summarise(&data, SEED);
    return data;
}

static void append_text(const char *where, const char *file, const char *text)
{
    char *path = format_text("%s/%s", where, file);
    FILE *out = fopen(path, "a");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    free(path);
}

static void test_rows_come_back(void **state)
{
    (void)state;
    char *where = fresh();
    struct record record = open_record(where);
    const double xen[] = {3e7, 1e7, 2e7}, lamport[] = {0.000012345678};
    struct point a = point("xen", NATIVE_PAIRS, 32), b = point("lamport", NATIVE_ONE_WAY, 1);
    append(&record, &a, xen, 3, NULL);
    append(&record, &b, lamport, 1, NULL);
    record_close(&record);

    struct dataset data = read_back(where);
    assert_int_equal(data.count, 2);
    assert_int_equal(data.metrics.count, 2);
    const struct data_point *first = &data.points[0], *second = &data.points[1];
    assert_string_equal(first->axes[AXIS_SUBJECT], "lamport"); /* one-way comes before pairs */
    assert_true(fabs(first->intervals[0].median - 0.000012345678) < 1e-11);
    assert_string_equal(first->axes[NATIVE_AXIS_RSP_SIZE], AXIS_NA);
    assert_string_equal(second->axes[NATIVE_AXIS_RSP_SIZE], "16");
    assert_int_equal(second->count, 3);
    assert_true(second->intervals[0].median == 2e7);
    assert_true(isnan(second->intervals[1].median));
    assert_ptr_equal(dataset_find(&data, second->key), second);
    dataset_free(&data);
    free(where);
}

static void test_cut_off_line_is_ignored(void **state)
{
    (void)state;
    char *where = fresh();
    struct record record = open_record(where);
    const double values[] = {1, 2, 3};
    struct point p = point("xen", NATIVE_PAIRS, 32);
    append(&record, &p, values, 3, NULL);
    record_close(&record);
    append_text(where, NAME ".csv", NAME ",native,tsc,xen,lay");
    struct dataset data = read_back(where);
    assert_int_equal(data.points[0].count, 3);
    dataset_free(&data);

    append_text(where, NAME ".csv", "\n");
    struct fault fault;
    assert_false(dataset_read(&data, where, NAME, &suite_native, &fault));
    assert_non_null(strstr(fault.text, NAME ".csv:5: has 5 fields where the header has 24"));
    free(where);
}

static void test_histograms_merge_over_repetitions(void **state)
{
    (void)state;
    static struct hist hist;
    char *where = fresh();
    struct record record = open_record(where);
    const double values[] = {1, 2};
    struct point p = point("xen", NATIVE_ROUND_TRIP, 1), q = point("lamport", NATIVE_PAIRS, 1);
    hist_reset(&hist);
    hist_record(&hist, 100);
    hist_record(&hist, 300);
    append(&record, &p, values, 2, &hist);
    append(&record, &q, values, 2, NULL);
    record_close(&record);
    /* One whose observation was lost in a crash. */
    append_text(where, "hist/" NAME "/observations.csv", "999,1,5,5,5,0,5\n1000,1,5,5");

    struct dataset data = read_back(where);
    struct fault fault;
    if (!derive_write(where, &data, &fault))
        fail_msg("%s", fault.text);
    dataset_free(&data);

    char *path = format_text("%s/hist/" NAME "/index.csv", where);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    char header[512], line[512], more[512];
    assert_non_null(fgets(header, sizeof(header), in));
    assert_non_null(fgets(line, sizeof(line), in));
    assert_null(fgets(more, sizeof(more), in));
    fclose(in);
    free(path);
    *strchr(line, ',') = '\0';
    path = format_text("%s/hist/" NAME "/%s", where, line);
    in = fopen(path, "r");
    assert_non_null(in);
    bool found = false;
    while (fgets(line, sizeof(line), in) != NULL)
        found = found || strstr(line, "Total count    =            4]") != NULL;
    assert_true(found);
    fclose(in);
    free(path);
    free(where);
}

/* Several runs of the same experiments may start within a second. */
static void test_default_folders_differ(void **state)
{
    (void)state;
    enum { RUNS = 5 };
    char *made[RUNS];
    char *names[] = {"e"};
    struct strings experiments = {names, 1};
    struct fault fault;
    assert_int_equal(chdir(dir), 0);
    for (int i = 0; i < RUNS; i++) {
        made[i] = folder_create(NULL, &experiments, &fault);
        if (made[i] == NULL)
            fail_msg("%s", fault.text);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(made[i], made[j]);
    }
    for (int i = 0; i < RUNS; i++)
        free(made[i]);
}

/* ---- targets ---- */

static void allow(struct selector *s, size_t axis, const char *value)
{
    strings_add(&s->allowed[axis], value);
}

static struct target_spec xen_over_lamport(double at_least)
{
    struct target_spec t = target_spec_of(&suite_native);
    t.name = copy_text("t");
    t.metric = copy_text("throughput");
    t.at_least = true;
    t.bound = at_least;
    allow(&t.numerator, AXIS_SUBJECT, "xen");
    allow(&t.denominator, AXIS_SUBJECT, "lamport");
    return t;
}

static struct dataset two_batches(void)
{
    char *where = fresh();
    struct record record = open_record(where);
    const double ten[] = {10, 10, 10, 10, 10, 10, 10}, twenty[] = {20, 20, 20, 20, 20, 20, 20};
    struct point p = point("xen", NATIVE_PAIRS, 1), q = point("xen", NATIVE_PAIRS, 2);
    struct point r = point("lamport", NATIVE_PAIRS, 1), s = point("lamport", NATIVE_PAIRS, 2);
    append(&record, &p, ten, 7, NULL);
    append(&record, &q, twenty, 7, NULL);
    append(&record, &r, ten, 7, NULL);
    append(&record, &s, ten, 7, NULL);
    record_close(&record);
    struct dataset data = read_back(where);
    free(where);
    return data;
}

static void test_target_takes_the_best(void **state)
{
    (void)state;
    struct dataset data = two_batches();
    struct target_spec t = xen_over_lamport(2);
    struct target_result r = target_compute(&t, &data, SEED);
    assert_true(r.measured && r.ratio.median == 2);
    assert_string_equal(r.numerator->axes[NATIVE_AXIS_BATCH], "2");
    assert_string_equal(target_verdict(&t, &r), "pass");
    t.bound = 2.1;
    assert_string_equal(target_verdict(&t, &r), "miss");
    t.at_least = false;
    assert_string_equal(target_verdict(&t, &r), "pass");
    target_spec_free(&t);
    dataset_free(&data);
}

static void check_verdict(bool at_least, double lo, double median, double hi, const char *expected)
{
    struct target_spec t = {.at_least = at_least, .bound = 1.5};
    struct target_result r = {.measured = true, .ratio = {median, lo, hi, STATS_SAMPLES_MIN}};
    assert_string_equal(target_verdict(&t, &r), expected);
    r.ratio.samples--;
    assert_string_equal(target_verdict(&t, &r), "too few observations");
}

static void test_verdict_minds_the_interval(void **state)
{
    (void)state;
    check_verdict(true, 1.5, 1.6, 1.7, "pass");
    check_verdict(true, 1.4, 1.6, 1.7, "undecided");
    check_verdict(true, 1.3, 1.4, 1.6, "undecided");
    check_verdict(true, 1.2, 1.3, 1.4, "miss");
    check_verdict(false, 1.3, 1.4, 1.5, "pass");
    check_verdict(false, 1.3, 1.4, 1.6, "undecided");
    check_verdict(false, 1.4, 1.6, 1.7, "undecided");
    check_verdict(false, 1.6, 1.7, 1.8, "miss");
}

static void test_target_takes_the_worst_pair(void **state)
{
    (void)state;
    struct dataset data = two_batches();
    struct target_spec t = xen_over_lamport(1);
    t.pair[t.pairs++] = NATIVE_AXIS_BATCH;
    struct target_result r = target_compute(&t, &data, SEED);
    assert_true(r.measured && r.ratio.median == 1);
    assert_string_equal(r.denominator->axes[NATIVE_AXIS_BATCH], "1");
    target_spec_free(&t);
    dataset_free(&data);
}

static void test_target_without_points(void **state)
{
    (void)state;
    struct dataset data = two_batches();
    struct target_spec t = xen_over_lamport(1);
    strings_free(&t.denominator.allowed[AXIS_SUBJECT]);
    allow(&t.denominator, AXIS_SUBJECT, "dpdk-spsc");
    struct target_result r = target_compute(&t, &data, SEED);
    assert_false(r.measured);
    assert_string_equal(target_verdict(&t, &r), "not measured");
    assert_string_equal(r.why_not, "no point of the denominator was measured");
    target_spec_free(&t);
    dataset_free(&data);
}

/* ---- disturbed observations ---- */

/* Appends a second's observation of a request, of which each side had this share. */
static void append_shares(struct record *record, const struct point *p, double front, double back)
{
    char *axes[AXES_MAX];
    struct fault fault;
    suite_point_axes(&suite_native, p, NAME, axes);
    const double metrics[] = {1, front * 1e9, back * 1e9};
    const struct row row = {next_seq++, 1, 1, 1000000000, 0};
    if (!record_append(record, axes, &row, metrics, 3, NULL, &fault))
        fail_msg("%s", fault.text);
    axes_free(axes);
}

static void test_disturbed_observations_are_counted(void **state)
{
    (void)state;
    char *where = fresh();
    char *names[] = {"throughput", "cpu_front_ns_per_request", "cpu_back_ns_per_request"};
    struct strings metrics = {names, 3};
    struct record record = RECORD_UNOPENED;
    struct fault fault;
    if (!record_open(&record, where, NAME, &suite_native, &metrics, &fault))
        fail_msg("%s", fault.text);
    struct point polled = point("xen", NATIVE_PAIRS, 1);
    append_shares(&record, &polled, 1, 1);
    append_shares(&record, &polled, 0.9, 0.91);
    append_shares(&record, &polled, 0.89, 1);   /* disturbed */
    append_shares(&record, &polled, 1, 0.5);    /* disturbed */
    append_shares(&record, &polled, 0.5, 0.5);  /* disturbed, once */
    append_shares(&record, &polled, 1, 0.0001); /* disturbed: starved */
    append_shares(&record, &polled, NAN, NAN);
    struct point served = point("io-uring-nop", NATIVE_PAIRS, 1);
    append_shares(&record, &served, 1, 0.0001);
    append_shares(&record, &served, 0.8, 0.0001); /* disturbed */
    struct point told = point("xen", NATIVE_PAIRS, 1);
    told.at[NATIVE_AXIS_TRANSPORT] = NATIVE_EVENTFD;
    told.at[NATIVE_AXIS_POLICY] = NOTIFY_always;
    append_shares(&record, &told, 0.3, 0.3);
    record_close(&record);

    struct dataset data = read_back(where);
    assert_int_equal(disturbed_count(&data), 5);
    dataset_free(&data);
    free(where);
}

static void test_disturbed_needs_cpu_times(void **state)
{
    (void)state;
    struct dataset data = two_batches();
    assert_int_equal(disturbed_count(&data), 0);
    dataset_free(&data);
}

/* ---- merging ---- */

static json_t *shard(const char *patch)
{
    json_t *m =
        json_loads("{\"format\": 1, \"state\": \"complete\","
                   " \"program\": {\"commit\": \"c\"}, \"experiments\": [{\"name\": \"e\"}],"
                   " \"observations\": {\"planned\": 5, \"made\": 4},"
                   " \"machine\": {}, \"started\": \"t\", \"arguments\": [], \"errors\": [1],"
                   " \"parameters\": {\"seed\": 1, \"shard\": {\"index\": 1, \"of\": 2}}}",
                   0, NULL);
    json_t *other = json_loads(patch, 0, NULL);
    assert_non_null(m);
    assert_non_null(other);
    json_object_update_recursive(m, other);
    json_decref(other);
    return m;
}

#define SECOND "\"parameters\": {\"shard\": {\"index\": 2}}"

static void check_merge(const char *a, const char *b, const char *wrong)
{
    json_t *shards[] = {shard(a), shard(b)};
    char *names[] = {"A", "B"};
    struct strings dirs = {names, 2};
    struct fault fault = {""};
    bool good = merge_check(shards, &dirs, &fault);
    if (wrong == NULL) {
        assert_true(good);
    } else {
        assert_false(good);
        assert_non_null(strstr(fault.text, wrong));
    }
    json_decref(shards[0]);
    json_decref(shards[1]);
}

static void test_only_shards_of_one_sweep_merge(void **state)
{
    (void)state;
    check_merge("{}", "{" SECOND "}", NULL);
    check_merge("{" SECOND "}", "{}", NULL);
    check_merge("{}", "{}", "A and B are both shard 1 of 2");
    check_merge("{}", "{\"parameters\": {\"shard\": {\"index\": 2, \"of\": 3}}}",
                "A is one of 2 shards, B one of 3");
    check_merge("{\"parameters\": {\"shard\": {\"of\": 3}}}",
                "{\"parameters\": {\"shard\": {\"index\": 2, \"of\": 3}}}",
                "shard 3 of 3 is missing");
    check_merge("{}", "{\"parameters\": {\"seed\": 2, \"shard\": {\"index\": 2}}}",
                "seed is 1 in one and 2 in the other");
    check_merge("{}", "{\"parameters\": {\"events\": \"x\", \"shard\": {\"index\": 2}}}",
                "events is missing in one and \"x\" in the other");
    check_merge("{}", "{" SECOND ", \"experiments\": []}", "experiments or points differ");
    check_merge("{}", "{" SECOND ", \"program\": {\"commit\": \"d\"}}", "commits c and d");
    check_merge("{\"parameters\": {\"shard\": {\"of\": 1}}}", "{" SECOND "}", "A is no shard");
}

static void test_manifests_join(void **state)
{
    (void)state;
    json_t *shards[] = {shard("{}"), shard("{" SECOND ", \"state\": \"interrupted\"}")};
    char *argv[] = {"ringside merge", NULL};
    json_t *whole = merge_manifests(shards, 2, argv);
    assert_string_equal(manifest_state(whole), "interrupted");
    assert_int_equal(manifest_shard(whole).of, 1);
    assert_int_equal(json_array_size(json_object_get(whole, "errors")), 2);
    assert_int_equal(json_array_size(json_object_get(whole, "shards")), 2);
    const json_t *observations = json_object_get(whole, "observations");
    assert_int_equal(json_integer_value(json_object_get(observations, "made")), 8);
    json_decref(whole);
    json_decref(shards[0]);
    json_decref(shards[1]);
}

static void test_lines_join_in_order(void **state)
{
    (void)state;
    char *where = fresh();
    append_text(where, "a", "x,seq\nq,1,\nq,10,\n");
    append_text(where, "b", "x,seq\nq,2,\nq,3,\nq,4");
    char *a = format_text("%s/a", where), *b = format_text("%s/b", where);
    char *to = format_text("%s/c", where);
    char *both[] = {a, b};
    struct strings paths = {both, 2};
    struct fault fault;
    if (!merge_lines(&paths, 1, to, &fault))
        fail_msg("%s", fault.text);
    char text[64] = {0};
    FILE *in = fopen(to, "r");
    assert_non_null(in);
    assert_true(fread(text, 1, sizeof(text) - 1, in) > 0);
    fclose(in);
    assert_string_equal(text, "x,seq\nq,1,\nq,2,\nq,3,\nq,10,\n");

    unlink(to);
    append_text(where, "b", ",\nq,10,\n");
    assert_false(merge_lines(&paths, 1, to, &fault));
    assert_string_equal(fault.text, "observation 10 is in two shards");
    append_text(where, "d", "other,seq\n");
    free(b);
    both[1] = b = format_text("%s/d", where);
    assert_false(merge_lines(&paths, 1, to, &fault));
    assert_non_null(strstr(fault.text, "has other columns"));
    free(a);
    free(b);
    free(to);
    free(where);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_back),
        cmocka_unit_test(test_cut_off_line_is_ignored),
        cmocka_unit_test(test_histograms_merge_over_repetitions),
        cmocka_unit_test(test_default_folders_differ),
        cmocka_unit_test(test_target_takes_the_best),
        cmocka_unit_test(test_verdict_minds_the_interval),
        cmocka_unit_test(test_target_takes_the_worst_pair),
        cmocka_unit_test(test_target_without_points),
        cmocka_unit_test(test_disturbed_observations_are_counted),
        cmocka_unit_test(test_disturbed_needs_cpu_times),
        cmocka_unit_test(test_only_shards_of_one_sweep_merge),
        cmocka_unit_test(test_manifests_join),
        cmocka_unit_test(test_lines_join_in_order),
    };
    if (mkdtemp(dir) == NULL)
        return 1;
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("results", tests, NULL, NULL);
    char *remove = format_text("rm -rf '%s'", dir);
    if (system(remove) != 0)
        failed++;
    free(remove);
    return failed;
}

/* SPDX-License-Identifier: MIT */
/* Histograms on disk: our own lines, and HdrHistogram's percentile text. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/runner/hists.h"

static struct hist hist, copy;

static void record_range(uint64_t from, uint64_t to)
{
    hist_reset(&hist);
    for (uint64_t value = from; value <= to; value++)
        hist_record(&hist, value);
}

static bool parse(const char *line)
{
    uint64_t seq;
    return hists_parse(line, &seq, &copy);
}

static void check_round_trip(uint64_t seq)
{
    char *line = hists_line(seq, &hist);
    size_t length = strlen(line);
    assert_int_equal(line[length - 1], '\n');
    line[length - 1] = '\0';
    assert_null(strchr(line, '\n'));
    uint64_t seq_read;
    assert_true(hists_parse(line, &seq_read, &copy));
    assert_int_equal(seq_read, seq);
    assert_memory_equal(&copy, &hist, sizeof(hist));
    free(line);
}

static void test_line_round_trip(void **state)
{
    (void)state;
    hist_reset(&hist);
    check_round_trip(1);
    record_range(100, 5000);
    hist_record(&hist, 0);
    hist_record(&hist, 100);
    hist_record(&hist, HIST_VALUE_MAX);
    hist_record(&hist, UINT64_MAX);
    check_round_trip(UINT64_MAX);
}

static void test_line_is_checked(void **state)
{
    (void)state;
    assert_true(parse("1,3,60,10,30,0,10 10 10"));
    assert_true(parse("1,3,30,10,10,0,10:3"));
    assert_false(parse("1,4,60,10,30,0,10 10 10")); /* count is not that of the buckets */
    assert_false(parse("1,3,60,10,30,0"));          /* no buckets */
    assert_false(parse("1,3,60,10,30,0,10 10 x"));  /* no number */
    assert_false(parse("1,3,60,10,30,0,10:,10"));
    assert_false(parse("1,3,60,10,30,0,10 10:1:1"));
    assert_false(parse(",3,60,10,30,0,10 10 10"));
    assert_false(parse("1,1,60,10,30,0,18446744073709551615")); /* no such bucket */
    assert_false(parse("1,2,60,10,30,0,40000 1"));
}

/* What HdrHistogram prints of the values 1..10, each once: at every level, the value that is
 * reached there and how many values are no larger. */
static const char expected[] = "       Value     Percentile TotalCount 1/(1-Percentile)\n"
                               "\n"
                               "       1.000 0.000000000000          1           1.00\n"
                               "       1.000 0.100000000000          1           1.11\n"
                               "       2.000 0.200000000000          2           1.25\n"
                               "       3.000 0.300000000000          3           1.43\n"
                               "       4.000 0.400000000000          4           1.67\n"
                               "       5.000 0.500000000000          5           2.00\n"
                               "       6.000 0.550000000000          6           2.22\n"
                               "       6.000 0.600000000000          6           2.50\n"
                               "       7.000 0.650000000000          7           2.86\n"
                               "       7.000 0.700000000000          7           3.33\n"
                               "       8.000 0.750000000000          8           4.00\n"
                               "       8.000 0.775000000000          8           4.44\n"
                               "       8.000 0.800000000000          8           5.00\n"
                               "       9.000 0.825000000000          9           5.71\n"
                               "       9.000 0.850000000000          9           6.67\n"
                               "       9.000 0.875000000000          9           8.00\n"
                               "       9.000 0.887500000000          9           8.89\n"
                               "       9.000 0.900000000000          9          10.00\n"
                               "      10.000 0.912500000000         10          11.43\n"
                               "      10.000 1.000000000000         10\n"
                               "#[Mean    =        5.500, StdDeviation   =        2.872]\n"
                               "#[Max     =       10.000, Total count    =           10]\n"
                               "#[Buckets =           30, SubBuckets     =         2048]\n";

static char *hgrm_text(void)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    hists_write_hgrm(out, &hist);
    fclose(out);
    return text;
}

static void test_hgrm_text(void **state)
{
    (void)state;
    record_range(1, 10);
    char *text = hgrm_text();
    assert_string_equal(text, expected);
    free(text);
}

/* Every row's value is the quantile that the histogram itself gives for its level. */
static void test_hgrm_agrees_with_quantiles(void **state)
{
    (void)state;
    hist_reset(&hist);
    for (uint64_t i = 1; i <= 20000; i++)
        hist_record(&hist, i * i % 1000003);
    char *text = hgrm_text();
    int rows = 0;
    double last = -1;
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        double value, level;
        uint64_t below;
        if (sscanf(line, "%lf %lf %" SCNu64, &value, &level, &below) != 3)
            continue;
        rows++;
        assert_true(level > last);
        last = level;
        /* 10^12: the digits that a level is printed with */
        uint64_t quantile = hist_quantile(&hist, (uint64_t)(level * 1e9 + 0.5), 1000000000);
        assert_true((uint64_t)value == quantile);
        assert_true((double)below >= level * 20000 - 1e-6);
    }
    assert_true(last == 1);
    assert_in_range(rows, 50, 120);
    free(text);
}

static void test_hgrm_of_nothing(void **state)
{
    (void)state;
    hist_reset(&hist);
    char *text = hgrm_text();
    assert_non_null(strstr(text, "Total count    =            0]"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_round_trip), cmocka_unit_test(test_line_is_checked),
        cmocka_unit_test(test_hgrm_text),       cmocka_unit_test(test_hgrm_agrees_with_quantiles),
        cmocka_unit_test(test_hgrm_of_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("hists", tests, NULL, NULL);
}

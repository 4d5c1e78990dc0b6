/* SPDX-License-Identifier: MIT */
/*
 * Counters by name, as selectors of processors that this one is not: against the codes of the
 * vendors' manuals (Intel SDM volume 3B, table 19-1, and the event files of each processor, which
 * the manual refers to; AMD's processor programming references, "Performance Monitor Counters").
 */
#include "tests/unit/tap.h"

#include <linux/perf_event.h>
#include <string.h>

#include "bench/native/encoding.h"

static struct encoding_model model_named(const char *name)
{
    struct encoding_model model;
    if (!encoding_model_named(name, &model))
        fail_msg("libpfm4 knows no %s", name);
    return model;
}

static void codes(const char *model_name, const char *event, uint64_t code)
{
    struct encoding_model model = model_named(model_name);
    uint64_t selector = ~code;
    const char *why = encoding_for_model(&model, event, &selector);
    if (why != NULL)
        fail_msg("%s of %s: %s", event, model_name, why);
    if (selector != code)
        fail_msg("%s of %s: expected 0x%lx, found 0x%lx", event, model_name, code, selector);
}

static void refused(const char *model_name, const char *event, const char *word)
{
    struct encoding_model model = model_named(model_name);
    uint64_t selector = 42;
    const char *why = encoding_for_model(&model, event, &selector);
    if (why == NULL) {
        fail_msg("%s of %s: encoded as 0x%lx", event, model_name, selector);
        return;
    }
    if (strstr(why, word) == NULL)
        fail_msg("%s of %s: '%s' does not say '%s'", event, model_name, why, word);
    assert_int_equal(selector, 42);
}

static void test_intel(void **state)
{
    static const char *const models[] = {"snb", "hsw", "skl", "skx", "icl", "icx", "spr"};
    (void)state;
    for (size_t i = 0; i < sizeof(models) / sizeof(*models); i++) {
        assert_int_equal(model_named(models[i]).vendor, ENCODING_INTEL);
        codes(models[i], "cycles", 0x003c);
        codes(models[i], "instructions", 0x00c0);
        codes(models[i], "llc-misses", 0x412e);
        codes(models[i], "l1d-misses", 0x0151); /* L1D.REPLACEMENT */
    }
    codes("nhm", "l1d-misses", 0x0151); /* L1D.REPL */
    codes("skl", "snoops", 0x04d2);     /* MEM_LOAD_L3_HIT_RETIRED.XSNP_HITM */
    codes("icl", "snoops", 0x04d2);
    codes("spr", "snoops", 0x04d2); /* there called XSNP_FWD */
    codes("hsw", "snoops", 0x04d2); /* and here MEM_LOAD_UOPS_L3_HIT_RETIRED.XSNP_HITM */
    codes("skl", "UNHALTED_REFERENCE_CYCLES", 0x0300);
}

static void test_amd(void **state)
{
    static const char *const zen[] = {"amd64_fam17h_zen1", "amd64_fam17h_zen2", "amd64_fam19h_zen3",
                                      "amd64_fam19h_zen4"};
    (void)state;
    for (size_t i = 0; i < sizeof(zen) / sizeof(*zen); i++) {
        assert_int_equal(model_named(zen[i]).vendor, ENCODING_AMD);
        codes(zen[i], "cycles", 0x0076);
        codes(zen[i], "instructions", 0x00c0);
        codes(zen[i], "l1d-misses", 0xc860); /* as Linux has it: requests to L2 from data misses */
    }
    codes("amd64_fam10h_barcelona", "cycles", 0x0076);
    codes("amd64_fam10h_barcelona", "instructions", 0x00c0);
    codes("amd64_fam10h_barcelona", "l1d-misses", 0x0041);
    codes("amd64_fam17h_zen2", "llc-misses", 0x4843); /* from memory, of either node */
    codes("amd64_fam19h_zen3", "llc-misses", 0x4843);
    codes("amd64_fam19h_zen4", "llc-misses", 0x4843);
    codes("amd64_fam19h_zen3", "snoops", 0x0243); /* from the same complex */
    codes("amd64_fam19h_zen4", "snoops", 0x0243);
    refused("amd64_fam17h_zen1", "llc-misses", "no such event");
    /* An event number of 12 bits: the rest of it is beyond bit 32. */
    codes("amd64_fam10h_barcelona", "L3_CACHE_MISSES:ANY_READ:ALL_CORES", 0x40000f7e1);
}

/* libpfm4's names and modifiers; whose privilege is not the event's to say. */
static void test_names(void **state)
{
    (void)state;
    codes("skl", "LONGEST_LAT_CACHE:MISS", 0x412e);
    codes("skl", "skl::LONGEST_LAT_CACHE:MISS", 0x412e);
    codes("skl", "LONGEST_LAT_CACHE:MISS:c=2:i:e", 0x284412e);
    codes("skl", "LONGEST_LAT_CACHE:MISS:u", 0x412e);
    codes("skl", "LONGEST_LAT_CACHE:MISS:k", 0x412e);
    refused("skl", "LONGEST_LAT_CACHE:MIST", "attribute");
    refused("skl", "TURNIPS", "not found");
    refused("skl", "", "not found");
    refused("skl", "icl::LONGEST_LAT_CACHE:MISS", "not an event of that processor");
    refused("skl", "sk::LONGEST_LAT_CACHE:MISS", "not an event of that processor");
    refused("skl", "perf::CYCLES", "not an event of that processor");
    refused("icl", "skl::TURNIPS", "not an event of that processor");
}

/* What a domain has no right to, or no register for (hv/arch/x86_64/pmu_machine.c). */
static void test_refused(void **state)
{
    static const char *const kernels[] = {"task-clock", "context-switches", "page-faults"};
    (void)state;
    for (size_t i = 0; i < sizeof(kernels) / sizeof(*kernels); i++) {
        refused("skl", kernels[i], "kernel");
        refused("amd64_fam19h_zen4", kernels[i], "kernel");
    }
    refused("skl", "LONGEST_LAT_CACHE:MISS:t", "counts for others too");
    refused("skl", "INST_RETIRED:ANY_P:intx", "counts for others too");
    refused("amd64_fam19h_zen3", "CYCLES_NOT_IN_HALT:g", "counts for others too");
    refused("amd64_fam19h_zen3", "CYCLES_NOT_IN_HALT:h", "counts for others too");
    refused("hsw", "OFFCORE_RESPONSE_0:ANY_DATA", "a register beside its selector");
}

static void test_models(void **state)
{
    struct encoding_model model = {0};
    size_t count = 0;
    (void)state;
    assert_false(encoding_model_named("", &model));
    assert_false(encoding_model_named("skylake", &model));
    assert_false(encoding_model_named("perf", &model));       /* the kernel's, no processor's */
    assert_false(encoding_model_named("amd64_rapl", &model)); /* not of a core */
    assert_null(model.name);
    while (encoding_model_at(count) != NULL) {
        assert_true(encoding_model_named(encoding_model_at(count), &model));
        count++;
    }
    assert_true(count > 30);
    if (encoding_model_here(&model))
        assert_true(encoding_model_named(model.name, &model));
}

/* The same names, for the kernel of this machine. */
static void test_perf(void **state)
{
    struct perf_event_attr attr;
    (void)state;
    assert_null(encoding_for_perf("cycles", &attr));
    assert_int_equal(attr.type, PERF_TYPE_HARDWARE);
    assert_int_equal(attr.config, PERF_COUNT_HW_CPU_CYCLES);
    assert_int_equal(attr.exclude_kernel | attr.exclude_user, 0);
    assert_null(encoding_for_perf("page-faults", &attr));
    assert_int_equal(attr.type, PERF_TYPE_SOFTWARE);
    assert_null(encoding_for_perf("perf::CONTEXT-SWITCHES", &attr));
    assert_int_equal(attr.config, PERF_COUNT_SW_CONTEXT_SWITCHES);
    assert_non_null(strstr(encoding_for_perf("TURNIPS", &attr), "not found"));
    for (size_t i = 0; encoding_default(i) != NULL; i++) {
        assert_true(encoding_is_default(encoding_default(i)));
        assert_non_null(strstr(ENCODING_DEFAULTS, encoding_default(i)));
    }
    assert_false(encoding_is_default("perf::CYCLES"));
    assert_true(encoding_is_kernels("task-clock"));
    assert_false(encoding_is_kernels("cycles"));
    assert_false(encoding_is_kernels("perf::TASK-CLOCK"));
}

/* Who closes leaves those who still use it alone. */
static void test_nested(void **state)
{
    (void)state;
    assert_true(encoding_open());
    encoding_close();
    codes("skl", "cycles", 0x003c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intel),   cmocka_unit_test(test_amd),    cmocka_unit_test(test_names),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_models), cmocka_unit_test(test_perf),
        cmocka_unit_test(test_nested),
    };
    if (!encoding_open()) {
        printf("Bail out! libpfm4 cannot be initialised\n");
        return 1;
    }
    int status = tap_run("encoding", tests, sizeof(tests) / sizeof(*tests));
    encoding_close();
    return status;
}

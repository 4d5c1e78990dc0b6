/* SPDX-License-Identifier: MIT */
/*
 * Hardware counters inside domains (bench/domains/counted.h): which events, as what codes of which
 * processors, and what became of each. They are those of the whole run, as natively.
 */
#include <cpuid.h>
#include <ctype.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/native/encoding.h"
#include "bench/runner/suites/domains.h"
#include "guest/counters.h"

/* CPUID leaf 1, EAX: family and model, without the stepping. */
#define PROCESSOR_MASK 0x0fff3ff0U

static const char *const states[] = {
#define STATE(id, text) text,
#include "guest/counter_states.def"
#undef STATE
};
static const size_t state_count = sizeof(states) / sizeof(*states);

struct event {
    char *name; /* as it was asked for */
    char *word; /* as domains say it, and columns */
};

/* What became of one on a platform. */
struct told {
    const char *platform;
    size_t event;
    bool counted;              /* at some point */
    char reason[SUITE_REASON]; /* why not, at another */
};

static struct event events[DOMAINS_COUNTERS_MAX];
static size_t event_count;
static bool is_chosen;
static struct told *told;
static size_t told_count;

_Static_assert(DOMAINS_COUNTERS_MAX <= COUNTERS_MAX, "a domain takes as many as are asked for");

/* libpfm4 stays open: axes are read before a run begins, and written after it. */
static bool is_open(void)
{
    static bool tried, good;
    if (!tried)
        good = encoding_open();
    tried = true;
    return good;
}

const char *domains_pmu_name(size_t i)
{
    if (i == 0)
        return "here";
    return is_open() ? encoding_model_at(i - 1) : NULL;
}

/* ---- which events */

static char *word_of(const char *name)
{
    char *word = format_text("%.*s", COUNTERS_NAME_MAX, name);
    for (char *c = word; *c != '\0'; c++)
        *c = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
    return word;
}

void domains_counters_forget(void)
{
    for (size_t i = 0; i < event_count; i++) {
        free(events[i].name);
        free(events[i].word);
    }
    free(told);
    told = NULL;
    told_count = event_count = 0;
    is_chosen = false;
}

static bool add(const char *name, struct fault *fault)
{
    char *word = word_of(name);
    bool good = true;
    for (size_t i = 0; good && i < event_count; i++)
        good = strcmp(events[i].word, word) != 0 ||
               fault_set(fault, "events '%s' and '%s' have the same column", events[i].name, name);
    if (good && event_count == DOMAINS_COUNTERS_MAX)
        good = fault_set(fault, "too many events: at most %d inside domains", DOMAINS_COUNTERS_MAX);
    if (good)
        events[event_count++] = (struct event){copy_text(name), word};
    else
        free(word);
    return good;
}

/* By any processor's tables, or the kernel's. */
static bool is_known(const char *name)
{
    struct perf_event_attr attr;
    struct encoding_model model;
    uint64_t selector;
    if (encoding_is_default(name) || encoding_for_perf(name, &attr) == NULL)
        return true;
    for (size_t i = 0; encoding_model_at(i) != NULL; i++)
        if (encoding_model_named(encoding_model_at(i), &model) &&
            encoding_for_model(&model, name, &selector) == NULL)
            return true;
    return false;
}

static bool add_named(const char *name, struct fault *fault)
{
    if (!is_known(name))
        return fault_set(fault,
                         "event '%s': libpfm4 knows it of no processor; expected a name from "
                         "`showevtinfo` or one of " ENCODING_DEFAULTS,
                         name);
    return add(name, fault);
}

bool domains_counters_choose(const char *list, struct fault *fault)
{
    bool good = true;
    domains_counters_forget();
    is_chosen = true;
    if (!is_open())
        return fault_set(fault, "%s", "libpfm4 cannot be initialised");
    for (size_t i = 0; list == NULL && encoding_default(i) != NULL; i++)
        if (!encoding_is_kernels(encoding_default(i)))
            good = good && add(encoding_default(i), fault);
    if (list == NULL)
        return good;
    struct strings names = strings_split(list);
    for (size_t i = 0; good && i < names.count; i++)
        good = add_named(names.at[i], fault);
    strings_free(&names);
    return good;
}

struct strings domains_counters_columns(void)
{
    struct strings columns = suite_metric_columns(&suite_domains);
    for (size_t i = 0; i < event_count; i++) {
        char *column = metric_of_event(events[i].word);
        strings_add(&columns, column);
        free(column);
    }
    return columns;
}

/* ---- their codes */

static bool model_of(const struct point *p, struct encoding_model *model)
{
    uint64_t pmu = p->at[DOMAINS_AXIS_PMU];
    if (!is_open())
        return false;
    return pmu == 0 ? encoding_model_here(model)
                    : encoding_model_named(domains_pmu_name(pmu), model);
}

/* NULL, or why not. */
static const char *encode(const struct point *p, size_t event, uint64_t *selector)
{
    struct encoding_model model;
    if (!model_of(p, &model))
        return "libpfm4 does not know this processor; --set pmu=MODEL says which to encode for";
    return encoding_for_model(&model, events[event].name, selector);
}

char *domains_counters_argument(const struct point *p)
{
    struct encoding_model model;
    struct strings words = {0};
    struct fault none;
    uint64_t selector;
    if ((!is_chosen && !domains_counters_choose(NULL, &none)) || !model_of(p, &model))
        return copy_text("");
    strings_add(&words, model.vendor == ENCODING_AMD ? "amd" : "intel");
    for (size_t i = 0; i < event_count; i++) {
        if (encode(p, i, &selector) != NULL)
            continue;
        char *word = format_text("%s:0x%" PRIx64, events[i].word, selector);
        strings_add(&words, word);
        free(word);
    }
    char *list = strings_join(&words, ",");
    char *text = words.count == 1 ? copy_text("") : format_text(" counters=%s", list);
    free(list);
    strings_free(&words);
    return text;
}

/* ---- what became of them */

static void tell(const char *platform, size_t event, const char *reason)
{
    size_t i = 0;
    while (i < told_count && (told[i].event != event || strcmp(told[i].platform, platform) != 0))
        i++;
    if (i == told_count) {
        told = memory_grow(told, told_count + 1, sizeof(*told));
        told[told_count++] = (struct told){.platform = platform, .event = event};
    }
    if (reason == NULL)
        told[i].counted = true;
    else
        snprintf(told[i].reason, sizeof(told[i].reason), "%s", reason);
}

static bool said(const struct domains_result *result, const char *end, const char *before,
                 const char *word, double *value)
{
    struct fault none;
    char *name = format_text("%s%s", before, word);
    bool good = domains_number(result, end, name, value, &none);
    free(name);
    return good;
}

/* Events have other codes on another processor, even of the same vendor. Where the model was given,
 * who gave it knows. */
static bool is_other_processor(const struct point *p, const struct domains_result *result)
{
    unsigned a = 0, b, c, d;
    double there;
    return p->at[DOMAINS_AXIS_PMU] == 0 &&
           said(result, "front", "counters_processor", "", &there) &&
           __get_cpuid(1, &a, &b, &c, &d) != 0 &&
           ((uint32_t)there & PROCESSOR_MASK) != (a & PROCESSOR_MASK);
}

static const char *const ends[] = {"front", "back"};

/* NULL, or why it has no value. false: a fault. */
static bool value_of(const struct domains_result *result, size_t event, const double requests[2],
                     double *value, const char **why, struct fault *fault)
{
    const char *word = events[event].word;
    *value = 0;
    for (size_t i = 0; i < 2; i++) {
        double number;
        if (said(result, ends[i], "counter-", word, &number))
            *value += number / requests[i];
        else if (said(result, ends[i], "no-counter-", word, &number) && number > 0 &&
                 number < (double)state_count)
            *why = states[(size_t)number];
        else
            return fault_set(fault, "%s did not say its counter-%s, nor why not", ends[i], word);
    }
    return true;
}

bool domains_counters_compute(const struct point *p, const struct domains_result *result,
                              const double requests[2], struct observation *out,
                              struct fault *fault)
{
    const char *platform = domains_machine_of(p)->name;
    bool other = is_other_processor(p, result);
    double cost;
    for (size_t i = 0; i < event_count; i++) {
        uint64_t selector;
        double value = 0;
        const char *why = encode(p, i, &selector);
        if (why == NULL && !value_of(result, i, requests, &value, &why, fault))
            return false;
        if (why == NULL && other)
            why = "it was encoded for this processor, and another one was counted on; "
                  "--set pmu=MODEL says which";
        tell(platform, i, why);
        if (why != NULL)
            continue;
        out->values[DOMAINS_METRICS + i] = value;
        if (said(result, "front", "counters_cost", "", &cost))
            out->values[DOMAINS_METRIC_COUNTERS] = cost;
    }
    return true;
}

json_t *domains_counters_describe(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < told_count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:b, s:s}", "name", events[told[i].event].name,
                                        "platform", told[i].platform, "available", told[i].counted,
                                        "reason", told[i].reason));
    return list;
}

/* SPDX-License-Identifier: MIT */
#include "bench/runner/list_counters.h"

#include <inttypes.h>

#include "bench/native/counters.h"
#include "bench/native/encoding.h"
#include "bench/runner/suites/domains.h"
#include "bench/runner/suites/machine.h"
#include "bench/runner/table.h"

/* What a domain is told to count, or why it cannot be. */
static char *inside_domains(const struct encoding_model *model, const char *name)
{
    uint64_t selector;
    if (model == NULL)
        return copy_text("libpfm4 does not know this processor");
    const char *why = encoding_for_model(model, name, &selector);
    return why == NULL ? format_text("0x%" PRIx64, selector) : copy_text(why);
}

static void print_counters(const struct native_event *events, size_t count,
                           const struct encoding_model *model)
{
    struct table t = {.columns = 3, .left = 3};
    table_add(&t, "counter");
    table_add(&t, "code inside domains");
    table_add(&t, "natively");
    for (size_t i = 0; i < count; i++) {
        char *inside = inside_domains(model, events[i].name);
        table_add(&t, "%s", events[i].name);
        table_add(&t, "%s", inside);
        table_add(&t, "%s%s%s", events[i].available ? "available" : "",
                  events[i].available && events[i].reason[0] != '\0' ? ", " : "", events[i].reason);
        free(inside);
    }
    table_print(&t, stdout);
    table_free(&t);
}

static void print_models(const struct encoding_model *here)
{
    struct strings names = {0};
    for (size_t i = 1; domains_pmu_name(i) != NULL; i++)
        strings_add(&names, domains_pmu_name(i));
    char *known = strings_join(&names, ", ");
    const char *kvm = machine_kvm_missing();
    printf("\nthis processor: %s; others, by --set pmu=: %s\n",
           here == NULL ? "not known" : here->name, known);
    printf("where domains run with counters: bare-metal; qemu-kvm, %s\n",
           kvm == NULL ? "as far as the host gives its guests some" : kvm);
    free(known);
    strings_free(&names);
}

bool list_counters(void)
{
    struct native_event events[NATIVE_EVENTS_MAX];
    struct encoding_model model;
    size_t count;
    struct fault fault;
    struct counters *counters = counters_new(NULL, events, &count, fault.text, sizeof(fault.text));
    if (counters == NULL) {
        say("%s", fault.text);
        return false;
    }
    const struct encoding_model *here = encoding_model_here(&model) ? &model : NULL;
    print_counters(events, count, here);
    print_models(here);
    counters_free(counters);
    return true;
}

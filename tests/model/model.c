/* SPDX-License-Identifier: MIT */
/*
 * The explorer's test program: the litmus tests, then every layout under every policy that it
 * carries, sound and with each planted fault. TAP on standard output.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scenario.h"
#include "tap.h"

/*
 * An exploration that needs more fails: nothing would be proved. The largest today has a quarter of
 * it; this many take about 300 MB.
 */
#define STATES_MAX 4000000U

#define REQUESTS 3

#define RING_LAYOUT(id, name, without, why) extern const struct scenario_layout id##_scenario;
#include "rings/layouts.def"
#undef RING_LAYOUT

static const struct layout {
    const char *name;
    uint32_t without;
    const struct scenario_layout *scenario;
} layouts[] = {
#define RING_LAYOUT(id, name, without, why) {name, without, &id##_scenario},
#include "rings/layouts.def"
#undef RING_LAYOUT
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static const struct fault {
    const char *name;
    const char *what;
} faults[FAULTS] = {
    [FAULT_NONE] = {"none", "the sound ring"},
    [FAULT_NO_FENCE_ASK] = {"no-fence-ask", "no barrier between publishing and asking"},
    [FAULT_NO_FENCE_ARM] = {"no-fence-arm", "no barrier before the final check"},
    [FAULT_NO_RECHECK] = {"no-recheck", "the final check's answer is ignored"},
    [FAULT_EARLY_RELEASE] = {"early-release", "published before it is written"},
};

/* A fault that a layout withstands; explored all the same, and must then pass. */
struct harmless {
    const char *layout;
    enum scenario_fault fault;
    bool at_back;
    const char *why;
};

static const struct harmless harmless[] = {
    {NULL, FAULT_NONE, false, NULL},
};

static struct {
    const char *layout; /* NULL: all */
    const char *policy; /* NULL: all */
    const char *fault;  /* NULL: all */
    bool schedules;     /* print those of planted faults too */
    unsigned tests, failed;
} model;

bool tap_test(bool ok, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s %u - ", ok ? "ok" : "not ok", ++model.tests);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
    model.failed += !ok;
    return ok;
}

/* ---- which faults concern a policy: those in what it makes use of ---- */

static bool policy_arms(enum notify_policy policy)
{
    struct notify_params params = NOTIFY_DEFAULTS;
    struct notify_rx rx;
    notify_rx_init(&rx, &params);
    return notify_idle(policy, &rx, 0) == NOTIFY_ARM ||
           notify_idle(policy, &rx, NOTIFY_TIME_MAX) == NOTIFY_ARM;
}

static bool fault_concerns(enum scenario_fault fault, enum notify_policy policy)
{
    return fault == FAULT_EARLY_RELEASE || policy_arms(policy);
}

static const struct harmless *find_harmless(const struct layout *layout, enum scenario_fault fault,
                                            bool at_back)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        if (harmless[i].layout != NULL && strcmp(harmless[i].layout, layout->name) == 0 &&
            harmless[i].fault == fault && harmless[i].at_back == at_back)
            return &harmless[i];
    return NULL;
}

/* ---- the tests ---- */

static void print_failure(const struct explore_result *result)
{
    printf("# after %u steps: %s\n", result->depth, result->message);
    explore_print_schedule(stdout, "#   ");
}

static void test_sound(const struct layout *layout, struct scenario scenario)
{
    struct explore_result result;
    clock_t started = clock();
    layout->scenario->explore(&scenario, STATES_MAX, &result);
    double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    if (!tap_test(result.verdict == EXPLORE_PASSED,
                  "%s %s: %u entries, %u front end%s (%u states, %.2f s)", layout->name,
                  notify_name(scenario.policy), scenario.entries, scenario.fronts,
                  scenario.fronts == 1 ? "" : "s", result.states, seconds))
        print_failure(&result);
}

/* One line for both sides: a fault that is found at one side only is a test that sees half. */
static void test_fault(const struct layout *layout, struct scenario scenario)
{
    const char *name = faults[scenario.fault].name;
    char text[2][80];
    bool ok = true;
    for (int side = 0; side < 2; side++) {
        struct explore_result result;
        scenario.fault_at_back = side == 1;
        layout->scenario->explore(&scenario, STATES_MAX, &result);
        const struct harmless *spared = find_harmless(layout, scenario.fault, side == 1);
        bool found = result.verdict != EXPLORE_PASSED && result.verdict != EXPLORE_TOO_MANY;
        bool as_expected = spared == NULL ? found : result.verdict == EXPLORE_PASSED;
        ok &= as_expected;
        snprintf(text[side], sizeof(text[side]),
                 found ? "after %u steps, %u states" : "not (%u steps, %u states)", result.depth,
                 result.states);
        if (spared != NULL)
            printf("# %s %s at %s is harmless: %s\n", layout->name, name,
                   side == 1 ? "back" : "front", spared->why);
        if (model.schedules || !as_expected) {
            printf("# %s %s %s at %s:\n", layout->name, notify_name(scenario.policy), name,
                   side == 1 ? "back" : "front");
            if (found || result.verdict == EXPLORE_TOO_MANY)
                print_failure(&result);
        }
    }
    tap_test(ok, "%s %s: planted %s is found at front %s; at back %s", layout->name,
             notify_name(scenario.policy), name, text[0], text[1]);
}

static bool wanted(const char *choice, const char *name)
{
    return choice == NULL || strcmp(choice, name) == 0;
}

static void test_layout_policy(const struct layout *layout, enum notify_policy policy)
{
    uint32_t (*entries_for)(uint32_t, uint32_t) = layout->scenario->entries_for;
    struct scenario scenario = {
        .policy = policy, .entries = entries_for(2, 1), .fronts = 1, .requests = {REQUESTS}};

    if (wanted(model.fault, "none")) {
        test_sound(layout, scenario);
        struct scenario single = scenario;
        single.entries = entries_for(1, 1);
        if (single.entries != scenario.entries)
            test_sound(layout, single);
        if (layout->scenario->traits & RING_MANY_FRONTS) {
            struct scenario pair = scenario;
            pair.fronts = 2;
            pair.entries = entries_for(2, 2);
            pair.requests[0] = REQUESTS - 1;
            pair.requests[1] = 1;
            test_sound(layout, pair);
        }
    }
    for (scenario.fault = FAULT_NONE + 1; scenario.fault < FAULTS; scenario.fault++)
        if (wanted(model.fault, faults[scenario.fault].name) &&
            fault_concerns(scenario.fault, policy))
            test_fault(layout, scenario);
}

/* ---- the command line ---- */

static void usage(FILE *out)
{
    fprintf(out,
            "usage: model [--schedules] [--fault FAULT] [LAYOUT [POLICY]]\n"
            "\n"
            "Explores every interleaving, on a TSO machine, of %d requests and their responses\n"
            "for each layout (or LAYOUT) under each policy (or POLICY). TAP on standard output;\n"
            "the schedule of what goes wrong in `#` lines after it. Without arguments, the\n"
            "explorer's own litmus tests come first.\n"
            "\n"
            "  --fault FAULT  only this one of the faults below\n"
            "  --schedules    print the schedules of planted faults too\n"
            "\n"
            "faults:\n",
            REQUESTS);
    for (size_t i = 0; i < FAULTS; i++)
        fprintf(out, "  %-15s%s\n", faults[i].name, faults[i].what);
    fprintf(out, "layouts:\n ");
    for (size_t i = 0; i < LAYOUTS; i++)
        fprintf(out, " %s", layouts[i].name);
    fprintf(out, "\npolicies:\n ");
    for (enum notify_policy p = 0; p < NOTIFY_POLICIES; p++)
        fprintf(out, " %s", notify_name(p));
    fprintf(out, "\n");
}

static void parse(int argc, char **argv)
{
    static const struct option options[] = {{"fault", required_argument, NULL, 'f'},
                                            {"schedules", no_argument, NULL, 's'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "f:sh", options, NULL)) != -1) {
        switch (c) {
        case 'f':
            model.fault = optarg;
            break;
        case 's':
            model.schedules = true;
            break;
        case 'h':
            usage(stdout);
            exit(0);
        default:
            usage(stderr);
            exit(2);
        }
    }
    if (optind < argc)
        model.layout = argv[optind++];
    if (optind < argc)
        model.policy = argv[optind++];
    if (optind < argc) {
        usage(stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    if (model.layout == NULL && model.fault == NULL)
        litmus_tests();
    for (size_t i = 0; i < LAYOUTS; i++)
        for (enum notify_policy p = 0; p < NOTIFY_POLICIES; p++)
            if (wanted(model.layout, layouts[i].name) && wanted(model.policy, notify_name(p)) &&
                !(layouts[i].without >> p & 1))
                test_layout_policy(&layouts[i], p);
    if (model.tests == 0) {
        fprintf(stderr, "model: nothing to explore: no such layout, policy or fault, or the layout "
                        "does not carry the policy; see --help\n");
        return 2;
    }
    printf("1..%u\n", model.tests);
    return model.failed == 0 ? 0 : 1;
}

/* SPDX-License-Identifier: MIT */
/*
 * The explorer's test program: the litmus tests, then every ring layout under every policy that it
 * carries, then every delivery ABI of event channels, sound and with each planted fault. TAP on
 * standard output.
 */
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "model.h"
#include "scenario.h"
#include "tap.h"

/*
 * An exploration that needs more fails: nothing would be proved. The largest today needs most of
 * it; a million take about 170 MB.
 */
#define STATES_MAX 8000000U

#define REQUESTS 3U /* unless told otherwise */
#define REQUESTS_MAX 16U

#define RING_LAYOUT(id, name, without, why) extern const struct scenario_layout id##_scenario;
#include "rings/layouts.def"
#undef RING_LAYOUT

/* Enough that layouts with batch control hold back more than one entry. */
#define BATCHED_ENTRIES 16U

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

static struct model_options options = {.requests = REQUESTS, .states_max = STATES_MAX};

static unsigned tests, failed;

bool tap_test(bool ok, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%s %u - ", ok ? "ok" : "not ok", ++tests);
    vprintf(format, args);
    printf("\n");
    va_end(args);
    fflush(stdout);
    failed += !ok;
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

/* ---- the tests ---- */

static void test_sound(const struct layout *layout, struct scenario scenario)
{
    struct explore_result result;
    clock_t started = clock();
    layout->scenario->explore(&scenario, options.states_max, &result);
    double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    if (!tap_test(result.verdict == EXPLORE_PASSED,
                  "%s %s: %u entries, %u front end%s%s (%u states, %.2f s)", layout->name,
                  notify_name(scenario.policy), scenario.entries, scenario.fronts,
                  scenario.fronts == 1 ? "" : "s", scenario.one_way ? ", one way" : "",
                  result.states, seconds))
        model_print_failure(&result);
}

/* Found in each side alone: the barriers of both directions are needed. */
static void test_fault(const struct layout *layout, struct scenario scenario)
{
    static const char *const sides[] = {"front", "back"};
    const char *name = faults[scenario.fault].name;
    struct explore_result result[2];
    bool found[2];
    for (int side = 0; side < 2; side++) {
        scenario.fault_at_back = side == 1;
        layout->scenario->explore(&scenario, options.states_max, &result[side]);
        found[side] = model_found(&result[side]);
        if (options.schedules && found[side]) {
            printf("# %s %s %s at %s\n", layout->name, notify_name(scenario.policy), name,
                   sides[side]);
            model_print_failure(&result[side]);
        }
    }
    tap_test(found[0] && found[1],
             "%s %s: planted %s is found (front: %u steps, %u states; back: %u steps, %u states)",
             layout->name, notify_name(scenario.policy), name, result[0].depth, result[0].states,
             result[1].depth, result[1].states);
    for (int side = 0; side < 2; side++)
        if (!found[side])
            printf("# not found at %s: %s\n", sides[side],
                   result[side].verdict == EXPLORE_PASSED ? "every execution is right"
                                                          : result[side].message);
}

/* From one that fits the capacity of two, all the others. */
static void test_sound_ones(const struct layout *layout, const struct scenario scenario)
{
    const struct scenario_layout *l = layout->scenario;
    test_sound(layout, scenario);

    struct scenario single = scenario;
    single.entries = l->entries_for(1, 1);
    if (single.entries != scenario.entries)
        test_sound(layout, single);

    struct scenario batched = scenario;
    batched.entries = BATCHED_ENTRIES;
    test_sound(layout, batched);

    if (l->traits & RING_RELEASE_FREES) {
        struct scenario one_way = scenario;
        one_way.one_way = true;
        one_way.requests[0] += scenario.entries; /* so that the ring gets full more than once */
        test_sound(layout, one_way);
    }
    if ((l->traits & RING_MANY_FRONTS) && options.requests > 1) {
        struct scenario pair = scenario;
        pair.fronts = 2;
        pair.vary = !notify_uses_clock(scenario.policy); /* with time and three threads too many */
        pair.entries = l->entries_for(2, 2);
        pair.requests[0] = options.requests - 1;
        pair.requests[1] = 1;
        test_sound(layout, pair);
    }
}

static void test_layout_policy(const struct layout *layout, enum notify_policy policy)
{
    uint32_t (*entries_for)(uint32_t, uint32_t) = layout->scenario->entries_for;
    struct scenario scenario = {.policy = policy,
                                .entries = entries_for(2, 1),
                                .fronts = 1,
                                .requests = {options.requests},
                                .vary = true};

    if (model_wants(options.fault, "none"))
        test_sound_ones(layout, scenario);
    scenario.vary = false;
    for (scenario.fault = FAULT_NONE + 1; scenario.fault < FAULTS; scenario.fault++)
        if (model_wants(options.fault, faults[scenario.fault].name) &&
            fault_concerns(scenario.fault, policy))
            test_fault(layout, scenario);
}

/* ---- the command line ---- */

static void usage(FILE *out)
{
    fprintf(
        out,
        "usage: model [OPTION]... [LAYOUT [POLICY] | ABI [SCENE]]\n"
        "\n"
        "Explores every interleaving, on a TSO machine: of %u requests and their responses, for\n"
        "each ring layout (or LAYOUT) under each policy (or POLICY); of sends, masks and upcalls,\n"
        "for each delivery ABI of event channels (or ABI) in each scene (or SCENE). Sound and "
        "with\n"
        "planted faults. TAP on standard output; `#` lines after a failed test show its schedule.\n"
        "Without LAYOUT, ABI and FAULT, the explorer's own tests come first.\n"
        "\n"
        "  --fault FAULT   only this one of the faults below\n"
        "  --schedules     print the schedules of planted faults too\n"
        "  --requests N    1 to %u, through rings\n"
        "  --states N      fail after so many states (%u)\n"
        "\n"
        "faults of rings:\n",
        REQUESTS, REQUESTS_MAX, STATES_MAX);
    for (size_t i = 0; i < FAULTS; i++)
        fprintf(out, "  %-16s%s\n", faults[i].name, faults[i].what);
    fprintf(out, "layouts:\n ");
    for (size_t i = 0; i < LAYOUTS; i++)
        fprintf(out, " %s", layouts[i].name);
    fprintf(out, "\npolicies:\n ");
    for (enum notify_policy p = 0; p < NOTIFY_POLICIES; p++)
        fprintf(out, " %s", notify_name(p));
    fprintf(out, "\n");
    evtchn_list(out);
}

static uint32_t parse_count(const char *option, const char *text, uint32_t most)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || value < 1 || value > most) {
        fprintf(stderr, "model: %s wants a number from 1 to %u, not \"%s\"\n", option, most, text);
        exit(2);
    }
    return (uint32_t)value;
}

static void parse(int argc, char **argv)
{
    static const struct option known[] = {
        {"fault", required_argument, NULL, 'f'},    {"schedules", no_argument, NULL, 's'},
        {"requests", required_argument, NULL, 'r'}, {"states", required_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},           {NULL, 0, NULL, 0}};
    int c;
    while ((c = getopt_long(argc, argv, "f:sr:n:h", known, NULL)) != -1) {
        switch (c) {
        case 'f':
            options.fault = optarg;
            break;
        case 's':
            options.schedules = true;
            break;
        case 'r':
            options.requests = parse_count("--requests", optarg, REQUESTS_MAX);
            break;
        case 'n':
            options.states_max = parse_count("--states", optarg, UINT32_MAX / 4);
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
        options.subject = argv[optind++];
    if (optind < argc)
        options.within = argv[optind++];
    if (optind < argc) {
        usage(stderr);
        exit(2);
    }
}

int main(int argc, char **argv)
{
    parse(argc, argv);
    if (options.subject == NULL && options.fault == NULL)
        litmus_tests();
    for (size_t i = 0; i < LAYOUTS; i++)
        for (enum notify_policy p = 0; p < NOTIFY_POLICIES; p++)
            if (model_wants(options.subject, layouts[i].name) &&
                model_wants(options.within, notify_name(p)) && !(layouts[i].without >> p & 1))
                test_layout_policy(&layouts[i], p);
    evtchn_tests(&options);
    if (tests == 0) {
        fprintf(stderr,
                "model: nothing to explore: no such layout, policy, ABI, scene or fault, or "
                "it is none of this layout or ABI; see --help\n");
        return 2;
    }
    printf("1..%u\n", tests);
    return failed == 0 ? 0 : 1;
}

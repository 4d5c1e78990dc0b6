/* SPDX-License-Identifier: MIT */
/* Which scenes of event channels are explored: each delivery ABI, sound and with planted faults. */
#include <stdlib.h>
#include <time.h>

#include "evtchn_scenario.h"
#include "model.h"
#include "tap.h"

static const char *const abi_names[] = {
#define EVTCHN_ABI(id, name, ports) name,
#include "evtchn/abis.def"
#undef EVTCHN_ABI
};

static const struct evtchn_scene scenes[] = {
    {.name = "apart", .sends = {"aa", "bb"}},
    {.name = "apart-longer", .sends = {"aaa", "bb"}},
    {.name = "together", .sends = {"aa", "aa"}},
    {.name = "crossed", .sends = {"ab", "ba"}},
    {.name = "three-ports", .sends = {"ac", "b"}},
    {.name = "elsewhere", .sends = {"aa", "bb"}, .elsewhere = "b"},
    {.name = "mask", .sends = {"a", "b"}, .masks = 1},
    {.name = "mask-longer", .sends = {"aa", "b"}, .masks = 1},
    {.name = "mask-together", .sends = {"aa", "a"}, .masks = 1},
    {.name = "mask-often", .sends = {"a", "a"}, .masks = 2},
    {.name = "born-masked", .sends = {"aa", "b"}, .masked = "ab"},
    {.name = "move-vcpu", .sends = {"aac", "b"}, .elsewhere = "c", .move = MOVE_VCPU},
    {.name = "fresh", .sends = {"aa", "b"}, .fresh = true, .fifo = true},
    {.name = "move-priority",
     .sends = {"aac", "b"},
     .elsewhere = "c",
     .move = MOVE_PRIORITY,
     .fifo = true},
    {.name = "unmask-elsewhere", .sends = {"a", "a"}, .masked = "a", .helper = HELPER_UNMASKS},
    {.name = "given-page", .sends = {"a", "b"}, .helper = HELPER_GIVES_PAGE, .fifo = true},
    {.name = "given-block",
     .sends = {"a", "b"},
     .masks = 1,
     .helper = HELPER_GIVES_BLOCK,
     .fifo = true},
    {.name = "given-both", .sends = {"a", "a"}, .helper = HELPER_GIVES_BOTH, .fifo = true},
    {.name = "bound-elsewhere", .sends = {"a", "b"}, .helper = HELPER_BINDS, .fifo = true},
};

#define SCENES (sizeof(scenes) / sizeof(scenes[0]))

static bool has_scene(enum evtchn_abi_index abi, const struct evtchn_scene *scene)
{
    return abi == ABI_fifo || !scene->fifo;
}

/* The module as it is, and copies of it. */
#define EVTCHN_FAULT(id, name, abi, scene, what) evtchn_explore_fn evtchn_explore_##id;
#define EVTCHN_VARIANT(id, name, abi, scene) evtchn_explore_fn evtchn_explore_##id;
#include "faults/faults.def"
#undef EVTCHN_FAULT
#undef EVTCHN_VARIANT

static const struct copy {
    const char *name;
    evtchn_explore_fn *explore;
    enum evtchn_abi_index abi;
    const char *scene;
    const char *what; /* is wrong with it; NULL: nothing */
} copies[] = {
#define EVTCHN_FAULT(id, name, abi, scene, what) \
    {name, evtchn_explore_##id, ABI_##abi, scene, what},
#define EVTCHN_VARIANT(id, name, abi, scene) {name, evtchn_explore_##id, ABI_##abi, scene, NULL},
#include "faults/faults.def"
#undef EVTCHN_FAULT
#undef EVTCHN_VARIANT
};

#define COPIES (sizeof(copies) / sizeof(copies[0]))

static void test_sound(evtchn_explore_fn *explore, enum evtchn_abi_index abi,
                       const struct evtchn_scene *scene, const char *copy,
                       const struct model_options *options)
{
    struct explore_result result;
    clock_t started = clock();
    explore(abi, scene, options->states_max, &result);
    double seconds = (double)(clock() - started) / CLOCKS_PER_SEC;
    if (!tap_test(result.verdict == EXPLORE_PASSED, "%s %s%s%s (%u states, %.2f s)", abi_names[abi],
                  scene->name, copy == NULL ? "" : ", ", copy == NULL ? "" : copy, result.states,
                  seconds))
        model_print_failure(&result);
}

static void test_fault(const struct copy *copy, const struct evtchn_scene *scene,
                       const struct model_options *options)
{
    struct explore_result result;
    copy->explore(copy->abi, scene, options->states_max, &result);
    bool found = model_found(&result);
    if (!tap_test(found, "%s %s: planted %s is found (%u steps, %u states)", abi_names[copy->abi],
                  scene->name, copy->name, result.depth, result.states))
        printf("# %s\n",
               result.verdict == EXPLORE_PASSED ? "every execution is right" : result.message);
    else if (options->schedules)
        model_print_failure(&result);
}

static const struct evtchn_scene *scene_of(const struct copy *copy)
{
    for (size_t i = 0; i < SCENES; i++)
        if (strcmp(scenes[i].name, copy->scene) == 0)
            return &scenes[i];
    fprintf(stderr, "model: faults.def: no scene \"%s\"\n", copy->scene);
    abort();
}

static void test_abi(enum evtchn_abi_index abi, const struct model_options *options)
{
    for (size_t i = 0; i < SCENES; i++)
        if (has_scene(abi, &scenes[i]) && model_wants(options->within, scenes[i].name) &&
            model_wants(options->fault, "none"))
            test_sound(evtchn_explore, abi, &scenes[i], NULL, options);
    for (size_t i = 0; i < COPIES; i++) {
        const struct copy *copy = &copies[i];
        if (copy->abi != abi || !model_wants(options->within, copy->scene) ||
            !model_wants(options->fault, copy->name))
            continue;
        if (copy->what == NULL)
            test_sound(copy->explore, abi, scene_of(copy), copy->name, options);
        else
            test_fault(copy, scene_of(copy), options);
    }
}

void evtchn_tests(const struct model_options *options)
{
    for (enum evtchn_abi_index abi = 0; abi < EVTCHN_ABIS; abi++)
        if (model_wants(options->subject, abi_names[abi]))
            test_abi(abi, options);
}

void evtchn_list(FILE *out)
{
    fprintf(out, "delivery ABIs:\n ");
    for (enum evtchn_abi_index abi = 0; abi < EVTCHN_ABIS; abi++)
        fprintf(out, " %s", abi_names[abi]);
    fprintf(out, "\nscenes:\n ");
    for (size_t i = 0; i < SCENES; i++)
        fprintf(out, " %s%s", scenes[i].name, scenes[i].fifo ? " (fifo)" : "");
    fprintf(out, "\ntheir faults:\n");
    for (size_t i = 0; i < COPIES; i++)
        fprintf(out, "  %-24s%s: %s\n", copies[i].name, abi_names[copies[i].abi],
                copies[i].what == NULL ? "none: BUSY is asked for at once" : copies[i].what);
}

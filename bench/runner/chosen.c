/* SPDX-License-Identifier: MIT */
#include "bench/runner/chosen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/runner/place.h"

/* Applies a setting wherever it means something, which must be somewhere. */
static bool apply_set(struct chosen *chosen, const char *text, struct fault *fault)
{
    char *key = copy_text(text);
    char *value = strchr(key, '=');
    *value++ = '\0';
    bool applied = false, wrong = false;
    struct fault inner, first;
    for (size_t i = 0; !wrong && i < chosen->count; i++) {
        enum setting done = experiment_set(chosen->experiments[i], key, value, &inner);
        wrong = done == SETTING_WRONG;
        applied = applied || done == SETTING_DONE;
        if (i == 0 || wrong)
            first = inner;
    }
    free(key);
    return (applied && !wrong) || fault_set(fault, "setting %s: %s", text, first.text);
}

static bool apply_sets(struct chosen *chosen, const struct strings *sets, struct fault *fault)
{
    for (size_t i = 0; i < sets->count; i++)
        if (!apply_set(chosen, sets->at[i], fault))
            return false;
    return true;
}

static bool is_known(const char *path, const char *name, struct fault *fault)
{
    if (access(path, R_OK) == 0)
        return true;
    struct strings names = place_experiments();
    char *known = strings_join(&names, ", ");
    fault_set(fault, "no experiment '%s' (%s cannot be read); there are: %s", name, path,
              names.count == 0 ? "none, set " PLACE_VARIABLE " to the source tree" : known);
    free(known);
    strings_free(&names);
    return false;
}

static bool is_new(const struct chosen *chosen, const struct experiment *experiment,
                   struct fault *fault)
{
    for (size_t i = 0; i < chosen->count; i++)
        if (strcmp(chosen->experiments[i]->name, experiment->name) == 0)
            return fault_set(fault, "%s and %s have the same name; a run needs different ones",
                             chosen->experiments[i]->path, experiment->path);
    return true;
}

int chosen_read(struct chosen *chosen, const struct strings *names,
                const struct parameters *parameters, struct fault *fault)
{
    size_t wanted = names->count;
    chosen->experiments = memory(wanted, sizeof(void *));
    chosen->plans = memory(wanted, sizeof(*chosen->plans));
    for (size_t i = 0; i < wanted; i++) {
        const char *name = names->at[i];
        char *path = place_of_experiment(name);
        bool known = is_known(path, name, fault);
        struct experiment *e = known ? experiment_read(path, parameters->effort, fault) : NULL;
        free(path);
        if (e == NULL)
            return known ? EXIT_FAILED : EXIT_USAGE;
        bool good = is_new(chosen, e, fault);
        chosen->experiments[i] = e;
        chosen->count++;
        if (!good)
            return EXIT_USAGE;
    }
    if (!apply_sets(chosen, &parameters->sets, fault))
        return EXIT_USAGE;
    for (size_t i = 0; i < wanted; i++)
        plan_make(&chosen->plans[i], chosen->experiments[i]);
    return EXIT_DONE;
}

void chosen_free(struct chosen *chosen)
{
    for (size_t i = 0; i < chosen->count; i++) {
        plan_free(&chosen->plans[i]);
        experiment_free(chosen->experiments[i]);
    }
    free(chosen->experiments);
    free(chosen->plans);
    *chosen = (struct chosen){0};
}

/* SPDX-License-Identifier: MIT */
#include "bench/runner/sessions.h"

#include <stdlib.h>

const struct session *sessions_find(const struct sessions *s, const struct suite *suite)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->at[i].suite == suite)
            return &s->at[i];
    return NULL;
}

bool sessions_open(struct sessions *s, const struct suite *suite, const struct suite_config *config,
                   struct fault *fault)
{
    if (sessions_find(s, suite) != NULL)
        return true;
    void *of = suite->open == NULL ? NULL : suite->open(config, fault);
    if (of == NULL && suite->open != NULL)
        return false;
    s->at = memory_grow(s->at, s->count + 1, sizeof(*s->at));
    s->at[s->count++] = (struct session){suite, of, suite_columns(suite, of)};
    return true;
}

void sessions_close(struct sessions *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->at[i].suite->close != NULL)
            s->at[i].suite->close(s->at[i].of);
        strings_free(&s->at[i].columns);
    }
    free(s->at);
    *s = (struct sessions){0};
}

void sessions_describe(const struct sessions *s, json_t *machine, json_t *counters)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct suite *suite = s->at[i].suite;
        json_t *own = suite->describe == NULL ? NULL : suite->describe(s->at[i].of, machine);
        if (own != NULL)
            json_array_extend(counters, own);
        json_decref(own);
    }
}

bool sessions_mind_load(const struct sessions *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (!s->at[i].suite->seeded)
            return true;
    return false;
}

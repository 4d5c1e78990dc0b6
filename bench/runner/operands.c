/* SPDX-License-Identifier: MIT */
#include <argp.h>

#include "bench/runner/commands.h"

struct operands {
    struct strings *list;
    size_t min, max;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct operands *operands = state->input;
    switch (key) {
    case ARGP_KEY_ARG:
        if (operands->list->count == operands->max)
            argp_error(state, "too many arguments: %s", arg);
        strings_add(operands->list, arg);
        return 0;
    case ARGP_KEY_END:
        if (operands->list->count < operands->min)
            argp_error(state, "too few arguments");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

struct strings parse_operands(int argc, char **argv, const char *usage, const char *doc, size_t min,
                              size_t max)
{
    struct strings list = {0};
    struct operands operands = {.list = &list, .min = min, .max = max};
    const struct argp argp = {.parser = parse, .args_doc = usage, .doc = doc};
    argp_parse(&argp, argc, argv, 0, NULL, &operands);
    return list;
}

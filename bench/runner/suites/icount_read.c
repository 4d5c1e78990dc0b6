/* SPDX-License-Identifier: MIT */
/*
 * What the guest path-length says on the console, between lines of the hypervisor's own:
 *
 *   path-length-clock,<instructions or ticks>,<how it knows>
 *   path-length,<operation>,<cost, two decimals>
 *   ok 1 - path_length
 */
#include <stdlib.h>
#include <string.h>

#include "bench/runner/suites/icount.h"

#define CLOCK "path-length-clock,"
#define COST "path-length,"
#define CLOCK_WANTED "instructions,"

static const struct {
    const char *name, *summary;
} operations[] = {
#define OPERATION(id, name, summary) {name, summary},
#include "bench/runner/suites/icount_operations.def"
#undef OPERATION
};

const char *icount_operation_name(size_t operation)
{
    return operation < ICOUNT_OPERATIONS ? operations[operation].name : NULL;
}

const char *icount_operation_summary(enum icount_operation operation)
{
    return operations[operation].summary;
}

struct reading {
    struct icount_costs *costs;
    bool known[ICOUNT_OPERATIONS];
    bool counts; /* the clock, and instructions */
    bool ended;  /* the guest, and well */
};

static bool begins(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

/* Digits, a point, two digits; at most 12 digits, so that hundredths fit. */
static bool parse_hundredths(const char *text, uint64_t *value)
{
    enum { WHOLE_MAX = 12, DECIMALS = 2 };
    size_t whole = strspn(text, "0123456789");
    if (whole == 0 || whole > WHOLE_MAX || text[whole] != '.' ||
        strspn(text + whole + 1, "0123456789") != DECIMALS || text[whole + 1 + DECIMALS] != '\0')
        return false;
    *value = strtoull(text, NULL, 10) * 100 + strtoull(text + whole + 1, NULL, 10);
    return true;
}

static bool read_cost(struct reading *r, const char *line, struct fault *fault)
{
    const char *name = line + strlen(COST);
    size_t length = strcspn(name, ",");
    for (size_t i = 0; i < ICOUNT_OPERATIONS; i++) {
        if (strlen(operations[i].name) != length || strncmp(operations[i].name, name, length) != 0)
            continue;
        if (r->known[i])
            return fault_set(fault, "the guest measured %s twice", operations[i].name);
        r->known[i] = name[length] == ',' && parse_hundredths(name + length + 1, &r->costs->of[i]);
        return r->known[i] ||
               fault_set(fault, "expected " COST "%s and a number with two decimals, found: %s",
                         operations[i].name, line);
    }
    return fault_set(
        fault, "the guest measured '%.*s', which bench/runner/suites/icount_operations.def lacks",
        (int)length, name);
}

static bool read_line(struct reading *r, const char *line, struct fault *fault)
{
    if (begins(line, CLOCK)) {
        r->counts = begins(line + strlen(CLOCK), CLOCK_WANTED);
        return r->counts || fault_set(fault, "the guest's clock does not count instructions: %s",
                                      line + strlen(CLOCK));
    }
    if (begins(line, COST))
        return read_cost(r, line, fault);
    if (begins(line, "not ok") || begins(line, "Bail out!"))
        return fault_set(fault, "the guest failed: %s", line);
    r->ended = r->ended || begins(line, "ok ");
    return true;
}

/* Is all there? */
static bool check(const struct reading *r, struct fault *fault)
{
    size_t count = 0;
    for (size_t i = 0; i < ICOUNT_OPERATIONS; i++)
        count += r->known[i];
    if (count == 0)
        return fault_set(fault, "the guest measured nothing");
    if (!r->counts)
        return fault_set(fault, "the guest did not say what its clock counts");
    for (size_t i = 0; i < ICOUNT_OPERATIONS; i++)
        if (!r->known[i])
            return fault_set(fault,
                             "the guest measured %zu of %d operations; the first missing: %s",
                             count, ICOUNT_OPERATIONS, operations[i].name);
    return r->ended || fault_set(fault, "the guest did not say that it came to its end");
}

bool icount_read(const char *console, struct icount_costs *costs, struct fault *fault)
{
    struct reading r = {.costs = costs};
    char *text = copy_text(console), *rest = text;
    bool good = true;
    for (char *line; good && (line = strsep(&rest, "\n")) != NULL;) {
        line[strcspn(line, "\r")] = '\0';
        good = read_line(&r, line, fault);
    }
    free(text);
    return good && check(&r, fault);
}

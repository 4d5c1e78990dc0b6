/* SPDX-License-Identifier: MIT */
/* What a boot said: the lines of bench/domains/control.c and, by domain, of bench/domains/result.h.
 */
#include <stdlib.h>
#include <string.h>

#include "bench/runner/suites/domains.h"

#define FNV_BASIS 0x811c9dc5U
#define FNV_PRIME 0x01000193U

/* A domain between its first line and its end. */
struct speaker {
    char *name;
    uint64_t lines;
    uint32_t sum;
    bool ended;
};

struct reader {
    struct domains_result *results, *at; /* NULL: between points */
    size_t count, begun;
    struct speaker *speakers;
    size_t speaker_count;
    bool over;
    struct fault *fault;
};

static bool wrong(struct reader *r, const char *expected, const char *line)
{
    return fault_set(r->fault, "expected %s, found: %s", expected, line);
}

static void forget_speakers(struct reader *r)
{
    for (size_t i = 0; i < r->speaker_count; i++)
        free(r->speakers[i].name);
    free(r->speakers);
    r->speakers = NULL;
    r->speaker_count = 0;
}

static struct speaker *speaker_of(struct reader *r, const char *name, size_t length)
{
    for (size_t i = 0; i < r->speaker_count; i++)
        if (strlen(r->speakers[i].name) == length &&
            strncmp(r->speakers[i].name, name, length) == 0)
            return &r->speakers[i];
    r->speakers = memory_grow(r->speakers, r->speaker_count + 1, sizeof(*r->speakers));
    struct speaker *s = &r->speakers[r->speaker_count++];
    *s = (struct speaker){.name = format_text("%.*s", (int)length, name), .sum = FNV_BASIS};
    return s;
}

/* The next word of a line, which loses it; "" at its end. */
static char *word(char **rest)
{
    char *at = *rest == NULL ? NULL : strsep(rest, " ");
    return at == NULL ? "" : at;
}

static bool number(char **rest, uint64_t *value)
{
    return parse_whole(word(rest), 0, UINT64_MAX, value);
}

static bool read_number(struct reader *r, const struct speaker *s, char *rest, const char *line)
{
    const char *name = word(&rest);
    uint64_t value;
    if (*name == '\0' || !number(&rest, &value) || rest != NULL)
        return wrong(r, "@ number NAME VALUE", line);
    struct domains_result *to = r->at;
    for (size_t i = 0; i < to->number_count; i++)
        if (strcmp(to->numbers[i].name, name) == 0 && strcmp(to->numbers[i].domain, s->name) == 0)
            return wrong(r, "a number once", line);
    to->numbers = memory_grow(to->numbers, to->number_count + 1, sizeof(*to->numbers));
    to->numbers[to->number_count++] =
        (struct domains_number){copy_text(s->name), copy_text(name), value};
    return true;
}

static struct domains_list *list_of(struct domains_result *to, const char *domain, const char *name)
{
    for (size_t i = 0; i < to->list_count; i++)
        if (strcmp(to->lists[i].name, name) == 0 && strcmp(to->lists[i].domain, domain) == 0)
            return &to->lists[i];
    to->lists = memory_grow(to->lists, to->list_count + 1, sizeof(*to->lists));
    struct domains_list *list = &to->lists[to->list_count++];
    *list = (struct domains_list){.domain = copy_text(domain), .name = copy_text(name)};
    return list;
}

static bool read_list(struct reader *r, const struct speaker *s, char *rest, const char *line)
{
    const char *name = word(&rest);
    if (*name == '\0' || rest == NULL)
        return wrong(r, "@ list NAME VALUE ...", line);
    struct domains_list *list = list_of(r->at, s->name, name);
    while (rest != NULL) {
        uint64_t value;
        if (!number(&rest, &value))
            return wrong(r, "@ list NAME VALUE ...", line);
        list->values = memory_grow(list->values, list->count + 1, sizeof(value));
        list->values[list->count++] = value;
    }
    return true;
}

static bool read_hist(struct reader *r, char *rest, const char *line)
{
    const char *name = word(&rest);
    uint64_t count, sum, min, max, clipped;
    if (r->at->hist != NULL)
        return wrong(r, "one histogram", line);
    if (*name == '\0' || !number(&rest, &count) || !number(&rest, &sum) || !number(&rest, &min) ||
        !number(&rest, &max) || !number(&rest, &clipped) || rest != NULL)
        return wrong(r, "@ hist NAME COUNT SUM MIN MAX CLIPPED", line);
    struct hist *h = memory(1, sizeof(*h));
    h->count = count, h->sum = sum, h->min = min, h->max = max, h->clipped = clipped;
    r->at->hist = h;
    r->at->hist_name = copy_text(name);
    return true;
}

static bool read_buckets(struct reader *r, char *rest, const char *line)
{
    struct hist *h = r->at->hist;
    const char *name = word(&rest);
    if (h == NULL || strcmp(name, r->at->hist_name) != 0)
        return wrong(r, "a histogram before its buckets", line);
    while (rest != NULL) {
        char *count = word(&rest);
        const char *index = strsep(&count, ":");
        uint64_t i, n;
        if (count == NULL || !parse_whole(index, 0, HIST_BUCKETS - 1, &i) ||
            !parse_whole(count, 1, UINT64_MAX, &n) || h->buckets[i] != 0)
            return wrong(r, "buckets INDEX:COUNT, each once", line);
        h->buckets[i] = n;
    }
    return true;
}

static bool read_end(struct reader *r, struct speaker *s, char *rest, const char *line)
{
    uint64_t lines, sum;
    if (!number(&rest, &lines) || !number(&rest, &sum) || rest != NULL)
        return wrong(r, "@ end LINES SUM", line);
    s->ended = true;
    return (lines == s->lines && sum == s->sum) ||
           fault_set(r->fault,
                     "%s said %llu lines with the checksum %llu, %llu with %u arrived: some were "
                     "lost, cut or doubled",
                     s->name, (unsigned long long)lines, (unsigned long long)sum,
                     (unsigned long long)s->lines, s->sum);
}

static void add_to_sum(struct speaker *s, const char *line)
{
    for (const char *c = line; *c != '\0'; c++)
        s->sum = (s->sum ^ (uint8_t)*c) * FNV_PRIME;
    s->sum = (s->sum ^ (uint8_t)'\n') * FNV_PRIME;
    s->lines++;
}

static void keep(struct domains_result *to, const char *line)
{
    char *text = format_text("%s%s\n", to->text == NULL ? "" : to->text, line);
    free(to->text);
    to->text = text;
}

/* `said` is what a domain said, in the line. */
static bool read_said(struct reader *r, struct speaker *s, const char *said, const char *line)
{
    char *copy = copy_text(said), *rest = copy;
    word(&rest); /* the @ */
    const char *what = word(&rest);
    bool good = true;
    keep(r->at, line);
    if (s->ended)
        good = fault_set(r->fault, "%s went on after its end: %s", s->name, line);
    else if (strcmp(what, "end") == 0)
        good = read_end(r, s, rest, line);
    else {
        add_to_sum(s, said);
        if (strcmp(what, "number") == 0)
            good = read_number(r, s, rest, line);
        else if (strcmp(what, "list") == 0)
            good = read_list(r, s, rest, line);
        else if (strcmp(what, "hist") == 0)
            good = read_hist(r, rest, line);
        else if (strcmp(what, "buckets") == 0)
            good = read_buckets(r, rest, line);
        else
            good = wrong(r, "@ number, list, hist, buckets or end", line);
    }
    free(copy);
    return good;
}

/* A histogram whose buckets do not add up has lost some. */
static bool check_hist(struct reader *r)
{
    const struct hist *h = r->at->hist;
    uint64_t count = 0;
    for (uint32_t i = 0; h != NULL && i < HIST_BUCKETS; i++)
        count += h->buckets[i];
    return h == NULL || count == h->count ||
           fault_set(r->fault, "the histogram %s has %llu values, its buckets %llu",
                     r->at->hist_name, (unsigned long long)h->count, (unsigned long long)count);
}

static bool end_point(struct reader *r)
{
    for (size_t i = 0; i < r->speaker_count; i++)
        if (!r->speakers[i].ended)
            return fault_set(r->fault, "%s did not say its last line", r->speakers[i].name);
    if (r->speaker_count == 0)
        return fault_set(r->fault, "point %zu: nothing was measured", r->begun - 1);
    return check_hist(r);
}

static bool read_control(struct reader *r, const char *line)
{
    char *copy = copy_text(line), *rest = copy;
    uint64_t n = 0;
    bool good = true;
    word(&rest);
    const char *what = word(&rest);
    bool over = strcmp(what, "over") == 0;
    const char *which = word(&rest);
    bool numbered = parse_whole(which, 0, r->count, &n);
    if (over) {
        r->over = true;
    } else if (strcmp(what, "point") == 0 && numbered && n == r->begun && r->at == NULL &&
               n < r->count) {
        r->at = &r->results[r->begun++];
    } else if (strcmp(what, "good") == 0 && numbered && r->at != NULL && n + 1 == r->begun) {
        good = end_point(r);
        r->at = NULL;
    } else if (strcmp(what, "bad") == 0 && numbered && r->at != NULL && n + 1 == r->begun) {
        r->at->wrong = copy_text(rest == NULL ? "" : rest);
        r->at = NULL;
    } else {
        good = wrong(r, "the control domain to go from point to point", line);
    }
    forget_speakers(r);
    free(copy);
    return good;
}

static bool read_line(struct reader *r, const char *line)
{
    if (strncmp(line, "@ ", 2) == 0)
        return read_control(r, line);
    const char *end = *line == '[' ? strstr(line, "] @ ") : NULL;
    if (end == NULL)
        return true;
    if (r->at == NULL)
        return wrong(r, "no results outside of points", line);
    return read_said(r, speaker_of(r, line + 1, (size_t)(end - line - 1)), end + 2, line);
}

bool domains_read(const char *console, struct domains_result *results, size_t count,
                  struct fault *fault)
{
    struct reader r = {.results = results, .count = count, .fault = fault};
    char *text = copy_text(console), *rest = text;
    bool good = true;
    for (char *line; good && (line = strsep(&rest, "\n")) != NULL;) {
        line[strcspn(line, "\r")] = '\0';
        good = read_line(&r, line);
    }
    free(text);
    forget_speakers(&r);
    if (good && r.begun == 0)
        return fault_set(fault, "%s", "the control domain said nothing");
    if (good && (r.begun < count || !r.over))
        return fault_set(fault, "the control domain came to point %zu of %zu and not to its end",
                         r.begun, count);
    return good;
}

void domains_result_free(struct domains_result *result)
{
    for (size_t i = 0; i < result->number_count; i++) {
        free(result->numbers[i].domain);
        free(result->numbers[i].name);
    }
    for (size_t i = 0; i < result->list_count; i++) {
        free(result->lists[i].domain);
        free(result->lists[i].name);
        free(result->lists[i].values);
    }
    free(result->numbers);
    free(result->lists);
    free(result->hist);
    free(result->hist_name);
    free(result->text);
    free(result->wrong);
}

bool domains_number(const struct domains_result *result, const char *domain, const char *name,
                    double *value, struct fault *fault)
{
    for (size_t i = 0; i < result->number_count; i++)
        if (strcmp(result->numbers[i].domain, domain) == 0 &&
            strcmp(result->numbers[i].name, name) == 0) {
            *value = (double)result->numbers[i].value;
            return true;
        }
    return fault_set(fault, "%s did not say its %s", domain, name);
}

const struct domains_list *domains_list(const struct domains_result *result, const char *domain,
                                        const char *name, struct fault *fault)
{
    for (size_t i = 0; i < result->list_count; i++)
        if (strcmp(result->lists[i].domain, domain) == 0 &&
            strcmp(result->lists[i].name, name) == 0)
            return &result->lists[i];
    fault_set(fault, "%s did not say its %s", domain, name);
    return NULL;
}

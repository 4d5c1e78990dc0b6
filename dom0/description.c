/* SPDX-License-Identifier: MIT */
#include "dom0/description.h"
#include "guest/lib/string.h"

#define PAGE_SIZE 4096U
#define PORTS_MAX 131071U /* FIFO's, the most that there are */
#define PORTS_DEFAULT 1023U
#define LIMIT_MAX (365UL * 24 * 3600)
#define MEMORY_MAX (1UL << 40)

struct reader {
    struct description *description;
    const char *file;
    unsigned line;
    struct described_domain *domain;   /* whose block it is; NULL: of none */
    struct described_channel *channel; /* likewise */
    uint32_t seen;                     /* keys of the block, by their place in keys[] */
    struct text end;                   /* `end`, and where it was */
    unsigned end_line;
    struct problem *problem;
};

/* ---- words */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

struct text text_word(struct text *text)
{
    if (text->length == 0) /* of nothing at all, too */
        return *text;
    while (text->length > 0 && is_blank(*text->at)) {
        text->at++;
        text->length--;
    }
    struct text word = {text->at, 0};
    while (word.length < text->length && !is_blank(word.at[word.length]))
        word.length++;
    text->at += word.length;
    text->length -= word.length;
    return word;
}

bool text_is(struct text text, const char *word)
{
    return text.length == strlen(word) && !memcmp(text.at, word, text.length);
}

static struct text trimmed(struct text text)
{
    while (text.length > 0 && is_blank(text.at[text.length - 1]))
        text.length--;
    while (text.length > 0 && is_blank(*text.at)) {
        text.at++;
        text.length--;
    }
    return text;
}

/* `expected ..., found ...`, with the line. Always false. */
static bool wrong_at(struct reader *r, unsigned line, const char *expected, struct text found)
{
    return problem_is(r->problem, "%s:%u: expected %s, found `%.*s'", r->file, line, expected,
                      (int)found.length, found.at);
}

static bool wrong(struct reader *r, const char *expected, struct text found)
{
    return wrong_at(r, r->line, expected, found);
}

/* ---- values */

static bool number(struct reader *r, struct text value, uint64_t least, uint64_t most,
                   const char *expected, uint64_t *n)
{
    if (string_number(value.at, value.length, n) && *n >= least && *n <= most)
        return true;
    return wrong(r, expected, value);
}

static bool number_32(struct reader *r, struct text value, uint32_t least, uint32_t most,
                      const char *expected, uint32_t *n)
{
    uint64_t wide;
    if (!number(r, value, least, most, expected, &wide))
        return false;
    *n = (uint32_t)wide;
    return true;
}

static bool is_name(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
            c != '-' && c != '_')
            return false;
    }
    return text.length > 0 && text.length <= DESCRIBED_NAME_MAX;
}

static bool memory(struct reader *r, struct text value)
{
    static const char expected[] = "a size in whole pages, such as 8M";
    static const char units[] = "KMG";
    const char *unit = value.length > 1 ? strchr(units, value.at[value.length - 1]) : NULL;
    if (!unit || !*unit)
        return wrong(r, expected, value);
    unsigned shift = 10 * (unsigned)(unit - units + 1);
    uint64_t n;
    struct text digits = {value.at, value.length - 1};
    if (!string_number(digits.at, digits.length, &n) || n == 0 || n > MEMORY_MAX >> shift ||
        (n << shift) % PAGE_SIZE)
        return wrong(r, expected, value);
    r->domain->memory = n << shift;
    return true;
}

/* `1`, `0-3`, and lists of such with commas. */
static bool cpus(struct reader *r, struct text value)
{
    static const char expected[] = "CPUs below 64, such as 0,2-3";
    struct text rest = value;
    while (rest.length > 0) {
        struct text part = {rest.at, 0};
        while (part.length < rest.length && rest.at[part.length] != ',')
            part.length++;
        size_t dash = 0;
        while (dash < part.length && part.at[dash] != '-')
            dash++;
        uint64_t first;
        if (!string_number(part.at, dash, &first))
            return wrong(r, expected, value);
        uint64_t last = first;
        if (dash < part.length && !string_number(part.at + dash + 1, part.length - dash - 1, &last))
            return wrong(r, expected, value);
        if (first > last || last >= DESCRIBED_CPUS_MAX)
            return wrong(r, expected, value);
        for (; first <= last; first++)
            r->domain->cpus |= 1UL << first;
        if (part.length + 1 == rest.length) /* a comma and nothing behind it */
            return wrong(r, expected, value);
        size_t taken = part.length + (part.length < rest.length);
        rest = (struct text){rest.at + taken, rest.length - taken};
    }
    return true;
}

static bool restart(struct reader *r, struct text value)
{
    struct described_domain *d = r->domain;
    if (text_is(value, "never")) {
        d->restarts = 0;
    } else if (text_is(value, "always")) {
        d->restarts = RESTART_ALWAYS;
    } else if (text_is(value, "on-crash")) {
        d->restarts = RESTART_ALWAYS;
        d->only_crashes = true;
    } else {
        return number_32(r, value, 1, RESTART_ALWAYS - 1,
                         "never, on-crash, always, or how many times", &d->restarts);
    }
    return true;
}

static bool events(struct reader *r, struct text value)
{
    static const char *const names[] = {
#define EVTCHN_ABI(id, name, ports) name,
#include "evtchn/abis.def"
#undef EVTCHN_ABI
    };
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++) {
        if (text_is(value, names[i])) {
            r->domain->events = names[i];
            return true;
        }
    }
#define EVTCHN_ABI(id, name, ports) " " name
    return wrong(r, "one of"
#include "evtchn/abis.def"
                 ,
                 value);
#undef EVTCHN_ABI
}

static bool is_setting(struct text word)
{
    for (size_t i = 1; i + 1 < word.length; i++) {
        if (word.at[i] == '=')
            return true;
    }
    return false;
}

/* Words name=value. */
static bool settings(struct reader *r, struct text value, struct text *settings)
{
    struct text rest = value;
    for (struct text word = text_word(&rest); word.length > 0; word = text_word(&rest)) {
        if (!is_setting(word))
            return wrong(r, "words name=value", word);
    }
    *settings = value;
    return true;
}

/* ---- keys */

static bool key_kernel(struct reader *r, struct text value)
{
    r->domain->kernel = value;
    return true;
}

static bool key_ramdisk(struct reader *r, struct text value)
{
    r->domain->ramdisk = value;
    return true;
}

static bool key_arguments(struct reader *r, struct text value)
{
    r->domain->arguments = value;
    return true;
}

static bool key_vcpus(struct reader *r, struct text value)
{
    return number_32(r, value, 1, DESCRIBED_VCPUS_MAX, "1 to 32 vcpus", &r->domain->vcpus);
}

static bool key_ports(struct reader *r, struct text value)
{
    return number_32(r, value, 1, PORTS_MAX, "a port of 1 to 131071", &r->domain->ports);
}

static bool key_schedule(struct reader *r, struct text value)
{
    return settings(r, value, &r->domain->schedule);
}

static bool key_front(struct reader *r, struct text value)
{
    r->channel->front_name = value;
    return true;
}

static bool key_back(struct reader *r, struct text value)
{
    r->channel->back_name = value;
    return true;
}

static bool key_pages(struct reader *r, struct text value)
{
    return number_32(r, value, 1, DESCRIBED_PAGES_MAX, "1 to 256 pages", &r->channel->pages);
}

static bool key_with(struct reader *r, struct text value)
{
    return settings(r, value, &r->channel->with);
}

enum shape {
    ONE_WORD,
    WORDS,
};

static const struct key {
    const char *name;
    bool of_channel; /* or of a domain */
    bool needed;
    enum shape shape;
    bool (*take)(struct reader *r, struct text value);
} keys[] = {
    {"kernel", false, true, ONE_WORD, key_kernel},
    {"memory", false, true, ONE_WORD, memory},
    {"ramdisk", false, false, ONE_WORD, key_ramdisk},
    {"vcpus", false, false, ONE_WORD, key_vcpus},
    {"cpus", false, false, ONE_WORD, cpus},
    {"arguments", false, false, WORDS, key_arguments},
    {"events", false, false, ONE_WORD, events},
    {"ports", false, false, ONE_WORD, key_ports},
    {"schedule", false, false, WORDS, key_schedule},
    {"restart", false, false, ONE_WORD, restart},
    {"front", true, true, ONE_WORD, key_front},
    {"back", true, true, ONE_WORD, key_back},
    {"pages", true, true, ONE_WORD, key_pages},
    {"with", true, false, WORDS, key_with},
};
#define KEYS (sizeof(keys) / sizeof(*keys))

static bool read_key(struct reader *r, struct text word, struct text value)
{
    for (unsigned i = 0; i < KEYS; i++) {
        const struct key *key = &keys[i];
        if (!text_is(word, key->name))
            continue;
        if (key->of_channel ? !r->channel : !r->domain)
            return wrong(r, key->of_channel ? "this within a channel" : "this within a domain",
                         word);
        if (r->seen >> i & 1)
            return wrong(r, "each line of a block once", word);
        r->seen |= 1U << i;
        struct text rest = value;
        struct text first = text_word(&rest);
        if (first.length == 0)
            return wrong(r, "a value", word);
        if (key->shape == ONE_WORD && text_word(&rest).length > 0)
            return wrong(r, "one word", value);
        return key->take(r, value);
    }
    return wrong(r, "domain, channel, end, limit, or a line of a block", word);
}

/* ---- blocks */

static bool end_block(struct reader *r)
{
    if (!r->domain && !r->channel)
        return true;
    unsigned line = r->domain ? r->domain->line : r->channel->line;
    const char *name = r->domain ? r->domain->name : r->channel->name;
    for (unsigned i = 0; i < KEYS; i++) {
        if (keys[i].needed && keys[i].of_channel == !r->domain && !(r->seen >> i & 1))
            return problem_is(r->problem, "%s:%u: %s: expected a line `%s', found none", r->file,
                              line, name, keys[i].name);
    }
    r->domain = NULL;
    r->channel = NULL;
    r->seen = 0;
    return true;
}

static bool block_name(struct reader *r, struct text value, char name[DESCRIBED_NAME_MAX + 1])
{
    if (!is_name(value))
        return wrong(r, "a name of 1 to 31 letters, digits, `-' and `_'", value);
    memcpy(name, value.at, value.length);
    name[value.length] = '\0';
    return true;
}

static int find_domain(const struct description *d, struct text name)
{
    for (unsigned i = 0; i < d->domains_count; i++) {
        if (text_is(name, d->domains[i].name))
            return (int)i;
    }
    return -1;
}

static bool begin_domain(struct reader *r, struct text value)
{
    struct description *d = r->description;
    if (d->domains_count == DESCRIBED_DOMAINS_MAX)
        return wrong(r, "at most 256 domains", value);
    if (find_domain(d, value) >= 0)
        return wrong(r, "a name that no other domain has", value);
    struct described_domain *domain = &d->domains[d->domains_count];
    *domain = (struct described_domain){.vcpus = 1, .ports = PORTS_DEFAULT, .line = r->line};
    if (!block_name(r, value, domain->name))
        return false;
    d->domains_count++;
    r->domain = domain;
    return true;
}

static bool begin_channel(struct reader *r, struct text value)
{
    struct description *d = r->description;
    if (d->channels_count == DESCRIBED_CHANNELS_MAX)
        return wrong(r, "at most 256 channels", value);
    for (unsigned i = 0; i < d->channels_count; i++) {
        if (text_is(value, d->channels[i].name))
            return wrong(r, "a name that no other channel has", value);
    }
    struct described_channel *channel = &d->channels[d->channels_count];
    *channel = (struct described_channel){.line = r->line};
    if (!block_name(r, value, channel->name))
        return false;
    d->channels_count++;
    r->channel = channel;
    return true;
}

static bool read_end(struct reader *r, struct text value)
{
    if (r->end_line)
        return wrong(r, "one line `end'", value);
    if (value.length == 0)
        return wrong(r, "all, or names of domains", value);
    r->end = value;
    r->end_line = r->line;
    return true;
}

static bool read_limit(struct reader *r, struct text value)
{
    if (r->description->limit_seconds)
        return wrong(r, "one line `limit'", value);
    return number(r, value, 1, LIMIT_MAX, "a number of seconds", &r->description->limit_seconds);
}

static bool read_line(struct reader *r, struct text line)
{
    for (size_t i = 0; i < line.length; i++) {
        if (line.at[i] == '#') {
            line.length = i;
            break;
        }
        if (line.at[i] == '\0')
            return wrong(r, "text", (struct text){line.at, i});
    }
    struct text value = line;
    struct text word = text_word(&value);
    value = trimmed(value);
    if (word.length == 0)
        return true;
    bool is_domain = text_is(word, "domain");
    bool is_channel = text_is(word, "channel");
    bool is_end = text_is(word, "end");
    if (!is_domain && !is_channel && !is_end && !text_is(word, "limit"))
        return read_key(r, word, value);
    if (!end_block(r))
        return false;
    return is_domain    ? begin_domain(r, value)
           : is_channel ? begin_channel(r, value)
           : is_end     ? read_end(r, value)
                        : read_limit(r, value);
}

/* ---- what needs all of it */

static bool resolve(struct reader *r, const struct described_channel *c, struct text name,
                    unsigned *index)
{
    int found = find_domain(r->description, name);
    if (found < 0)
        return wrong_at(r, c->line, "the name of a domain", name);
    *index = (unsigned)found;
    if (r->description->domains[found].restarts > 0)
        return wrong_at(r, c->line, "a channel between domains that are not restarted", name);
    return true;
}

static bool resolve_channels(struct reader *r)
{
    for (unsigned i = 0; i < r->description->channels_count; i++) {
        struct described_channel *c = &r->description->channels[i];
        if (!resolve(r, c, c->front_name, &c->front) || !resolve(r, c, c->back_name, &c->back))
            return false;
        if (c->front == c->back)
            return wrong_at(r, c->line, "two domains", c->back_name);
    }
    return true;
}

static bool resolve_end(struct reader *r)
{
    struct description *d = r->description;
    struct text rest = r->end;
    if (!r->end_line || text_is(rest, "all")) {
        for (unsigned i = 0; i < d->domains_count; i++)
            d->domains[i].ends = true;
        return true;
    }
    for (struct text word = text_word(&rest); word.length > 0; word = text_word(&rest)) {
        int found = find_domain(d, word);
        if (found < 0)
            return wrong_at(r, r->end_line, "all, or names of domains", word);
        d->domains[found].ends = true;
    }
    return true;
}

bool description_read(struct description *description, const char *name, const char *text,
                      size_t size, struct problem *problem)
{
    struct reader r = {.description = description, .file = name, .problem = problem};
    description->domains_count = 0;
    description->channels_count = 0;
    description->limit_seconds = 0;
    for (size_t at = 0; at < size;) {
        struct text line = {text + at, 0};
        while (at < size && text[at] != '\n') {
            at++;
            line.length++;
        }
        at++;
        r.line++;
        if (!read_line(&r, line))
            return false;
    }
    if (!end_block(&r))
        return false;
    if (description->domains_count == 0)
        return problem_is(problem, "%s: expected a domain, found none", name);
    return resolve_channels(&r) && resolve_end(&r);
}

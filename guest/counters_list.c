/* SPDX-License-Identifier: MIT */
/* What a domain is asked to count, as text: counters_read_list(). */
#include "guest/counters.h"
#include "guest/lib/string.h"

/* Of a selector, what says what is counted; the rest is that of who programs it. */
#define SELECTOR_EVENT 0xffffUL
#define SELECTOR_EVENT_AMD (0xfUL << 32) /* continued */
#define SELECTOR_EDGE (1UL << 18)
#define SELECTOR_INVERT (1UL << 23)
#define SELECTOR_THRESHOLD (0xffUL << 24)

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

static uint64_t selector_may_have(enum counters_vendor vendor)
{
    return SELECTOR_EVENT | SELECTOR_EDGE | SELECTOR_INVERT | SELECTOR_THRESHOLD |
           (vendor == COUNTERS_AMD ? SELECTOR_EVENT_AMD : 0);
}

/* How much of a text is before `mark`, or all of it. */
static size_t length_before(const char *text, size_t length, char mark)
{
    size_t n = 0;
    while (n < length && text[n] != mark)
        n++;
    return n;
}

static bool is_word(const char *text, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(text, word, length) == 0;
}

static bool is_name(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
            return false;
    }
    return length > 0 && length <= COUNTERS_NAME_MAX;
}

static bool is_there(const struct counters *c, const char *name, size_t length)
{
    for (unsigned i = 0; i < c->count; i++) {
        if (is_word(name, length, c->at[i].name))
            return true;
    }
    return false;
}

/* NULL, or what was expected. */
static const char *read_one(struct counters *c, const char *text, size_t length)
{
    struct counter *to = &c->at[c->count];
    size_t name = length_before(text, length, ':');
    uint64_t selector;
    if (c->count == COUNTERS_MAX)
        return "at most " TEXT(COUNTERS_MAX) " counters";
    if (name == length || !is_name(text, name))
        return "NAME:SELECTOR, names of a-z, 0-9 and _";
    if (is_there(c, text, name))
        return "each name once";
    if (!string_number(text + name + 1, length - name - 1, &selector))
        return "a number as selector";
    if ((selector & ~selector_may_have(c->vendor)) != 0)
        return "a selector of event, unit, edge, invert and threshold";
    *to = (struct counter){.selector = selector};
    memcpy(to->name, text, name);
    c->count++;
    return NULL;
}

const char *counters_read_list(struct counters *counters, const char *text, size_t length)
{
    struct counters c = {.count = 0};
    size_t n = length_before(text, length, ',');
    if (is_word(text, n, "intel"))
        c.vendor = COUNTERS_INTEL;
    else if (is_word(text, n, "amd"))
        c.vendor = COUNTERS_AMD;
    else
        return "intel or amd";
    if (n == length)
        return "counters";
    while (n < length) {
        text += n + 1;
        length -= n + 1;
        n = length_before(text, length, ',');
        const char *expected = read_one(&c, text, n);
        if (expected)
            return expected;
    }
    *counters = c;
    return NULL;
}

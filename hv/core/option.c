/* SPDX-License-Identifier: MIT */
#include "hv/core/option.h"

#include "hv/core/format.h"
#include "hv/core/string.h"

extern const struct option __start_hv_options[], __stop_hv_options[];

static unsigned digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return ~0U;
}

/* The whole of text is a number that fits; *rest is what follows it. */
static bool parse_digits(const char *text, const char **rest, uint64_t *value)
{
    unsigned base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (digit_of(*text) >= base)
        return false;
    uint64_t n = 0;
    for (; digit_of(*text) < base; text++) {
        if (__builtin_mul_overflow(n, base, &n) || __builtin_add_overflow(n, digit_of(*text), &n))
            return false;
    }
    *rest = text;
    *value = n;
    return true;
}

static bool parse_suffix(const char **rest, uint64_t *value)
{
    static const char suffixes[] = "KMG";
    const char *at = **rest == '\0' ? NULL : strchr(suffixes, **rest & ~0x20);
    if (at == NULL)
        return true;
    unsigned shift = 10 * (unsigned)(at - suffixes + 1);
    if (*value << shift >> shift != *value)
        return false;
    *value <<= shift;
    (*rest)++;
    return true;
}

static bool set_number(const struct option *o, const char *text)
{
    const char *rest;
    uint64_t value;
    if (!parse_digits(text, &rest, &value))
        return false;
    if (o->kind == OPTION_IS_SIZE && !parse_suffix(&rest, &value))
        return false;
    if (*rest != '\0' || value < o->lowest || value > o->highest)
        return false;
    *(uint64_t *)o->variable = value;
    return true;
}

static bool set_choice(const struct option *o, const char *text)
{
    for (unsigned i = 0; o->words[i] != NULL; i++) {
        if (strcmp(o->words[i], text) == 0) {
            *(unsigned *)o->variable = i;
            return true;
        }
    }
    return false;
}

static bool set_flag(const struct option *o, const char *text)
{
    bool yes = strcmp(text, "yes") == 0;
    if (!yes && strcmp(text, "no") != 0)
        return false;
    *(bool *)o->variable = yes;
    return true;
}

static bool set_text(const struct option *o, const char *text)
{
    size_t length = strlen(text);
    if (length >= o->highest)
        return false;
    memcpy(o->variable, text, length + 1);
    return true;
}

/* value: NULL if the word had none. */
static bool option_set(const struct option *o, const char *value)
{
    if (value == NULL)
        return o->kind == OPTION_IS_FLAG && set_flag(o, "yes");
    switch (o->kind) {
    case OPTION_IS_NUMBER:
    case OPTION_IS_SIZE:
        return set_number(o, value);
    case OPTION_IS_FLAG:
        return set_flag(o, value);
    case OPTION_IS_CHOICE:
        return set_choice(o, value);
    case OPTION_IS_TEXT:
        return set_text(o, value);
    }
    return false;
}

/* What an option takes, in words. */
static void describe(const struct option *o, char *to, size_t size)
{
    switch (o->kind) {
    case OPTION_IS_NUMBER:
        format_string(to, size, "a number, %lu to %lu", o->lowest, o->highest);
        break;
    case OPTION_IS_SIZE:
        format_string(to, size, "bytes (or with K, M, G), %lu to %lu", o->lowest, o->highest);
        break;
    case OPTION_IS_FLAG:
        format_string(to, size, "yes or no");
        break;
    case OPTION_IS_TEXT:
        format_string(to, size, "at most %lu characters", o->highest - 1);
        break;
    case OPTION_IS_CHOICE: {
        size_t at = 0;
        to[0] = '\0';
        for (unsigned i = 0; o->words[i] != NULL && at < size; i++)
            at += format_string(to + at, size - at, "%s%s", i == 0 ? "" : ", ", o->words[i]);
        break;
    }
    }
}

static const struct option *option_named(const char *name)
{
    for (const struct option *o = __start_hv_options; o != __stop_hv_options; o++) {
        if (strcmp(o->name, name) == 0)
            return o;
    }
    return NULL;
}

#define WORD_MAX 128

static bool parse_word(char *word, char *error, size_t size)
{
    char *value = strchr(word, '=');
    if (value != NULL)
        *value++ = '\0';
    const struct option *o = option_named(word);
    if (o == NULL) {
        format_string(error, size, "'%s': no such option", word);
        return false;
    }
    if (option_set(o, value))
        return true;
    char expected[160];
    describe(o, expected, sizeof(expected));
    format_string(error, size, "'%s': expected %s, found '%s'", word, expected,
                  value == NULL ? "" : value);
    return false;
}

bool options_parse(const char *line, char *error, size_t size)
{
    for (;;) {
        while (*line == ' ' || *line == '\t')
            line++;
        if (*line == '\0')
            return true;
        char word[WORD_MAX];
        size_t length = 0;
        while (line[length] != '\0' && line[length] != ' ' && line[length] != '\t')
            length++;
        if (length >= sizeof(word)) {
            format_string(error, size, "a word of %zu characters, expected at most %d", length,
                          WORD_MAX - 1);
            return false;
        }
        memcpy(word, line, length);
        word[length] = '\0';
        if (!parse_word(word, error, size))
            return false;
        line += length;
    }
}

void options_list(void (*say)(const char *name, const char *values, const char *help))
{
    for (const struct option *o = __start_hv_options; o != __stop_hv_options; o++) {
        char values[160];
        describe(o, values, sizeof(values));
        say(o->name, values, o->help);
    }
}

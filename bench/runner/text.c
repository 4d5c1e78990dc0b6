/* SPDX-License-Identifier: MIT */
#include "bench/runner/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIGNIFICANT_DIGITS 7
#define DECIMALS_MAX 15

bool fault_set(struct fault *fault, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fault->text, sizeof(fault->text), format, args);
    va_end(args);
    return false;
}

void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("ringside: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static void *or_die(void *got)
{
    if (got == NULL) {
        say("out of memory");
        exit(EXIT_FAILED);
    }
    return got;
}

void *memory(size_t count, size_t size)
{
    return or_die(calloc(count == 0 ? 1 : count, size));
}

void *memory_grow(void *old, size_t count, size_t size)
{
    return or_die(reallocarray(old, count == 0 ? 1 : count, size));
}

char *copy_text(const char *text)
{
    return or_die(strdup(text));
}

char *format_text(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    return or_die(length < 0 ? NULL : text);
}

const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

void strings_add(struct strings *list, const char *text)
{
    list->at = memory_grow(list->at, list->count + 1, sizeof(*list->at));
    list->at[list->count++] = copy_text(text);
}

bool strings_hold(const struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->at[i], text) == 0)
            return true;
    return false;
}

void strings_free(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->at[i]);
    free(list->at);
    *list = (struct strings){0};
}

char *strings_join(const struct strings *list, const char *separator)
{
    size_t length = 1;
    for (size_t i = 0; i < list->count; i++)
        length += strlen(list->at[i]) + strlen(separator);
    char *joined = memory(length, 1);
    char *end = joined;
    for (size_t i = 0; i < list->count; i++) {
        if (i > 0)
            end = stpcpy(end, separator);
        end = stpcpy(end, list->at[i]);
    }
    return joined;
}

static void add_trimmed(struct strings *list, const char *from, const char *to)
{
    while (from < to && isspace((unsigned char)*from))
        from++;
    while (from < to && isspace((unsigned char)to[-1]))
        to--;
    char *part = or_die(strndup(from, (size_t)(to - from)));
    strings_add(list, part);
    free(part);
}

struct strings strings_split(const char *text)
{
    struct strings list = {0};
    for (;;) {
        const char *end = strchrnul(text, ',');
        add_trimmed(&list, text, end);
        if (*end == '\0')
            return list;
        text = end + 1;
    }
}

bool parse_whole(const char *text, uint64_t min, uint64_t max, uint64_t *value)
{
    if (!isdigit((unsigned char)text[0]))
        return false;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < min || number > max)
        return false;
    *value = number;
    return true;
}

const char *number_text(char buffer[NUMBER_TEXT], double value)
{
    if (!isfinite(value)) {
        stpcpy(buffer, "NA");
        return buffer;
    }
    int magnitude = value == 0 ? 0 : (int)floor(log10(fabs(value)));
    int decimals = SIGNIFICANT_DIGITS - 1 - magnitude;
    decimals = decimals < 0 ? 0 : decimals > DECIMALS_MAX ? DECIMALS_MAX : decimals;
    snprintf(buffer, NUMBER_TEXT, "%.*f", decimals, value);
    if (strchr(buffer, '.') != NULL) {
        char *end = buffer + strlen(buffer) - 1;
        while (*end == '0')
            *end-- = '\0';
        if (*end == '.')
            *end = '\0';
    }
    return buffer;
}

double number_parse(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    return end == text || *end != '\0' ? NAN : value;
}

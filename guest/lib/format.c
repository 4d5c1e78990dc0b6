/* SPDX-License-Identifier: MIT */
#include <stdbool.h>
#include <stdint.h>

#include "guest/lib/format.h"
#include "guest/lib/string.h"

struct sink {
    char *to;
    size_t size;
    size_t length; /* of the whole text, what did not fit included */
};

struct conversion {
    bool left;
    bool zeros;
    int width;     /* least number of characters */
    int precision; /* most characters of a %s, -1 for all */
    int longs;     /* argument size: -2 hh, -1 h, 0 int, 1 or more 64 bits */
};

static void put(struct sink *sink, char c)
{
    if (sink->length + 1 < sink->size)
        sink->to[sink->length] = c;
    sink->length++;
}

static void put_times(struct sink *sink, char c, int times)
{
    while (times-- > 0)
        put(sink, c);
}

/* `sign` comes before the filling zeros and after the filling spaces. */
static void put_text(struct sink *sink, const struct conversion *c, const char *sign,
                     const char *text, size_t length)
{
    int fill = c->width - (int)(strlen(sign) + length);
    if (!c->left && !c->zeros)
        put_times(sink, ' ', fill);
    for (; *sign; sign++)
        put(sink, *sign);
    if (!c->left && c->zeros)
        put_times(sink, '0', fill);
    for (size_t i = 0; i < length; i++)
        put(sink, text[i]);
    if (c->left)
        put_times(sink, ' ', fill);
}

static void put_number(struct sink *sink, const struct conversion *c, const char *sign,
                       uint64_t value, unsigned base, const char *digits)
{
    char text[20]; /* 2^64 has 20 decimal digits */
    size_t at = sizeof(text);
    do {
        text[--at] = digits[value % base];
        value /= base;
    } while (value);
    put_text(sink, c, sign, text + at, sizeof(text) - at);
}

/* The argument, sign-extended from the size that was asked for. */
static int64_t argument(const struct conversion *c, va_list *args)
{
    if (c->longs > 0)
        return va_arg(*args, int64_t);
    int value = va_arg(*args, int);
    if (c->longs == -1)
        return (short)value;
    if (c->longs < -1)
        return (signed char)value;
    return value;
}

static uint64_t unsigned_argument(const struct conversion *c, va_list *args)
{
    static const uint64_t masks[] = {UINT8_MAX, UINT16_MAX, UINT32_MAX};
    uint64_t value = (uint64_t)argument(c, args);
    return c->longs > 0 ? value : value & masks[c->longs + 2];
}

static int number_in(const char **format, va_list *args)
{
    int n = 0;
    if (**format == '*') {
        (*format)++;
        return va_arg(*args, int);
    }
    while (**format >= '0' && **format <= '9')
        n = n * 10 + *(*format)++ - '0';
    return n;
}

/* What stands between the % and the conversion's letter. */
static struct conversion parse(const char **format, va_list *args)
{
    struct conversion c = {.precision = -1};
    for (;; (*format)++) {
        if (**format == '-')
            c.left = true;
        else if (**format == '0')
            c.zeros = true;
        else
            break;
    }
    c.width = number_in(format, args);
    if (**format == '.') {
        (*format)++;
        c.precision = number_in(format, args);
    }
    for (;; (*format)++) {
        if (**format == 'h')
            c.longs--;
        else if (**format == 'l' || **format == 'z' || **format == 't' || **format == 'j')
            c.longs++;
        else
            break;
    }
    return c;
}

static void put_signed(struct sink *sink, const struct conversion *c, int64_t value)
{
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    put_number(sink, c, value < 0 ? "-" : "", size, 10, "0123456789");
}

static void put_string(struct sink *sink, const struct conversion *c, const char *s)
{
    if (!s)
        s = "(null)";
    put_text(sink, c, "", s, strnlen(s, c->precision < 0 ? SIZE_MAX : (size_t)c->precision));
}

static const char lower[] = "0123456789abcdef";

/* One conversion; `format` is behind its %. Returns what comes behind it. */
static const char *convert(struct sink *sink, const char *format, va_list *args)
{
    const char *start = format;
    struct conversion c = parse(&format, args);
    char letter;
    switch (*format) {
    case 'd':
    case 'i':
        put_signed(sink, &c, argument(&c, args));
        break;
    case 'u':
        put_number(sink, &c, "", unsigned_argument(&c, args), 10, lower);
        break;
    case 'x':
        put_number(sink, &c, "", unsigned_argument(&c, args), 16, lower);
        break;
    case 'X':
        put_number(sink, &c, "", unsigned_argument(&c, args), 16, "0123456789ABCDEF");
        break;
    case 'p':
        put_number(sink, &c, "0x", (uintptr_t)va_arg(*args, void *), 16, lower);
        break;
    case 's':
        put_string(sink, &c, va_arg(*args, const char *));
        break;
    case 'c':
        letter = (char)va_arg(*args, int);
        put_text(sink, &c, "", &letter, 1);
        break;
    case '%':
        put(sink, '%');
        break;
    default:
        put(sink, '%');
        return start;
    }
    return format + 1;
}

int vsnprintf(char *to, size_t size, const char *format, va_list args)
{
    struct sink sink = {.to = to, .size = size};
    va_list rest;
    va_copy(rest, args);
    while (*format) {
        char c = *format++;
        if (c == '%')
            format = convert(&sink, format, &rest);
        else
            put(&sink, c);
    }
    va_end(rest);
    if (size > 0)
        to[sink.length < size ? sink.length : size - 1] = '\0';
    return (int)sink.length;
}

int snprintf(char *to, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vsnprintf(to, size, format, args);
    va_end(args);
    return length;
}

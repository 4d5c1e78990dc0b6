/* SPDX-License-Identifier: MIT */
#include "hv/core/format.h"

#include "hv/core/types.h"

struct conversion {
    bool left, zeros;
    int width, precision;
    int longs;
};

struct sink {
    void (*put)(void *arg, char c);
    void *arg;
};

static void put_field(struct sink *s, const struct conversion *c, const char *text, int length)
{
    int pad = c->width - length;
    if (!c->left) {
        for (; pad > 0; pad--)
            s->put(s->arg, ' ');
    }
    for (int i = 0; i < length; i++)
        s->put(s->arg, text[i]);
    for (; pad > 0; pad--)
        s->put(s->arg, ' ');
}

static void put_number(struct sink *s, struct conversion *c, uint64_t value, bool negative,
                       unsigned base)
{
    char digits[72];
    int at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    if (c->zeros && !c->left) {
        int room = c->width - (negative ? 1 : 0);
        while ((int)sizeof(digits) - at < room && at > 1)
            digits[--at] = '0';
    }
    if (negative)
        digits[--at] = '-';
    put_field(s, c, digits + at, (int)sizeof(digits) - at);
}

static int parse_number(const char **form, va_list *args)
{
    int n = 0;
    if (**form == '*') {
        (*form)++;
        return va_arg(*args, int);
    }
    for (; **form >= '0' && **form <= '9'; (*form)++)
        n = n * 10 + (**form - '0');
    return n;
}

static void put_string(struct sink *s, const struct conversion *c, const char *text)
{
    int length = 0;
    if (text == NULL)
        text = "(null)";
    while ((c->precision < 0 || length < c->precision) && text[length] != '\0')
        length++;
    put_field(s, c, text, length);
}

static void put_signed(struct sink *s, struct conversion *c, va_list *args)
{
    int64_t value = c->longs != 0 ? va_arg(*args, int64_t) : va_arg(*args, int);
    put_number(s, c, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, 10);
}

static void put_unsigned(struct sink *s, struct conversion *c, va_list *args, unsigned base)
{
    put_number(s, c, c->longs != 0 ? va_arg(*args, uint64_t) : va_arg(*args, unsigned), false,
               base);
}

/* *form is behind the '%'; afterwards behind the conversion. */
static void convert(struct sink *s, const char **form, va_list *args)
{
    struct conversion c = {.precision = -1};
    for (;; (*form)++) {
        if (**form == '-')
            c.left = true;
        else if (**form == '0')
            c.zeros = true;
        else
            break;
    }
    c.width = parse_number(form, args);
    if (**form == '.') {
        (*form)++;
        c.precision = parse_number(form, args);
    }
    for (; **form == 'l' || **form == 'z'; (*form)++)
        c.longs++;

    char kind = **form;
    if (kind == '\0')
        return;
    (*form)++;
    switch (kind) {
    case 'd':
    case 'i':
        put_signed(s, &c, args);
        break;
    case 'u':
        put_unsigned(s, &c, args, 10);
        break;
    case 'x':
        put_unsigned(s, &c, args, 16);
        break;
    case 'p':
        c.zeros = true;
        c.width = 16;
        put_number(s, &c, (uint64_t)va_arg(*args, void *), false, 16);
        break;
    case 'c':
        put_field(s, &c, (char[]){(char)va_arg(*args, int)}, 1);
        break;
    case 's':
        put_string(s, &c, va_arg(*args, const char *));
        break;
    default:
        s->put(s->arg, kind);
    }
}

void format_to(void (*put)(void *arg, char c), void *arg, const char *form, va_list args)
{
    struct sink s = {put, arg};
    va_list rest;
    va_copy(rest, args);
    while (*form != '\0') {
        char c = *form++;
        if (c == '%')
            convert(&s, &form, &rest);
        else
            put(arg, c);
    }
    va_end(rest);
}

struct buffer {
    char *to;
    size_t size, length;
};

static void put_in_buffer(void *arg, char c)
{
    struct buffer *b = arg;
    if (b->length + 1 < b->size)
        b->to[b->length] = c;
    b->length++;
}

size_t format_string_v(char *to, size_t size, const char *form, va_list args)
{
    struct buffer b = {to, size, 0};
    format_to(put_in_buffer, &b, form, args);
    if (size != 0)
        to[min(b.length, size - 1)] = '\0';
    return b.length;
}

size_t format_string(char *to, size_t size, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    size_t length = format_string_v(to, size, form, args);
    va_end(args);
    return length;
}

/* SPDX-License-Identifier: MIT */
#include "hv/core/log.h"

#include "hv/core/arch.h"
#include "hv/core/console_ring.h"
#include "hv/core/format.h"
#include "hv/core/lock.h"
#include "hv/core/option.h"

static enum log_level loudest = LOG_INFO;
OPTION_CHOICE("loglvl", loudest, "what is logged, and all that is worse", "error", "warning",
              "info", "debug");

static struct lock console_lock = LOCK(LOCK_CONSOLE); /* interrupts off */
static bool busted;

static bool console_enter(void)
{
    return busted ? arch_irq_save() : lock_irq(&console_lock);
}

static void console_leave(bool were_on)
{
    if (busted)
        arch_irq_restore(were_on);
    else
        unlock_irq(&console_lock, were_on);
}

static void put_console(void *arg, char c)
{
    (void)arg;
    arch_console_put(c);
    console_ring_put(c);
}

static void put_words(const char *form, ...)
{
    va_list args;
    va_start(args, form);
    format_to(put_console, NULL, form, args);
    va_end(args);
}

void log_at(enum log_level level, const char *form, ...)
{
    static const char *const names[] = {"error: ", "warning: ", "", ""};

    if (level > loudest)
        return;
    bool were_on = console_enter();
    put_words("(hv) %s", names[level]);
    va_list args;
    va_start(args, form);
    format_to(put_console, NULL, form, args);
    va_end(args);
    console_leave(were_on);
}

void log_raw(const char *text, size_t length)
{
    bool were_on = console_enter();
    for (size_t i = 0; i < length; i++)
        arch_console_put(text[i]);
    console_leave(were_on);
}

uint32_t log_read(char *to, uint32_t n, uint32_t *from)
{
    bool were_on = console_enter();
    uint32_t done = console_ring_read(to, n, from);
    console_leave(were_on);
    return done;
}

uint32_t log_start(void)
{
    bool were_on = console_enter();
    uint32_t start = console_ring_start();
    console_leave(were_on);
    return start;
}

void log_clear(uint32_t to)
{
    bool were_on = console_enter();
    console_ring_clear(to);
    console_leave(were_on);
}

void log_bust_lock(void)
{
    busted = true;
}

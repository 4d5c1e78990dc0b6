/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/format.h"
#include "hv/core/log.h"

void panic(const char *form, ...)
{
    static uint32_t panicking;
    char text[256];
    va_list args;

    arch_irq_off();
    /* The first one speaks; one that panics while panicking only ends. */
    if (__atomic_exchange_n(&panicking, 1, __ATOMIC_SEQ_CST) != 0)
        arch_machine_end(MACHINE_PANICKED);
    arch_stop_others();
    log_bust_lock();
    va_start(args, form);
    format_string_v(text, sizeof(text), form, args);
    va_end(args);
    log_error("panic: %s\n", text);
    arch_backtrace();
    arch_machine_end(MACHINE_PANICKED);
}

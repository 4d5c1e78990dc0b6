/* SPDX-License-Identifier: MIT */
#include "guest/power.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/start.h"

static unsigned shutdown_reason(enum power_reason reason)
{
    size_t length;
    const char *end = start_option("end", &length);
    if (end && length == strlen("reboot") && !strncmp(end, "reboot", length))
        return SHUTDOWN_reboot;
    return reason == POWER_CRASH ? SHUTDOWN_crash : SHUTDOWN_poweroff;
}

void power_off(enum power_reason reason)
{
    struct sched_shutdown shutdown = {.reason = shutdown_reason(reason)};
    hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
    for (;;) /* a shutdown never returns; without one there is nothing left but a fault */
        asm volatile("ud2");
}

void power_panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("Bail out! ");
    vprintf(format, args);
    printf("\n");
    va_end(args);
    power_off(POWER_CRASH);
}

/* SPDX-License-Identifier: MIT */
/*
 * A domain that says hello and ends as `then=` says: `return` (without it), `crash`, `reboot`, or
 * `stay`, which waits until it is destroyed.
 */
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/power.h"
#include "guest/start.h"

static bool then(const char *what)
{
    size_t length;
    const char *value = start_option("then", &length);
    return value && length == strlen(what) && !strncmp(value, what, length);
}

void guest_main(void)
{
    printf("hello, %s\n", (const char *)start_info->cmd_line);
    if (then("crash"))
        asm volatile("ud2");
    while (then("stay"))
        hypercall_sched_op(SCHEDOP_block, NULL);
}

/* SPDX-License-Identifier: MIT */
/*
 * A new domain: says when it came to its first instruction and to its main program, in ns of the
 * hypervisor's time from `asked=` on.
 */
#include "bench/domains/result.h"
#include "guest/start.h"
#include "guest/time.h"
#include "guest/vcpu.h"

/* How long ago the counter was what it was at the first instruction. */
static uint64_t since_first(void)
{
    struct vcpu_time_info parameters = time_parameters(&vcpu_self()->info->time);
    return time_scale(&parameters, time_tsc() - start_counter).n;
}

void guest_main(void)
{
    uint64_t now = time_system().n;
    uint64_t first = now - since_first();
    uint64_t asked = start_option_number("asked", 0);
    result_begin();
    result_number("first", first - asked);
    result_number("main", now - asked);
    result_end();
}

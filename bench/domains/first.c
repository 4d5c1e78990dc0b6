/* SPDX-License-Identifier: MIT */
/* A new domain: says how long it took to come here, from `asked=` ns of the hypervisor's time. */
#include "bench/domains/result.h"
#include "guest/start.h"
#include "guest/time.h"

void guest_main(void)
{
    uint64_t took = time_system().n - start_option_number("asked", 0);
    result_begin();
    result_number("took", took);
    result_end();
}

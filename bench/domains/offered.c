/* SPDX-License-Identifier: MIT */
#include "bench/domains/offered.h"
#include "bench/domains/work.h"
#include "bench/sim/random.h"
#include "guest/page.h"
#include "guest/start.h"
#include "tests/system/domains/ring/ring.h"

/* The first request is due so long after the other end is there: who made the domains and prints
 * what they say has come to rest by then. */
#define SETTLE (5 * NS_PER_MS)

static uint64_t pieces; /* of work on a request */

static void serve(void)
{
    work_pieces(pieces);
}

/* Ahead, so that drawing them is not among what a request costs. */
static const uint64_t *draw(uint64_t count, uint64_t load)
{
    struct random arrivals = random_stream(start_option_number("seed", 1), 0, 0);
    size_t pages = (count * sizeof(uint64_t) + PAGE_SIZE - 1) / PAGE_SIZE;
    uint64_t *due = count > SIZE_MAX / PAGE_SIZE ? NULL : page_try_run(pages);
    uint64_t at = SETTLE;
    if (!due)
        power_panic("load=%lu: no memory to hold when each of %lu requests is due", load, count);
    for (uint64_t i = 0; i < count; i++) {
        at += random_exponential(&arrivals, NS_PER_SECOND / load);
        due[i] = at;
    }
    return due;
}

void offered_options(struct ring_run *run)
{
    uint64_t load = start_option_number("load", 0);
    uint64_t service = start_option_number("service-ns", 0);
    if (run->channel.is_front && load > NS_PER_SECOND)
        power_panic("expected load= of %lu a second at most, found %lu", NS_PER_SECOND, load);
    if (run->channel.is_front && load > 0)
        run->due = draw(run->count, load);
    if (!run->channel.is_front && service > 0) {
        pieces = work_of(service, work_time());
        run->serve = serve;
    }
}

/* SPDX-License-Identifier: MIT */
/*
 * The back end that several front ends share (ring_share() of tests/system/domains/ring/ring.h):
 * over channels `ring`, for which it is there and with whose other end it ends, and `ring1`,
 * `ring2` and so on.
 *
 *   rings=N   so many channels
 *   count=N   requests of the first one; 0: until its other end is gone
 *
 * It says how many requests of each it answered, and how many rings it closed because of what the
 * other end did there; what that was is on its console before.
 */
#include "bench/domains/result.h"
#include "guest/lib/format.h"
#include "guest/start.h"
#include "tests/system/domains/ring/ring.h"

static struct ring_run runs[RING_SHARED_MAX];
static char names[RING_SHARED_MAX][8];

/* Only a front end's image has anything to do for these. */
void ring_reached(struct ring_run *run)
{
    (void)run;
}

void ring_answered(struct ring_run *run, uint64_t sent_at)
{
    (void)run;
    (void)sent_at;
}

static void tell(unsigned n)
{
    uint64_t answered[RING_SHARED_MAX];
    unsigned closed = 0;
    for (unsigned i = 0; i < n; i++) {
        answered[i] = runs[i].answered;
        closed += runs[i].broken;
        if (runs[i].broken)
            printf("%s: closed after %lu requests: %s\n", names[i], runs[i].answered,
                   runs[i].fault);
    }
    result_begin();
    result_list("answered", answered, n);
    result_number("closed", closed);
    result_end();
}

void guest_main(void)
{
    unsigned n = (unsigned)start_option_number("rings", 1);
    if (n < 1 || n > RING_SHARED_MAX)
        power_panic("rings=: expected 1 to %u, found %u", RING_SHARED_MAX, n);
    for (unsigned i = 0; i < n; i++) {
        snprintf(names[i], sizeof(names[i]), i == 0 ? "ring" : "ring%u", i);
        channel_open(&runs[i].channel, names[i]);
        ring_options(&runs[i]);
    }
    ring_share(runs, n);
    if (runs[0].broken)
        power_panic("%s: %s", names[0], runs[0].fault);
    ring_close(&runs[0]);
    tell(n);
}

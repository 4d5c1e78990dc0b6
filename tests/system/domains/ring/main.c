/* SPDX-License-Identifier: MIT */
/* An end that says at its end what it did; the tests read the first word. */
#include "guest/lib/format.h"
#include "guest/start.h"
#include "tests/system/domains/ring/ring.h"

void ring_reached(struct ring_run *run)
{
    (void)run;
}

void ring_answered(struct ring_run *run, uint64_t sent_at)
{
    (void)run;
    (void)sent_at;
}

void guest_main(void)
{
    static struct ring_run run;
    channel_open(&run.channel, "ring");
    ring_options(&run);
    ring_work(&run);
    ring_close(&run);
    printf("%s %lu, events %lu, sleeps %lu, tells %lu, out of order %lu\n",
           run.alone ? "alone" : "done", run.answered, run.channel.events, run.sleeps, run.tells,
           run.out_of_order);
}

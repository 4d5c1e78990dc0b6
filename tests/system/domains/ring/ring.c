/* SPDX-License-Identifier: MIT */
#include "tests/system/domains/ring/ring.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/vcpu.h"

/* ---- waiting */

void ring_tell(struct ring_run *run)
{
    long error = channel_send(&run->channel);
    if (error)
        power_panic("request %lu: send: error %ld", run->answered, error);
    run->tells++;
}

/* The clock is looked at here alone, far from where anything is found. */
static void look(struct ring_run *run)
{
    uint64_t now = time_system().n;
    if (run->progress_at == 0)
        run->progress_at = now;
    if (channel_peer_gone(&run->channel))
        run->gone = true;
    else if (now - run->progress_at > RING_PATIENCE)
        power_panic("nothing moves: %lu answered, %lu events, %lu sleeps, %lu tells", run->answered,
                    run->channel.events, run->sleeps, run->tells);
}

void ring_spin(struct ring_run *run)
{
    run->alone = run->gone;
    if (run->yields)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    if (++run->spins % RING_SPINS == 0)
        look(run);
}

void ring_sleep(struct ring_run *run, uint64_t deadline)
{
    run->alone = run->gone;
    if (run->alone)
        return;
    uint64_t latest = time_system().n + RING_LOOK;
    run->sleeps++;
    if (!channel_wait(&run->channel, NS(deadline < latest ? deadline : latest)) &&
        deadline >= latest)
        look(run);
}

/* What it sends when it has attached itself is the first event of all. */
void ring_await(struct ring_run *run)
{
    uint64_t deadline = time_system().n + RING_PATIENCE;
    while (run->channel.events == 0) {
        if (time_system().n >= deadline)
            power_panic("channel %s: the other end does not come", run->channel.name);
        channel_wait(&run->channel, NS(deadline));
    }
}

void ring_require(const struct ring_run *run, int error)
{
    if (error != RING_OK)
        power_panic("channel %s: %s", run->channel.name, ring_error_text(error));
}

void *ring_private(size_t size)
{
    return size == 0 ? NULL : page_alloc_run((size + PAGE_SIZE - 1) / PAGE_SIZE);
}

/* ---- what it is to do */

static enum notify_policy policy_of(const struct channel *channel)
{
    size_t length;
    const char *name = channel_option(channel, "policy", &length);
    for (unsigned i = 0; name && i < NOTIFY_POLICIES; i++) {
        const char *known = notify_name(i);
        if (strlen(known) == length && !strncmp(known, name, length))
            return i;
    }
    power_panic("channel %s: expected a policy, found `%.*s'", channel->name,
                name ? (int)length : 0, name ? name : "");
}

void ring_options(struct ring_run *run)
{
    const struct channel *c = &run->channel;
    const struct notify_params defaults = NOTIFY_DEFAULTS;
    run->count = start_option_number("count", 1000);
    if (run->count == 0)
        run->count = UINT64_MAX;
    run->yields = start_option_number("yield", 0);
    run->policy = policy_of(c);
    run->mark = UINT64_MAX;
    run->batch = (uint32_t)channel_option_number(c, "batch", 16);
    run->window = (uint32_t)channel_option_number(c, "window", UINT32_MAX);
    run->geometry = (struct ring_geometry){
        .entries = (uint32_t)channel_option_number(c, "entries", 64),
        .req_size = REQUEST_WORDS * 8,
        .rsp_size = RESPONSE_WORDS * 8,
        .fronts = 1,
    };
    run->params = (struct notify_params){
        .threshold = (uint32_t)channel_option_number(c, "threshold", defaults.threshold),
        .coalesce_n = (uint32_t)channel_option_number(c, "coalesce_n", defaults.coalesce_n),
        .coalesce_ns = channel_option_number(c, "coalesce_ns", defaults.coalesce_ns),
        .spin_ns = channel_option_number(c, "spin_ns", defaults.spin_ns),
    };
    const char *wrong = notify_params_check(&run->params);
    if (wrong)
        power_panic("channel %s: %s", c->name, wrong);
    if (run->batch < 1 || run->batch > RING_BATCH_MAX)
        power_panic("channel %s: expected a batch of 1 to %u, found %u", c->name, RING_BATCH_MAX,
                    run->batch);
}

void ring_work(struct ring_run *run)
{
    if (run->channel.is_front)
        ring_front(run);
    else
        ring_back(run);
    if (run->broken)
        power_panic("the ring is broken after %lu%s%s", run->answered, run->fault ? ": " : "",
                    run->fault ? run->fault : "");
}

/* The other end unmaps the pages when it has seen the last request, or is gone. */
void ring_close(struct ring_run *run)
{
    uint64_t deadline = time_system().n + RING_PATIENCE;
    while (!channel_close(&run->channel)) {
        if (time_system().n >= deadline)
            power_panic("the other end does not let go of the pages");
        channel_wait(&run->channel, NS(time_system().n + NS_PER_MS));
    }
}

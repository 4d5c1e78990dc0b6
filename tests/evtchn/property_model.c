/* SPDX-License-Identifier: MIT */
#include "tests/evtchn/property_model.h"

#include <stdio.h>
#include <stdlib.h>

struct property t;

static _Noreturn void failed(const char *what, const struct domain *d, uint32_t port)
{
    printf("not ok - %s: episode %ju, operation %u, %s: %s (domain %u, port %u)\n", t.abi->name,
           (uintmax_t)t.episode, t.operation, t.doing, what,
           d == NULL ? 0 : (unsigned)(d - t.domain), port);
    printf("# replay: evtchn_property %s %ju\n", t.abi->name, (uintmax_t)t.episode);
    exit(1);
}

void check(bool holds, const char *what, const struct domain *d, uint32_t port)
{
    if (!holds)
        failed(what, d, port);
}

uint32_t below(uint32_t n)
{
    return rng_below(&t.rng, n);
}

bool one_in(uint32_t n)
{
    return rng_one_in(&t.rng, n);
}

/* ---- what the model says ---- */

bool is_open(const struct domain *d, uint32_t port)
{
    return port != 0 && port < d->w.config.ports_max && d->port[port].state != EVTCHN_CLOSED;
}

uint32_t limit(const struct domain *d)
{
    uint32_t abi = d->fifo ? EVTCHN_PORTS_MAX : d->w.now->ports;
    return d->w.config.ports_max < abi ? d->w.config.ports_max : abi;
}

bool has_page(const struct domain *d, uint32_t port)
{
    return !d->fifo || port / EVTCHN_PAGE_WORDS < d->w.pages;
}

bool reachable(const struct domain *d, uint32_t port)
{
    return !d->fifo || (has_page(d, port) && d->w.vcpu[d->port[port].vcpu].control != NULL);
}

/* A closed port that the guest still has in a queue: the one thing that is asked of its words. */
static bool is_busy(struct domain *d, uint32_t port)
{
    const uint32_t *word = d->fifo ? world_word(&d->w, port) : NULL;
    return word != NULL && (*word & EVTCHN_LINKED) != 0;
}

int next_port(struct domain *d)
{
    uint32_t given = d->w.n_buckets * EVTCHN_BUCKET_PORTS, end = limit(d);
    for (uint32_t port = 1; port < end && port < given; port++)
        if (!is_open(d, port) && !is_busy(d, port))
            return (int)port;
    return given < end ? -EVTCHN_ENOMEM : -EVTCHN_ENOSPC;
}

/* ---- effects ---- */

struct flags flags_now(void)
{
    struct flags f;
    for (uint32_t d = 0; d < DOMAINS; d++)
        for (uint32_t v = 0; v < VCPUS; v++)
            f.was[d][v] = *t.domain[d].w.vcpu[v].upcall;
    return f;
}

void check_told(const struct flags *before, const struct evtchn_effect *effect)
{
    for (uint32_t d = 0; d < DOMAINS; d++)
        for (uint32_t v = 0; v < VCPUS; v++) {
            struct world_vcpu *vcpu = &t.domain[d].w.vcpu[v];
            bool rose = before->was[d][v] == 0 && *vcpu->upcall != 0;
            check(rose == (effect->upcall == &vcpu->v), "a flag rises exactly where it is told of",
                  &t.domain[d], v);
        }
    t.told += effect->upcall != NULL;
}

void check_sent(struct domain *d, uint32_t port, const struct flags *before,
                const struct evtchn_effect *effect)
{
    struct port *p = &d->port[port];
    bool news = (effect->what & EVTCHN_IS_PENDING) != 0;
    check((effect->what & EVTCHN_IS_BROKEN) == 0, "an honest queue is not broken", d, port);
    if (!p->held)
        check(news == !p->pending, "told that it became pending exactly if it did", d, port);
    check(effect->upcall == NULL ||
              (!p->masked && effect->upcall->id == p->vcpu && effect->upcall->domain == &d->w.d),
          "the one who is told is its vcpu", d, port);
    check_told(before, effect);
    p->pending = true;
    p->held = p->held || !reachable(d, port);
    check(evtchn_is_pending(&d->w.d, port), "what was sent to is pending", d, port);
}

/* ---- the guest ---- */

static void serve(struct domain *d, uint32_t vcpu, uint32_t port)
{
    check(port < d->w.config.ports_max && is_open(d, port), "an open port is handed out", d, port);
    struct port *p = &d->port[port];
    check(!p->masked, "a masked port is not handed out", d, port);
    check(p->pending || p->held, "only what was sent is handed out", d, port);
    if (d->w.vcpu[vcpu].c.mine != NULL)
        check(p->vcpu == vcpu, "a vcpu is handed out its own", d, port);
    if (p->pending)
        p->pending = false;
    else
        p->held = false;
    t.served++;
}

void serve_vcpu(struct domain *d, uint32_t vcpu, uint32_t budget)
{
    struct evtchn_consumer *c = &d->w.vcpu[vcpu].c;
    uint32_t port = 1, served = 0;
    if (d->fifo && c->control == NULL) {
        *c->upcall = 0;
        return;
    }
    evtchn_consumer_begin(c);
    while ((budget == 0 || served < budget) && (port = evtchn_consumer_next(c)) != EVTCHN_NONE) {
        check(port != EVTCHN_BROKEN_QUEUE, "no queue is broken", d, vcpu);
        serve(d, vcpu, port);
        served++;
        check(served <= 2 * PORTS_MAX, "a scan ends", d, vcpu);
    }
    d->scanning[vcpu] = port != EVTCHN_NONE;
}

bool has_reason(const struct domain *d, uint32_t vcpu)
{
    return *d->w.vcpu[vcpu].upcall != 0 || d->scanning[vcpu];
}

void check_nothing_lost(void)
{
    for (uint32_t i = 0; i < DOMAINS; i++) {
        struct domain *d = &t.domain[i];
        for (uint32_t v = 0; v < d->w.config.vcpus; v++)
            if (has_reason(d, v))
                serve_vcpu(d, v, 0);
        for (uint32_t port = 1; port < d->w.config.ports_max; port++) {
            struct port *p = &d->port[port];
            if (!is_open(d, port))
                continue;
            bool waits = p->pending && !p->masked && reachable(d, port);
            check(!waits, "nothing is lost", d, port);
            if (!p->held)
                check(evtchn_is_pending(&d->w.d, port) == p->pending, "pending as the model has it",
                      d, port);
        }
    }
    t.lost_checks++;
}

void mask(struct domain *d, uint32_t vcpu, uint32_t port)
{
    evtchn_consumer_mask(&d->w.vcpu[vcpu].c, port);
    d->port[port].masked = true;
}

static void unmask_call(struct domain *d, uint32_t port)
{
    struct evtchn_effect effect;
    struct flags before = flags_now();
    check(evtchn_unmask(&d->w.d, port, &effect) == 0, "unmask", d, port);
    check_told(&before, &effect);
    d->port[port].masked = false;
}

void unmask(struct domain *d, uint32_t vcpu, uint32_t port)
{
    struct evtchn_consumer *c = &d->w.vcpu[vcpu].c;
    switch (evtchn_consumer_unmask(c, port)) {
    case EVTCHN_UNMASKED:
        break;
    case EVTCHN_UPCALL_DUE:
        check(*c->upcall != 0, "the upcall is due", d, port);
        break;
    default:
        unmask_call(d, port);
        break;
    }
    d->port[port].masked = false;
}

bool touchable(const struct domain *d, uint32_t port)
{
    return port != 0 && port < limit(d) && has_page(d, port);
}

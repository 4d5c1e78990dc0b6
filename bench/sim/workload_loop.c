/* SPDX-License-Identifier: MIT */
/*
 * closed-loop: clients that keep a number of requests going, and the server that answers them, over
 * the rings of rings/xen.h.
 *
 * Both ends follow the ring's own protocol for sleeping: publish, ask, and tell if asked to; arm
 * before sleeping, and look again if something arrived meanwhile. Telling the server puts the ring
 * in its line of rings to look at, as a pending event port does, and wakes it; telling a client
 * wakes it. One told while awake finds what came before it sleeps.
 *
 * Each request goes round: thinking -> ready -> (work of the client) -> in the ring -> (work of the
 * server) -> answered -> thinking. That none is lost, doubled or answered for another is checked by
 * its number of rounds, which the response must bring back, and by counting all of them at the end.
 */
#include "bench/sim/workloads.h"
#include "rings/xen.h"

#include <stdlib.h>
#include <string.h>

struct request {
    uint32_t id;    /* which of the client's */
    uint32_t round; /* how often it went round before */
    uint64_t work;  /* ns, of the server */
};

struct response {
    uint32_t id, round;
};

static const struct ring_geometry geometry = {.entries = SIM_RING_ENTRIES,
                                              .req_size = sizeof(struct request),
                                              .rsp_size = sizeof(struct response),
                                              .fronts = 1};

#define RING_BYTES (sizeof(struct xen_shared) + SIM_RING_ENTRIES * sizeof(struct request))

enum place { THINKING, READY, AWAY };

struct going {
    uint64_t since; /* THINKING: until when; READY: since when; AWAY: when it was published */
    uint32_t round;
    enum place place;
};

#define NONE UINT32_MAX

struct client {
    _Alignas(RING_ALIGN) uint8_t shared[RING_BYTES];
    struct xen_front front;
    struct xen_back back;     /* the server's end */
    struct client *next_told; /* in the server's line */
    bool in_line;
    uint32_t working; /* which of `going` it works on, or NONE */
    struct random thoughts, services;
    struct going going[SIM_RING_ENTRIES];
};

struct server {
    struct client *first, *last; /* rings to look at, in turn */
    struct client *serves;       /* whose request it works on, or NULL */
    struct request request;
};

/* The first waker is the server, all others are clients. */
union member {
    struct server server;
    struct client client;
};

static struct server *server_of(const struct sim *sim)
{
    return &((union member *)sim->own)[0].server;
}

static struct domain *domain_of(const struct sim *sim, const struct client *c)
{
    const union member *m = (const union member *)c;
    return sim_waker(sim, (uint32_t)(m - (const union member *)sim->own));
}

/* One that is awake sees what there is before it sleeps. */
static void rouse(struct sim *sim, struct domain *d)
{
    if (d->v.status != SCHED_BLOCKED)
        return;
    d->left = 0; /* it looks, and then knows what there is to do */
    sim_wake(sim, d);
}

/* ---- The server ---- */

static void line_up(struct server *s, struct client *c)
{
    c->next_told = NULL;
    c->in_line = true;
    if (s->first == NULL)
        s->first = c;
    else
        s->last->next_told = c;
    s->last = c;
}

static struct client *next_in_line(struct server *s)
{
    struct client *c = s->first;
    s->first = c->next_told;
    c->in_line = false;
    return c;
}

static void respond(struct sim *sim, struct server *s)
{
    struct client *c = s->serves;
    struct response response = {.id = s->request.id, .round = s->request.round};
    s->serves = NULL;
    if (xen_rsp_reserve(&c->back, 1) != 1) {
        sim->wrong = "closed-loop: a ring has no room for a response";
        return;
    }
    xen_rsp_write(&c->back, 0, 0, &response, sizeof response);
    xen_rsp_publish(&c->back, 1);
    if (xen_rsp_ask(&c->back) != 0)
        rouse(sim, domain_of(sim, c));
}

/* The next request of the rings that it was told of. */
static uint64_t serve(struct sim *sim, struct server *s)
{
    while (s->first != NULL) {
        struct client *c = next_in_line(s);
        int32_t found = xen_req_peek(&c->back, 1);
        if (found < 0)
            sim->wrong = "closed-loop: the server found a ring broken";
        if (found == 1) {
            xen_req_read(&c->back, 0, &s->request, sizeof s->request);
            xen_req_release(&c->back, 1);
            line_up(s, c);
            s->serves = c;
            return s->request.work;
        }
        if (found == 0 && xen_req_arm(&c->back, 1))
            line_up(s, c);
    }
    return 0;
}

static uint64_t server_done(struct sim *sim)
{
    struct server *s = server_of(sim);
    if (s->serves != NULL)
        respond(sim, s);
    return serve(sim, s);
}

/* ---- Clients ---- */

static void think(const struct sim *sim, struct client *c, struct going *g)
{
    uint64_t mean = sim->point->think_ns;
    g->place = THINKING;
    g->since = sim->now + (mean == 0 ? 0 : random_exponential(&c->thoughts, mean));
}

static void publish(struct sim *sim, struct client *c)
{
    struct going *g = &c->going[c->working];
    struct request request = {
        .id = c->working, .round = g->round, .work = sim_service(sim, &c->services)};
    c->working = NONE;
    g->place = AWAY;
    g->since = sim->now;
    if (xen_req_reserve(&c->front, 1) != 1) {
        sim->wrong = "closed-loop: a ring has no room for a request";
        return;
    }
    xen_req_write(&c->front, 0, &request, sizeof request);
    xen_req_publish(&c->front, 1);
    if (!xen_req_ask(&c->front))
        return;
    if (!c->in_line)
        line_up(server_of(sim), c);
    rouse(sim, sim_waker(sim, 0));
}

static void consume(struct sim *sim, struct client *c)
{
    struct response r;
    int32_t found;
    while ((found = xen_rsp_peek(&c->front, 1)) == 1) {
        xen_rsp_read(&c->front, 0, &r, sizeof r);
        xen_rsp_release(&c->front, 1);
        struct going *g = r.id < sim->point->window ? &c->going[r.id] : NULL;
        if (g == NULL || g->place != AWAY || g->round != r.round) {
            sim->wrong = "closed-loop: a response to no request that is under way";
            return;
        }
        sim_job(sim, g->since);
        g->round++;
        think(sim, c, g);
    }
    if (found < 0)
        sim->wrong = "closed-loop: a client found its ring broken";
}

/* The one that has been ready for longest, or NONE; and when the next one will be. */
static uint32_t choose(const struct sim *sim, struct client *c, uint64_t *next)
{
    uint32_t chosen = NONE;
    *next = AGENDA_NEVER;
    for (uint32_t i = 0; i < sim->point->window; i++) {
        struct going *g = &c->going[i];
        if (g->place == THINKING && g->since <= sim->now)
            g->place = READY;
        if (g->place == THINKING && g->since < *next)
            *next = g->since;
        if (g->place == READY && (chosen == NONE || g->since < c->going[chosen].since))
            chosen = i;
    }
    return chosen;
}

static uint64_t client_done(struct sim *sim, struct domain *d, struct client *c)
{
    if (c->working != NONE)
        publish(sim, c);
    while (sim->wrong == NULL) {
        uint64_t next;
        consume(sim, c);
        c->working = choose(sim, c, &next);
        if (c->working != NONE)
            return SIM_CLIENT_NS;
        if (!xen_rsp_arm(&c->front, 1)) {
            sim_alarm(sim, d, next);
            break;
        }
    }
    return 0;
}

/* ---- The workload ---- */

static void loop_start(struct sim *sim, struct domain *d)
{
    if (d == sim_waker(sim, 0))
        return;
    struct client *c = &((union member *)workload_of(sim, d))->client;
    xen_front_init(&c->front, &geometry, c->shared, NULL);
    xen_back_attach(&c->back, &geometry, c->shared, NULL);
    c->working = NONE;
    c->thoughts = sim_stream(sim, d, 0);
    c->services = sim_stream(sim, d, 1);
    for (uint32_t i = 0; i < sim->point->window; i++)
        think(sim, c, &c->going[i]);
    uint64_t next;
    choose(sim, c, &next);
    bool ready = sim->point->think_ns == 0;
    sim_alarm(sim, d, ready ? 0 : next);
}

static uint64_t loop_done(struct sim *sim, struct domain *d)
{
    if (d == sim_waker(sim, 0))
        return server_done(sim);
    return client_done(sim, d, &((union member *)workload_of(sim, d))->client);
}

static void loop_alarm(struct sim *sim, struct domain *d)
{
    rouse(sim, d);
}

/* Each request is in one place, and both ends of each ring agree on which are in it. */
static const char *loop_check(const struct sim *sim)
{
    const struct server *s = server_of(sim);
    for (uint32_t i = 1; i < sim->point->wakers; i++) {
        const struct client *c = &((const union member *)sim->own)[i].client;
        uint32_t away = 0;
        for (uint32_t k = 0; k < sim->point->window; k++)
            away += c->going[k].place == AWAY ? 1 : 0;
        if (c->front.req_prod - c->front.rsp_cons != away)
            return "closed-loop: a client has lost a request";
        if (c->back.req_cons - c->back.rsp_prod != (s->serves == c ? 1 : 0))
            return "closed-loop: the server has lost a request";
    }
    return NULL;
}

const struct workload workload_loop = {
    .size = sizeof(union member),
    .start = loop_start,
    .done = loop_done,
    .alarm = loop_alarm,
    .check = loop_check,
};

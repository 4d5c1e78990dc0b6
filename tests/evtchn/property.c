/* SPDX-License-Identifier: MIT */
/*
 * evtchn_property [ABI [EPISODE]]: random sequences of every operation over three domains, against
 * a reference model that knows nothing of words, links and selectors: what each port is bound to,
 * whether it has an event that was not served yet, whether it is masked. A million operations each
 * ABI, in episodes that are replayed by their numbers. Prints TAP.
 *
 * Checked at each operation: its result is 0 exactly if no documented error applies, else one of
 * those that do; the port that it opens is the lowest; who is told, and that the flag of him who is
 * went from 0 to 1; whether the port became pending. At each event handed out: it was sent, and the
 * port is not masked. Every so often: nothing is lost: with all vcpus served whose flag is set or
 * who stopped early, no port has an event left, but for those that are masked or still held back.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/evtchn/property_model.h"

#define OPERATIONS 1000000U
#define EPISODE_OPERATIONS 5000U

/* ---- operations ---- */

/* 0 if no error applies, else one that does. */
static bool as_expected(int result, const int *errors, uint32_t n)
{
    if (n == 0)
        return result == 0;
    t.refused++;
    for (uint32_t i = 0; i < n; i++)
        if (result == -errors[i])
            return true;
    return false;
}

#define EXPECT(result, d, port)                                                                  \
    do {                                                                                         \
        int result_ = (result);                                                                  \
        check(as_expected(result_, errors, n_errors), "the result is the model's", (d), (port)); \
        if (n_errors != 0)                                                                       \
            return;                                                                              \
    } while (0)

#define ERRORS     \
    int errors[8]; \
    uint32_t n_errors = 0
#define ERROR_IF(condition, error)      \
    do {                                \
        if (condition)                  \
            errors[n_errors++] = error; \
    } while (0)

/* A port number that is open, most of the time. */
static uint32_t some_port(struct domain *d)
{
    if (d->open != 0 && !one_in(20)) {
        uint32_t port = evtchn_next_open(&d->w.d, below(d->w.config.ports_max));
        return port != 0 ? port : evtchn_next_open(&d->w.d, 1);
    }
    return one_in(4) ? UINT32_MAX - below(3) : below(PORTS_MAX + 100);
}

static bool in_table(const struct domain *d, uint32_t port)
{
    return port / EVTCHN_BUCKET_PORTS < d->w.n_buckets;
}

static struct domain *some_domain(void)
{
    return &t.domain[below(DOMAINS)];
}

static void opened(struct domain *d, uint32_t port, int expected, enum evtchn_state state,
                   uint32_t source, uint32_t vcpu)
{
    check((int)port == expected, "the lowest port is opened", d, port);
    struct port *p = &d->port[port];
    bool masked = p->masked; /* the guest's */
    *p = (struct port){.state = state, .source = source, .vcpu = vcpu, .masked = masked};
    d->open++;
    world_note_mine(&d->w, port, vcpu);
}

static void op_alloc_unbound(struct domain *d)
{
    ERRORS;
    uint32_t port = 0, remote = below(DOMAINS);
    int next = next_port(d);
    ERROR_IF(next < 0, -next);
    EXPECT(evtchn_alloc_unbound(&d->w.d, (uint16_t)remote, &port), d, port);
    opened(d, port, next, EVTCHN_UNBOUND, remote, 0);
}

static void op_bind_interdomain(struct domain *d)
{
    ERRORS;
    struct domain *rd = some_domain();
    uint32_t port = 0, remote = some_port(rd);
    for (uint32_t tries = 0;
         tries < 8 && is_open(rd, remote) && rd->port[remote].state != EVTCHN_UNBOUND; tries++)
        remote = some_port(rd);
    struct evtchn_effect effect;
    int next = next_port(d);
    uint32_t id = d->w.d.id;
    ERROR_IF(next < 0, -next);
    ERROR_IF(!is_open(rd, remote) || rd->port[remote].state != EVTCHN_UNBOUND ||
                 rd->port[remote].source != id,
             EVTCHN_EINVAL);
    struct flags before = flags_now();
    EXPECT(evtchn_bind_interdomain(&d->w.d, &rd->w.d, remote, &port, &effect), d, port);
    opened(d, port, next, EVTCHN_INTERDOMAIN, 0, 0);
    d->port[port].peer = rd;
    d->port[port].peer_port = remote;
    rd->port[remote].state = EVTCHN_INTERDOMAIN;
    rd->port[remote].peer = d;
    rd->port[remote].peer_port = port;
    check_sent(d, port, &before, &effect);
}

static uint32_t some_vcpu(void)
{
    return one_in(12) ? VCPUS + below(3) : below(VCPUS);
}

static bool vcpu_exists(const struct domain *d, uint32_t vcpu)
{
    return vcpu < d->w.config.vcpus;
}

static bool is_vcpus(uint32_t virq)
{
    return (EVTCHN_VCPU_VIRQS >> virq & 1) != 0;
}

/* The port that is bound so, or 0. */
static uint32_t find(const struct domain *d, enum evtchn_state state, uint32_t source,
                     uint32_t vcpu)
{
    for (uint32_t port = 1; port < d->w.config.ports_max; port++)
        if (d->port[port].state == state && d->port[port].source == source &&
            (state != EVTCHN_VIRQ || !is_vcpus(source) || d->port[port].vcpu == vcpu))
            return port;
    return 0;
}

static void op_bind_virq(struct domain *d)
{
    ERRORS;
    uint32_t port = 0, virq = one_in(2) ? below(3) : below(EVTCHN_VIRQS + 1), vcpu = some_vcpu();
    int next = next_port(d);
    bool exists = virq < EVTCHN_VIRQS;
    ERROR_IF(!exists || (!is_vcpus(virq) && vcpu != 0), EVTCHN_EINVAL);
    ERROR_IF(!vcpu_exists(d, vcpu), EVTCHN_ENOENT);
    ERROR_IF(exists && find(d, EVTCHN_VIRQ, virq, vcpu) != 0, EVTCHN_EEXIST);
    ERROR_IF(next < 0, -next);
    EXPECT(evtchn_bind_virq(&d->w.d, virq, vcpu, &port), d, port);
    opened(d, port, next, EVTCHN_VIRQ, virq, vcpu);
}

static void op_bind_ipi(struct domain *d)
{
    ERRORS;
    uint32_t port = 0, vcpu = some_vcpu();
    int next = next_port(d);
    ERROR_IF(!vcpu_exists(d, vcpu), EVTCHN_ENOENT);
    ERROR_IF(next < 0, -next);
    EXPECT(evtchn_bind_ipi(&d->w.d, vcpu, &port), d, port);
    opened(d, port, next, EVTCHN_IPI, 0, vcpu);
}

static void op_bind_pirq(struct domain *d)
{
    ERRORS;
    uint32_t port = 0, pirq = below(WORLD_PIRQS + 1);
    int next = next_port(d);
    ERROR_IF(pirq >= WORLD_PIRQS, EVTCHN_EINVAL);
    ERROR_IF(find(d, EVTCHN_PIRQ, pirq, 0) != 0, EVTCHN_EEXIST);
    ERROR_IF(next < 0, -next);
    EXPECT(evtchn_bind_pirq(&d->w.d, pirq, &port), d, port);
    opened(d, port, next, EVTCHN_PIRQ, pirq, 0);
}

static void closed(struct domain *d, uint32_t port)
{
    struct port *p = &d->port[port];
    if (p->state == EVTCHN_INTERDOMAIN) {
        struct port *peer = &p->peer->port[p->peer_port];
        peer->state = EVTCHN_UNBOUND;
        peer->source = d->w.d.id;
    }
    bool masked = p->masked;
    *p = (struct port){.masked = masked};
    d->open--;
}

static void op_close(struct domain *d)
{
    ERRORS;
    uint32_t port = some_port(d);
    ERROR_IF(!is_open(d, port), EVTCHN_EINVAL);
    EXPECT(evtchn_close(&d->w.d, port), d, port);
    closed(d, port);
}

static void op_send(struct domain *d)
{
    ERRORS;
    struct evtchn_effect effect = {NULL, 0};
    uint32_t port = some_port(d);
    enum evtchn_state state = is_open(d, port) ? d->port[port].state : EVTCHN_CLOSED;
    ERROR_IF(state != EVTCHN_INTERDOMAIN && state != EVTCHN_IPI && state != EVTCHN_UNBOUND,
             EVTCHN_EINVAL);
    struct flags before = flags_now();
    EXPECT(evtchn_send(&d->w.d, port, &effect), d, port);
    if (state == EVTCHN_INTERDOMAIN) {
        check_sent(d->port[port].peer, d->port[port].peer_port, &before, &effect);
    } else if (state == EVTCHN_IPI) {
        check_sent(d, port, &before, &effect);
    } else {
        check_told(&before, &effect);
        check(effect.upcall == NULL && effect.what == 0, "an unbound port tells nobody", d, port);
    }
}

static void op_raise(struct domain *d)
{
    ERRORS;
    struct evtchn_effect effect;
    bool virq = one_in(2);
    uint32_t source = virq ? below(EVTCHN_VIRQS + 1) : below(WORLD_PIRQS + 1), vcpu = some_vcpu();
    bool exists =
        virq ? source < EVTCHN_VIRQS && vcpu_exists(d, vcpu) && (vcpu == 0 || is_vcpus(source))
             : source < WORLD_PIRQS;
    enum evtchn_state state = virq ? EVTCHN_VIRQ : EVTCHN_PIRQ;
    uint32_t want = exists ? find(d, state, source, vcpu) : 0;
    uint32_t port =
        virq ? evtchn_virq_port(&d->w.d, source, vcpu) : evtchn_pirq_port(&d->w.d, source);
    check(port == want, "the port that is bound so is found", d, port);
    if (one_in(10))
        port = some_port(d);
    ERROR_IF(!is_open(d, port) || d->port[port].state != state || d->port[port].source != source,
             EVTCHN_EINVAL);
    struct flags before = flags_now();
    EXPECT(virq ? evtchn_raise_virq(&d->w.d, port, source, &effect)
                : evtchn_raise_pirq(&d->w.d, port, source, &effect),
           d, port);
    check_sent(d, port, &before, &effect);
}

static void op_mask(struct domain *d)
{
    uint32_t port = some_port(d);
    if (touchable(d, port))
        mask(d, below(d->w.config.vcpus), port);
}

static void op_unmask(struct domain *d)
{
    uint32_t port = some_port(d), vcpu = below(d->w.config.vcpus);
    if (is_open(d, port) && touchable(d, port))
        unmask(d, vcpu, port);
}

static void op_unmask_call(struct domain *d)
{
    ERRORS;
    struct evtchn_effect effect;
    uint32_t port = some_port(d);
    ERROR_IF(!is_open(d, port), EVTCHN_EINVAL);
    struct flags before = flags_now();
    EXPECT(evtchn_unmask(&d->w.d, port, &effect), d, port);
    check_told(&before, &effect);
    if (has_page(d, port))
        d->port[port].masked = false;
}

static void op_clear_pending(struct domain *d)
{
    uint32_t port = some_port(d);
    if (is_open(d, port) && touchable(d, port)) {
        evtchn_consumer_clear_pending(&d->w.vcpu[0].c, port);
        d->port[port].pending = false;
    }
}

static void op_status(struct domain *d)
{
    ERRORS;
    struct evtchn_info info;
    uint32_t port = some_port(d);
    ERROR_IF(!in_table(d, port), EVTCHN_EINVAL);
    EXPECT(evtchn_status(&d->w.d, port, &info), d, port);
    if (!is_open(d, port)) {
        check(info.state == EVTCHN_CLOSED, "closed", d, port);
        return;
    }
    const struct port *p = &d->port[port];
    check(info.state == p->state && info.vcpu == p->vcpu, "state and vcpu", d, port);
    if (p->state == EVTCHN_INTERDOMAIN)
        check(info.remote == p->peer->w.d.id && info.remote_port == p->peer_port, "the other end",
              d, port);
    else
        check(info.source == p->source, "the source", d, port);
}

static void release_from(struct domain *d, uint32_t from, bool all)
{
    do {
        struct flags before = flags_now();
        struct evtchn_effect effect = evtchn_release_held(&d->w.d, &from);
        check((effect.what & EVTCHN_IS_BROKEN) == 0, "an honest queue is not broken", d, from);
        check_told(&before, &effect);
    } while (all && from != 0);
    for (uint32_t port = 1; port < d->w.config.ports_max && all; port++) {
        struct port *p = &d->port[port];
        if (p->held && reachable(d, port)) {
            /* Whatever was held is an event like others by now. */
            p->pending = evtchn_is_pending(&d->w.d, port);
            p->held = false;
        }
    }
}

/* Where the guest keeps bitmaps: masked, moved, noted, unmasked. */
static void op_bind_vcpu(struct domain *d)
{
    ERRORS;
    uint32_t port = some_port(d), vcpu = some_vcpu();
    bool noted = d->w.vcpu[0].c.mine != NULL && is_open(d, port), was_masked = true;
    struct port *p = is_open(d, port) ? &d->port[port] : NULL;
    ERROR_IF(!vcpu_exists(d, vcpu), EVTCHN_ENOENT);
    ERROR_IF(p == NULL || p->state == EVTCHN_IPI ||
                 (p->state == EVTCHN_VIRQ && is_vcpus(p->source)),
             EVTCHN_EINVAL);
    if (noted && n_errors == 0) {
        was_masked = p->masked;
        mask(d, 0, port);
    }
    EXPECT(evtchn_bind_vcpu(&d->w.d, port, vcpu), d, port);
    p->vcpu = vcpu;
    release_from(d, port, false);
    if (noted) {
        world_note_mine(&d->w, port, vcpu);
        if (!was_masked)
            unmask(d, below(d->w.config.vcpus), port);
    }
}

static void op_set_priority(struct domain *d)
{
    ERRORS;
    uint32_t port = some_port(d), priority = below(EVTCHN_QUEUES + 1);
    ERROR_IF(!is_open(d, port) || priority >= EVTCHN_QUEUES, EVTCHN_EINVAL);
    ERROR_IF(!d->fifo, EVTCHN_ENOSYS);
    EXPECT(evtchn_set_priority(&d->w.d, port, priority), d, port);
}

/* What is asked of memory that fifo has or lacks. Sends may come between giving and releasing. */
static void op_give(struct domain *d)
{
    ERRORS;
    bool page = one_in(2);
    uint32_t vcpu = some_vcpu(), offset = below(4096 / 8 + 8) * 8;
    if (!world_is_fifo(t.abi) || (!d->fifo && !one_in(4)))
        return;
    if (page) {
        ERROR_IF(!d->fifo, EVTCHN_EOPNOTSUPP);
        if (d->w.pages > PORTS_MAX / EVTCHN_PAGE_WORDS)
            return;
        EXPECT(world_give_page(&d->w), d, d->w.pages);
        for (uint32_t i = 0; i < EVTCHN_PAGE_WORDS; i++) {
            uint32_t port = (d->w.pages - 1) * EVTCHN_PAGE_WORDS + i;
            if (port < PORTS_MAX)
                d->port[port].masked = false; /* as the page is zeroed */
        }
    } else {
        ERROR_IF(!vcpu_exists(d, vcpu), EVTCHN_ENOENT);
        ERROR_IF(!evtchn_control_fits(offset) ||
                     (vcpu_exists(d, vcpu) && d->w.vcpu[vcpu].control != NULL),
                 EVTCHN_EINVAL);
        EXPECT(world_give_control(&d->w, vcpu, offset), d, vcpu);
        if (!d->fifo) {
            d->fifo = true;
            memset(d->scanning, 0, sizeof(d->scanning));
            for (uint32_t port = 1; port < PORTS_MAX; port++) {
                d->port[port].held = d->port[port].pending;
                d->port[port].masked = false;
            }
        }
    }
    for (uint32_t sends = below(3); sends > 0; sends--)
        op_send(some_domain());
    release_from(d, 1, true);
}

static void op_vcpu_moves(struct domain *d)
{
    uint32_t n = below(d->w.config.vcpus);
    struct world_vcpu *v = &d->w.vcpu[n];
    uint8_t *upcall = calloc(1, sizeof(*upcall));
    uint64_t *selector = calloc(1, sizeof(uint64_t));
    if (upcall == NULL || selector == NULL)
        abort();
    struct evtchn_effect effect = evtchn_vcpu_move(&v->v, upcall, selector);
    check(effect.upcall == &v->v && *upcall == 1, "a vcpu that moved is told", d, n);
    free(v->upcall);
    free(v->selector);
    v->upcall = v->c.upcall = upcall;
    v->selector = selector;
    v->c.selector = selector;
}

static void close_all(struct domain *d)
{
    for (uint32_t port; (port = evtchn_next_open(&d->w.d, 1)) != 0;) {
        check(evtchn_close(&d->w.d, port) == 0, "close", d, port);
        closed(d, port);
    }
}

/* Its guest's memory is zeroed. */
static void begins_anew(struct domain *d)
{
    memset(d->scanning, 0, sizeof(d->scanning));
    memset(d->port, 0, sizeof(d->port));
}

static void op_reset(struct domain *d)
{
    ERRORS;
    if (one_in(40))
        close_all(d);
    ERROR_IF(d->open != 0, EVTCHN_EBUSY);
    EXPECT(evtchn_reset(&d->w.d), d, 0);
    world_begin_anew(&d->w);
    d->fifo = false;
    begins_anew(d);
}

static void op_set_abi(struct domain *d)
{
    ERRORS;
    const struct world_abi *abi = &world_abis[below((uint32_t)world_n_abis)];
    if (one_in(40))
        close_all(d);
    bool same = !d->fifo && abi == d->w.now;
    ERROR_IF(world_is_fifo(abi), EVTCHN_EINVAL);
    ERROR_IF(!same && (d->open != 0 || d->fifo), EVTCHN_EBUSY);
    EXPECT(world_set_abi(&d->w, abi), d, 0);
    check(d->w.d.abi == abi->producer, "the ABI that was chosen", d, 0);
    if (!same)
        begins_anew(d);
    t.changed += !same;
}

static void op_serve(struct domain *d)
{
    uint32_t vcpu = below(d->w.config.vcpus);
    if (has_reason(d, vcpu) || one_in(8))
        serve_vcpu(d, vcpu, one_in(2) ? 0 : 1 + below(6));
}

static const struct {
    void (*run)(struct domain *);
    const char *name;
    uint32_t weight;
} operations[] = {
    {op_alloc_unbound, "alloc_unbound", 6},
    {op_bind_interdomain, "bind_interdomain", 8},
    {op_bind_virq, "bind_virq", 2},
    {op_bind_ipi, "bind_ipi", 3},
    {op_bind_pirq, "bind_pirq", 2},
    {op_close, "close", 8},
    {op_send, "send", 40},
    {op_raise, "raise", 8},
    {op_mask, "mask", 6},
    {op_unmask, "unmask", 6},
    {op_unmask_call, "unmask by call", 4},
    {op_clear_pending, "clear_pending", 2},
    {op_status, "status", 4},
    {op_bind_vcpu, "bind_vcpu", 6},
    {op_set_priority, "set_priority", 5},
    {op_give, "memory for fifo", 2},
    {op_vcpu_moves, "vcpu_move", 1},
    {op_reset, "reset", 1},
    {op_set_abi, "set_abi", 1},
    {op_serve, "a scan", 20},
};

#define N_OPERATIONS (sizeof(operations) / sizeof(*operations))

static void step(uint32_t weights)
{
    uint32_t roll = below(weights), o = 0;
    while (roll >= operations[o].weight)
        roll -= operations[o++].weight;
    struct domain *d = some_domain();
    if (!one_in(16))
        world_grow(&d->w);
    t.doing = operations[o].name;
    operations[o].run(d);
}

static void episode(uint64_t number)
{
    uint32_t weights = 0;
    for (uint32_t o = 0; o < N_OPERATIONS; o++)
        weights += operations[o].weight;
    t.episode = number;
    t.rng = rng_seeded(number * world_n_abis + (uint64_t)(t.abi - world_abis));
    for (uint32_t i = 0; i < DOMAINS; i++) {
        struct domain *d = &t.domain[i];
        uint32_t most = one_in(2) ? 70 : one_in(2) ? 200 : PORTS_MAX;
        memset(d, 0, sizeof(*d));
        world_open(&d->w, (struct world_config){.abi = t.abi,
                                                .id = (uint16_t)i,
                                                .ports_max = 2 + below(most - 1),
                                                .vcpus = 1 + below(VCPUS),
                                                .mine = !world_is_fifo(t.abi) && one_in(2),
                                                .late = one_in(2),
                                                .changes = true});
        d->fifo = d->w.d.abi == &evtchn_fifo_producer;
        for (uint32_t v = d->w.config.vcpus; v < VCPUS; v++) {
            /* They do not exist, but it can be looked that nobody tells them. */
            d->w.vcpu[v].upcall = calloc(1, sizeof(uint8_t));
            if (d->w.vcpu[v].upcall == NULL)
                abort();
        }
    }
    for (t.operation = 0; t.operation < EPISODE_OPERATIONS; t.operation++) {
        step(weights);
        if (one_in(32))
            check_nothing_lost();
    }
    check_nothing_lost();
    for (uint32_t i = 0; i < DOMAINS; i++)
        world_close(&t.domain[i].w);
}

static bool is_run(int argc, char **argv, size_t abi)
{
    return argc < 2 || strcmp(argv[1], world_abis[abi].name) == 0;
}

int main(int argc, char **argv)
{
    uint64_t first = 0, after = OPERATIONS / EPISODE_OPERATIONS;
    unsigned planned = 0, n = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc > 2) {
        char *end;
        errno = 0;
        first = strtoull(argv[2], &end, 10);
        after = first + 1;
        if (*argv[2] == '\0' || *end != '\0' || errno != 0) {
            fprintf(stderr, "evtchn_property: an episode is a number, not %s\n", argv[2]);
            return 2;
        }
    }
    for (size_t a = 0; a < world_n_abis; a++)
        planned += is_run(argc, argv, a);
    if (planned == 0) {
        fprintf(stderr, "evtchn_property: no ABI is named %s\n", argv[1]);
        return 2;
    }
    printf("1..%u\n", planned);
    for (size_t a = 0; a < world_n_abis; a++) {
        if (!is_run(argc, argv, a))
            continue;
        t.abi = &world_abis[a];
        t.served = t.told = t.refused = t.lost_checks = t.changed = 0;
        for (uint64_t e = first; e < after; e++)
            episode(e);
        printf("ok %u - %s: %ju operations, %ju refused, %ju told, %ju served, looked %ju times, "
               "%ju changes of the ABI\n",
               ++n, t.abi->name, (uintmax_t)((after - first) * EPISODE_OPERATIONS),
               (uintmax_t)t.refused, (uintmax_t)t.told, (uintmax_t)t.served,
               (uintmax_t)t.lost_checks, (uintmax_t)t.changed);
    }
    return 0;
}

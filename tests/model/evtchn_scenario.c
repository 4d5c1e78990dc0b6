/* SPDX-License-Identifier: MIT */
/*
 * A delivery ABI under the explorer: producers and a consumer, written against evtchn.h and
 * consumer.h alone.
 *
 * A producer writes what it has done into a word of its own, by a plain store, and then sends. The
 * consumer reads these words when it is handed a port, and only of who sends to that port. It ends
 * when it has learnt in this way of everything that was sent, and it sleeps unless it is told. So
 * an event that is lost, or is seen before what was written before it, leaves it asleep for ever,
 * which the explorer reports. As a producer may stop after any send, each send is the last one of
 * some execution, and so must be delivered without the help of a later one.
 *
 * Also checked: no port is handed out oftener than it was sent to, none that is masked, and nobody
 * reports a broken queue.
 *
 * Locks: D is taken by one thread in each scene at most, and nothing is closed, so P is shared:
 * neither has an effect.
 */
#include "evtchn_scenario.h"

#include <string.h>

#include "evtchn/abi.h"
#include "evtchn/consumer.h"
#include "evtchn/evtchn.h"

#define VCPUS 2
#define BUCKETS 2
#define BELL 0 /* both vcpus are run by one thread */
#define PRIORITY_ELSEWHERE (EVTCHN_PRIORITY_DEFAULT - 1)
#define VIRQ_FIRST 2U /* 0 and 1 are each vcpu's own */
#define WORDS 64      /* of pending and of mask bits, of either size */

static const struct {
    const struct evtchn_abi *producer;
    const struct evtchn_consumer_abi *consumer;
    uint32_t bits; /* of a word of its bitmaps */
} abis[] = {
    [ABI_flat] = {&evtchn_flat_producer, &evtchn_flat_consumer, 64},
    [ABI_two_level_64] = {&evtchn_two_level_64_producer, &evtchn_two_level_64_consumer, 64},
    [ABI_two_level_32] = {&evtchn_two_level_32_producer, &evtchn_two_level_32_consumer, 32},
    [ABI_fifo] = {&evtchn_fifo_producer, &evtchn_fifo_consumer, 0},
};
_Static_assert(sizeof(abis) / sizeof(abis[0]) == EVTCHN_ABIS, "each ABI of abis.def");

/* The explorer's shared memory. */
struct shared {
    struct evtchn_bucket bucket[BUCKETS];
    uint32_t page[EVTCHN_PAGE_WORDS];
    struct evtchn_control control[VCPUS];
    uint64_t pending[WORDS], mask[WORDS];
    struct {
        uint64_t selector;
        uint8_t upcall;
    } info[VCPUS];
    uint32_t done[EVTCHN_PRODUCERS]; /* what each has done: DONE_* */
    struct evtchn_domain domain;
    struct evtchn_vcpu vcpu[VCPUS];
    struct evtchn_bucket *buckets[BUCKETS];
    uint64_t closed[BUCKETS];
    uint64_t none[WORDS]; /* no ports */
    struct evtchn_vcpu *vcpus[VCPUS];
    struct evtchn_array array; /* the consumer's */
};

/* How often each port was sent to, 4 bits each, and whether that was all. */
#define DONE_BITS 4
#define DONE_COUNT(done, port) ((done) >> (port)*DONE_BITS & ((1U << DONE_BITS) - 1))
#define DONE_ONE(port) (1U << (port)*DONE_BITS)
#define DONE_COUNTS(port) (((1U << DONE_BITS) - 1) << (port)*DONE_BITS)
#define DONE_LAST (1U << 31)

static struct {
    enum evtchn_abi_index abi;
    struct evtchn_scene scene;
    struct shared *shared;
    uint32_t port[EVTCHN_SCENE_PORTS]; /* numbers of a, b, c */
    uint32_t ports;                    /* how many there are */
    uint32_t vcpus;                    /* likewise */
} run;

static bool names(const char *ports, uint32_t port)
{
    return ports != NULL && strchr(ports, (int)('a' + port)) != NULL;
}

static void act_on(struct evtchn_effect effect)
{
    explore_require((effect.what & EVTCHN_IS_BROKEN) == 0, "a producer reports a broken queue");
    if (effect.upcall != NULL)
        explore_tell(BELL);
}

/* ---- producers ---- */

struct producer_private {
    uint32_t index;
    uint32_t sent;
    uint32_t done;
};

static uint32_t port_of_send(const struct producer_private *p)
{
    return (uint32_t)(run.scene.sends[p->index][p->sent] - 'a');
}

static int raise(uint32_t port, struct evtchn_effect *effect)
{
    return evtchn_raise_virq(&run.shared->domain, run.port[port], VIRQ_FIRST + port, effect);
}

static void produce(struct producer_private *p)
{
    uint32_t port = port_of_send(p);
    bool last = run.scene.sends[p->index][p->sent + 1] == '\0' || explore_choose(2) == 1;
    p->done += DONE_ONE(port) | (last ? DONE_LAST : 0);
    p->sent++;
    evtchn_store(&run.shared->done[p->index], p->done);

    struct evtchn_effect effect;
    int error = raise(port, &effect);
    explore_require(error == 0, "send to port %c: %d", 'a' + (int)port, error);
    act_on(effect);
}

static void move_a(void)
{
    struct evtchn_domain *d = &run.shared->domain;
    int error = run.scene.move == MOVE_VCPU
                    ? evtchn_bind_vcpu(d, run.port[0], 1)
                    : evtchn_set_priority(d, run.port[0], PRIORITY_ELSEWHERE);
    explore_require(error == 0, "moving port a: %d", error);
}

static void producer_run(void *private)
{
    struct producer_private *p = (struct producer_private *)private;
    while ((p->done & DONE_LAST) == 0) {
        if (run.scene.move != MOVE_NOTHING && p->index == 0 && p->sent == 1)
            move_a();
        produce(p);
        explore_checkpoint(0);
    }
}

/* ---- the helper ---- */

struct helper_private {
    struct evtchn_consumer vcpu; /* to mask and unmask alone */
    uint32_t port;
};

static bool gives_page(void)
{
    return run.scene.helper == HELPER_GIVES_PAGE || run.scene.helper == HELPER_GIVES_BOTH;
}

static bool gives_block(void)
{
    return run.scene.helper == HELPER_GIVES_BLOCK || run.scene.helper == HELPER_GIVES_BOTH;
}

/* Their vcpu has no control block at first. */
static bool lacks_block(void)
{
    return gives_block() || run.scene.helper == HELPER_BINDS;
}

static void release_held(void)
{
    for (uint32_t from = 1; from != 0;)
        act_on(evtchn_release_held(&run.shared->domain, &from));
}

static void helper_gives(void *private)
{
    (void)private;
    struct shared *s = run.shared;
    if (gives_page()) {
        explore_require(evtchn_expand_array(&s->domain, s->page) == 0, "expand_array");
        release_held();
    }
    explore_checkpoint(0);
    if (gives_block()) {
        explore_require(evtchn_init_control(&s->domain, 1, &s->control[1], 0) == 0, "init_control");
        release_held();
    }
}

static void helper_binds(void *private)
{
    struct helper_private *h = (struct helper_private *)private;
    struct evtchn_domain *d = &run.shared->domain;
    for (; h->port < run.ports; h->port++) {
        explore_checkpoint(0);
        explore_require(evtchn_bind_vcpu(d, run.port[h->port], 0) == 0, "bind_vcpu");
        uint32_t from = run.port[h->port];
        act_on(evtchn_release_held(d, &from));
    }
}

/* True: an upcall is due on the vcpu that unmasked, and it is not told. */
static bool unmask_port(struct evtchn_consumer *c, uint32_t port)
{
    enum evtchn_unmasked unmasked = EVTCHN_UNMASK_CALL; /* which is always allowed */
    if (explore_choose(2) == 0)
        unmasked = evtchn_consumer_unmask(c, run.port[port]);
    if (unmasked == EVTCHN_UNMASK_CALL) {
        struct evtchn_effect effect;
        int error = evtchn_unmask(&run.shared->domain, run.port[port], &effect);
        explore_require(error == 0, "unmask of port %c: %d", 'a' + (int)port, error);
        act_on(effect);
    }
    return unmasked == EVTCHN_UPCALL_DUE;
}

/* Its own bitmap of ports is empty, so that with `flat` and `2l` it makes the call. */
static void helper_unmasks(void *private)
{
    struct helper_private *h = (struct helper_private *)private;
    for (; h->port < run.ports; h->port++) {
        explore_checkpoint(0);
        if (names(run.scene.masked, h->port))
            explore_require(!unmask_port(&h->vcpu, h->port),
                            "an upcall for a port of another vcpu");
    }
}

/* ---- the consumer ---- */

struct consumer_private {
    struct evtchn_consumer vcpu[VCPUS];
    uint32_t at;                      /* the vcpu that it is */
    uint32_t known[EVTCHN_PRODUCERS]; /* counts, learnt from serving the ports */
    uint32_t final[EVTCHN_PRODUCERS]; /* what there is to know; 0: more is to come */
    uint32_t served;                  /* counts */
    uint32_t masked;                  /* bit a port */
    uint32_t masks_left;
    bool again; /* an upcall is due that nobody tells of */
};

enum consumer_place { CONSUMER_BEGINS, CONSUMER_BEGAN, CONSUMER_SERVED, CONSUMER_SLEEPS };

static bool knows_all(const struct consumer_private *k)
{
    for (uint32_t i = 0; i < EVTCHN_PRODUCERS; i++)
        if (k->final[i] == 0 || k->known[i] != (k->final[i] & ~DONE_LAST))
            return false;
    return true;
}

static void unmask(struct consumer_private *k, uint32_t port)
{
    k->masked &= ~(1U << port);
    k->again |= unmask_port(&k->vcpu[k->at], port);
}

/* A port, as it handles an event: not at all; until it has handled this; until it has handled all.
 */
static void maybe_mask(struct consumer_private *k)
{
    enum { NOT, SHORTLY, LONG, WAYS };
    if (k->masks_left == 0)
        return;
    uint32_t way = explore_choose(WAYS);
    if (way == NOT)
        return;
    k->masks_left--;
    uint32_t port = explore_choose(run.ports);
    if ((k->masked >> port & 1) != 0)
        return;
    evtchn_consumer_mask(&k->vcpu[k->at], run.port[port]);
    k->masked |= 1U << port;
    if (way == SHORTLY)
        unmask(k, port);
}

static void serve(struct consumer_private *k, uint32_t number)
{
    uint32_t port = 0, sent = 0;
    explore_require(number != EVTCHN_BROKEN_QUEUE, "the consumer reports a broken queue");
    while (port < run.ports && run.port[port] != number)
        port++;
    explore_require(port < run.ports, "the consumer was handed port %u, which nobody sends to",
                    number);
    explore_require((k->masked >> port & 1) == 0, "port %c was handed out though masked",
                    'a' + (int)port);
    for (uint32_t i = 0; i < EVTCHN_PRODUCERS; i++) {
        if (!names(run.scene.sends[i], port))
            continue;
        uint32_t done = evtchn_load(&run.shared->done[i]);
        k->known[i] = (k->known[i] & ~DONE_COUNTS(port)) | (done & DONE_COUNTS(port));
        if ((done & DONE_LAST) != 0)
            k->final[i] = done;
        sent += DONE_COUNT(done, port);
    }
    k->served += DONE_ONE(port);
    explore_require(DONE_COUNT(k->served, port) <= sent,
                    "port %c was handed out %u times, but sent to %u times", 'a' + (int)port,
                    DONE_COUNT(k->served, port), sent);
    maybe_mask(k);
}

static void handle_upcall(struct consumer_private *k)
{
    struct evtchn_consumer *c = &k->vcpu[k->at];
    uint32_t number;
    evtchn_consumer_begin(c);
    explore_checkpoint(CONSUMER_BEGAN);
    while ((number = evtchn_consumer_next(c)) != EVTCHN_NONE) {
        serve(k, number);
        explore_checkpoint(CONSUMER_SERVED);
    }
}

static void consumer_run(void *private)
{
    struct consumer_private *k = (struct consumer_private *)private;
    while (!knows_all(k)) {
        if (!k->again && k->masked == 0) {
            explore_checkpoint(CONSUMER_SLEEPS);
            explore_sleep(BELL, false);
        }
        k->again = false;
        for (k->at = 0; k->at < run.vcpus; k->at++) {
            explore_checkpoint(CONSUMER_BEGINS);
            handle_upcall(k);
        }
        k->at = 0;
        for (uint32_t port = 0; port < run.ports; port++)
            if ((k->masked >> port & 1) != 0)
                unmask(k, port);
    }
}

/* ---- the program ---- */

static void expect(bool holds, const char *what)
{
    explore_require(holds, "%s", what);
}

static void domain_init(struct shared *s)
{
    struct evtchn_domain *d = &s->domain;
    const struct evtchn_abi *abi = abis[run.abi].producer;
    struct evtchn_domain_config config = {
        .abi = run.abi == ABI_fifo ? &evtchn_two_level_64_producer : abi,
        .ports_max = BUCKETS * EVTCHN_BUCKET_PORTS,
        .buckets = s->buckets,
        .closed = s->closed,
        .vcpus = s->vcpus,
        .n_vcpus = VCPUS,
        .vcpu_virqs = EVTCHN_VCPU_VIRQS,
        .pending = s->pending,
        .mask = s->mask,
    };
    evtchn_domain_init(d, &config);
    for (uint32_t i = 0; i < VCPUS; i++) {
        evtchn_vcpu_init(&s->vcpu[i], d, i, &s->info[i].upcall, &s->info[i].selector, NULL);
        s->vcpus[i] = &s->vcpu[i];
    }
    for (uint32_t i = 0; evtchn_wants_bucket(d) && i < BUCKETS; i++)
        evtchn_add_bucket(d, &s->bucket[i]);
    if (run.abi != ABI_fifo)
        return;
    for (uint32_t i = 0; i < VCPUS; i++)
        if (i == 0 || !lacks_block())
            expect(evtchn_init_control(d, i, &s->control[i], 0) == 0, "init_control");
    if (!gives_page())
        expect(evtchn_expand_array(d, s->page) == 0, "expand_array");
}

/* In another word: whatever has a lower number there is opened too. */
static void skip_word(struct evtchn_domain *d, uint32_t bits)
{
    uint32_t port;
    do {
        if (evtchn_wants_bucket(d))
            evtchn_add_bucket(d, &run.shared->bucket[d->n_buckets]);
        expect(evtchn_alloc_unbound(d, 0, &port) == 0, "alloc_unbound");
    } while (port % bits != 0);
}

static void open_ports(struct evtchn_domain *d)
{
    bool skipped = false;
    for (uint32_t i = 0; i < run.ports; i++) {
        bool away = names(run.scene.elsewhere, i);
        if (away && !skipped && run.abi != ABI_fifo && run.abi != ABI_flat) {
            skip_word(d, abis[run.abi].bits);
            skipped = true;
        }
        expect(evtchn_bind_virq(d, VIRQ_FIRST + i, 0, &run.port[i]) == 0, "bind_virq");
        if (away && run.scene.move == MOVE_VCPU)
            expect(evtchn_bind_vcpu(d, run.port[i], 1) == 0, "bind_vcpu");
        else if (away && run.abi == ABI_fifo)
            expect(evtchn_set_priority(d, run.port[i], PRIORITY_ELSEWHERE) == 0, "set_priority");
        if (lacks_block())
            expect(evtchn_bind_vcpu(d, run.port[i], 1) == 0, "bind_vcpu");
    }
}

static struct evtchn_consumer consumer_of(struct shared *s, uint32_t vcpu)
{
    return (struct evtchn_consumer){.abi = abis[run.abi].consumer,
                                    .upcall = &s->info[vcpu].upcall,
                                    .selector = &s->info[vcpu].selector,
                                    .pending = s->pending,
                                    .mask = s->mask,
                                    .control = &s->control[vcpu],
                                    .array = &s->array};
}

static void consumer_init(struct consumer_private *k, struct shared *s)
{
    for (uint32_t i = 0; i < VCPUS; i++)
        k->vcpu[i] = consumer_of(s, i);
    s->array.page[0] = s->page;
    s->array.pages = 1;
    k->masks_left = run.scene.masks;
}

/* Each port once: from here on they are where ports are that were in use for long. */
static void warm_up(struct consumer_private *k)
{
    for (uint32_t i = 0; i < run.ports; i++) {
        struct evtchn_effect effect;
        expect(raise(i, &effect) == 0, "raise");
        for (uint32_t v = 0; v < run.vcpus; v++) {
            evtchn_consumer_begin(&k->vcpu[v]);
            while (evtchn_consumer_next(&k->vcpu[v]) != EVTCHN_NONE)
                ;
        }
    }
}

#define CONTENDED(lvalue) explore_contended(&(lvalue), sizeof(lvalue))
#define PLAIN(lvalue) explore_plain(&(lvalue), sizeof(lvalue))

static void contend_for_fifo(struct shared *s)
{
    CONTENDED(s->domain.nowhere.lock);
    CONTENDED(s->domain.nowhere.tail);
    for (uint32_t v = 0; v < run.vcpus; v++) {
        CONTENDED(s->control[v].ready);
        for (uint32_t q = PRIORITY_ELSEWHERE; q <= EVTCHN_PRIORITY_DEFAULT; q++) {
            CONTENDED(s->control[v].head[q]);
            CONTENDED(s->vcpu[v].queue[q].lock);
            CONTENDED(s->vcpu[v].queue[q].tail);
        }
    }
    for (uint32_t i = 0; i < run.ports; i++) {
        struct evtchn *e = evtchn_at(&s->domain, run.port[i]);
        CONTENDED(s->page[run.port[i]]);
        CONTENDED(e->last);
        if (gives_page()) {
            CONTENDED(e->held);
            CONTENDED(e->word);
        }
        if (lacks_block())
            CONTENDED(e->delayed);
        if (run.scene.helper == HELPER_BINDS)
            CONTENDED(e->target);
    }
    if (gives_page()) {
        PLAIN(s->domain.array.page[0]);
        explore_plain(&s->domain.array.pages, sizeof(uint64_t));
    }
    if (gives_block()) {
        CONTENDED(s->vcpu[1].queue[EVTCHN_PRIORITY_DEFAULT].ready);
        for (uint32_t q = 0; q < EVTCHN_QUEUES; q++)
            PLAIN(s->vcpu[1].queue[q].head);
    }
}

/* What more than one thread uses, at least one of them writing. The explorer checks that it is no
 * more than that. */
static void contend(struct shared *s)
{
    explore_quiet(s, sizeof(*s));
    CONTENDED(s->done);
    for (uint32_t v = 0; v < run.vcpus; v++)
        CONTENDED(s->info[v]);
    if (run.scene.move != MOVE_NOTHING)
        CONTENDED(evtchn_at(&s->domain, run.port[0])->target);
    if (run.abi == ABI_fifo) {
        contend_for_fifo(s);
    } else {
        CONTENDED(s->pending);
        CONTENDED(s->mask);
    }
}

static void setup(void *arg, void *shared, void *const private[])
{
    (void)arg;
    struct shared *s = run.shared = (struct shared *)shared;
    struct consumer_private *k = (struct consumer_private *)private[EVTCHN_PRODUCERS];
    memset(s, 0, sizeof(*s));
    for (uint32_t i = 0; i < EVTCHN_PRODUCERS; i++)
        ((struct producer_private *)private[i])->index = i;
    domain_init(s);
    open_ports(&s->domain);
    consumer_init(k, s);
    if (run.scene.helper != HELPER_NONE) {
        struct helper_private *h = (struct helper_private *)private[EVTCHN_PRODUCERS + 1];
        h->vcpu = consumer_of(s, 1);
        h->vcpu.mine = s->none;
    }
    if (!run.scene.fresh && !gives_page() && !lacks_block())
        warm_up(k);
    for (uint32_t i = 0; i < run.ports; i++)
        if (names(run.scene.masked, i)) {
            evtchn_consumer_mask(&k->vcpu[0], run.port[i]);
            if (run.scene.helper != HELPER_UNMASKS)
                k->masked |= 1U << i;
        }
    contend(s);
}

void evtchn_explore(enum evtchn_abi_index abi, const struct evtchn_scene *scene,
                    uint32_t max_states, struct explore_result *result)
{
    static const char *const names_of_producers[EVTCHN_PRODUCERS] = {"sender 0", "sender 1"};
    struct explore_program program = {
        .shared_size = sizeof(struct shared), .bells = 1, .setup = setup, .max_states = max_states};
    run.abi = abi;
    run.scene = *scene;
    run.vcpus = scene->move == MOVE_VCPU || lacks_block() ? 2 : 1;
    run.ports = 0;
    for (uint32_t i = 0; i < EVTCHN_SCENE_PORTS; i++)
        if (names(scene->sends[0], i) || names(scene->sends[1], i))
            run.ports = i + 1;
    for (uint32_t i = 0; i < EVTCHN_PRODUCERS; i++)
        program.thread[program.threads++] =
            (struct explore_thread){.name = names_of_producers[i],
                                    .run = producer_run,
                                    .private_size = sizeof(struct producer_private)};
    program.thread[program.threads++] = (struct explore_thread){
        .name = "consumer", .run = consumer_run, .private_size = sizeof(struct consumer_private)};
    if (scene->helper != HELPER_NONE)
        program.thread[program.threads++] =
            (struct explore_thread){.name = "helper",
                                    .run = scene->helper == HELPER_UNMASKS ? helper_unmasks
                                           : scene->helper == HELPER_BINDS ? helper_binds
                                                                           : helper_gives,
                                    .private_size = sizeof(struct helper_private)};
    explore_run(&program, result);
}

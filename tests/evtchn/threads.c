/* SPDX-License-Identifier: MIT */
/*
 * evtchn_threads [ABI]: two threads send, one receives for both vcpus of a domain, and in some
 * cases a fourth moves ports between queues, closes and opens them, or gives the memory that fifo
 * waits for. The locks are those that evtchn.h asks for. Prints TAP.
 *
 * A sender notes each send before it makes it, the receiver what it finds noted when it serves: so
 * a sender that waits until all its sends have been served waits for ever if one is lost. More
 * serves than sends would be invented ones. The receiver sleeps whenever a scan found nothing, and
 * is woken only by who was told that its upcall flag rose. The main thread is the watchdog.
 */
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/evtchn/world.h"
#include "tests/unit/rng.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if __has_feature(thread_sanitizer)
#define SENDS 20000U /* of each sender */
#else
#define SENDS 100000U
#endif

#define SENDERS 2U
#define CHANNELS 20U
#define UNSTABLE 6U /* channels closed and opened meanwhile: nothing is promised of them */
#define VCPUS 2U
#define UNSERVED_MAX 48U /* sends, about, before a sender waits */
#define MASKED_MAX 4U    /* ports that the receiver holds masked at a time */
#define STALL_SECONDS 20
#define LOOK_MS 20

struct kind {
    const char *name;
    bool own;      /* each sender has channels, and fifo's queues, of its own */
    bool moves;    /* ports are bound to other vcpus, and get other priorities */
    bool unsteady; /* there are unstable channels */
    bool late;     /* fifo: page and control block come when there are events for them already */
};

static const struct kind kinds[] = {
    {.name = "the same queue"},
    {.name = "a queue each", .own = true},
    {.name = "ports that move", .moves = true},
    {.name = "ports that close", .moves = true, .unsteady = true},
    {.name = "memory that comes late", .moves = true, .late = true},
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct channel {
    uint32_t from, to; /* ports of the sending domain, of the receiving one */
    uint64_t sent, seen, served;
};

static struct {
    const struct kind *kind;
    struct world_domain a, b; /* senders', receiver's */
    pthread_mutex_t d_of_a, d_of_b;
    struct channel channel[CHANNELS + UNSTABLE];
    uint8_t channel_of[64 + 1]; /* a port of b; CHANNELS: one that is not stable */
    sem_t told;
    uint64_t sends, serves; /* progress, for the watchdog */
    uint32_t senders_left;
    bool over; /* nothing is sent any more */
    char error[256];
    uint32_t errors;
} t;

#define get(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define put(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define add(p, v) __atomic_add_fetch((p), (v), __ATOMIC_ACQ_REL)

__attribute__((format(printf, 1, 2))) static void failed(const char *format, ...)
{
    if (add(&t.errors, 1) != 1)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(t.error, sizeof(t.error), format, args);
    va_end(args);
}

/* ---- the embedder's locks ---- */

#define P_EXCLUSIVE (1U << 31)

static void p_shared(uint32_t *lock)
{
    for (;;) {
        uint32_t was = get(lock);
        if ((was & P_EXCLUSIVE) == 0 &&
            __atomic_compare_exchange_n(lock, &was, was + 1, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED))
            return;
        sched_yield();
    }
}

static void p_unshare(uint32_t *lock)
{
    __atomic_sub_fetch(lock, 1, __ATOMIC_RELEASE);
}

static void p_exclusive(uint32_t *lock)
{
    for (uint32_t free = 0; !__atomic_compare_exchange_n(lock, &free, P_EXCLUSIVE, false,
                                                         __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
         free = 0)
        sched_yield();
}

static void p_free(uint32_t *lock)
{
    put(lock, 0);
}

static void d_both(void)
{
    pthread_mutex_lock(&t.a.d < &t.b.d ? &t.d_of_a : &t.d_of_b);
    pthread_mutex_lock(&t.a.d < &t.b.d ? &t.d_of_b : &t.d_of_a);
}

static void d_free(void)
{
    pthread_mutex_unlock(&t.d_of_a);
    pthread_mutex_unlock(&t.d_of_b);
}

static void act_on(struct evtchn_effect effect)
{
    if ((effect.what & EVTCHN_IS_BROKEN) != 0)
        failed("an honest queue is called broken");
    if (effect.upcall != NULL && effect.upcall->domain == &t.b.d)
        sem_post(&t.told);
}

/* ---- senders ---- */

static void send_on(struct channel *c, bool steady)
{
    struct evtchn_effect effect = {NULL, 0};
    uint32_t from = get(&c->from);
    struct evtchn *e = evtchn_at(&t.a.d, from);
    add(&c->sent, 1);
    p_shared(&e->lock);
    int error = evtchn_send(&t.a.d, from, &effect);
    p_unshare(&e->lock);
    if (error != 0 && (steady || error != -EVTCHN_EINVAL))
        failed("a send on port %u: %d", from, error);
    act_on(effect);
    add(&t.sends, 1);
}

static void wait_for(const uint64_t *seen, uint64_t sent)
{
    while (get(seen) < sent)
        sched_yield();
}

static void *sender(void *arg)
{
    uint32_t self = (uint32_t)(uintptr_t)arg, unserved = 0;
    struct rng rng = rng_seeded(100 + self);
    uint64_t sent[CHANNELS] = {0};
    for (uint32_t i = 0; i < SENDS; i++) {
        uint32_t n = rng_below(&rng, CHANNELS);
        if (t.kind->own)
            n = n / SENDERS * SENDERS + self;
        send_on(&t.channel[n], true);
        sent[n] = get(&t.channel[n].sent);
        if (t.kind->unsteady && rng_one_in(&rng, 4))
            send_on(&t.channel[CHANNELS + rng_below(&rng, UNSTABLE)], false);
        if (++unserved < UNSERVED_MAX && !rng_one_in(&rng, UNSERVED_MAX))
            continue;
        for (n = 0; n < CHANNELS; n++)
            wait_for(&t.channel[n].seen, sent[n]);
        unserved = 0;
    }
    add(&t.senders_left, -1U);
    return NULL;
}

/* ---- the receiver ---- */

struct receiver {
    struct rng rng;
    uint32_t masked[MASKED_MAX];
    uint32_t n_masked;
    bool unfinished[VCPUS];
};

static bool has_control(uint32_t vcpu)
{
    const struct evtchn_consumer *c = &t.b.vcpu[vcpu].c;
    return c->abi != &evtchn_fifo_consumer || get(&c->control) != NULL;
}

static void unmask_one(struct receiver *r)
{
    uint32_t port = r->masked[--r->n_masked];
    struct evtchn_effect effect = {NULL, 0};
    uint32_t vcpu = rng_below(&r->rng, VCPUS);
    if (!has_control(vcpu))
        vcpu = 0;
    switch (evtchn_consumer_unmask(&t.b.vcpu[vcpu].c, port)) {
    case EVTCHN_UNMASKED:
        break;
    case EVTCHN_UPCALL_DUE:
        r->unfinished[vcpu] = true;
        break;
    default:
        p_shared(&evtchn_at(&t.b.d, port)->lock);
        if (evtchn_unmask(&t.b.d, port, &effect) != 0)
            failed("unmasking port %u failed", port);
        p_unshare(&evtchn_at(&t.b.d, port)->lock);
        act_on(effect);
        break;
    }
}

static void serve(struct receiver *r, uint32_t port)
{
    if (port == EVTCHN_BROKEN_QUEUE || port > 64) {
        failed("a scan found %u", port);
        return;
    }
    uint8_t n = get(&t.channel_of[port]);
    add(&t.serves, 1);
    if (n >= CHANNELS)
        return;
    struct channel *c = &t.channel[n];
    uint64_t sent = get(&c->sent);
    c->served++;
    if (c->served > sent)
        failed("port %u was served %ju times for %ju sends", port, (uintmax_t)c->served,
               (uintmax_t)sent);
    put(&c->seen, sent);
    if (rng_one_in(&r->rng, 8)) {
        for (uint32_t i = 0; i < r->n_masked; i++)
            if (r->masked[i] == port)
                failed("port %u was served while it was masked", port);
        if (r->n_masked == MASKED_MAX)
            unmask_one(r);
        evtchn_consumer_mask(&t.b.vcpu[0].c, port);
        r->masked[r->n_masked++] = port;
    }
}

static void scan(struct receiver *r, uint32_t vcpu)
{
    struct evtchn_consumer *c = &t.b.vcpu[vcpu].c;
    uint32_t budget = rng_one_in(&r->rng, 4) ? 1 + rng_below(&r->rng, 4) : UINT32_MAX, port;
    evtchn_consumer_begin(c);
    r->unfinished[vcpu] = true;
    while (budget-- > 0) {
        if ((port = evtchn_consumer_next(c)) == EVTCHN_NONE) {
            r->unfinished[vcpu] = false;
            return;
        }
        serve(r, port);
    }
}

static void *receiver(void *arg)
{
    struct receiver r = {.rng = rng_seeded(7)};
    (void)arg;
    for (;;) {
        bool last = get(&t.over), idle = true;
        for (uint32_t v = 0; v < VCPUS; v++)
            if (has_control(v) && (get(t.b.vcpu[v].upcall) != 0 || r.unfinished[v])) {
                scan(&r, v);
                idle = false;
            }
        if (!idle)
            continue;
        while (r.n_masked > 0) {
            unmask_one(&r);
            idle = false;
        }
        if (idle && last)
            return NULL;
        if (idle)
            sem_wait(&t.told);
    }
}

/* ---- the one who changes what they do it on ---- */

static void release(uint32_t from, bool all)
{
    do
        act_on(evtchn_release_held(&t.b.d, &from));
    while (all && from != 0);
}

static void move_one(struct rng *rng)
{
    uint32_t port = t.channel[rng_below(rng, CHANNELS)].to;
    pthread_mutex_lock(&t.d_of_b);
    if (rng_one_in(rng, 2)) {
        if (evtchn_bind_vcpu(&t.b.d, port, rng_below(rng, VCPUS)) != 0)
            failed("port %u cannot be bound to another vcpu", port);
        release(port, false);
    } else {
        int error = evtchn_set_priority(&t.b.d, port, rng_below(rng, EVTCHN_QUEUES));
        if (error != 0 && error != -EVTCHN_ENOSYS)
            failed("port %u cannot have another priority", port);
    }
    pthread_mutex_unlock(&t.d_of_b);
}

/* Closes one end of a channel, and connects the other one anew. */
static void close_one(struct rng *rng)
{
    struct channel *c = &t.channel[CHANNELS + rng_below(rng, UNSTABLE)];
    bool sending = rng_one_in(rng, 2);
    struct evtchn_effect effect;
    uint32_t port;
    d_both();
    struct world_domain *w = sending ? &t.a : &t.b, *rw = sending ? &t.b : &t.a;
    uint32_t closed = sending ? c->from : c->to, left = sending ? c->to : c->from;
    struct evtchn *e = evtchn_at(&w->d, closed), *peer = evtchn_peer(&w->d, closed);
    p_exclusive(e < peer ? &e->lock : &peer->lock);
    p_exclusive(e < peer ? &peer->lock : &e->lock);
    if (peer->port != left || evtchn_close(&w->d, closed) != 0)
        failed("port %u cannot be closed", closed);
    p_free(&e->lock);
    p_free(&peer->lock);
    int error;
    /* Ports that the receiver has not taken off its queues yet are not closed to us. */
    while ((error = evtchn_bind_interdomain(&w->d, &rw->d, left, &port, &effect)) ==
               -EVTCHN_ENOSPC &&
           get(&t.errors) == 0)
        sched_yield();
    if (error != 0) {
        failed("port %u cannot be connected again: %d", left, error);
    } else {
        put(sending ? &c->from : &c->to, port);
        act_on(effect);
    }
    d_free();
    /* The senders' domain takes what it is sent by binding. */
    evtchn_consumer_begin(&t.a.vcpu[0].c);
    while (evtchn_consumer_next(&t.a.vcpu[0].c) != EVTCHN_NONE)
        ;
}

static void give_memory(void)
{
    while (get(&t.sends) < 8 && get(&t.errors) == 0)
        sched_yield();
    pthread_mutex_lock(&t.d_of_b);
    if (world_give_page(&t.b) != 0)
        failed("no page can be given");
    release(1, true);
    pthread_mutex_unlock(&t.d_of_b);
    for (uint64_t until = get(&t.sends) + 8;
         get(&t.sends) < until && get(&t.senders_left) != 0 && get(&t.errors) == 0;)
        sched_yield();
    /* The receiver must see the block before it is told of events in it. */
    void *page = NULL;
    if (posix_memalign(&page, EVTCHN_PAGE_SIZE, EVTCHN_PAGE_SIZE) != 0)
        abort();
    memset(page, 0, EVTCHN_PAGE_SIZE);
    pthread_mutex_lock(&t.d_of_b);
    t.b.vcpu[1].control = page;
    put(&t.b.vcpu[1].c.control, (struct evtchn_control *)page);
    if (evtchn_init_control(&t.b.d, 1, page, 0) != 0)
        failed("no control block can be given");
    release(1, true);
    pthread_mutex_unlock(&t.d_of_b);
}

static void *changer(void *arg)
{
    struct rng rng = rng_seeded(9);
    (void)arg;
    if (t.kind->late && t.b.d.abi == &evtchn_fifo_producer)
        give_memory();
    while (get(&t.senders_left) != 0) {
        if (t.kind->moves)
            move_one(&rng);
        if (t.kind->unsteady && rng_one_in(&rng, 4))
            close_one(&rng);
        sched_yield();
    }
    return NULL;
}

/* ---- a case ---- */

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    printf("Bail out! %s\n", what);
    exit(1);
}

static void open_channels(void)
{
    struct evtchn_effect effect;
    memset(t.channel, 0, sizeof(t.channel));
    memset(t.channel_of, CHANNELS, sizeof(t.channel_of));
    for (uint32_t n = 0; n < CHANNELS + UNSTABLE; n++) {
        struct channel *c = &t.channel[n];
        must(evtchn_alloc_unbound(&t.a.d, t.b.d.id, &c->from) == 0, "alloc_unbound");
        must(evtchn_bind_interdomain(&t.b.d, &t.a.d, c->from, &c->to, &effect) == 0, "bind");
        act_on(effect);
        if (n < CHANNELS) {
            t.channel_of[c->to] = (uint8_t)n;
            c->sent = 1; /* what binding sends */
        }
        if (t.kind->own && n < CHANNELS) {
            must(evtchn_bind_vcpu(&t.b.d, c->to, n % SENDERS) == 0, "bind_vcpu");
            (void)evtchn_set_priority(&t.b.d, c->to, 3 + n % SENDERS);
        }
    }
}

static bool ended_within(pthread_t thread, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* Ends the process if nothing moves any more. */
static void join(pthread_t thread, const char *name)
{
    uint64_t seen = 0;
    for (int stalled = 0; !ended_within(thread, LOOK_MS); stalled += LOOK_MS) {
        uint64_t progress = get(&t.sends) + get(&t.serves);
        if (progress != seen)
            stalled = 0;
        seen = progress;
        if (stalled < STALL_SECONDS * 1000)
            continue;
        printf("not ok - %s: stuck: an event or its upcall was lost\n", name);
        for (uint32_t n = 0; n < CHANNELS; n++) {
            struct channel *c = &t.channel[n];
            if (get(&c->seen) < get(&c->sent))
                printf("# channel %u, port %u: sent %ju, seen %ju\n", n, c->to,
                       (uintmax_t)get(&c->sent), (uintmax_t)get(&c->seen));
        }
        if (get(&t.errors) != 0)
            printf("# %s\n", t.error);
        exit(1);
    }
}

static void run(const struct world_abi *abi, const struct kind *kind, unsigned number)
{
    char name[128];
    pthread_t senders[SENDERS], receives, changes;
    bool fifo = world_is_fifo(abi);
    snprintf(name, sizeof(name), "%s: %s", abi->name, kind->name);
    t.kind = kind;
    t.sends = t.serves = 0;
    t.senders_left = SENDERS;
    t.over = false;
    t.errors = 0;
    must(sem_init(&t.told, 0, 0) == 0, "sem_init");
    world_open(&t.a, (struct world_config){.abi = abi, .id = 1, .ports_max = 64});
    world_open(&t.b, (struct world_config){
                         .abi = abi, .id = 2, .ports_max = 64, .vcpus = VCPUS, .late = kind->late});
    if (fifo && kind->late)
        must(world_give_control(&t.b, 0, 0) == 0, "init_control");
    open_channels();

    must(pthread_create(&receives, NULL, receiver, NULL) == 0, "pthread_create");
    for (uintptr_t n = 0; n < SENDERS; n++)
        must(pthread_create(&senders[n], NULL, sender, (void *)n) == 0, "pthread_create");
    must(pthread_create(&changes, NULL, changer, NULL) == 0, "pthread_create");
    for (uint32_t n = 0; n < SENDERS; n++)
        join(senders[n], name);
    join(changes, name);
    put(&t.over, true);
    sem_post(&t.told);
    join(receives, name);

    for (uint32_t n = 0; n < CHANNELS; n++) {
        struct channel *c = &t.channel[n];
        if (c->seen != c->sent || evtchn_is_pending(&t.b.d, c->to))
            failed("port %u: sent %ju, seen %ju", c->to, (uintmax_t)c->sent, (uintmax_t)c->seen);
    }
    printf("%s %u - %s: %ju sends, %ju served\n", t.errors == 0 ? "ok" : "not ok", number, name,
           (uintmax_t)t.sends, (uintmax_t)t.serves);
    if (t.errors != 0)
        printf("# %s\n", t.error);
    world_close(&t.a);
    world_close(&t.b);
    sem_destroy(&t.told);
}

int main(int argc, char **argv)
{
    unsigned n = 0, planned = 0;
    uint32_t red = 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    pthread_mutex_init(&t.d_of_a, NULL);
    pthread_mutex_init(&t.d_of_b, NULL);
    for (size_t a = 0; a < world_n_abis; a++)
        planned += argc < 2 || strcmp(argv[1], world_abis[a].name) == 0 ? KINDS : 0;
    if (planned == 0) {
        fprintf(stderr, "evtchn_threads: no ABI is named %s\n", argv[1]);
        return 2;
    }
    printf("1..%u\n", planned);
    for (size_t a = 0; a < world_n_abis; a++)
        for (size_t k = 0; k < KINDS; k++)
            if (argc < 2 || strcmp(argv[1], world_abis[a].name) == 0) {
                run(&world_abis[a], &kinds[k], ++n);
                red += t.errors;
            }
    return red != 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * An input makes calls for two domains: a hostile one, whose memory changes between the calls and
 * under them, and an honest one beside it. They are connected, and both halves are driven on both.
 *
 * Checked: each call makes a bounded number of accesses to the hostile memory, none outside of what
 * has been given (a page that was not given yet counts as outside), and finds every lock free;
 * results are in range; a scan ends; a queue is called broken only after something was changed. The
 * honest domain is served each event that it was sent, and no other. The sanitizers find any stray
 * access to the rest, where every piece of memory has exactly its size.
 */
#include <stdlib.h>
#include <string.h>

#include "evtchn/abi.h"
#include "tests/evtchn/world.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_evtchn.h"
#include "tests/fuzz/ring_atomic.h"

#define VCPUS 2U
#define PORTS 100U
#define PAGES 2U
#define HONEST_ID 1
#define HOSTILE_ID 2

/* The hostile guest's memory, what a scribble likes best in the first KiB. */
struct hostile_memory {
    struct {
        struct evtchn_control control;
        uint64_t selector;
        uint8_t upcall;
    } vcpu[VCPUS];
    uint64_t pending[64] __attribute__((aligned(512)));
    uint64_t mask[64];
    uint32_t page[PAGES][EVTCHN_PAGE_WORDS] __attribute__((aligned(EVTCHN_PAGE_SIZE)));
};

/* Accesses of a call to hostile memory. Sending: at most the tries of fifo.c, twice over. Opening:
 * whether each closed port is busy. Entering fifo, closing all: two each port. A scan's next: each
 * word of the guest's, a few times, and once more for what changes meanwhile. */
#define ACCESSES_SEND 40U
#define ACCESSES_PORTS (4 * PORTS + ACCESSES_SEND)
#define ACCESSES_NEXT (8 * (PAGES * EVTCHN_PAGE_WORDS + 64))
/* What a scan may hand out: every port of every word, and what changes while it runs. */
#define NEXT_MAX (64U * 64 + PAGES * EVTCHN_PAGE_WORDS + 64)

struct hostile {
    struct evtchn_domain d;
    struct evtchn_vcpu vcpu[VCPUS], *vcpus[VCPUS];
    struct evtchn_consumer c[VCPUS];
    struct evtchn_array array; /* the consumer's */
    struct evtchn_bucket *buckets[(PORTS + 63) / 64];
    uint64_t closed[(PORTS + 63) / 64];
    uint32_t pirq_port[1];
};

static struct {
    const struct world_abi *abi;
    struct hostile_memory *m;
    struct hostile *h;
    struct world_domain honest;
    bool sent[PORTS + 64]; /* the honest domain's ports: an event is due */
    bool has_control[VCPUS];
    uint32_t pages;
    const struct world_abi *chosen; /* by the hostile one; until a reset, or fifo */
} s;

/* ---- accesses ---- */

static bool within(uintptr_t at, size_t size, const void *of, size_t of_size)
{
    uintptr_t from = at - (uintptr_t)of;
    return from < of_size && size <= of_size - from;
}

static bool is_given(uintptr_t at, size_t size)
{
    for (uint32_t v = 0; v < VCPUS; v++) {
        if (within(at, size, &s.m->vcpu[v].upcall, 1) ||
            within(at, size, &s.m->vcpu[v].selector, sizeof(uint64_t)) ||
            (s.has_control[v] &&
             within(at, size, &s.m->vcpu[v].control, sizeof(struct evtchn_control))))
            return true;
    }
    size_t bitmap = world_is_fifo(s.chosen) ? sizeof(s.m->pending) : (s.chosen->ports + 7) / 8;
    return within(at, size, s.m->pending, bitmap) || within(at, size, s.m->mask, bitmap) ||
           within(at, size, s.m->page, s.pages * sizeof(s.m->page[0]));
}

void fuzz_evtchn_access(const volatile void *at, size_t size)
{
    if (!within((uintptr_t)at, size, s.m, sizeof(*s.m)))
        return; /* the module's own, or the honest domain's: the sanitizers know */
    fuzz_check_(is_given((uintptr_t)at, size), "an access lies within what was given");
    fuzz_access(at, size, FUZZ_WRITE);
}

void fuzz_evtchn_lock(const uint32_t *lock, bool take)
{
    fuzz_check_(!take || *lock == 0, "a lock is free when one thread takes it");
}

/* ---- what calls did ---- */

static uint32_t some_port(void)
{
    uint8_t byte = fuzz_u8();
    return byte == 0xff ? UINT32_MAX : byte == 0xfe ? PORTS + 5 : byte % 24;
}

static void check_effect(struct evtchn_effect effect)
{
    const struct evtchn_vcpu *v = effect.upcall;
    fuzz_check(v == NULL || v == &s.h->vcpu[0] || v == &s.h->vcpu[1] || v == &s.honest.vcpu[0].v);
    fuzz_check((effect.what & ~(EVTCHN_IS_PENDING | EVTCHN_IS_BROKEN)) == 0);
    if ((effect.what & EVTCHN_IS_BROKEN) != 0)
        fuzz_check(fuzz_hostile());
}

/* Has been sent to by one that is connected to it, or that is it. */
static void sent_by(const struct evtchn_domain *d, uint32_t port)
{
    struct evtchn_info info;
    fuzz_check(evtchn_status(d, port, &info) == 0);
    if (info.state == EVTCHN_INTERDOMAIN && info.remote == HONEST_ID)
        s.sent[info.remote_port] = true;
    else if (info.state == EVTCHN_IPI && d->id == HONEST_ID)
        s.sent[port] = true;
}

static void scan_honest(void)
{
    struct evtchn_consumer *c = &s.honest.vcpu[0].c;
    uint32_t port;
    if (*c->upcall == 0)
        return;
    fuzz_call("the honest scan", 0);
    evtchn_consumer_begin(c);
    while ((port = evtchn_consumer_next(c)) != EVTCHN_NONE) {
        fuzz_check(port < PORTS && s.sent[port]);
        s.sent[port] = false;
    }
}

static void grow_hostile(void)
{
    if (!evtchn_wants_bucket(&s.h->d))
        return;
    void *bucket = NULL;
    if (posix_memalign(&bucket, EVTCHN_PAGE_SIZE, sizeof(struct evtchn_bucket)) != 0)
        abort();
    evtchn_add_bucket(&s.h->d, bucket);
}

/* ENOMEM even where no bucket was wanted: the guest may say in between that a port is busy. */
static void opened(int error, uint32_t port)
{
    fuzz_check(error == 0 || error == -EVTCHN_ENOSPC || error == -EVTCHN_ENOMEM ||
               error == -EVTCHN_EINVAL || error == -EVTCHN_EEXIST);
    if (error == 0)
        fuzz_check(port > 0 && port < PORTS);
}

/* ---- calls of the producing half ---- */

static void send(struct evtchn_domain *d)
{
    struct evtchn_effect effect = {NULL, 0};
    uint32_t port = some_port();
    fuzz_call("send", ACCESSES_SEND);
    if (evtchn_send(d, port, &effect) == 0)
        sent_by(d, port);
    check_effect(effect);
}

static void raise_virq(void)
{
    struct evtchn_effect effect = {NULL, 0};
    uint32_t vcpu = fuzz_u8() % VCPUS;
    fuzz_call("raise_virq", ACCESSES_SEND);
    (void)evtchn_raise_virq(&s.h->d, evtchn_virq_port(&s.h->d, 0, vcpu), 0, &effect);
    check_effect(effect);
}

static void unmask_call(void)
{
    struct evtchn_effect effect = {NULL, 0};
    fuzz_call("unmask", ACCESSES_SEND);
    (void)evtchn_unmask(&s.h->d, some_port(), &effect);
    check_effect(effect);
}

static void open_one(void)
{
    uint32_t port = 0, vcpu = fuzz_u8() % VCPUS;
    fuzz_call("wants_bucket", ACCESSES_PORTS);
    grow_hostile();
    fuzz_call("bind", ACCESSES_PORTS);
    opened(vcpu == 0 ? evtchn_bind_ipi(&s.h->d, fuzz_u8() % VCPUS, &port)
                     : evtchn_bind_virq(&s.h->d, 0, fuzz_u8() % VCPUS, &port),
           port);
}

/* Between the two, or within the hostile one. */
static void connect_one(bool loopback)
{
    struct evtchn_domain *d = loopback ? &s.h->d : &s.honest.d;
    struct evtchn_effect effect = {NULL, 0};
    uint32_t theirs, ours = 0;
    fuzz_call("alloc_unbound", ACCESSES_PORTS);
    grow_hostile();
    int error = evtchn_alloc_unbound(&s.h->d, d->id, &theirs);
    fuzz_check(error == 0 || error == -EVTCHN_ENOSPC || error == -EVTCHN_ENOMEM);
    if (error != 0)
        return;
    fuzz_call("bind_interdomain", 2 * ACCESSES_PORTS);
    grow_hostile();
    world_grow(&s.honest);
    error = evtchn_bind_interdomain(d, &s.h->d, theirs, &ours, &effect);
    fuzz_check(error == 0 || error == -EVTCHN_ENOSPC || error == -EVTCHN_ENOMEM);
    if (error == 0 && !loopback)
        s.sent[ours] = true;
    check_effect(effect);
}

/* The hostile one connects to what the honest one's closing, or its own, has left. */
static void connect_again(void)
{
    struct evtchn_effect effect = {NULL, 0};
    uint32_t port = 0, remote = some_port();
    fuzz_call("bind_interdomain", 2 * ACCESSES_PORTS);
    grow_hostile();
    opened(evtchn_bind_interdomain(&s.h->d, &s.honest.d, remote, &port, &effect), port);
    check_effect(effect);
}

static void close_one(void)
{
    uint32_t port = some_port();
    fuzz_call("close", ACCESSES_SEND);
    int error = evtchn_close(&s.h->d, port);
    fuzz_check(error == 0 || error == -EVTCHN_EINVAL);
}

static void release(uint32_t from, bool all)
{
    do {
        fuzz_call("release_held", ACCESSES_PORTS);
        check_effect(evtchn_release_held(&s.h->d, &from));
    } while (all && from != 0);
}

static void bind_vcpu(void)
{
    uint32_t port = some_port();
    fuzz_call("bind_vcpu", 0);
    if (evtchn_bind_vcpu(&s.h->d, port, fuzz_u8() % VCPUS) == 0)
        release(port, false);
}

static void set_priority(void)
{
    fuzz_call("set_priority", 0);
    uint32_t port = some_port();
    (void)evtchn_set_priority(&s.h->d, port, fuzz_u8() % 17);
}

static void consumer_of(uint32_t v, const struct evtchn_consumer_abi *abi)
{
    s.h->c[v] = (struct evtchn_consumer){
        .abi = abi,
        .upcall = &s.m->vcpu[v].upcall,
        .selector = &s.m->vcpu[v].selector,
        .pending = s.m->pending,
        .mask = s.m->mask,
        .control = &s.m->vcpu[v].control,
        .array = &s.h->array,
    };
}

static void give_control(void)
{
    uint32_t v = fuzz_u8() % VCPUS;
    if (!world_is_fifo(s.abi) || s.has_control[v])
        return;
    fuzz_call("init_control", ACCESSES_PORTS);
    bool first = s.h->d.abi != &evtchn_fifo_producer;
    s.chosen = s.abi;
    s.has_control[v] = true;
    fuzz_check(evtchn_init_control(&s.h->d, v, &s.m->vcpu[v].control, 0) == 0);
    for (uint32_t i = 0; i < VCPUS && first; i++)
        consumer_of(i, &evtchn_fifo_consumer);
    release(1, true);
}

static void give_page(void)
{
    if (s.h->d.abi != &evtchn_fifo_producer || s.pages == PAGES)
        return;
    fuzz_call("expand_array", 0);
    s.h->array.page[s.h->array.pages++] = s.m->page[s.pages];
    fuzz_check(evtchn_expand_array(&s.h->d, s.m->page[s.pages]) == 0);
    s.pages++;
    release(1, true);
}

static void vcpu_moves(void)
{
    uint32_t v = fuzz_u8() % VCPUS;
    fuzz_call("vcpu_move", 4);
    check_effect(evtchn_vcpu_move(&s.h->vcpu[v], &s.m->vcpu[v].upcall, &s.m->vcpu[v].selector));
}

static void close_all(void)
{
    for (uint32_t port; (port = evtchn_next_open(&s.h->d, 1)) != 0;)
        fuzz_check(evtchn_close(&s.h->d, port) == 0);
}

/* Its memory it leaves as it is. */
static void set_abi(void)
{
    const struct world_abi *abi = &world_abis[fuzz_u8() % world_n_abis];
    fuzz_call("set_abi", ACCESSES_PORTS);
    if (fuzz_u8() % 2 == 0)
        close_all();
    const struct evtchn_abi *before = s.h->d.abi;
    int error = evtchn_set_abi(&s.h->d, abi->producer);
    fuzz_check((error == -EVTCHN_EINVAL) == world_is_fifo(abi));
    fuzz_check(error == 0 || error == -EVTCHN_EINVAL || error == -EVTCHN_EBUSY);
    fuzz_check(s.h->d.abi == (error == 0 ? abi->producer : before));
    if (error != 0 || abi->producer == before)
        return;
    s.chosen = abi;
    for (uint32_t v = 0; v < VCPUS; v++)
        consumer_of(v, abi->consumer);
}

static void reset(void)
{
    fuzz_call("reset", ACCESSES_PORTS);
    close_all();
    fuzz_check(evtchn_reset(&s.h->d) == 0);
    s.chosen = s.abi;
    s.pages = 0;
    s.h->array = (struct evtchn_array){0};
    for (uint32_t v = 0; v < VCPUS; v++) {
        s.has_control[v] = false;
        consumer_of(v, s.honest.begins->consumer);
    }
}

/* ---- calls of the consuming half ---- */

static bool has_memory(uint32_t v)
{
    return s.h->c[v].abi != &evtchn_fifo_consumer || s.has_control[v];
}

static void scan(void)
{
    uint32_t v = fuzz_u8() % VCPUS, most = fuzz_u8(), port;
    struct evtchn_consumer *c = &s.h->c[v];
    if (!has_memory(v))
        return;
    fuzz_call("begin", 1);
    evtchn_consumer_begin(c);
    for (uint32_t n = 0; n < most || most > 9; n++) {
        fuzz_check_(n < NEXT_MAX, "a scan ends");
        fuzz_call("next", ACCESSES_NEXT);
        if ((port = evtchn_consumer_next(c)) == EVTCHN_NONE)
            break;
        if (port == EVTCHN_BROKEN_QUEUE)
            fuzz_check(fuzz_hostile());
        else
            fuzz_check(port < c->abi->ports);
    }
}

static void touch(void)
{
    uint32_t v = fuzz_u8() % VCPUS, port = 1 + fuzz_u8() % (EVTCHN_BUCKET_PORTS - 1);
    struct evtchn_consumer *c = &s.h->c[v];
    if (c->abi == &evtchn_fifo_consumer && s.pages == 0)
        return;
    fuzz_call("a guest's call", 3 * 64 + 8); /* fifo's unmask waits for BUSY */
    switch (fuzz_u8() % 4) {
    case 0:
        evtchn_consumer_mask(c, port);
        break;
    case 1:
        (void)evtchn_consumer_unmask(c, port);
        break;
    case 2:
        evtchn_consumer_clear_pending(c, port);
        break;
    default:
        (void)evtchn_consumer_is_pending(c, port);
        break;
    }
}

/* ---- a run ---- */

static void step(void)
{
    switch (fuzz_u8() % 22) {
    case 0:
    case 1:
    case 2:
        send(&s.h->d);
        break;
    case 3:
    case 4:
        send(&s.honest.d);
        break;
    case 5:
        unmask_call();
        break;
    case 6:
        raise_virq();
        break;
    case 7:
        open_one();
        break;
    case 8:
        connect_one(false);
        break;
    case 9:
        connect_one(true);
        break;
    case 10:
        connect_again();
        break;
    case 11:
        close_one();
        break;
    case 12:
        bind_vcpu();
        break;
    case 13:
        set_priority();
        break;
    case 14:
        give_control();
        give_page();
        break;
    case 15:
        switch (fuzz_u8() % 8) {
        case 0:
            reset();
            break;
        case 1:
            set_abi();
            break;
        default:
            vcpu_moves();
            break;
        }
        break;
    case 16:
        fuzz_call("is_pending", 4);
        (void)evtchn_is_pending(&s.h->d, some_port());
        break;
    case 17:
        scan();
        break;
    case 18:
        touch();
        break;
    case 19:
        scan_honest();
        break;
    case 20:
        fuzz_scribble();
        break;
    default:
        fuzz_plan();
        break;
    }
}

static void open_hostile(void)
{
    struct hostile *h = s.h;
    for (uint32_t v = 0; v < VCPUS; v++) {
        evtchn_vcpu_init(&h->vcpu[v], &h->d, v, &s.m->vcpu[v].upcall, &s.m->vcpu[v].selector, NULL);
        h->vcpus[v] = &h->vcpu[v];
    }
    evtchn_domain_init(&h->d, &(struct evtchn_domain_config){
                                  .id = HOSTILE_ID,
                                  .abi = s.honest.begins->producer,
                                  .ports_max = PORTS,
                                  .buckets = h->buckets,
                                  .closed = h->closed,
                                  .vcpus = h->vcpus,
                                  .n_vcpus = VCPUS,
                                  .pirq_port = h->pirq_port,
                                  .n_pirqs = 1,
                                  .vcpu_virqs = EVTCHN_VCPU_VIRQS,
                                  .pending = s.m->pending,
                                  .mask = s.m->mask,
                              });
    for (uint32_t v = 0; v < VCPUS; v++)
        consumer_of(v, s.honest.begins->consumer);
}

void fuzz_evtchn_one(const uint8_t *data, size_t size)
{
    void *memory = NULL;
    uint32_t ipi;
    memset(&s, 0, sizeof(s));
    fuzz_begin(data, size);
    s.abi = s.chosen = &world_abis[fuzz_u8() % world_n_abis];
    s.h = calloc(1, sizeof(*s.h));
    if (s.h == NULL || posix_memalign(&memory, EVTCHN_PAGE_SIZE, sizeof(*s.m)) != 0)
        abort();
    s.m = memset(memory, 0, sizeof(*s.m));
    fuzz_region(s.m, sizeof(*s.m));
    fuzz_call("start", SIZE_MAX);
    world_open(&s.honest, (struct world_config){.abi = s.abi, .id = HONEST_ID, .ports_max = PORTS});
    open_hostile();
    fuzz_check(evtchn_bind_ipi(&s.honest.d, 0, &ipi) == 0);
    if (fuzz_u8() % 2 == 0) {
        give_control();
        give_page();
    }
    for (int i = 0; i < 3; i++)
        connect_one(false);

    while (fuzz_more())
        step();

    scan_honest();
    fuzz_call("the end", 0);
    for (uint32_t port = 0; port < PORTS; port++)
        fuzz_check_(!s.sent[port], "the honest domain has all its events");
    for (uint32_t b = 0; b < s.h->d.n_buckets; b++)
        free(s.h->buckets[b]);
    world_close(&s.honest);
    free(s.h);
    free(s.m);
}

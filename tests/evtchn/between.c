/* SPDX-License-Identifier: MIT */
/*
 * evtchn_between: each call of evtchn/ is interrupted, before each of its accesses in turn, by
 * something that another processor may do just then: a whole other call, of the producing half or
 * of the guest's. Then all is served: no event is lost, none invented, nobody's queue broken.
 *
 * And guests that are hostile without end: whatever word a call is about to look at has been
 * changed again. The call makes a bounded number of accesses, says that the queue is broken where
 * it was made to give up, and no other domain notices. Prints TAP.
 *
 * Compiled with the accesses of tests/fuzz/evtchn_atomic.h.
 */
#include "tests/evtchn/conformance.h"
#include "tests/unit/rng.h"

#define ACCESSES_MAX 64U /* of a call; more than any makes */

static struct {
    uint32_t countdown; /* accesses until the interruption; 0: none is to come */
    bool happened;
    void (*interruption)(void);
    bool needs_locks; /* it takes queues' locks, and waits while they are taken */
    uint32_t locked;  /* by the call that is interrupted */
    bool hostile;
    uint32_t accesses; /* of the guest's words, while hostile */
} now;

static struct world_domain w;
static struct evtchn_effect effect;
static struct pair p, q;
static bool masked; /* p */
static uint32_t served[EVTCHN_BUCKET_PORTS], sent[EVTCHN_BUCKET_PORTS];

static void change(const volatile void *at, size_t size);

void fuzz_evtchn_access(const volatile void *at, size_t size)
{
    if (now.hostile)
        change(at, size);
    if (now.countdown == 0 || (now.countdown > 1 && now.countdown--))
        return;
    if (now.needs_locks && now.locked != 0)
        return;
    now.countdown = 0; /* the interruption itself is not interrupted */
    now.happened = true;
    now.interruption();
}

void fuzz_evtchn_lock(const uint32_t *lock, bool take)
{
    if (take)
        assert_int_equal(*lock, 0); /* else it would wait for itself */
    now.locked += take ? 1 : -1U;
}

/* ---- an interruption of the honest ---- */

static void send_to(const struct pair *pair)
{
    sent[pair->to]++;
    assert_int_equal(send(&w, pair->from).what & EVTCHN_IS_BROKEN, 0);
}

static void send_p(void)
{
    send_to(&p);
}

static void send_q(void)
{
    send_to(&q);
}

static void serve_vcpu(uint32_t vcpu)
{
    static struct got got;
    if (world_is_fifo(w.config.abi) && w.vcpu[vcpu].control == NULL)
        return;
    scan(&w, vcpu, &got);
    for (uint32_t i = 0; i < got.n; i++)
        served[got.port[i]]++;
}

static void serve_all(void)
{
    for (uint32_t v = 0; v < 2; v++)
        if (*w.vcpu[v].upcall != 0)
            serve_vcpu(v);
}

static bool has_word(void)
{
    return !world_is_fifo(w.config.abi) || world_word(&w, p.to) != NULL;
}

static void mask_p(uint32_t vcpu)
{
    if (!has_word())
        return;
    evtchn_consumer_mask(&w.vcpu[vcpu].c, p.to);
    masked = true;
}

static void unmask_p(uint32_t vcpu)
{
    if (!has_word())
        return;
    masked = false;
    if (evtchn_consumer_unmask(&w.vcpu[vcpu].c, p.to) == EVTCHN_UNMASK_CALL)
        assert_ok(evtchn_unmask(&w.d, p.to, &effect));
}

/* What the guest does meanwhile, it does on vcpu 1. */
static void mask_and_unmask_p(void)
{
    mask_p(1);
    unmask_p(1);
}

static void mask_serve_unmask(void)
{
    mask_p(1);
    serve_all();
    unmask_p(1);
}

static void unmask_p_by_guest(void)
{
    unmask_p(0);
}

static void unmask_p_by_call(void)
{
    masked = masked && !has_word();
    assert_ok(evtchn_unmask(&w.d, p.to, &effect));
}

static void bind_p_to(uint32_t vcpu)
{
    uint32_t from = p.to;
    assert_ok(evtchn_bind_vcpu(&w.d, p.to, vcpu));
    (void)evtchn_release_held(&w.d, &from);
}

static void bind_p_to_0(void)
{
    bind_p_to(0);
}

static void bind_p_to_1(void)
{
    bind_p_to(1);
}

static void urgent_p(void)
{
    if (w.d.abi == &evtchn_fifo_producer)
        assert_ok(evtchn_set_priority(&w.d, p.to, EVTCHN_PRIORITY_HIGHEST));
}

static void move_and_send(void)
{
    bind_p_to_1();
    send_p();
}

static void serve_and_send(void)
{
    serve_all();
    send_p();
}

static void serve_move_send(void)
{
    serve_all();
    move_and_send();
}

static void serve_and_send_q(void)
{
    serve_all();
    send_q();
}

static void give_page(void)
{
    if (w.d.abi == &evtchn_fifo_producer && w.pages == 0) {
        assert_ok(world_give_page(&w));
        (void)world_release(&w);
    }
}

static void give_control_1(void)
{
    if (w.d.abi == &evtchn_fifo_producer && w.vcpu[1].control == NULL) {
        assert_ok(world_give_control(&w, 1, 0));
        (void)world_release(&w);
    }
}

/* What evtchn.h and consumer.h let nobody do at the same time. */
enum { UNDER_D = 1, BY_THE_CONSUMER = 2 };

static const struct {
    void (*run)(void);
    const char *name;
    unsigned as;
    bool needs_locks;
} interruptions[] = {
    {send_p, "send to the same port", 0, true},
    {send_q, "send to another one", 0, true},
    {serve_all, "serve all", BY_THE_CONSUMER, false},
    {serve_and_send, "serve all and send again", BY_THE_CONSUMER, true},
    {serve_and_send_q, "serve all and send to another one", BY_THE_CONSUMER, true},
    {mask_and_unmask_p, "mask and unmask", 0, true},
    {mask_serve_unmask, "mask, serve all and unmask", BY_THE_CONSUMER, true},
    {unmask_p_by_call, "unmask by call", 0, true},
    {bind_p_to_0, "bind to vcpu 0", UNDER_D, true},
    {bind_p_to_1, "bind to vcpu 1", UNDER_D, true},
    {move_and_send, "bind to vcpu 1 and send", UNDER_D, true},
    {serve_move_send, "serve all, bind to vcpu 1 and send", UNDER_D | BY_THE_CONSUMER, true},
    {urgent_p, "set the priority", UNDER_D, false},
    {give_page, "give a page", UNDER_D, true},
    {give_control_1, "give a control block", UNDER_D, true},
};

/* ---- what is interrupted ---- */

/* Where it starts from. */
static void nothing(void)
{
}

static void p_before_q(void)
{
    send_p();
    send_q();
}

static void p_was_served(void)
{
    send_p();
    serve_all();
}

static void p_moved(void)
{
    p_was_served();
    bind_p_to_1();
}

static void p_queued_and_moved(void)
{
    send_p();
    bind_p_to_1();
}

static void p_masked(void)
{
    mask_p(0);
    send_p();
}

static void p_masked_and_moved(void)
{
    p_masked();
    bind_p_to_1();
}

static void page_and_moved(void)
{
    give_page();
    bind_p_to_1();
}

static const struct {
    void (*run)(void);
    const char *name;
    bool late; /* fifo: vcpu 0 has its control block, nothing else is there */
} starts[] = {
    {nothing, "idle", false},
    {send_q, "another port is queued", false},
    {send_p, "it is queued", false},
    {p_before_q, "both are queued", false},
    {p_was_served, "it was served", false},
    {p_moved, "it was served, and moved", false},
    {p_queued_and_moved, "it is queued, and moved", false},
    {p_masked, "it is masked", false},
    {p_masked_and_moved, "it is masked, and moved", false},
    {nothing, "no page", true},
    {send_p, "no page, and sent to", true},
    {bind_p_to_1, "no page and no control block", true},
    {give_page, "a page", true},
    {p_queued_and_moved, "no page, sent to and moved", true},
    {page_and_moved, "a page and no control block", true},
};

static const struct {
    void (*run)(void);
    const char *name;
    unsigned as;
} calls[] = {
    {send_p, "send", 0},
    {send_q, "send to another one", 0},
    {unmask_p_by_call, "unmask", 0},
    {unmask_p_by_guest, "unmask by the guest", BY_THE_CONSUMER},
    {serve_all, "serve all", BY_THE_CONSUMER},
    {bind_p_to_0, "bind to vcpu 0", UNDER_D},
    {give_page, "give a page", UNDER_D},
    {give_control_1, "give a control block", UNDER_D},
};

#define N(list) (sizeof(list) / sizeof(*(list)))

static void open_world(const struct world_abi *abi, bool late)
{
    memset(&now, 0, sizeof(now));
    memset(sent, 0, sizeof(sent));
    memset(served, 0, sizeof(served));
    masked = false;
    world_open(
        &w, (struct world_config){
                .abi = abi, .id = 1, .ports_max = EVTCHN_BUCKET_PORTS, .vcpus = 2, .late = late});
    p = open_pair(&w);
    q = open_pair(&w);
    if (late && world_is_fifo(abi)) {
        assert_ok(world_give_control(&w, 0, 0));
        assert_int_equal(*w.vcpu[0].upcall, 0);
    }
}

static void begin(const struct world_abi *abi, size_t s)
{
    open_world(abi, starts[s].late);
    starts[s].run();
}

/* Gives what p lacks, and no more: whoever releases everything also finds what was lost. */
static void give_what_is_missing(void)
{
    struct evtchn_info info;
    give_page();
    assert_ok(evtchn_status(&w.d, p.to, &info));
    if (info.vcpu == 1)
        give_control_1();
}

static void end(size_t s, size_t c, const char *what)
{
    memset(&now, 0, sizeof(now));
    give_what_is_missing();
    if (masked)
        unmask_p(0);
    serve_all();
    serve_all();
    const uint32_t ports[] = {p.to, q.to, p.from, q.from};
    for (size_t n = 0; n < N(ports); n++) {
        uint32_t port = ports[n];
        bool pending = evtchn_is_pending(&w.d, port);
        if (pending || served[port] > sent[port] || (served[port] == 0) != (sent[port] == 0))
            fail_msg("%s, then %s; %s: port %u was sent to %u times and served %u times%s",
                     starts[s].name, calls[c].name, what, port, sent[port], served[port],
                     pending ? ", and is still pending" : "");
    }
    world_close(&w);
}

static void interrupt(size_t i, uint32_t at)
{
    now.interruption = interruptions[i].run;
    now.needs_locks = interruptions[i].needs_locks;
    now.countdown = at;
    now.happened = false;
}

/* true: the interruption took place; there may be a later place for it. */
static bool interrupt_at(const struct world_abi *abi, size_t s, size_t c, size_t i, uint32_t at)
{
    char what[128];
    begin(abi, s);
    interrupt(i, at);
    calls[c].run();
    bool happened = now.happened;
    snprintf(what, sizeof(what), "before access %u of it: %s", at, interruptions[i].name);
    end(s, c, what);
    return happened;
}

static void test_interrupted_once(void **state)
{
    const struct world_abi *abi = *state;
    uint64_t cases = 0;
    for (size_t s = 0; s < N(starts); s++)
        for (size_t c = 0; c < N(calls); c++)
            for (size_t i = 0; i < N(interruptions); i++)
                for (uint32_t at = 1;
                     (calls[c].as & interruptions[i].as) == 0 && interrupt_at(abi, s, c, i, at);
                     at++, cases++)
                    assert_in_range(at, 1, 400);
    assert_true(cases > 1000);
}

/* The second one is let loose when the first one has ended. */
static struct {
    size_t i;
    uint32_t after;
    bool let_loose;
} second;
static size_t first;

static void first_of_two(void)
{
    interruptions[first].run();
    interrupt(second.i, second.after);
    second.let_loose = true;
}

/* false: one of them did not take place. */
static bool interrupt_twice(const struct world_abi *abi, size_t s, size_t i, uint32_t at, size_t j,
                            uint32_t after)
{
    char what[192];
    begin(abi, s);
    first = i;
    second.i = j;
    second.after = after;
    second.let_loose = false;
    interrupt(i, at);
    now.interruption = first_of_two;
    calls[0].run();
    bool happened = second.let_loose && now.happened;
    snprintf(what, sizeof(what), "before access %u of it: %s; and %u later: %s", at,
             interruptions[i].name, after, interruptions[j].name);
    end(s, 0, what);
    return happened;
}

/* A send, twice: what was read before the first may look the same again after the second. */
static void test_a_send_interrupted_twice(void **state)
{
    const struct world_abi *abi = *state;
    uint64_t cases = 0;
    for (size_t s = 0; s < N(starts); s++)
        for (size_t i = 0; i < N(interruptions); i++)
            for (size_t j = 0; j < N(interruptions); j++)
                for (uint32_t at = 1; (interruptions[i].as & interruptions[j].as) == 0; at++) {
                    uint32_t after = 1;
                    while (interrupt_twice(abi, s, i, at, j, after))
                        after++;
                    cases += after;
                    if (after == 1)
                        break;
                }
    assert_true(cases > 1000);
}

/* Regression: 2l looked whether the selector is 0 and then took it; one that had become 0 in
 * between sent it to a word that does not exist. */
static void clear_selector(void)
{
    *w.vcpu[0].selector = 0;
}

static void test_selector_cleared_meanwhile(void **state)
{
    for (uint32_t at = 1; at < 12; at++) {
        static struct got got;
        open_world(*state, false);
        (void)send(&w, p.from);
        (void)send(&w, q.from);
        now.interruption = clear_selector;
        now.countdown = at;
        scan(&w, 0, &got);
        now.countdown = 0;
        assert_true(got.n == 0 || got.n == 2); /* all of the word, or none */
        world_close(&w);
    }
}

/* ---- guests that are hostile without end ---- */

static struct rng rng;
static uint32_t toggled; /* bits; 0: anything at all */

static bool within(const volatile void *at, size_t size, const void *of, size_t of_size)
{
    uintptr_t from = (uintptr_t)at - (uintptr_t)of;
    return of != NULL && from < of_size && size <= of_size - from;
}

static void change(const volatile void *at, size_t size)
{
    const struct world_vcpu *v = &w.vcpu[0];
    bool is_word = within(at, size, w.array[0], EVTCHN_PAGE_SIZE);
    if (!is_word && !within(at, size, v->control, EVTCHN_PAGE_SIZE) &&
        !within(at, size, v->upcall, 1) && !within(at, size, v->selector, sizeof(*v->selector)) &&
        !within(at, size, w.pending, w.bitmap_size) && !within(at, size, w.mask, w.bitmap_size))
        return;
    now.accesses++;
    uint64_t garbage = rng_next(&rng);
    if (toggled == 0)
        memcpy((void *)(uintptr_t)at, &garbage, size);
    else if (at == world_word(&w, q.to))
        *(uint32_t *)(uintptr_t)at ^= toggled;
}

static struct world_domain other;

static void open_hostile(void **state)
{
    rng = rng_seeded(11);
    memset(&now, 0, sizeof(now));
    world_open(&w, (struct world_config){.abi = *state, .id = 1, .ports_max = 64});
    world_open(&other, (struct world_config){.abi = *state, .id = 2, .ports_max = 64});
    p = open_pair(&w);
    q = open_pair(&w);
}

/* Whoever is sent to by the hostile one, or is next to it, has what is his. */
static void close_hostile(uint32_t from, uint32_t to)
{
    now.hostile = false;
    (void)send(&w, from);
    assert_scan(&other, 0, to);
    world_close(&w);
    world_close(&other);
}

static void connect_other(uint32_t *from, uint32_t *to)
{
    assert_ok(evtchn_alloc_unbound(&w.d, 2, from));
    assert_ok(evtchn_bind_interdomain(&other.d, &w.d, *from, to, &effect));
    assert_scan(&other, 0, *to);
}

static void test_garbage_without_end(void **state)
{
    uint32_t from, to, most = 0;
    size_t size;
    open_hostile(state);
    connect_other(&from, &to);
    void *before = world_snapshot(&other, &size);
    now.hostile = true;
    toggled = 0;
    for (uint32_t step = 0; step < 50000; step++) {
        uint32_t port = 1 + rng_below(&rng, 8), opened;
        uint32_t own[] = {p.to, p.from, q.to, q.from};
        now.accesses = 0;
        switch (rng_below(&rng, 6)) {
        case 0:
        case 1:
            (void)evtchn_send(&w.d, own[rng_below(&rng, 4)], &effect);
            break;
        case 2:
            (void)evtchn_unmask(&w.d, port, &effect);
            break;
        case 3:
            (void)evtchn_is_pending(&w.d, port);
            break;
        case 4:
            if (evtchn_bind_ipi(&w.d, 0, &opened) == 0)
                (void)evtchn_close(&w.d, opened);
            now.accesses = 0; /* it asks each closed port whether it is busy */
            break;
        default:
            (void)evtchn_set_priority(&w.d, port, rng_below(&rng, EVTCHN_QUEUES));
            break;
        }
        most = now.accesses > most ? now.accesses : most;
    }
    assert_in_range(most, 1, ACCESSES_MAX);
    assert_true(world_is_as(&other, before, size));
    free(before);
    close_hostile(from, to);
}

/* The queue's tail is changed whenever it is about to be linked to the next port: MASKED, so that
 * it looks honest; and LINKED, so that nobody knows whether it is still queued. */
static void test_a_tail_that_never_rests(void **state)
{
    static const uint32_t toggles[] = {EVTCHN_MASKED, EVTCHN_LINKED, EVTCHN_BUSY, EVTCHN_PENDING,
                                       1};
    if (!world_is_fifo(*state))
        return;
    for (size_t i = 0; i < N(toggles); i++) {
        uint32_t from, to;
        open_hostile(state);
        connect_other(&from, &to);
        (void)send(&w, q.from);
        toggled = toggles[i];
        now.hostile = true;
        now.accesses = 0;
        effect = send(&w, p.from);
        assert_in_range(now.accesses, 1, ACCESSES_MAX);
        now.hostile = false;
        if (toggled == EVTCHN_MASKED || toggled == 1) {
            assert_null(effect.upcall);
            assert_true((effect.what & EVTCHN_IS_BROKEN) != 0);
        }
        close_hostile(from, to);
    }
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_interrupted_once),
    cmocka_unit_test(test_a_send_interrupted_twice),
    cmocka_unit_test(test_selector_cleared_meanwhile),
    cmocka_unit_test(test_garbage_without_end),
    cmocka_unit_test(test_a_tail_that_never_rests),
};

int main(void)
{
    struct CMUnitTest list[16 * N(tests)];
    char names[16 * N(tests)][128];
    size_t n = 0;
    for (size_t a = 0; a < world_n_abis && n < N(list); a++)
        for (size_t i = 0; i < N(tests); i++, n++) {
            snprintf(names[n], sizeof(names[n]), "%s: %s", world_abis[a].name, tests[i].name);
            list[n] = tests[i];
            list[n].name = names[n];
            list[n].initial_state = (void *)&world_abis[a];
        }
    return tap_run("evtchn_between", list, n);
}

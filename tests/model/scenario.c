/* SPDX-License-Identifier: MIT */
/*
 * One layout under the explorer: the front ends' and the back end's loops, written against the
 * contract of ring.h and notify.h alone.
 *
 * What is checked on the way: the back end receives each request once, in each front end's order,
 * with the payload that was sent; a front end receives one response to each of its own requests,
 * with the payload for it; no end reports RING_EBROKEN; a front end always comes to its end.
 *
 * What varies by explore_choose(): how many entries are reserved or released at a time, on each of
 * the four ways, and whether time passes. The back end answers what it took together in reverse.
 *
 * Time: policies ask only whether a period is over, so the clock of a side stands still or moves on
 * by one period when it is read, and at a checkpoint ages are cut down to "over" and "not over".
 */
#include <string.h>

#include "explore.h"
#include "rings/layout.h"
#include "rings/notify.h"
#include "scenario.h"

#define PERIOD 1 /* ns; of every policy that has one */

/* Both the 16-bit and the 32-bit indices wrap between the second and the third entry. */
#define START UINT32_C(0xfffffffe)

#define PAYLOAD 8

/* Two: what sleeps with a threshold has one to wait for, and what is held back has company. */
#define TOGETHER 2

static const struct notify_params params = {
    .threshold = TOGETHER, .coalesce_n = TOGETHER, .coalesce_ns = PERIOD, .spin_ns = PERIOD};

static struct {
    struct scenario scenario;
    struct ring_geometry geometry;
    uint32_t capacity;
} run;

struct request {
    uint32_t number; /* from 0, of its front end */
    uint32_t front;
};

struct response {
    uint32_t number;
    uint32_t check; /* ~front */
};

_Static_assert(sizeof(struct request) == PAYLOAD && sizeof(struct response) == PAYLOAD,
               "payload of one word");

/* What both kinds of end have: part of the private areas below. */
struct side {
    uint32_t bell; /* that wakes it */
    uint64_t clock;
    struct notify_tx tx;
    struct notify_rx rx;
};

/* Private areas of the threads; all that a thread keeps from one round of its loop to the next. */
struct front_private {
    struct side side;
    uint32_t index;
    uint32_t sent;
    uint32_t answered;    /* how many */
    uint32_t answers_got; /* bit n: number n */
    uint32_t taken;       /* entries of the grant or the peek in hand */
    struct R(front) ring;
    uint64_t memory[]; /* that the footprint asks for */
};

struct back_private {
    struct side side;
    uint32_t next[SCENARIO_FRONTS_MAX]; /* number expected of each front end */
    uint32_t unanswered;
    struct {
        struct request request;
        uint32_t tag;
    } work[TOGETHER *
           SCENARIO_FRONTS_MAX]; /* of the last peek; the last unanswered is answered first */
    uint32_t taken;              /* of the last peek, until they are answered */
    struct R(back) ring;
    uint64_t memory[];
};

/* Checkpoints. No local variable carries anything past one: what is needed is in the private area
 * or in the place itself. */
enum front_place {
    FRONT_STARTS,
    FRONT_RESERVED,
    FRONT_SENT_SOME,
    FRONT_SENT_ALL,
    FRONT_PEEKED,
    FRONT_WAITS,
    FRONT_SLEEPS,
    FRONT_SLEEPS_ARMED,
};

enum back_place {
    BACK_STARTS,
    BACK_PEEKED,
    BACK_ANSWERS,
    BACK_WAITS,
    BACK_SLEEPS,
    BACK_SLEEPS_ARMED
};

/* ---- time ---- */

static bool not_over(const struct side *s, uint64_t since)
{
    return s->clock - since < PERIOD;
}

static uint64_t side_now(struct side *s)
{
    bool matters = (s->tx.held != 0 && not_over(s, s->tx.since)) ||
                   (s->rx.idle_since != NOTIFY_NEVER && not_over(s, s->rx.idle_since));
    if (notify_uses_clock(run.scenario.policy) && matters)
        s->clock += PERIOD * explore_choose(2);
    return s->clock;
}

static void side_checkpoint(struct side *s, uint32_t place)
{
    s->tx.since = s->tx.held != 0 && not_over(s, s->tx.since) ? PERIOD : 0;
    if (s->rx.idle_since != NOTIFY_NEVER)
        s->rx.idle_since = not_over(s, s->rx.idle_since) ? PERIOD : 0;
    s->clock = PERIOD;
    explore_checkpoint(place);
}

/* Sleeps until told, or until news that it held back itself is due. */
static void side_sleep(struct side *s)
{
    uint64_t due = notify_deadline(run.scenario.policy, &s->tx);
    if (!explore_sleep(s->bell, due != NOTIFY_NEVER) && s->clock < due)
        s->clock = due;
}

static bool side_news_due(struct side *s)
{
    return notify_deadline(run.scenario.policy, &s->tx) <= side_now(s);
}

/* Of so many: all, or if that shall vary each number from 1 up. */
static uint32_t take_some(uint32_t n)
{
    return run.scenario.vary ? 1 + explore_choose(n) : n;
}

/* ---- front end ---- */

static void front_tell(struct front_private *f, enum notify_action action)
{
    if (action == NOTIFY_NONE)
        return;
    if (action == NOTIFY_TELL)
        R(req_flush)(&f->ring);
    if (action == NOTIFY_TELL || R(req_ask)(&f->ring))
        explore_tell(run.scenario.fronts); /* the back end's */
}

static uint32_t front_may_send(const struct front_private *f)
{
    uint32_t left = run.scenario.requests[f->index] - f->sent;
    if (run.scenario.one_way)
        return ring_min(left, run.capacity);
    return ring_min(left, run.capacity - (f->sent - f->answered));
}

/* True: requests were sent, and there is room for more of them. */
static bool front_send(struct front_private *f)
{
    uint32_t most = front_may_send(f);
    if (most == 0)
        return false;
    int32_t n = R(req_reserve)(&f->ring, take_some(most));
    explore_require(n >= 0, "req_reserve: %s", ring_error_text(n));
    if (n == 0)
        return false;
    f->taken = (uint32_t)n;
    side_checkpoint(&f->side, FRONT_RESERVED);
    for (uint32_t i = 0; i < f->taken; i++) {
        struct request request = {.number = f->sent + i, .front = f->index};
        R(req_write)(&f->ring, i, &request, PAYLOAD);
    }
    R(req_publish)(&f->ring, f->taken);
    f->sent += f->taken;
    front_tell(f, notify_published(run.scenario.policy, &f->side.tx, f->taken, side_now(&f->side)));
    f->taken = 0;
    return front_may_send(f) != 0;
}

static bool front_receive(struct front_private *f)
{
    int32_t n = R(rsp_peek)(&f->ring, run.capacity);
    explore_require(n >= 0, "rsp_peek: %s", ring_error_text(n));
    if (n == 0)
        return false;
    f->taken = take_some((uint32_t)n);
    side_checkpoint(&f->side, FRONT_PEEKED);
    for (uint32_t i = 0; i < f->taken; i++) {
        struct response response;
        R(rsp_read)(&f->ring, i, &response, PAYLOAD);
        explore_require(response.number < f->sent && response.check == ~f->index,
                        "front end received a response that nobody sent: 0x%08x 0x%08x",
                        response.number, response.check);
        explore_require((f->answers_got >> response.number & 1) == 0,
                        "request %u was answered twice", response.number);
        f->answers_got |= 1U << response.number;
    }
    R(rsp_release)(&f->ring, f->taken);
    f->answered += f->taken;
    f->taken = 0;
    notify_busy(run.scenario.policy, &f->side.rx);
    return true;
}

static void front_wait(struct front_private *f)
{
    enum notify_policy policy = run.scenario.policy;
    uint32_t outstanding = f->sent - f->answered;
    R(req_flush)(&f->ring);
    if (side_news_due(&f->side)) {
        front_tell(f, notify_flush(policy, &f->side.tx));
        return;
    }
    if (outstanding == 0 || run.scenario.one_way)
        return; /* it waits for room, and nobody tells of room */

    enum notify_wait wait = notify_idle(policy, &f->side.rx, side_now(&f->side));
    if (wait == NOTIFY_SPIN)
        return;
    bool there = wait == NOTIFY_ARM && R(rsp_arm)(&f->ring, notify_after(&f->side.rx, outstanding));
    if (!there || (run.scenario.fault == FAULT_NO_RECHECK && !run.scenario.fault_at_back)) {
        side_checkpoint(&f->side, wait == NOTIFY_ARM ? FRONT_SLEEPS_ARMED : FRONT_SLEEPS);
        side_sleep(&f->side);
    }
    if (wait == NOTIFY_ARM)
        R(rsp_disarm)(&f->ring);
}

static void front_run(void *private)
{
    struct front_private *f = (struct front_private *)private;
    while (f->answered < run.scenario.requests[f->index]) {
        side_checkpoint(&f->side, FRONT_STARTS);
        bool again = front_send(f);
        side_checkpoint(&f->side, again ? FRONT_SENT_SOME : FRONT_SENT_ALL);
        if (front_receive(f) || again)
            continue;
        side_checkpoint(&f->side, FRONT_WAITS);
        front_wait(f);
    }
}

static void front_run_one_way(void *private)
{
    struct front_private *f = (struct front_private *)private;
    while (f->sent < run.scenario.requests[f->index] ||
           notify_deadline(run.scenario.policy, &f->side.tx) != NOTIFY_NEVER) {
        side_checkpoint(&f->side, FRONT_STARTS);
        if (front_send(f))
            continue;
        side_checkpoint(&f->side, FRONT_WAITS);
        front_wait(f);
    }
    R(req_flush)(&f->ring);
}

/* ---- back end ---- */

static void back_tell(struct back_private *b, enum notify_action action)
{
    uint64_t fronts = 0;
    if (action == NOTIFY_TELL) {
        R(rsp_flush)(&b->ring);
        fronts = R(rsp_reached)(&b->ring);
    } else if (action == NOTIFY_ASK) {
        fronts = R(rsp_ask)(&b->ring);
    }
    for (uint32_t f = 0; f < run.scenario.fronts; f++)
        if (fronts >> f & 1)
            explore_tell(f);
}

static bool back_receive(struct back_private *b)
{
    int32_t n = R(req_peek)(&b->ring, run.capacity * run.scenario.fronts);
    explore_require(n >= 0, "req_peek: %s", ring_error_text(n));
    if (n == 0)
        return false;
    b->taken = take_some((uint32_t)n);
    side_checkpoint(&b->side, BACK_PEEKED);
    for (uint32_t i = 0; i < b->taken; i++) {
        struct request request;
        b->work[i].tag = R(req_read)(&b->ring, i, &request, PAYLOAD);
        explore_require(request.front < run.scenario.fronts &&
                            request.number < run.scenario.requests[request.front] &&
                            request.number == b->next[request.front],
                        "back end received a wrong request: 0x%08x 0x%08x", request.number,
                        request.front);
        b->next[request.front]++;
        b->work[i].request = request;
    }
    if (!(R(TRAITS) & RING_RELEASE_FREES) || run.scenario.one_way)
        R(req_release)(&b->ring, b->taken);
    if (run.scenario.one_way)
        b->taken = 0;
    b->unanswered = b->taken;
    notify_busy(run.scenario.policy, &b->side.rx);
    return true;
}

static bool back_answer(struct back_private *b)
{
    int32_t n = R(rsp_reserve)(&b->ring, take_some(b->unanswered));
    explore_require(n >= 0, "rsp_reserve: %s", ring_error_text(n));
    if (n == 0)
        return false;
    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        uint32_t w = --b->unanswered;
        struct response response = {.number = b->work[w].request.number,
                                    .check = ~b->work[w].request.front};
        R(rsp_write)(&b->ring, i, b->work[w].tag, &response, PAYLOAD);
    }
    R(rsp_publish)(&b->ring, (uint32_t)n);
    if (b->unanswered == 0) {
        if (R(TRAITS) & RING_RELEASE_FREES)
            R(req_release)(&b->ring, b->taken);
        b->taken = 0;
        memset(b->work, 0, sizeof(b->work));
    }
    back_tell(b,
              notify_published(run.scenario.policy, &b->side.tx, (uint32_t)n, side_now(&b->side)));
    return true;
}

static void back_wait(struct back_private *b)
{
    enum notify_policy policy = run.scenario.policy;
    R(rsp_flush)(&b->ring);
    if (side_news_due(&b->side)) {
        back_tell(b, notify_flush(policy, &b->side.tx));
        return;
    }
    if (b->unanswered != 0)
        return; /* it waits for room, and nobody tells of room */

    enum notify_wait wait = notify_idle(policy, &b->side.rx, side_now(&b->side));
    if (wait == NOTIFY_SPIN)
        return;
    bool there = wait == NOTIFY_ARM && R(req_arm)(&b->ring, notify_after(&b->side.rx, 0));
    if (!there || (run.scenario.fault == FAULT_NO_RECHECK && run.scenario.fault_at_back)) {
        side_checkpoint(&b->side, wait == NOTIFY_ARM ? BACK_SLEEPS_ARMED : BACK_SLEEPS);
        side_sleep(&b->side);
    }
    if (wait == NOTIFY_ARM)
        R(req_disarm)(&b->ring);
}

static void back_run(void *private)
{
    struct back_private *b = (struct back_private *)private;
    for (;;) {
        side_checkpoint(&b->side, BACK_STARTS);
        bool work = b->unanswered != 0 || back_receive(b);
        side_checkpoint(&b->side, work ? BACK_ANSWERS : BACK_WAITS);
        if (!work || !back_answer(b))
            back_wait(b);
    }
}

static bool back_has_all(const struct back_private *b)
{
    for (uint32_t f = 0; f < run.scenario.fronts; f++)
        if (b->next[f] != run.scenario.requests[f])
            return false;
    return true;
}

static void back_run_one_way(void *private)
{
    struct back_private *b = (struct back_private *)private;
    while (!back_has_all(b)) {
        side_checkpoint(&b->side, BACK_STARTS);
        if (!back_receive(b)) {
            side_checkpoint(&b->side, BACK_WAITS);
            back_wait(b);
        }
    }
}

/* ---- the program ---- */

static void side_init(struct side *s, uint32_t bell)
{
    s->bell = bell;
    notify_tx_init(&s->tx, &params);
    notify_rx_init(&s->rx, &params);
}

static void setup(void *arg, void *shared, void *const private[])
{
    (void)arg;
    int error = RING_OK;
    for (uint32_t i = 0; i < run.scenario.fronts && error == RING_OK; i++) {
        struct front_private *f = (struct front_private *)private[i];
        side_init(&f->side, i);
        f->index = i;
        if (i == 0)
            error = R(front_init)(&f->ring, &run.geometry, shared, f->memory);
#ifdef RING_LAYOUT_JOINS
        else
            error = R(front_join)(&f->ring, &run.geometry, shared, f->memory, i);
#endif
    }
    struct back_private *b = (struct back_private *)private[run.scenario.fronts];
    side_init(&b->side, run.scenario.fronts);
    if (error == RING_OK)
        error = R(back_attach)(&b->ring, &run.geometry, shared, b->memory);
    explore_require(error == RING_OK, "%s", ring_error_text(error));
}

static struct ring_geometry geometry_of(uint32_t entries, uint32_t fronts)
{
    return (struct ring_geometry){.entries = entries,
                                  .req_size = PAYLOAD,
                                  .rsp_size = PAYLOAD,
                                  .fronts = fronts,
                                  .start = START};
}

static uint32_t entries_for(uint32_t capacity, uint32_t fronts)
{
    for (uint32_t entries = RING_ENTRIES_MIN; entries <= RING_ENTRIES_MAX; entries *= 2) {
        struct ring_geometry g = geometry_of(entries, fronts);
        struct ring_footprint footprint = {0};
        if (R(footprint)(&g, &footprint) == RING_OK && R(capacity)(&g) >= capacity)
            return entries;
    }
    return 0;
}

static void plant(struct explore_thread *thread, enum scenario_fault fault)
{
    if (fault == FAULT_NO_FENCE_ASK)
        thread->dropped_fences = 1U << EXPLORE_FENCE_ASK;
    if (fault == FAULT_NO_FENCE_ARM)
        thread->dropped_fences = 1U << EXPLORE_FENCE_ARM;
    thread->early_release = fault == FAULT_EARLY_RELEASE;
}

static void explore(const struct scenario *scenario, uint32_t max_states,
                    struct explore_result *result)
{
    static const char *const front_names[SCENARIO_FRONTS_MAX] = {"front", "front 1"};
    struct ring_footprint footprint = {0};
    run.scenario = *scenario;
    run.geometry = geometry_of(scenario->entries, scenario->fronts);
    R(footprint)(&run.geometry, &footprint);
    run.capacity = ring_min(R(capacity)(&run.geometry), TOGETHER);

    struct explore_program program = {.shared_size = footprint.shared,
                                      .bells = scenario->fronts + 1,
                                      .threads = scenario->fronts + 1,
                                      .setup = setup,
                                      .max_states = max_states};
    for (uint32_t i = 0; i < scenario->fronts; i++) {
        program.thread[i] =
            (struct explore_thread){.name = front_names[i],
                                    .run = run.scenario.one_way ? front_run_one_way : front_run,
                                    .private_size = sizeof(struct front_private) + footprint.front};
        if (!scenario->fault_at_back)
            plant(&program.thread[i], scenario->fault);
    }
    struct explore_thread *back = &program.thread[scenario->fronts];
    *back = (struct explore_thread){.name = "back",
                                    .run = run.scenario.one_way ? back_run_one_way : back_run,
                                    .private_size = sizeof(struct back_private) + footprint.back,
                                    .server = !run.scenario.one_way};
    if (scenario->fault_at_back)
        plant(back, scenario->fault);
    explore_run(&program, result);
}

const struct scenario_layout R(scenario) = {
    .traits = R(TRAITS), .entries_for = entries_for, .explore = explore};

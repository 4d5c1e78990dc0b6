/* SPDX-License-Identifier: MIT */
/*
 * rings/mpsc.h with three front ends and the back end, a thread each, that really sleep (eventfd)
 * and are told by event index. A lost wake-up is a hang: the watchdog turns it into a failure.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "rings/mpsc.h"

#include "tests/many/many.h"
#include "tests/unit/rng.h"

#define FRONTS 3U
#define REQUESTS 50000U /* of each front end */
#define WATCHDOG 100U   /* s; a run takes about one */

struct exchange {
    struct many *m;
    int told[FRONTS], back_told; /* eventfds */
    bool answered;               /* or one-way */
    uint32_t after;              /* entries that a sleeper waits for, as far as so many can come */
    uint32_t front_wrong[FRONTS], back_wrong;
};

struct front_thread {
    struct exchange *x;
    uint32_t number;
};

static void tell(int eventfd)
{
    uint64_t one = 1;
    if (write(eventfd, &one, sizeof(one)) != sizeof(one))
        abort();
}

static void sleep_until_told(int eventfd)
{
    uint64_t count;
    if (read(eventfd, &count, sizeof(count)) != sizeof(count))
        abort();
}

static void on_alarm(int signal)
{
    static const char text[] = "Bail out! no progress: a wake-up was lost\n";
    (void)signal;
    ssize_t written = write(STDOUT_FILENO, text, sizeof(text) - 1);
    _exit(written == sizeof(text) - 1 ? 1 : 2);
}

static uint32_t front_send(struct exchange *x, struct mpsc_front *f, uint32_t first, uint32_t n)
{
    int32_t granted = mpsc_req_reserve(f, n);
    if (granted < 0)
        abort();
    if (granted == 0)
        return 0;
    for (uint32_t i = 0; i < (uint32_t)granted; i++) {
        struct item item = item_make(f->number, first + i);
        mpsc_req_write(f, i, &item, sizeof(item));
    }
    mpsc_req_publish(f, (uint32_t)granted);
    if (mpsc_req_ask(f))
        tell(x->back_told);
    return (uint32_t)granted;
}

/* Returns how many responses it took; `answers` counts them by number. */
static uint32_t front_collect(struct exchange *x, struct mpsc_front *f, uint8_t *answers)
{
    int32_t n = mpsc_rsp_peek(f, 16);
    if (n < 0)
        abort();
    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        struct item item;
        mpsc_rsp_read(f, i, &item, sizeof(item));
        if (item.front != f->number || item.number >= REQUESTS || !item_whole(&item) ||
            answers[item.number]++ != 0)
            x->front_wrong[f->number]++;
    }
    mpsc_rsp_release(f, (uint32_t)n);
    return (uint32_t)n;
}

static void *front_run(void *context)
{
    struct front_thread *t = (struct front_thread *)context;
    struct exchange *x = t->x;
    struct mpsc_front *f = &x->m->front[t->number];
    struct rng rng = rng_seeded(t->number + 1);
    uint32_t capacity = mpsc_capacity(&x->m->g);
    uint32_t sent = 0, collected = 0;
    uint8_t *answers = (uint8_t *)calloc(REQUESTS, 1);
    if (answers == NULL)
        abort();

    while (sent != REQUESTS || (x->answered && collected != REQUESTS)) {
        uint32_t outstanding = x->answered ? sent - collected : 0;
        uint32_t room = ring_min(capacity - outstanding, REQUESTS - sent);
        uint32_t out = room == 0 ? 0 : front_send(x, f, sent, rng_batch(&rng, room));
        uint32_t in = x->answered ? front_collect(x, f, answers) : 0;
        sent += out;
        collected += in;
        if (out != 0 || in != 0)
            continue;
        if (outstanding == 0) { /* the others hold the ring: nobody tells of that */
            sched_yield();
            continue;
        }
        if (!mpsc_rsp_arm(f, ring_min(x->after, outstanding)))
            sleep_until_told(x->told[t->number]);
    }
    free(answers);
    return NULL;
}

static void back_tell(struct exchange *x, struct mpsc_back *b)
{
    for (uint64_t left = mpsc_rsp_ask(b); left != 0; left &= left - 1)
        tell(x->told[__builtin_ctzll(left)]);
}

/* Answers in reverse order of arrival, so that each batch goes to its front ends out of order. */
static void back_answer(struct exchange *x, struct mpsc_back *b, const struct item *items,
                        const uint32_t *tags, uint32_t n)
{
    if (mpsc_rsp_reserve(b, n) != (int32_t)n)
        abort();
    for (uint32_t i = 0; i < n; i++)
        mpsc_rsp_write(b, i, tags[n - 1 - i], &items[n - 1 - i], sizeof(items[0]));
    mpsc_rsp_publish(b, n);
    back_tell(x, b);
}

static void *back_run(void *context)
{
    enum { BATCH = 16 };
    struct exchange *x = (struct exchange *)context;
    struct mpsc_back *b = &x->m->back;
    struct item items[BATCH];
    uint32_t tags[BATCH], next[FRONTS] = {0};

    for (uint32_t left = FRONTS * REQUESTS; left != 0;) {
        int32_t n = mpsc_req_peek(b, BATCH);
        if (n < 0)
            abort();
        if (n == 0) {
            /* With answers to come, front ends may all wait for this one: then one is enough. */
            uint32_t after = x->answered ? 1 : ring_min(x->after, left);
            if (!mpsc_req_arm(b, after))
                sleep_until_told(x->back_told);
            continue;
        }
        for (uint32_t i = 0; i < (uint32_t)n; i++) {
            tags[i] = mpsc_req_read(b, i, &items[i], sizeof(items[i]));
            if (items[i].front != tags[i] || items[i].number != next[tags[i]]++ ||
                !item_whole(&items[i]))
                x->back_wrong++;
        }
        if (x->answered)
            back_answer(x, b, items, tags, (uint32_t)n);
        mpsc_req_release(b, (uint32_t)n);
        left -= (uint32_t)n;
    }
    return NULL;
}

static void check_threads(uint32_t entries, uint32_t start, bool answered, uint32_t after)
{
    struct exchange x = {.m = many_open(FRONTS, entries, start),
                         .back_told = eventfd(0, 0),
                         .answered = answered,
                         .after = after};
    struct front_thread fronts[FRONTS];
    pthread_t threads[FRONTS], back;

    alarm(WATCHDOG);
    for (uint32_t f = 0; f < FRONTS; f++) {
        x.told[f] = eventfd(0, 0);
        assert_true(x.told[f] >= 0);
        fronts[f] = (struct front_thread){.x = &x, .number = f};
    }
    assert_true(x.back_told >= 0);
    assert_int_equal(pthread_create(&back, NULL, back_run, &x), 0);
    for (uint32_t f = 0; f < FRONTS; f++)
        assert_int_equal(pthread_create(&threads[f], NULL, front_run, &fronts[f]), 0);
    for (uint32_t f = 0; f < FRONTS; f++)
        assert_int_equal(pthread_join(threads[f], NULL), 0);
    assert_int_equal(pthread_join(back, NULL), 0);
    alarm(0);

    for (uint32_t f = 0; f < FRONTS; f++) {
        assert_int_equal(x.front_wrong[f], 0);
        close(x.told[f]);
    }
    assert_int_equal(x.back_wrong, 0);
    close(x.back_told);
    many_close(x.m);
}

#define WRAP(before) (UINT32_MAX - (before) + 1)

static void test_answered(void **state)
{
    (void)state;
    check_threads(256, 0, true, 1);
}

static void test_answered_small(void **state)
{
    (void)state;
    check_threads(2, WRAP(1000), true, 1);
}

/* A front end sleeps for several responses. */
static void test_answered_threshold(void **state)
{
    (void)state;
    check_threads(32, WRAP(777), true, 8);
}

static void test_one_way(void **state)
{
    (void)state;
    check_threads(4, WRAP(5000), false, 1);
}

/* The back end sleeps for several requests, of any front end, published in any order. */
static void test_one_way_threshold(void **state)
{
    (void)state;
    check_threads(8, WRAP(333), false, 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answered),           cmocka_unit_test(test_answered_small),
        cmocka_unit_test(test_answered_threshold), cmocka_unit_test(test_one_way),
        cmocka_unit_test(test_one_way_threshold),
    };
    signal(SIGALRM, on_alarm);
    return tap_run("mpsc threads", tests, sizeof(tests) / sizeof(tests[0]));
}

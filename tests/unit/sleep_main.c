/* SPDX-License-Identifier: MIT */
/*
 * sleep [LAYOUT]: every layout under every policy with two threads that sleep. Prints TAP.
 *
 * The main thread is the watchdog: when neither side has moved for STALL_SECONDS it shows both and
 * fails the test. A policy that a layout is listed not to carry must be listed with its reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/sleep.h"
#include "tests/unit/tap.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#if __has_feature(thread_sanitizer)
#define REQUESTS 40000U /* every access costs some 20 times as much */
#else
#define REQUESTS 1000000U
#endif

#define STALL_SECONDS 20U
#define LOOK_MS 50 /* between two looks of the watchdog */

#define RING_LAYOUT(id, name, without, why) extern const struct sleep_suite id##_sleep;
#include "rings/layouts.def"
#undef RING_LAYOUT

static const struct {
    const char *name;
    uint32_t without;
    const char *why;
    const struct sleep_suite *suite;
} layouts[] = {
#define RING_LAYOUT(id, name, without, why) {name, without, why, &id##_sleep},
#include "rings/layouts.def"
#undef RING_LAYOUT
};

#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

struct job {
    size_t layout;
    const struct sleep_case *c;
    bool one_way, sleeps;
};

uint64_t sleep_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

void sleep_tell(struct sleep_side *self, struct sleep_side *peer)
{
    self->tells++;
    if (eventfd_write(peer->fd, 1) != 0)
        abort(); /* it would take 2^64 tellings */
}

static bool take_told(struct sleep_side *side)
{
    eventfd_t told;
    return eventfd_read(side->fd, &told) == 0;
}

void sleep_until(struct sleep_side *self, uint64_t deadline)
{
    if (take_told(self))
        return;
    struct timespec left, *limit = NULL;
    if (deadline != NOTIFY_NEVER) {
        uint64_t now = sleep_now(), ns = deadline > now ? deadline - now : 0;
        left = (struct timespec){.tv_sec = (time_t)(ns / 1000000000U),
                                 .tv_nsec = (long)(ns % 1000000000U)};
        limit = &left;
    }
    self->sleeps++;
    self->tid = (pid_t)syscall(SYS_gettid);
    self->doing = "asleep";
    self->asleep = true;
    struct pollfd p = {.fd = self->fd, .events = POLLIN};
    if (ppoll(&p, 1, limit, NULL) == 0)
        self->timeouts++;
    self->asleep = false;
    self->doing = "running";
    take_told(self);
}

/* The state in /proc/self/task/<tid>/stat follows the name, which is in parentheses. */
bool sleep_is_blocked(struct sleep_side *side)
{
    if (!side->asleep)
        return false;
    char path[64], text[256];
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", side->tid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    const char *end = strrchr(text, ')');
    return end != NULL && end[1] == ' ' && end[2] == 'S' && side->asleep;
}

static void describe(const char *who, struct sleep_side *s)
{
    struct pollfd p = {.fd = s->fd, .events = POLLIN};
    bool told = poll(&p, 1, 0) == 1;
    const char *error = s->error;
    fprintf(stderr,
            "%s: %s%s%s; sent %ju, taken %ju, unanswered %ju; told the other %ju times (asked %ju, "
            "wanted %ju); slept %ju times (%ju timed out), last armed for %u; %s\n",
            who, s->doing, error ? ", gave up: " : "", error ? error : "", (uintmax_t)s->sent,
            (uintmax_t)s->taken, (uintmax_t)s->held, (uintmax_t)s->tells, (uintmax_t)s->asks,
            (uintmax_t)s->wants, (uintmax_t)s->sleeps, (uintmax_t)s->timeouts, s->armed_after,
            told ? "told and not looked yet" : "not told");
}

static bool ended_within(pthread_t thread, int ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000L;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* Joins both; NULL, or why that took an end that is not the sides' own. */
static const char *watch(struct sleep_run *run, pthread_t front, pthread_t back)
{
    uint64_t seen = 0, since = sleep_now();
    bool front_ended = false, back_ended = false;
    const char *error = NULL;
    while (!front_ended || !back_ended) {
        front_ended = front_ended || ended_within(front, LOOK_MS);
        back_ended = back_ended || ended_within(back, front_ended ? LOOK_MS : 0);
        uint64_t progress = run->front.progress + run->back.progress;
        if (progress != seen || (front_ended && back_ended)) {
            seen = progress;
            since = sleep_now();
        } else if (sleep_now() - since > STALL_SECONDS * 1000000000ULL) {
            if (error != NULL)
                return "stuck, and not even stopping: its threads are left behind";
            error = "stuck: a lost wake-up or an endless loop";
            describe("front", &run->front);
            describe("back", &run->back);
            run->stop = true;
            eventfd_write(run->front.fd, 1);
            eventfd_write(run->back.fd, 1);
            since = sleep_now();
        }
    }
    return error;
}

static void test_sleep(void **state)
{
    const struct job *job = (const struct job *)*state;
    const struct sleep_case *c = job->c;
    struct sleep_run *run = (struct sleep_run *)calloc(1, sizeof(*run));
    assert_non_null(run);
    run->requests = REQUESTS;
    run->front.doing = run->back.doing = "running";
    run->front.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    run->back.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    assert_true(run->front.fd >= 0 && run->back.fd >= 0);
    assert_true(c->open(run));

    pthread_t front, back;
    assert_int_equal(pthread_create(&back, NULL, c->back, run), 0);
    assert_int_equal(pthread_create(&front, NULL, c->front, run), 0);
    const char *error = watch(run, front, back);
    if (error != NULL)
        fail_msg("%s", error); /* and its memory is left to threads that may still run */

    struct sleep_side f = run->front, b = run->back;
    if (f.error || b.error) {
        describe("front", &f);
        describe("back", &b);
    }
    c->close(run);
    close(f.fd);
    close(b.fd);
    free(run);
    if (f.error || b.error)
        fail_msg("%s", f.error ? f.error : b.error);

    assert_int_equal(f.sent, REQUESTS);
    assert_int_equal(b.taken, REQUESTS);
    assert_int_equal(f.taken, job->one_way ? 0 : REQUESTS);
    assert_int_equal(b.sent, job->one_way ? 0 : REQUESTS);
    if (job->sleeps) {
        assert_true(f.sleeps > 0);
        assert_true(b.sleeps > 0);
    } else {
        assert_int_equal(f.sleeps + b.sleeps, 0);
        assert_int_equal(f.asks + b.asks, 0);
    }
}

static void test_left_out(void **state)
{
    const struct job *job = (const struct job *)*state;
    assert_string_not_equal(layouts[job->layout].why, "");
}

/* A reason without anything left out is as wrong. */
static void test_nothing_left_out(void **state)
{
    const struct job *job = (const struct job *)*state;
    assert_string_equal(layouts[job->layout].why, "");
}

/* What follows: the tests, in main's order. */
static struct {
    struct CMUnitTest tests[LAYOUTS * (NOTIFY_POLICIES + 2)];
    struct job jobs[LAYOUTS * (NOTIFY_POLICIES + 2)];
    char names[LAYOUTS * (NOTIFY_POLICIES + 2)][512];
    size_t n;
} list;

static void add(CMUnitTestFunction test, struct job job, const char *what, const char *why)
{
    size_t n = list.n++;
    list.jobs[n] = job;
    snprintf(list.names[n], sizeof(list.names[n]), "%s: %s%s", layouts[job.layout].name, what, why);
    list.tests[n] = (struct CMUnitTest){
        .name = list.names[n], .test_func = test, .initial_state = &list.jobs[n]};
}

static void add_layout(size_t l)
{
    const struct sleep_suite *suite = layouts[l].suite;
    for (int p = 0; p < NOTIFY_POLICIES; p++) {
        const char *policy = notify_name((enum notify_policy)p);
        struct job job = {
            .layout = l, .c = &suite->cases[p], .sleeps = p != NOTIFY_poll, .one_way = false};
        if (layouts[l].without & (1U << p)) {
            char what[64];
            snprintf(what, sizeof(what), "%s is left out: ", policy);
            add(test_left_out, job, what, layouts[l].why);
        } else {
            add(test_sleep, job, policy, "");
        }
    }
    if (layouts[l].without == 0)
        add(test_nothing_left_out, (struct job){.layout = l}, "carries every policy", "");
    if (suite->one_way.open != NULL)
        add(test_sleep, (struct job){.layout = l, .c = &suite->one_way, .one_way = true},
            suite->one_way.policy, "");
}

int main(int argc, char **argv)
{
    for (size_t l = 0; l < LAYOUTS; l++)
        if (argc < 2 || strcmp(argv[1], layouts[l].name) == 0)
            add_layout(l);
    if (list.n == 0) {
        fprintf(stderr, "sleep: no layout is named %s\n", argc > 1 ? argv[1] : "");
        return 2;
    }
    return tap_run("sleep", list.tests, list.n);
}

/* SPDX-License-Identifier: MIT */
/* The native platform: workers, their shared memory, and one observation at a time. */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <poll.h>

#include "bench/native/counters.h"
#include "bench/native/processors.h"
#include "bench/native/subject.h"
#include "bench/native/ticks.h"

/* The region is sparse: the largest ring (64 front ends, 32768 entries of 256 bytes) fits, and only
 * what an observation touches takes memory. */
#define REGION_BYTES (2ULL << 30)

/* A first part of each observation is not measured: caches, predictors and frequency settle. */
#define WARM_SHARE 4U         /* warm-up: a fourth of the duration */
#define WARM_MIN_NS 500000ULL /* and at least this */

/* Without an end after that long an observation has failed: far beyond any honest one. */
#define LATE_NS(duration) (5000000000ULL + 20ULL * (duration))
#define LOOK_AFTER_WORKERS_NS 100000000ULL

struct worker {
    struct native *native;
    uint32_t index;
    bool started;
    pthread_t thread;
    pid_t process;
};

struct native {
    struct native_config config;
    struct exchange *exchange;
    uint8_t *region;
    int eventfds[SIDE_WORKERS];
    int cpus[CPU_SETSIZE],
        cpu_count; /* allowed ones, front's first, then the others, back's last */
    struct counters *counters;
    struct native_event events[NATIVE_EVENTS_MAX];
    size_t event_count;
    double tsc_hz;
    bool stuck; /* a worker did not come back: nothing can be measured any more */
    struct worker workers[SIDE_WORKERS];
};

static long futex(_Atomic uint32_t *word, int op, uint32_t value, const struct timespec *timeout)
{
    return syscall(SYS_futex, word, op, value, timeout, NULL, 0);
}

/* ---- workers -------------------------------------------------------------------------------- */

static int worker_cpu(const struct native *n, uint32_t index)
{
    if (index == SIDE_BACK)
        return n->config.cpu_back;
    int others = n->cpu_count - 1; /* the back end has its own */
    return n->cpus[index % (uint32_t)others];
}

static void worker_run(struct worker *w, uint32_t round)
{
    struct native *n = w->native;
    struct exchange *x = n->exchange;
    struct side s = {
        .exchange = x, .index = w->index, .region = n->region, .eventfds = n->eventfds};

    processor_pin(worker_cpu(n, w->index));
    s.counters = counters_open(n->counters, s.counter_fds);
    for (;;) {
        while (atomic_load(&x->round) == round)
            futex(&x->round, FUTEX_WAIT, round, NULL);
        round = atomic_load(&x->round);
        if (atomic_load(&x->quit))
            break;
        if (w->index != SIDE_BACK && w->index >= x->point.fronts)
            continue;
        s.tells = s.wakes = 0;
        const struct native_ops *ops = x->point.subject->ops;
        (w->index == SIDE_BACK ? ops->back : ops->front)(&s);
        atomic_fetch_add(&x->done, 1);
        futex(&x->done, FUTEX_WAKE, INT_MAX, NULL);
    }
    for (uint32_t i = 0; i < s.counters; i++)
        if (s.counter_fds[i] >= 0)
            close(s.counter_fds[i]);
    free(s.priv);
}

struct start {
    struct worker *worker;
    uint32_t round;
};

static void *worker_thread(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    worker_run(start.worker, start.round);
    return NULL;
}

static int start_process(struct worker *w, uint32_t round)
{
    pid_t runner = getpid();
    w->process = fork();
    if (w->process != 0)
        return w->process < 0 ? -1 : 0;
    /* Ctrl-C is the runner's; without a runner nobody is left to stop us. */
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == runner)
        worker_run(w, round);
    _exit(0);
}

static int start_thread(struct worker *w, uint32_t round)
{
    struct start *start = malloc(sizeof *start);
    if (start == NULL)
        return -1;
    *start = (struct start){.worker = w, .round = round};
    /* Signals are the runner's. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&w->thread, NULL, worker_thread, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        return 0;
    free(start);
    errno = error;
    return -1;
}

static int ensure_worker(struct native *n, uint32_t index, char *error, size_t error_size)
{
    struct worker *w = &n->workers[index];
    if (w->started)
        return 0;
    *w = (struct worker){.native = n, .index = index};
    uint32_t round = atomic_load(&n->exchange->round);
    if ((n->config.processes ? start_process(w, round) : start_thread(w, round)) != 0) {
        snprintf(error, error_size, "cannot start a worker %s: %s",
                 n->config.processes ? "process" : "thread", strerror(errno));
        return -1;
    }
    w->started = true;
    return 0;
}

/* The signal that ended a worker process, or 0 while all are well. */
static int dead_worker(struct native *n)
{
    for (uint32_t i = 0; i < SIDE_WORKERS; i++) {
        struct worker *w = &n->workers[i];
        int status;
        if (w->started && w->process != 0 && waitpid(w->process, &status, WNOHANG) == w->process) {
            w->started = false;
            return WIFSIGNALED(status) ? WTERMSIG(status) : SIGCHLD;
        }
    }
    return 0;
}

/* ---- opening and closing -------------------------------------------------------------------- */

static uint64_t monotonic_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int choose_cpus(struct native *n, char *error, size_t error_size)
{
    int two[2] = {n->config.cpu_front, n->config.cpu_back};
    cpu_set_t allowed;
    if (processors_choose(two, &allowed, error, error_size) != 0)
        return -1;
    n->config.cpu_front = two[0];
    n->config.cpu_back = two[1];
    n->cpus[n->cpu_count++] = two[0];
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &allowed) && cpu != two[0] && cpu != two[1])
            n->cpus[n->cpu_count++] = cpu;
    n->cpus[n->cpu_count++] = two[1];
    return 0;
}

static int map_shared(struct native *n, char *error, size_t error_size)
{
    int fd = memfd_create("ringside", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)REGION_BYTES) != 0) {
        snprintf(error, error_size, "no shared memory: memfd: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return -1;
    }
    void *region =
        mmap(NULL, REGION_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    void *exchange =
        mmap(NULL, sizeof *n->exchange, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    close(fd);
    n->region = region == MAP_FAILED ? NULL : region;
    n->exchange = exchange == MAP_FAILED ? NULL : exchange;
    if (n->region == NULL || n->exchange == NULL) {
        snprintf(error, error_size, "no shared memory: mmap: %s", strerror(errno));
        return -1;
    }
    return 0;
}

int native_open(const struct native_config *config, struct native **native, char *error,
                size_t error_size)
{
    struct native *n = calloc(1, sizeof *n);
    if (n == NULL) {
        snprintf(error, error_size, "no memory");
        return -1;
    }
    n->config = *config;
    for (uint32_t i = 0; i < SIDE_WORKERS; i++)
        n->eventfds[i] = -1;
    if (choose_cpus(n, error, error_size) != 0 || map_shared(n, error, error_size) != 0)
        goto failed;
    for (uint32_t i = 0; i < SIDE_WORKERS; i++)
        if ((n->eventfds[i] = eventfd(0, EFD_CLOEXEC)) < 0) {
            snprintf(error, error_size, "eventfd: %s", strerror(errno));
            goto failed;
        }
    n->counters = counters_new(config->events, n->events, &n->event_count, error, error_size);
    if (n->counters == NULL)
        goto failed;
    n->tsc_hz = ticks_calibrate();
    n->exchange->ns_per_tick = 1e9 / n->tsc_hz;
    if (ensure_worker(n, SIDE_BACK, error, error_size) != 0 ||
        ensure_worker(n, 0, error, error_size) != 0)
        goto failed;
    *native = n;
    return 0;

failed:
    native_close(n);
    return -1;
}

void native_close(struct native *n)
{
    if (n == NULL)
        return;
    if (n->exchange != NULL) {
        atomic_store(&n->exchange->quit, true);
        atomic_fetch_add(&n->exchange->round, 1);
        futex(&n->exchange->round, FUTEX_WAKE, INT_MAX, NULL);
    }
    for (uint32_t i = 0; i < SIDE_WORKERS; i++) {
        struct worker *w = &n->workers[i];
        if (!w->started)
            continue;
        if (w->process != 0) {
            if (n->stuck)
                kill(w->process, SIGKILL);
            waitpid(w->process, NULL, 0);
        } else if (n->stuck) {
            return; /* a thread may still use all of this; the process is about to end anyway */
        } else {
            pthread_join(w->thread, NULL);
        }
    }
    for (uint32_t i = 0; i < SIDE_WORKERS; i++)
        if (n->eventfds[i] >= 0)
            close(n->eventfds[i]);
    if (n->counters != NULL)
        counters_free(n->counters);
    if (n->exchange != NULL)
        munmap(n->exchange, sizeof *n->exchange);
    if (n->region != NULL)
        munmap(n->region, REGION_BYTES);
    free(n);
}

int native_cpu_front(const struct native *n)
{
    return n->config.cpu_front;
}

int native_cpu_back(const struct native *n)
{
    return n->config.cpu_back;
}

double native_tsc_hz(const struct native *n)
{
    return n->tsc_hz;
}

const struct native_event *native_event_at(const struct native *n, size_t i)
{
    return i < n->event_count ? &n->events[i] : NULL;
}

/* ---- one observation ------------------------------------------------------------------------ */

static void drain(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    uint64_t count;
    if (poll(&ready, 1, 0) == 1 && read(fd, &count, sizeof count) < 0)
        return;
}

static void prepare(struct native *n, const struct native_point *p, uint64_t duration_ns,
                    bool want_latency)
{
    struct exchange *x = n->exchange;
    uint64_t warm_ns = duration_ns / WARM_SHARE;
    if (warm_ns < WARM_MIN_NS)
        warm_ns = WARM_MIN_NS;
    x->point = *p;
    x->duration_ticks = (uint64_t)((double)duration_ns / x->ns_per_tick);
    x->warm_ticks = (uint64_t)((double)warm_ns / x->ns_per_tick);
    x->crowded = (int)p->fronts + 1 > n->cpu_count;
    memset(x->results, 0, sizeof x->results);
    if (want_latency)
        hist_reset(&x->latency);
    for (uint32_t i = 0; i < SIDE_WORKERS; i++)
        drain(n->eventfds[i]);
    atomic_store(&x->done, 0);
    atomic_store(&x->laid_out, 0);
    atomic_store(&x->arrived, 0);
    atomic_store(&x->fronts_running, p->fronts);
    atomic_store(&x->back_measured, false);
    atomic_store(&x->sent, 0);
    atomic_store(&x->abort, false);
}

/* Makes all workers give up what they do: those that spin see the flag, those that sleep wake. */
static void abort_workers(struct native *n)
{
    const uint64_t one = 1;
    atomic_store(&n->exchange->abort, true);
    for (uint32_t i = 0; i < SIDE_WORKERS; i++)
        if (write(n->eventfds[i], &one, sizeof one) < 0)
            continue;
}

/* Waits until all workers of this round are done; false when it is `late` or one has died. */
static bool wait_done(struct native *n, uint32_t workers, uint64_t late_ns)
{
    const uint64_t late = monotonic_ns() + late_ns;
    const struct timespec look = {.tv_nsec = (long)LOOK_AFTER_WORKERS_NS};
    uint32_t done;
    while ((done = atomic_load(&n->exchange->done)) != workers) {
        futex(&n->exchange->done, FUTEX_WAIT, done, &look);
        if (monotonic_ns() > late)
            return false;
        if (n->config.processes && dead_worker(n) != 0) {
            n->stuck = true;
            return false;
        }
    }
    return true;
}

static struct native_side side_sum(const struct native *n, uint32_t first, uint32_t count,
                                   uint64_t requests)
{
    struct native_side sum = {0};
    uint64_t own = 0;
    double counters[NATIVE_EVENTS_MAX] = {0};
    for (uint32_t i = first; i < first + count; i++) {
        const struct side_result *r = &n->exchange->results[i];
        own += r->requests;
        sum.cpu_ns += r->cpu_ns;
        sum.tells += r->tells;
        sum.wakes += r->wakes;
        for (size_t k = 0; k < n->event_count; k++)
            counters[k] += r->counters[k];
    }
    /* Both sides measure nearly, not exactly, the same interval: bring theirs to our requests. */
    double scale = own == 0 ? 1 : (double)requests / (double)own;
    sum.cpu_ns = (uint64_t)((double)sum.cpu_ns * scale + 0.5);
    sum.tells = (uint64_t)((double)sum.tells * scale + 0.5);
    sum.wakes = (uint64_t)((double)sum.wakes * scale + 0.5);
    for (size_t k = 0; k < n->event_count; k++)
        sum.counters[k] = counters[k] * scale;
    return sum;
}

/* What went wrong on a side, or NULL; what a side did not get to do only if nothing else did. */
static const char *side_fault(const struct side_result *r, bool last)
{
    if (r->error != NULL)
        return r->error;
    if (r->broken)
        return "the ring is broken";
    if (r->damaged)
        return "a request or response was lost or damaged";
    return last && !r->measured ? "too slow to be measured in this time" : NULL;
}

static int collect(struct native *n, const struct native_point *p, struct native_observation *out,
                   char *error, size_t error_size)
{
    const struct exchange *x = n->exchange;
    for (uint32_t i = 0; i < 2 * SIDE_WORKERS; i++) {
        const uint32_t side = i % SIDE_WORKERS;
        const char *fault = side_fault(&x->results[side], i >= SIDE_WORKERS);
        if ((side < p->fronts || side == SIDE_BACK) && fault != NULL) {
            snprintf(error, error_size, "%s: %s: %s", p->subject->name,
                     side == SIDE_BACK ? "back end" : "front end", fault);
            return -1;
        }
    }
    /* One-way, what counts has arrived; otherwise, what came back. */
    bool by_back = p->measure == NATIVE_ONE_WAY;
    *out = (struct native_observation){.has_latency = p->measure == NATIVE_ROUND_TRIP ||
                                                      p->measure == NATIVE_OFFERED_LOAD};
    if (by_back) {
        out->requests = x->results[SIDE_BACK].requests;
        out->elapsed_ns = (uint64_t)((double)x->results[SIDE_BACK].ticks * x->ns_per_tick);
    } else {
        uint64_t ticks = 0;
        for (uint32_t i = 0; i < p->fronts; i++) {
            out->requests += x->results[i].requests;
            ticks += x->results[i].ticks / p->fronts;
        }
        out->elapsed_ns = (uint64_t)((double)ticks * x->ns_per_tick);
    }
    out->front = side_sum(n, 0, p->fronts, out->requests);
    out->back = side_sum(n, SIDE_BACK, 1, out->requests);
    return 0;
}

int native_observe(struct native *n, const struct native_point *p, uint64_t duration_ns,
                   struct native_observation *out, struct hist *latency, char *error,
                   size_t error_size)
{
    const char *refusal = native_refusal(p);
    if (refusal == NULL && p->subject->ops->region(p) > REGION_BYTES)
        refusal = "the ring is larger than the memory set aside for it";
    if (refusal == NULL && n->stuck)
        refusal = "a worker was lost in an earlier observation";
    if (refusal != NULL) {
        snprintf(error, error_size, "%s: %s", p->subject->name, refusal);
        return -1;
    }
    for (uint32_t i = 0; i < p->fronts; i++)
        if (ensure_worker(n, i, error, error_size) != 0)
            return -1;

    bool timed = p->measure == NATIVE_ROUND_TRIP || p->measure == NATIVE_OFFERED_LOAD;
    prepare(n, p, duration_ns, timed);
    atomic_fetch_add(&n->exchange->round, 1);
    futex(&n->exchange->round, FUTEX_WAKE, INT_MAX, NULL);
    if (!wait_done(n, p->fronts + 1, LATE_NS(duration_ns))) {
        abort_workers(n);
        n->stuck = n->stuck || !wait_done(n, p->fronts + 1, LATE_NS(0));
        snprintf(error, error_size, "%s: no end in sight after %.0f s: a lost request or wake-up%s",
                 p->subject->name, (double)LATE_NS(duration_ns) / 1e9,
                 n->stuck ? "; a worker is lost, too" : "");
        return -1;
    }
    if (collect(n, p, out, error, error_size) != 0)
        return -1;
    if (latency != NULL) {
        hist_reset(latency);
        if (timed)
            *latency = n->exchange->latency;
    }
    return 0;
}

/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <perfmon/pfmlib.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/native/counters.h"

/* Names of the default set, and what libpfm4 calls them: the first that it knows here is taken. */
static const struct {
    const char *name;
    const char *candidates[6];
} defaults[] = {
    {"cycles", {"perf::CYCLES"}},
    {"instructions", {"perf::INSTRUCTIONS"}},
    {"l1d-misses", {"perf::L1-DCACHE-LOAD-MISSES"}},
    {"llc-misses", {"perf::LLC-LOAD-MISSES", "perf::CACHE-MISSES"}},
    /* A load served from another core's modified line: Intel since Skylake, before it, AMD since
     * Zen 3 (fills from a cache of the same complex). */
    {"snoops",
     {"MEM_LOAD_L3_HIT_RETIRED:XSNP_HITM", "MEM_LOAD_L3_HIT_RETIRED:XSNP_FWD",
      "MEM_LOAD_UOPS_L3_HIT_RETIRED:XSNP_HITM", "MEM_LOAD_UOPS_LLC_HIT_RETIRED:XSNP_HITM",
      "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:INT_CACHE"}},
    {"task-clock", {"perf::TASK-CLOCK"}},
    {"context-switches", {"perf::CONTEXT-SWITCHES"}},
    {"page-faults", {"perf::PAGE-FAULTS"}},
};

struct counters {
    uint32_t count;
    bool available[NATIVE_EVENTS_MAX];
    struct perf_event_attr attrs[NATIVE_EVENTS_MAX];
};

static int open_event(struct perf_event_attr *attr)
{
    return perf_event_open(attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC); /* libpfm4's wrapper */
}

/* 0 or libpfm4's error. User and kernel: a context switch, say, happens in the kernel. */
static int encode(const char *event, struct perf_event_attr *attr)
{
    pfm_perf_encode_arg_t arg = {.attr = attr, .size = sizeof arg};
    memset(attr, 0, sizeof *attr);
    int error = pfm_get_os_event_encoding(event, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
    attr->size = sizeof *attr;
    attr->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    return error == PFM_SUCCESS ? 0 : error;
}

/* Those of the scheduler: in user mode alone they open, and stay 0. */
static bool in_kernel_only(const struct perf_event_attr *attr)
{
    return attr->type == PERF_TYPE_SOFTWARE && (attr->config == PERF_COUNT_SW_CONTEXT_SWITCHES ||
                                                attr->config == PERF_COUNT_SW_CPU_MIGRATIONS);
}

/* Tries the event on this thread; where the kernel may not be watched, on user mode alone. */
static void try_event(struct perf_event_attr *attr, struct native_event *event)
{
    int fd = open_event(attr);
    if (fd < 0 && (errno == EACCES || errno == EPERM) && !in_kernel_only(attr)) {
        attr->exclude_kernel = 1;
        fd = open_event(attr);
        if (fd >= 0)
            snprintf(event->reason, sizeof event->reason,
                     "user mode only: /proc/sys/kernel/perf_event_paranoid forbids the kernel");
    }
    if (fd >= 0) {
        close(fd);
        event->available = true;
        return;
    }
    int error = errno;
    const char *hint = error == ENOENT || error == ENODEV || error == EOPNOTSUPP
                           ? "this machine exposes no such counter (a virtual machine without PMU?)"
                       : error == EACCES || error == EPERM
                           ? "forbidden by /proc/sys/kernel/perf_event_paranoid"
                           : "";
    snprintf(event->reason, sizeof event->reason, "perf_event_open: %s%s%s", strerror(error),
             *hint ? "; " : "", hint);
}

static void add_default(struct counters *c, struct native_event *event, size_t i)
{
    const char *const *candidate = defaults[i].candidates;
    snprintf(event->name, sizeof event->name, "%s", defaults[i].name);
    int error = PFM_ERR_NOTFOUND;
    for (size_t k = 0; k < 6 && candidate[k] != NULL && error != 0; k++)
        error = encode(candidate[k], &c->attrs[c->count]);
    if (error != 0)
        snprintf(event->reason, sizeof event->reason,
                 "libpfm4 has no such event for this processor");
    else
        try_event(&c->attrs[c->count], event);
    c->available[c->count++] = event->available;
}

static int add_named(struct counters *c, struct native_event *event, const char *name, char *error,
                     size_t error_size)
{
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
        if (strcmp(name, defaults[i].name) == 0) {
            add_default(c, event, i);
            return 0;
        }
    snprintf(event->name, sizeof event->name, "%s", name);
    int failed = encode(name, &c->attrs[c->count]);
    if (failed != 0) {
        snprintf(error, error_size,
                 "event '%s': libpfm4 says: %s; expected a name from `showevtinfo` or one of "
                 "cycles, instructions, l1d-misses, llc-misses, snoops, task-clock, "
                 "context-switches, page-faults",
                 name, pfm_strerror(failed));
        return -1;
    }
    try_event(&c->attrs[c->count], event);
    c->available[c->count++] = event->available;
    return 0;
}

struct counters *counters_new(const char *list, struct native_event *events, size_t *count,
                              char *error, size_t error_size)
{
    struct counters *c = calloc(1, sizeof *c);
    memset(events, 0, NATIVE_EVENTS_MAX * sizeof *events);
    if (c == NULL || pfm_initialize() != PFM_SUCCESS) {
        snprintf(error, error_size, "libpfm4 cannot be initialised");
        free(c);
        return NULL;
    }
    if (list == NULL) {
        for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++)
            add_default(c, &events[i], i);
        *count = c->count;
        return c;
    }
    char *copy = strdup(list), *rest = copy, *name;
    while (copy != NULL && (name = strsep(&rest, ",")) != NULL) {
        if (c->count == NATIVE_EVENTS_MAX) {
            snprintf(error, error_size, "too many events: at most %d", NATIVE_EVENTS_MAX);
        } else if (*name == '\0') {
            snprintf(error, error_size, "event list '%s': an empty name", list);
        } else if (add_named(c, &events[c->count], name, error, error_size) == 0) {
            continue;
        }
        free(copy);
        free(c);
        return NULL;
    }
    free(copy);
    *count = c->count;
    return c;
}

void counters_free(struct counters *counters)
{
    free(counters);
    pfm_terminate();
}

uint32_t counters_open(const struct counters *counters, int *fds)
{
    for (uint32_t i = 0; i < counters->count; i++) {
        struct perf_event_attr attr = counters->attrs[i];
        fds[i] = counters->available[i] ? open_event(&attr) : -1;
    }
    return counters->count;
}

void counters_read(const int *fds, uint32_t count, struct counter_reading *readings)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[3] = {0}; /* as PERF_FORMAT_TOTAL_TIME_... orders them */
        bool ok = fds[i] >= 0 && read(fds[i], words, sizeof words) == sizeof words;
        readings[i] = (struct counter_reading){words[0], words[1], words[2], ok};
    }
}

double counter_between(const struct counter_reading *begin, const struct counter_reading *end)
{
    uint64_t running = end->running - begin->running;
    if (!begin->read || !end->read || running == 0)
        return NAN;
    return (double)(end->value - begin->value) * (double)(end->enabled - begin->enabled) /
           (double)running;
}

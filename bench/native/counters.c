/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <math.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/native/counters.h"
#include "bench/native/encoding.h"

struct counters {
    uint32_t count;
    bool available[NATIVE_EVENTS_MAX];
    struct perf_event_attr attrs[NATIVE_EVENTS_MAX];
};

static int open_event(struct perf_event_attr *attr)
{
    return perf_event_open(attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC); /* libpfm4's wrapper */
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

/* Why it cannot be encoded; NULL if it was. */
static const char *add(struct counters *c, struct native_event *event, const char *name)
{
    struct perf_event_attr *attr = &c->attrs[c->count];
    const char *why = encoding_for_perf(name, attr);
    snprintf(event->name, sizeof event->name, "%s", name);
    attr->read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    if (why == NULL)
        try_event(attr, event);
    else
        snprintf(event->reason, sizeof event->reason, "%s", why);
    c->available[c->count++] = event->available;
    return why;
}

/* One of the default set that this processor has not is not available. */
static int add_named(struct counters *c, struct native_event *event, const char *name, char *error,
                     size_t error_size)
{
    const char *why = add(c, event, name);
    if (why == NULL || encoding_is_default(name))
        return 0;
    snprintf(error, error_size,
             "event '%s': libpfm4 says: %s; expected a name from `showevtinfo` or one "
             "of " ENCODING_DEFAULTS,
             name, why);
    return -1;
}

struct counters *counters_new(const char *list, struct native_event *events, size_t *count,
                              char *error, size_t error_size)
{
    struct counters *c = calloc(1, sizeof *c);
    memset(events, 0, NATIVE_EVENTS_MAX * sizeof *events);
    if (c == NULL || !encoding_open()) {
        snprintf(error, error_size, "libpfm4 cannot be initialised");
        free(c);
        return NULL;
    }
    if (list == NULL) {
        for (size_t i = 0; encoding_default(i) != NULL; i++)
            add(c, &events[i], encoding_default(i));
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
        counters_free(c);
        return NULL;
    }
    free(copy);
    *count = c->count;
    return c;
}

void counters_free(struct counters *counters)
{
    free(counters);
    encoding_close();
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

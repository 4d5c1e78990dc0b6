/* SPDX-License-Identifier: MIT */
#include "bench/runner/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000ULL
#define BAR_EVERY (NS_PER_S / 10) /* as often as the eye follows */
#define LINE_EVERY (5 * NS_PER_S)
#define BAR_WIDTH 24
#define COLUMNS_DEFAULT 80

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

char *time_text(uint64_t ns)
{
    uint64_t s = (ns + NS_PER_S / 2) / NS_PER_S;
    if (s >= 3600)
        return format_text("%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, s / 3600, s / 60 % 60, s % 60);
    return format_text("%" PRIu64 ":%02" PRIu64, s / 60, s % 60);
}

void progress_start(struct progress *p, size_t total, uint64_t planned)
{
    *p = (struct progress){
        .total = total, .planned = planned, .started = now(), .terminal = isatty(STDERR_FILENO)};
}

/* What is left takes in proportion to its plan what the past took. */
static uint64_t time_left(const struct progress *p, uint64_t time)
{
    if (p->covered == 0)
        return p->planned;
    double pace = (double)(time - p->started) / (double)p->covered;
    return (uint64_t)(pace * (double)(p->planned - p->covered));
}

static int columns(void)
{
    struct winsize size;
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    return known ? size.ws_col : COLUMNS_DEFAULT;
}

static void draw_bar(const struct progress *p, const char *left, const char *what)
{
    char bar[BAR_WIDTH + 1] = {0};
    size_t filled = p->done * BAR_WIDTH / p->total;
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled);
    char *line = format_text("[%s] %zu/%zu  %s left  %s", bar, p->done, p->total, left, what);
    fprintf(stderr, "\r\033[K%.*s", columns() - 1, line);
    fflush(stderr);
    free(line);
}

void progress_step(struct progress *p, uint64_t ns, const char *what)
{
    p->done++;
    p->covered += ns;
    uint64_t time = now();
    bool due = time - p->drawn >= (p->terminal ? BAR_EVERY : LINE_EVERY);
    if (p->drawn != 0 && !due && p->done != p->total)
        return;
    p->drawn = time;
    char *left = time_text(time_left(p, time));
    if (p->terminal)
        draw_bar(p, left, what);
    else
        say("%zu of %zu observation%s, %s left", p->done, p->total, plural(p->total), left);
    free(left);
}

void progress_clear(struct progress *p)
{
    if (p->terminal && p->drawn != 0)
        fputs("\r\033[K", stderr);
}

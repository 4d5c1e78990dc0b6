/* SPDX-License-Identifier: MIT */
#include "bench/runner/loader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/runner/interrupt.h"
#include "bench/runner/line.h"

#define MS_PER_S 1000ULL
#define ECHO_MS 2000     /* until a character has come back, from a slow screen too */
#define ANSWER_MS 20000  /* until a loader has found a file, on a slow medium too */
#define TRIES 5          /* of a name whose echo is not what was sent */
#define LABELS 3         /* of a medium that cannot be read */
#define REOPEN_MS 1000   /* between looks for a device that is gone */
#define SETTLE_MS 200    /* of silence after which a loader waits: what was typed it has read */
#define AFTER_PANIC 1000 /* ms of silence after which a backtrace is over */
#define COME_MS 3000     /* when to say that a machine is waited for: at first, */
#define BACK_MS 180000   /* and after a reset; firmware takes long on some */

/* What the hypervisor says at an end (hv/core/domain.c, panic.c, hv/arch/x86_64/end.c). */
#define SAYS_REBOOT "(hv) domain 0 asked for a reboot"
#define SAYS_END "(hv) domain 0 "
#define SAYS_PANIC "(hv) panic: "
#define SAYS_STOP "(hv) the machine stands still"

struct loader {
    struct loader_terms terms;
    struct line line;
    struct label label;
    FILE *log;
    bool asks;  /* its prompt is there, and nothing was typed since */
    bool stuck; /* it will not come back by itself */
    bool over;
    char *text;           /* lines since it was last looked at, ends in a NUL */
    size_t length, begun; /* where the last line begins, which has no end yet */
};

/* ---- what comes ---- */

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * MS_PER_S + (uint64_t)t.tv_nsec / 1000000;
}

static uint64_t left(uint64_t until)
{
    uint64_t now = now_ms();
    return until > now ? until - now : 0;
}

static void forget(struct loader *l)
{
    l->length = l->begun = 0;
    l->text = memory_grow(l->text, 1, 1);
    l->text[0] = '\0';
}

/* Ends of lines are \n: the hypervisor's are \r\n, the loader's \n\r. */
static void keep(struct loader *l, const char *bytes, size_t count)
{
    l->text = memory_grow(l->text, l->length + count + 1, 1);
    for (size_t i = 0; i < count; i++)
        if (bytes[i] == '\0')
            l->text[l->length++] = '?';
        else if (bytes[i] != '\r')
            l->text[l->length++] = bytes[i];
    l->text[l->length] = '\0';
}

/* Takes what comes, at most until then, however much that is. */
static enum line_event take(struct loader *l, uint64_t until)
{
    char bytes[4096];
    size_t count;
    if (left(until) == 0)
        return LINE_QUIET;
    enum line_event event = line_receive(&l->line, bytes, sizeof(bytes), &count, left(until));
    if (event == LINE_BYTES) {
        keep(l, bytes, count);
        if (l->log != NULL && (fwrite(bytes, 1, count, l->log) != count || fflush(l->log) != 0)) {
            say("%s cannot be written: %s", l->terms.log, strerror(errno));
            fclose(l->log);
            l->log = NULL;
        }
    }
    return event;
}

/* The next line that has an end, of those that were taken, the caller frees; NULL: there is none.
 */
static char *next_line(struct loader *l)
{
    const char *end = memchr(l->text + l->begun, '\n', l->length - l->begun);
    if (end == NULL)
        return NULL;
    char *line = format_text("%.*s", (int)(end - l->text - l->begun), l->text + l->begun);
    l->begun = (size_t)(end - l->text) + 1;
    return line;
}

/* ---- a machine that is waited for ---- */

static bool give_up(struct loader *l, struct fault *fault, enum line_event event)
{
    l->over = true;
    if (event == LINE_INTERRUPTED)
        return fault_set(fault, "interrupted while %s was waited for", l->terms.device);
    if (event == LINE_LOST)
        return fault_set(fault, "%s: the line is gone, and was not there again within %u s",
                         l->terms.device, l->terms.patience_s);
    return fault_set(fault, "%s: no medium asked what to boot within %u s", l->terms.device,
                     l->terms.patience_s);
}

/* Above a line that shows progress. */
static void remark(const struct loader *l, const char *what)
{
    if (isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    say("%s: %s", l->terms.device, what);
}

/* A device that is gone may be plugged in again. */
static enum line_event open_again(struct loader *l, uint64_t until)
{
    struct fault fault;
    line_close(&l->line);
    l->asks = false;
    remark(l, "the line was hung up; waiting for it to come back");
    while (!line_open(&l->line, l->terms.device, l->terms.bits_per_s, &fault)) {
        if (left(until) == 0)
            return LINE_LOST;
        if (interrupt_wait(REOPEN_MS))
            return LINE_INTERRUPTED;
    }
    return line_send(&l->line, '\r', ECHO_MS);
}

/* Reads until a label is whole and nothing follows. A broken one is asked for again: an empty line
 * is no boot. */
static enum line_event read_label(struct loader *l, uint64_t until, struct fault *fault)
{
    unsigned broken = 0;
    bool whole = false;
    fault->text[0] = '\0';
    for (;;) {
        for (char *line; (line = next_line(l)) != NULL;) {
            enum label_line what = label_read(&l->label, line);
            free(line);
            whole = what == LABEL_WHOLE || (whole && what == LABEL_OTHER);
            if (what == LABEL_BROKEN && ++broken == LABELS) {
                l->over = true;
                fault_set(fault,
                          "%s: what the medium says of itself cannot be read: another version of "
                          "ringside made it, or the line has noise (is its speed %u?)",
                          l->terms.device, l->terms.bits_per_s);
                return LINE_QUIET;
            }
            if (what == LABEL_BROKEN)
                line_send(&l->line, '\r', ECHO_MS);
        }
        uint64_t settled = now_ms() + SETTLE_MS;
        enum line_event event = take(l, whole && settled < until ? settled : until);
        if (event == LINE_QUIET && whole)
            return LINE_BYTES;
        if (event != LINE_BYTES)
            return event;
    }
}

bool loader_wait(struct loader *l, struct fault *fault)
{
    bool first = l->label.hypervisor == NULL;
    uint64_t until = now_ms() + l->terms.patience_s * MS_PER_S;
    uint64_t remark_at = now_ms() + (first || l->stuck ? COME_MS : BACK_MS);
    if (l->over)
        return fault_set(fault, "%s was given up", l->terms.device);
    for (bool said = false; !l->asks;) {
        enum line_event event = read_label(l, said || until < remark_at ? until : remark_at, fault);
        if (fault->text[0] != '\0')
            return false;
        if (event == LINE_LOST)
            event = open_again(l, until);
        else
            l->asks = event == LINE_BYTES;
        if (event == LINE_INTERRUPTED || event == LINE_LOST || (!l->asks && left(until) == 0))
            return give_up(l, fault, event);
        if (event == LINE_QUIET && !said && now_ms() >= remark_at) {
            remark(l, first ? "waiting for a medium to ask what to boot; switch the machine on"
                            : "the machine does not come back; reset it");
            said = true;
        }
    }
    l->stuck = false;
    return true;
}

/* ---- a boot ---- */

/* The character's echo is the next one that comes. */
static enum line_event type(struct loader *l, char c)
{
    forget(l);
    uint64_t until = now_ms() + ECHO_MS;
    enum line_event event = line_send(&l->line, c, ECHO_MS);
    while (event == LINE_BYTES && l->length == 0)
        event = take(l, until);
    if (event == LINE_BYTES && (l->length != 1 || l->text[0] != c))
        return LINE_QUIET; /* it is none */
    return event;
}

enum answer { ANSWER_BOOTS, ANSWER_UNKNOWN, ANSWER_NONE };

/* To a name that was typed. After none, or one to another name, the loader asks again. */
static enum answer answer_to(struct loader *l, const char *name, enum line_event *event)
{
    char *boots = format_text("@ boot %s", name), *unknown = format_text("@ unknown %s", name);
    enum answer answer = ANSWER_NONE;
    uint64_t until = now_ms() + ANSWER_MS;
    forget(l);
    *event = line_send(&l->line, '\r', ECHO_MS);
    while (answer == ANSWER_NONE && *event == LINE_BYTES) {
        *event = take(l, until);
        for (char *line; answer == ANSWER_NONE && (line = next_line(l)) != NULL;) {
            if (strcmp(line, boots) == 0)
                answer = ANSWER_BOOTS;
            else if (strcmp(line, unknown) == 0)
                answer = ANSWER_UNKNOWN;
            else if (label_read(&l->label, line) == LABEL_WHOLE)
                *event = LINE_QUIET; /* it took another name */
            free(line);
        }
    }
    free(unknown);
    free(boots);
    return answer;
}

/* With the loader asking. */
static enum answer ask_for(struct loader *l, const char *name, enum line_event *event)
{
    l->asks = false;
    *event = LINE_BYTES;
    for (const char *c = name; *event == LINE_BYTES && *c != '\0'; c++)
        *event = type(l, *c);
    if (*event == LINE_BYTES)
        return answer_to(l, name, event);
    if (*event == LINE_QUIET) /* what stands there is none: the loader asks again */
        *event = line_send(&l->line, '\r', ECHO_MS);
    return ANSWER_NONE;
}

/* What the lines of a boot have said of its end so far. */
struct course {
    enum loader_end end;
    bool panics; /* a backtrace follows, and a reset */
    bool stands; /* nothing follows */
    bool asks;   /* the loader is back */
};

/* A line of a boot: is it its last? */
static bool is_end(const char *line, struct label *label, struct course *c)
{
    bool rebooted = strcmp(line, SAYS_REBOOT) == 0;
    c->stands = !rebooted && (strncmp(line, SAYS_END, strlen(SAYS_END)) == 0 ||
                              strncmp(line, SAYS_STOP, strlen(SAYS_STOP)) == 0);
    c->asks = label_read(label, line) == LABEL_WHOLE;
    c->panics |= strncmp(line, SAYS_PANIC, strlen(SAYS_PANIC)) == 0;
    c->end = rebooted                 ? LOADER_REBOOTED
             : c->stands || c->panics ? LOADER_STOPPED
             : c->asks                ? LOADER_RESET
                                      : LOADER_NO_END;
    return rebooted || c->stands || c->asks;
}

/* Takes lines until the end; what follows it stays. */
static enum loader_end gather(struct loader *l, bool *interrupted)
{
    struct course course = {.end = LOADER_NO_END};
    bool ended = false;
    uint64_t until = now_ms() + l->terms.limit_s * MS_PER_S;
    for (;;) {
        for (char *line; !ended && (line = next_line(l)) != NULL;) {
            ended = is_end(line, &l->label, &course);
            free(line);
        }
        if (ended)
            break;
        uint64_t quiet = now_ms() + AFTER_PANIC;
        enum line_event event = take(l, course.panics && quiet < until ? quiet : until);
        *interrupted = event == LINE_INTERRUPTED;
        if (event == LINE_LOST)
            return LOADER_LOST;
        if (event != LINE_BYTES)
            break;
    }
    l->asks = course.asks;
    l->stuck = course.stands || course.end == LOADER_NO_END;
    return course.end;
}

/* One that does not have this boot has not many others either. */
static bool refuse_unknown(struct loader *l, const char *name, struct fault *fault)
{
    char *experiments = strings_join(&l->label.experiments, ", ");
    char *sets = strings_join(&l->label.sets, ", ");
    l->over = true;
    fault_set(fault,
              "the medium in the machine has no boot %s; it was made for %s (%s%s%s), from the "
              "images as they were then: `ringside medium` makes another one",
              name, experiments, effort_name(l->label.effort), *sets == '\0' ? "" : ", ", sets);
    free(sets);
    free(experiments);
    return false;
}

static bool start(struct loader *l, const char *name, struct fault *fault)
{
    enum answer answer = ANSWER_NONE;
    for (unsigned i = 0; answer == ANSWER_NONE; i++) {
        enum line_event event;
        if (i == TRIES) {
            l->over = true;
            return fault_set(fault,
                             "%s: the medium did not take a name in %u tries: the line has "
                             "noise, or somebody types as well",
                             l->terms.device, TRIES);
        }
        if (!loader_wait(l, fault))
            return false;
        answer = ask_for(l, name, &event);
        if (event == LINE_INTERRUPTED)
            return give_up(l, fault, event);
    }
    return answer == ANSWER_BOOTS || refuse_unknown(l, name, fault);
}

bool loader_boot(struct loader *l, const char *name, char **said, enum loader_end *end,
                 struct fault *fault)
{
    bool interrupted = false;
    if (!start(l, name, fault))
        return false;
    size_t from = l->begun; /* behind the answer */
    *end = gather(l, &interrupted);
    if (interrupted)
        return give_up(l, fault, LINE_INTERRUPTED);
    size_t to = *end == LOADER_REBOOTED ? l->begun : l->length;
    *said = format_text("%.*s", (int)(to - from), l->text + from);
    char *label = strstr(*said, "\n@ machine "); /* of one that is back already */
    if (label != NULL)
        label[1] = '\0';
    return true;
}

/* ---- open and closed ---- */

struct loader *loader_open(const struct loader_terms *terms, struct fault *fault)
{
    struct loader *l = memory(1, sizeof(*l));
    *l = (struct loader){.terms = *terms, .line = {.fd = -1}};
    forget(l);
    bool good = line_open(&l->line, terms->device, terms->bits_per_s, fault);
    if (good && terms->log != NULL) {
        l->log = fopen(terms->log, "we");
        if (l->log == NULL)
            good = fault_set(fault, "%s cannot be written: %s", terms->log, strerror(errno));
    }
    if (good) {
        line_send(&l->line, '\r', ECHO_MS); /* one that asks already says its label again */
        return l;
    }
    loader_close(l);
    return NULL;
}

void loader_close(struct loader *l)
{
    line_close(&l->line);
    if (l->log != NULL)
        fclose(l->log);
    label_free(&l->label);
    free(l->text);
    free(l);
}

const struct label *loader_label(const struct loader *l)
{
    return &l->label;
}

bool loader_is_over(const struct loader *l)
{
    return l->over;
}

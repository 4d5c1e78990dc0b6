/* SPDX-License-Identifier: MIT */
#include "dom0/wiring.h"
#include "guest/grant.h"
#include "guest/lib/format.h"

/*
 * References of channels are the last ones of a front end's table, because the first ones are what
 * it gives out itself.
 */
static bool choose_refs(const struct description *d, struct wire wires[], struct problem *problem)
{
    unsigned used[DESCRIBED_DOMAINS_MAX] = {0};
    for (unsigned i = 0; i < d->channels_count; i++) {
        const struct described_channel *c = &d->channels[i];
        used[c->front] += c->pages;
        if (used[c->front] > GRANT_REFS - GNTTAB_NR_RESERVED_ENTRIES)
            return problem_is(problem, "channel %s: expected at most %u pages of channels of %s",
                              c->name, GRANT_REFS - GNTTAB_NR_RESERVED_ENTRIES,
                              d->domains[c->front].name);
        wires[i].first_ref = GRANT_REFS - used[c->front];
    }
    return true;
}

bool wire_channels(const struct description *description, struct domain *const domains[],
                   struct wire wires[], struct problem *problem)
{
    if (!choose_refs(description, wires, problem))
        return false;
    for (unsigned i = 0; i < description->channels_count; i++) {
        const struct described_channel *c = &description->channels[i];
        wires[i].front = domains[c->front]->id;
        wires[i].back = domains[c->back]->id;
        if (!domain_port(domains[c->front], wires[i].back, &wires[i].port, problem))
            return problem_of(problem, c->name);
    }
    return true;
}

struct line {
    char *at;
    size_t length; /* that it would have, if it had room */
};

static void add(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct line *line, const char *format, ...)
{
    size_t room = line->length < MAX_GUEST_CMDLINE ? MAX_GUEST_CMDLINE - line->length : 0;
    va_list args;
    va_start(args, format);
    line->length += (size_t)vsnprintf(line->at + line->length, room, format, args);
    va_end(args);
}

static void add_channel(struct line *line, const struct described_channel *c, const struct wire *w,
                        bool is_front)
{
    add(line, " channel.%s=%s,%u,%u,%u,%u", c->name, is_front ? "front" : "back",
        is_front ? w->back : w->front, w->port, w->first_ref, c->pages);
    struct text rest = c->with;
    for (struct text word = text_word(&rest); word.length > 0; word = text_word(&rest))
        add(line, " %s.%.*s", c->name, (int)word.length, word.at);
}

bool wire_command_line(const struct description *description, const struct wire wires[], unsigned n,
                       char line[MAX_GUEST_CMDLINE], struct problem *problem)
{
    const struct described_domain *domain = &description->domains[n];
    struct line to = {.at = line};
    line[0] = '\0';
    add(&to, "%.*s", (int)domain->arguments.length, domain->arguments.at);
    if (domain->events)
        add(&to, " events=%s", domain->events);
    for (unsigned i = 0; i < description->channels_count; i++) {
        const struct described_channel *c = &description->channels[i];
        if (c->front == n || c->back == n)
            add_channel(&to, c, &wires[i], c->front == n);
    }
    return to.length < MAX_GUEST_CMDLINE ||
           problem_is(problem, "%s: expected a command line below %u characters, found %zu",
                      domain->name, MAX_GUEST_CMDLINE, to.length);
}

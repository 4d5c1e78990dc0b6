/* SPDX-License-Identifier: MIT */
#include "guest/channel.h"
#include "guest/event.h"
#include "guest/grant.h"
#include "guest/heap.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/thread.h"
#include "guest/window.h"

#define OPTION_MAX 80U /* characters of an option's name */

static void arrived(evtchn_port_t port, void *data)
{
    struct channel *channel = data;
    (void)port;
    channel->events++;
    channel->was_connected = true;
    if (channel->waiter)
        thread_wake(channel->waiter);
}

/* ---- the command line */

/* The next of the numbers that follow each other with commas. */
static bool number_in(const char **at, const char *end, uint64_t most, uint64_t *value)
{
    if (*at == end || **at != ',')
        return false;
    const char *first = ++*at;
    while (*at < end && **at != ',')
        ++*at;
    return string_number(first, (size_t)(*at - first), value) && *value <= most;
}

static bool read_ends(struct channel *channel, const char *at, const char *end)
{
    uint64_t peer;
    uint64_t port;
    uint64_t ref;
    uint64_t pages;
    size_t length = (size_t)(end - at);
    channel->is_front = length > 5 && !strncmp(at, "front", 5);
    if (!channel->is_front && (length < 4 || strncmp(at, "back", 4) != 0))
        return false;
    at += channel->is_front ? 5 : 4;
    if (!number_in(&at, end, DOMID_FIRST_RESERVED - 1, &peer) ||
        !number_in(&at, end, EVENT_PORTS_FIFO - 1, &port) ||
        !number_in(&at, end, GRANT_REFS - 1, &ref) ||
        !number_in(&at, end, GRANT_REFS - ref, &pages) || at != end || pages == 0)
        return false;
    channel->peer = (domid_t)peer;
    channel->port = (evtchn_port_t)port;
    channel->first_ref = (grant_ref_t)ref;
    channel->pages = (unsigned)pages;
    return true;
}

const char *channel_option(const struct channel *channel, const char *key, size_t *length)
{
    char option[OPTION_MAX];
    snprintf(option, sizeof(option), "%s.%s", channel->name, key);
    return start_option(option, length);
}

uint64_t channel_option_number(const struct channel *channel, const char *key, uint64_t otherwise)
{
    char option[OPTION_MAX];
    snprintf(option, sizeof(option), "%s.%s", channel->name, key);
    return start_option_number(option, otherwise);
}

/* ---- the front end */

static void open_front(struct channel *channel)
{
    if (!grant_reserve(channel->first_ref, channel->pages))
        power_panic("channel %s: grants from %u on are taken", channel->name, channel->first_ref);
    channel->memory = page_alloc_run(channel->pages);
    event_adopt(channel->port);
}

void channel_offer(struct channel *channel)
{
    for (unsigned i = channel->pages; i-- > 0;)
        grant_access(channel->first_ref + i, channel->peer,
                     page_mfn((char *)channel->memory + i * PAGE_SIZE), false);
    channel_send(channel);
}

/* All or nothing, but for those that were taken back in an earlier try. */
static bool withdraw(struct channel *channel)
{
    for (unsigned i = 0; i < channel->pages; i++) {
        if (!grant_end_access(channel->first_ref + i))
            return false;
    }
    return true;
}

static bool close_front(struct channel *channel)
{
    if (!withdraw(channel))
        return false;
    for (unsigned i = 0; i < channel->pages; i++)
        grant_free(channel->first_ref + i);
    page_free_run(channel->memory, channel->pages);
    return true;
}

/* ---- the back end */

static void open_back(struct channel *channel)
{
    long port = event_bind_interdomain(channel->peer, channel->port);
    if (port < 0)
        power_panic("channel %s: port %u of domain %u: error %ld", channel->name, channel->port,
                    channel->peer, port);
    channel->port = (evtchn_port_t)port;
    channel->was_connected = true;
    channel->handles = calloc(channel->pages, sizeof(*channel->handles));
    if (!channel->handles)
        power_panic("channel %s: out of memory", channel->name);
}

static void unmap(const struct channel *channel, char *at, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        int status = grant_unmap(channel->handles[i], (uintptr_t)at + i * PAGE_SIZE);
        if (status != GNTST_okay)
            power_panic("channel %s: page %u cannot be unmapped: %d", channel->name, i, status);
    }
    window_free(at, channel->pages);
}

static bool try_attach(struct channel *channel)
{
    char *at = window_alloc(channel->pages);
    if (!at)
        power_panic("channel %s: no addresses for %u pages", channel->name, channel->pages);
    for (unsigned i = 0; i < channel->pages; i++) {
        int status = grant_map(channel->peer, channel->first_ref + i, (uintptr_t)at + i * PAGE_SIZE,
                               0, &channel->handles[i]);
        if (status != GNTST_okay) {
            unmap(channel, at, i);
            return false;
        }
    }
    channel->memory = at;
    return true;
}

bool channel_attach(struct channel *channel, ns_t deadline)
{
    while (!try_attach(channel)) {
        if (time_system().n >= deadline.n || channel_peer_gone(channel))
            return false;
        channel_wait(channel, deadline);
    }
    channel_send(channel);
    return true;
}

static bool close_back(struct channel *channel)
{
    if (channel->memory)
        unmap(channel, channel->memory, channel->pages);
    free(channel->handles);
    return true;
}

/* ---- both */

void channel_open(struct channel *channel, const char *name)
{
    char option[OPTION_MAX];
    size_t length;
    *channel = (struct channel){.name = name, .waiter = thread_self()};
    snprintf(option, sizeof(option), "channel.%s", name);
    const char *value = start_option(option, &length);
    if (!value)
        power_panic("option %s: expected the ends of a channel, found none", option);
    if (!read_ends(channel, value, value + length))
        power_panic("option %s: expected front or back,PEER,PORT,REF,PAGES, found `%.*s'", option,
                    (int)length, value);
    grant_init();
    if (channel->is_front)
        open_front(channel);
    else
        open_back(channel);
    event_handle(channel->port, arrived, channel);
    event_unmask(channel->port);
}

long channel_send(struct channel *channel)
{
    return event_send(channel->port);
}

bool channel_wait(struct channel *channel, ns_t deadline)
{
    channel->waiter = thread_self();
    return thread_wait_until(deadline);
}

bool channel_peer_gone(struct channel *channel)
{
    struct evtchn_status status = {.dom = DOMID_SELF, .port = channel->port};
    long error = hypercall_event_channel_op(EVTCHNOP_status, &status);
    if (error)
        power_panic("channel %s: the state of port %u: error %ld", channel->name, channel->port,
                    error);
    bool connected = status.status == EVTCHNSTAT_interdomain;
    /* An event that upcalls are masked for came from there too. */
    channel->was_connected |= connected || event_pending(channel->port);
    return !connected && channel->was_connected;
}

bool channel_close(struct channel *channel)
{
    if (channel->is_front ? !close_front(channel) : !close_back(channel))
        return false;
    event_drop(channel->port);
    channel->memory = NULL;
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "dom0/console.h"
#include "dom0/watch.h"
#include "guest/console_back.h"
#include "guest/event.h"
#include "guest/foreign.h"
#include "guest/lib/format.h"

static void print(const char *name, const char *line)
{
    printf("[%s] %s\n", name, line);
}

static console_sink *show = print;

void console_show_by(console_sink *sink)
{
    show = sink;
}

bool console_bind(struct console *console, const char *name, domid_t domain, evtchn_port_t remote,
                  struct problem *problem)
{
    *console = (struct console){.name = name};
    long port = event_bind_interdomain(domain, remote);
    if (port < 0)
        return problem_is(problem, "console: port %u cannot be bound to: error %ld", remote, port);
    console->port = (evtchn_port_t)port;
    event_handle(console->port, watch_event, NULL);
    event_unmask(console->port);
    return true;
}

bool console_map(struct console *console, domid_t domain, uint64_t frame, struct problem *problem)
{
    long error;
    console->ring = foreign_map(domain, &frame, 1, &error);
    if (!console->ring)
        return problem_is(problem, "console: frame %lx cannot be mapped: error %ld", frame, error);
    return true;
}

static void end_line(struct console *console)
{
    console->line[console->length] = '\0';
    console->length = 0;
    show(console->name, console->line);
}

static void take(struct console *console, char c)
{
    if (c == '\n')
        end_line(console);
    else if (c != '\r')
        console->line[console->length++] = c;
    if (console->length == CONSOLE_LINE_MAX)
        end_line(console);
}

bool console_drain(struct console *console, unsigned most)
{
    char text[256];
    unsigned shown = 0;
    size_t n = 1;
    while (console->ring && n > 0 && shown < most) {
        n = console_back_read(console->ring, text, sizeof(text));
        for (size_t i = 0; i < n; i++)
            take(console, text[i]);
        shown += (unsigned)n;
    }
    if (shown > 0) /* there is room again */
        event_send(console->port);
    return shown >= most;
}

void console_close(struct console *console)
{
    if (console->ring) {
        console_drain(console, sizeof(console->ring->out));
        if (console->length > 0)
            end_line(console);
        foreign_unmap(console->ring, 1);
    }
    if (console->port)
        event_drop(console->port);
    console->ring = NULL;
    console->port = 0;
}

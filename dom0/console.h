/* SPDX-License-Identifier: MIT */
/*
 * The back end of a domain's console: what it writes is shown line by line, its name before each.
 */
#ifndef DOM0_CONSOLE_H
#define DOM0_CONSOLE_H

#include "dom0/problem.h"
#include "guest/xen.h"

#include <xen/io/console.h>

#define CONSOLE_LINE_MAX 256U /* a longer line is shown in pieces */

struct console {
    const char *name;
    struct xencons_interface *ring; /* NULL: not open */
    evtchn_port_t port;             /* ours; 0: none */
    char line[CONSOLE_LINE_MAX + 1];
    unsigned length;
};

/* Who is given each line, without its end. At first it is printed, as `[name] line`. */
typedef void console_sink(const char *name, const char *line);
void console_show_by(console_sink *sink);

/*
 * Two steps, because the port must be there before the page is. `wake` is an event handler that
 * makes somebody call console_drain() soon. Closing is right after any of them.
 */
bool console_bind(struct console *console, const char *name, domid_t domain, evtchn_port_t remote,
                  struct problem *problem);
bool console_map(struct console *console, domid_t domain, uint64_t frame, struct problem *problem);

/*
 * Shows what there is, of `most` bytes at the most: a domain that writes without end does not keep
 * the control domain from others. Was there more?
 */
bool console_drain(struct console *console, unsigned most);

/* Shows what there is, also without an end of line. */
void console_close(struct console *console);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A serial line to another machine: a terminal device of this one, raw, 8 bits, no parity, one stop
 * bit, no flow control. While it is open nobody else has it.
 */
#ifndef RUNNER_LINE_H
#define RUNNER_LINE_H

#include <termios.h>

#include "bench/runner/text.h"

struct line {
    int fd; /* -1: closed */
    struct termios before;
};

/* Is it a speed that lines have, in bits a second? The other machine's console has those that
 * divide 115200. */
bool line_has_speed(uint64_t bits_per_s);

/* What already waits to be read is dropped. */
bool line_open(struct line *line, const char *device, unsigned bits_per_s, struct fault *fault);
void line_close(struct line *line);

enum line_event {
    LINE_BYTES,
    LINE_QUIET,       /* nothing within the time */
    LINE_INTERRUPTED, /* the user wants an end (interrupt.h) */
    LINE_LOST,        /* the device is gone, or was hung up; errno says how, 0: hung up */
};

/* Waits for bytes, at most so long, and takes them: *length of at most `size`. */
enum line_event line_receive(struct line *line, char *to, size_t size, size_t *length,
                             uint64_t wait_ms);

/* One character; waits as long as the device has no room. */
enum line_event line_send(struct line *line, char c, uint64_t wait_ms);

#endif

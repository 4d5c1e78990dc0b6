/* SPDX-License-Identifier: MIT */
/* The 16550 serial port that is the console; `console=` says which, and how fast. */
#ifndef X86_SERIAL_H
#define X86_SERIAL_H

#include <stdbool.h>

void serial_init(void);
void serial_put(char c);

/* Returns when the last character has left: a reset would cut it off. */
void serial_drain(void);

/* A character that arrived, or -1. */
int serial_get(void);

/* An interrupt for each arrival; the line that it comes by, or -1 if there is no console. */
int serial_enable_interrupt(void);

#endif

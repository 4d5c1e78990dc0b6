/* SPDX-License-Identifier: MIT */
/* What is typed on the machine's console. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

/* Takes characters until next() gives -1, and tells the control domain. Interrupts off. */
void console_typed(int (*next)(void));

#endif

/* SPDX-License-Identifier: MIT */
/* What is typed on the machine's console. */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

/* Takes characters until next() gives -1, and sees to it that console_tell() is called. For an
 * interrupt's handler. */
void console_typed(int (*next)(void));

/* Tells the control domain that there is something to read. */
void console_tell(void);

#endif

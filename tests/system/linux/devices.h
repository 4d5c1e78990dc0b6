/* SPDX-License-Identifier: MIT */
/* Devices that Linux drives as the control domain: that they work says that interrupts do. */
#ifndef TESTS_SYSTEM_LINUX_DEVICES_H
#define TESTS_SYSTEM_LINUX_DEVICES_H

#include <stdbool.h>

/* The modules that the ramdisk holds for it are loaded, and /proc and /dev mounted. */
bool test_drivers(void);

/* The disk holds what the ramdisk's maker wrote, and keeps what is written to it. */
bool test_disk(void);

/* It interrupted, in the way that is expected (interrupts= on the kernel's command line). */
bool test_disk_interrupts(void);

/* The kernel has all lines that it asked for, and drivers of old ones found their devices: keyboard
 * and clock chip. */
bool test_old_lines(void);

#endif

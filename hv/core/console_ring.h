/* SPDX-License-Identifier: MIT */
/* The last that the hypervisor said, for the control domain to read (XEN_SYSCTL_readconsole). */
#ifndef HV_CONSOLE_RING_H
#define HV_CONSOLE_RING_H

#include "hv/core/types.h"

/* console_lock is held. What is oldest makes room. */
void console_ring_put(char c);

/*
 * Characters are counted from the start, modulo 2^32. Copies up to `n` of them from number *from
 * on, or from the oldest there is, if that is later; *from becomes the number behind them. Returns
 * how many. console_lock is held.
 */
uint32_t console_ring_read(char *to, uint32_t n, uint32_t *from);

/* What has been cleared is not read by those who do not say from where: the number that they begin
 * with. console_lock. */
uint32_t console_ring_start(void);
void console_ring_clear(uint32_t to);

#endif

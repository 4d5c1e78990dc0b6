/* SPDX-License-Identifier: MIT */
/*
 * What tests with several domains share. They are one image, `domains`, which runs as the control
 * domain of Ringside or Xen and finds the kernels that it starts in its ramdisk.
 */
#ifndef TESTS_DOMAINS_SUPPORT_H
#define TESTS_DOMAINS_SUPPORT_H

#include "dom0/domain.h"
#include "dom0/watch.h"
#include "guest/tap.h"
#include "guest/time.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define MEMORY_SMALL (2UL << 20) /* bytes; enough for any of the kernels here */
#define PATIENCE \
    NS(20 * NS_PER_SECOND) /* for what takes milliseconds, on a machine that is shared */

ns_t deadline_in(ns_t duration);

extern struct archive ramdisk;

/* A kernel of the ramdisk; ends the run if there is none. */
struct file kernel(const char *name);

/* A small domain of one vcpu. */
struct domain_setup small(const char *name, const char *kernel_name);

/* created, built and unpaused; false: that failed, and was said as commentary. */
bool start(struct domain *domain, const struct domain_setup *setup, const char *command_line);

/* Waits for its end, at most as long as PATIENCE says; SHUTDOWN_..., or NOT_ENDED. */
#define NOT_ENDED 1000U
unsigned wait_end(struct domain *domain);

/* Was it destroyed? Why not is commentary. */
bool destroy(struct domain *domain);

/* ---- what domains say: the last lines that consoles showed */

#define SAID_MAX 256U

/* From now on; forgets what was said before. */
void listen(void);

/* How often `name` said a line that begins with `start`. */
unsigned said(const char *name, const char *start);

/* What follows `start` in such a line, as a number; `otherwise`: there is none. */
uint64_t said_number(const char *name, const char *start, uint64_t otherwise);

/* ---- time */

/* Is a tick of the counter an instruction? So it is under QEMU's -icount. */
bool counts_instructions(void);

/* ---- memory */

uint64_t free_pages(void);

/*
 * Are `expected` pages or more free, now or soon? Xen gives the last pages of a domain back when
 * all processors have passed a quiet point.
 */
bool free_again(uint64_t expected);

#endif

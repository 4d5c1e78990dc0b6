/* SPDX-License-Identifier: MIT */
/*
 * Machines of their own, at the other end of a serial line (bench/runner/loader.h): the platform
 * `bare-metal`. They boot from a medium (bench/runner/medium.h) what QEMU is given elsewhere, and
 * end by a reset. There is one at a time.
 */
#ifndef RUNNER_SUITES_BARE_H
#define RUNNER_SUITES_BARE_H

#include "bench/runner/loader.h"
#include "bench/runner/medium.h"
#include "bench/runner/suites/machine.h"

#define BARE_PLATFORM "bare-metal"

/* From now on points of this platform are planned, for a medium; and measured, if there is a
 * loader. It is the caller's, and stays open as long as anything is measured. */
void bare_use(struct loader *loader);

/* NULL if its points can be planned, else why not and what to do. As machine_missing. */
const char *bare_missing(const char *guest);

/* As machine_boot, machine_ended, and what machine_explain says of an end and how to boot again. */
bool bare_boot(const struct machine *machine, struct program_end *end, struct fault *fault);
bool bare_ended(const struct program_end *end);
char *bare_end_text(const struct program_end *end);
char *bare_command(const struct machine *machine);

/* Can nothing more be measured? */
bool bare_is_over(void);

/* Adds to the manifest's `machine`, as `collected`, what is known of the one at the line, if there
 * is one. */
void bare_describe(json_t *machine);

/* Adds the boot to a medium. */
bool bare_pack(const struct machine *machine, struct medium *medium, struct fault *fault);

#endif

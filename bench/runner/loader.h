/* SPDX-License-Identifier: MIT */
/*
 * A machine at the other end of a serial line that boots a medium of `ringside medium`.
 *
 * The medium's loader (bench/runner/medium/grub.cfg) says what it is (label.h), reads a line with
 * the name of a boot, and answers `@ boot NAME` or `@ unknown NAME`. It has no flow control and may
 * be slow, so a character is sent when the one before it was echoed. Machines end a boot by a
 * reset, and so come back to the loader. One that does not come back is waited for: somebody may
 * reset it, or plug the line in again.
 */
#ifndef RUNNER_LOADER_H
#define RUNNER_LOADER_H

#include "bench/runner/label.h"

struct loader_terms {
    const char *device;
    unsigned bits_per_s;
    unsigned limit_s;    /* for a boot, from its name to its end */
    unsigned patience_s; /* for a machine to come (back) to its loader */
    const char *log;     /* a file for all that is said, as it comes; NULL: none */
};

struct loader;

/* NULL with a fault. The device is opened; nobody is waited for. */
struct loader *loader_open(const struct loader_terms *terms, struct fault *fault);
void loader_close(struct loader *loader);

/* Waits until the loader asks what to boot. */
bool loader_wait(struct loader *loader, struct fault *fault);

/* What the medium said of itself, the last time. */
const struct label *loader_label(const struct loader *loader);

enum loader_end {
    LOADER_REBOOTED, /* the control domain asked for it: the end of a boot that went well */
    LOADER_STOPPED,  /* the hypervisor panicked, or the control domain ended otherwise */
    LOADER_RESET,    /* back at the loader without an end */
    LOADER_NO_END,   /* within the limit */
    LOADER_LOST,     /* the line was hung up */
};

/* Boots what is called so, and gathers what is said until its end; the caller frees. False with a
 * fault if it was not booted. */
bool loader_boot(struct loader *loader, const char *name, char **said, enum loader_end *end,
                 struct fault *fault);

/* Is there nothing more to be had? Patience is over, or the user wants an end. */
bool loader_is_over(const struct loader *loader);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * A medium that machines boot from by BIOS or by UEFI, with many boots to choose from: what is
 * given to QEMU elsewhere, each as a file of commands for GRUB. A boot is called by a fingerprint
 * of all that it consists of, to the byte; so who asks for one by name gets what he means, or
 * nothing.
 *
 *     boot/grub/grub.cfg    bench/runner/medium/grub.cfg
 *     ringside/label        what it was made for (label.h)
 *     ringside/boots/NAME   GRUB's commands
 *     ringside/files/NAME   images and ramdisks, by fingerprint: what boots have in common is there
 * once
 */
#ifndef RUNNER_MEDIUM_H
#define RUNNER_MEDIUM_H

#include "bench/runner/label.h"

#define MEDIUM_TOOL "grub-mkrescue"

/* Paths and command lines; no ramdisk: NULL. */
struct medium_boot {
    const char *hypervisor, *options;
    const char *guest, *arguments;
    const char *ramdisk;
};

/* What it is called; NULL with a fault if a file cannot be read. The caller frees. */
char *medium_boot_name(const struct medium_boot *boot, struct fault *fault);

struct medium {
    char *folder;                /* where its files gather */
    struct strings files, boots; /* names */
    struct strings packed;       /* what a suite has packed, in its own words */
};

bool medium_begin(struct medium *medium, struct fault *fault);

/* Adds a boot, unless it is there already. */
bool medium_add(struct medium *medium, const struct medium_boot *boot, struct fault *fault);

/* The serial port that is the console, of the machine that boots it. */
struct medium_console {
    unsigned unit; /* 0: COM1 */
    unsigned bits_per_s;
};

/* Writes the image; a file that is there is replaced when the new one is whole. */
bool medium_write(const struct medium *medium, const struct label *label,
                  const struct medium_console *console, const char *to, struct fault *fault);

/* Removes what gathered. */
void medium_end(struct medium *medium);

#endif

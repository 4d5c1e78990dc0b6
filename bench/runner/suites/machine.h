/* SPDX-License-Identifier: MIT */
/*
 * A machine, mostly under QEMU: a hypervisor, its first domain, and what that finds in its ramdisk.
 * Boots to its end and gives back what the console said.
 *
 * Images lie beside this program. With a clock that counts, an instruction is a nanosecond of the
 * machine's time (-icount shift=0, one processor), and its calendar is on that time too: nothing of
 * the host gets in, and every boot is the same.
 */
#ifndef RUNNER_SUITES_MACHINE_H
#define RUNNER_SUITES_MACHINE_H

#include "bench/runner/program.h"

#define MACHINE_PROGRAM "qemu-system-x86_64"
#define MACHINE_UEFI "/usr/share/ovmf/OVMF.fd" /* Debian's ovmf */

enum machine_hypervisor { MACHINE_RINGSIDE, MACHINE_XEN, MACHINE_HYPERVISORS };

/* What runs its instructions. */
enum machine_engine {
    MACHINE_ICOUNT, /* TCG, counting */
    MACHINE_TCG,    /* a thread of the host a processor */
    MACHINE_KVM,
    MACHINE_BARE, /* no QEMU: a machine of its own (bare.h) */
};

struct machine {
    enum machine_hypervisor hypervisor;
    enum machine_engine engine;
    unsigned cpus;
    unsigned memory_mib;
    const char *medium;    /* what firmware boots from, beside this program; NULL: what follows, */
    bool uefi;             /* and of which kind that is */
    const char *options;   /* more of the hypervisor's; NULL: none */
    const char *guest;     /* image of the first domain */
    const char *arguments; /* its command line; NULL: none */
    const char *ramdisk;   /* a path; NULL: none */
};

/* What it is called; NULL past the end. And the file that is booted. */
const char *machine_hypervisor_name(size_t hypervisor);
const char *machine_hypervisor_image(enum machine_hypervisor hypervisor);

/* NULL if it can be booted here with this guest, else why not and what to do. The text is valid
 * until the next call for the same hypervisor. */
const char *machine_missing(enum machine_hypervisor hypervisor, const char *guest);

/* The same of the images alone, without QEMU. */
const char *machine_images_missing(enum machine_hypervisor hypervisor, const char *guest);

/* NULL if KVM runs a guest here: one was booted, once, and came to its end in time. */
const char *machine_kvm_missing(void);

/* Boots it. A fault if that cannot be; how it ended is the caller's to judge. In the text,
 * which the caller frees, bytes that are no text are '?'. */
bool machine_boot(const struct machine *machine, struct program_end *end, struct fault *fault);

/* Did the guest come to its end by itself? */
bool machine_ended(const struct machine *machine, const struct program_end *end);

/* Completes a fault, which says what is wrong with what the machine said: how it ended, the
 * console's last lines, and the command that boots it again. Always false. */
bool machine_explain(const struct machine *machine, const struct program_end *end,
                     struct fault *fault);

/* The command of such a boot, as a shell takes it; the caller frees. */
char *machine_command(const struct machine *machine);

/* A fingerprint of what is in a file beside this program, NULL if it cannot be read; the caller
 * frees. */
char *machine_fingerprint(const char *name);

/* QEMU's version, as "7.2.22"; NULL if there is none. The caller frees. */
char *machine_qemu_version(void);

#endif

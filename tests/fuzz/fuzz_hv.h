/* SPDX-License-Identifier: MIT */
/* What the hypervisor reads before it runs anything: what one input does, as each kind of it. */
#ifndef TESTS_FUZZ_FUZZ_HV_H
#define TESTS_FUZZ_FUZZ_HV_H

#include <stddef.h>
#include <stdint.h>

/* A kernel's file, as it is; but the checksums of what it has of an .xz file's structure are made
 * right, so that what is behind them is reached. */
void fuzz_kernel_one(const uint8_t *data, size_t size);

/* A boot loader's information: a byte that says how it is passed, then the memory that it is in. */
void fuzz_multiboot_one(const uint8_t *data, size_t size);

/* A command line. */
void fuzz_option_one(const uint8_t *data, size_t size);

/* What the control domain reads: an archive, each file of which is a kernel and a description. */
void fuzz_ramdisk_one(const uint8_t *data, size_t size);

#endif

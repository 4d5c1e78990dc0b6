/* SPDX-License-Identifier: MIT */
/*
 * Files in a ramdisk: an archive of cpio's "new" format, uncompressed (Linux
 * Documentation/driver-api/early-userspace/buffer-format.rst).
 *
 * Regular files and directories; every name is relative and stays inside (`./` before it is
 * dropped). What the format knows beyond that, and what says one thing and holds another, is
 * refused: links, devices, checksums, an archive behind the archive.
 */
#ifndef DOM0_ARCHIVE_H
#define DOM0_ARCHIVE_H

#include <stddef.h>
#include <stdint.h>

#include "dom0/problem.h"

#define ARCHIVE_FILES_MAX 1024U

struct archive {
    const uint8_t *bytes; /* they last as long as what is found in them is used */
    size_t size;
};

struct file {
    const char *name; /* NUL-terminated */
    const void *bytes;
    size_t size;
};

/* All of it is checked here: what follows cannot fail. */
bool archive_open(struct archive *archive, const void *bytes, size_t size, struct problem *problem);

/* Is there a file of this name, of `length` characters? */
bool archive_find(const struct archive *archive, const char *name, size_t length,
                  struct file *file);

/* The files in order: `at` is 0 at first. false: there was none left. */
bool archive_next(const struct archive *archive, size_t *at, struct file *file);

#endif

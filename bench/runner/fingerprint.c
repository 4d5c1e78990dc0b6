/* SPDX-License-Identifier: MIT */
#include "bench/runner/fingerprint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void fingerprint_add(uint64_t *fingerprint, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < size; i++)
        *fingerprint = (*fingerprint ^ at[i]) * 0x100000001b3;
}

void fingerprint_add_text(uint64_t *fingerprint, const char *text)
{
    fingerprint_add(fingerprint, text, strlen(text) + 1);
}

bool fingerprint_add_file(uint64_t *fingerprint, const char *path, struct fault *fault)
{
    char block[65536];
    size_t got;
    FILE *in = fopen(path, "re");
    if (in == NULL)
        return fault_set(fault, "%s: cannot be read: %s", path, strerror(errno));
    while ((got = fread(block, 1, sizeof(block), in)) > 0)
        fingerprint_add(fingerprint, block, got);
    bool good = !ferror(in);
    fclose(in);
    return good || fault_set(fault, "%s: cannot be read", path);
}

char *fingerprint_text(uint64_t fingerprint)
{
    return format_text("%016" PRIx64, fingerprint);
}

char *fingerprint_file(const char *path, struct fault *fault)
{
    uint64_t fingerprint = FINGERPRINT_BEGIN;
    return fingerprint_add_file(&fingerprint, path, fault) ? fingerprint_text(fingerprint) : NULL;
}

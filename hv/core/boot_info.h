/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader told, copied out of its memory, which may then be used.
 *
 * Addresses are of the machine's memory. Regions are sorted, do not overlap, and are cut to whole
 * frames: usable ones inwards, all others outwards.
 */
#ifndef HV_BOOT_INFO_H
#define HV_BOOT_INFO_H

#include "hv/core/types.h"

#define BOOT_REGIONS_MAX 128
#define BOOT_MODULES_MAX 8
#define BOOT_LINE_MAX 1024
#define BOOT_RSDP_MAX 64

enum region_kind { REGION_USABLE, REGION_RESERVED, REGION_ACPI };

struct region {
    paddr_t start, end;
    enum region_kind kind;
    uint32_t type; /* the firmware's number for it, as in the ABI's memory_map */
};

struct boot_module {
    paddr_t start, end;
    char line[BOOT_LINE_MAX]; /* arguments, without the file's name */
};

struct boot_info {
    const char *loader; /* which protocol */
    char line[BOOT_LINE_MAX];
    struct region regions[BOOT_REGIONS_MAX];
    unsigned n_regions;
    struct boot_module modules[BOOT_MODULES_MAX];
    unsigned n_modules;
    unsigned n_rsdp; /* bytes of ACPI's root pointer; 0: look for it */
    uint8_t rsdp[BOOT_RSDP_MAX];
};

extern struct boot_info boot_info;

/* Adds what the firmware said about [start, end). Entries may come in any order and overlap: what
 * is reserved by one is. false: no room. */
bool boot_region_add(struct boot_info *b, paddr_t start, paddr_t end, uint32_t type);

/* Is each module in usable memory, clear of the others and of the hypervisor's image? false:
 * `error` says what is wrong. */
bool boot_modules_check(const struct boot_info *b, paddr_t image_start, paddr_t image_end,
                        char *error, size_t size);

#endif

/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/acpi.h"

#include "hv/core/boot_info.h"
#include "hv/core/log.h"
#include "hv/core/string.h"

struct machine machine;

struct header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision, creator, creator_revision;
} __attribute__((packed));

struct rsdp {
    char signature[8];
    uint8_t checksum;
    char oem[6];
    uint8_t revision;
    uint32_t rsdt, length;
    uint64_t xsdt;
} __attribute__((packed));

#define RSDP_1_SIZE 20

static const void *linear(paddr_t a)
{
    return (const void *)(LINEAR_VIRT + a);
}

static bool sums_to_zero(const void *p, uint32_t n)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < n; i++)
        sum = (uint8_t)(sum + ((const uint8_t *)p)[i]);
    return sum == 0;
}

/* In the BIOS's part of memory; section 5.2.5.1. */
static const struct rsdp *find_root(void)
{
    if (boot_info.n_rsdp >= RSDP_1_SIZE)
        return (const struct rsdp *)boot_info.rsdp;
    for (paddr_t a = 0xe0000; a < 0x100000; a += 16) {
        const struct rsdp *r = linear(a);
        if (memcmp(r->signature, "RSD PTR ", 8) == 0 && sums_to_zero(r, RSDP_1_SIZE))
            return r;
    }
    return NULL;
}

static const struct header *table_at(paddr_t a)
{
    if (a == 0 || a >= BOOT_MAPPED - PAGE_SIZE)
        return NULL;
    const struct header *h = linear(a);
    if (h->length < sizeof(*h) || a + h->length > BOOT_MAPPED || !sums_to_zero(h, h->length))
        return NULL;
    return h;
}

static const struct header *find_table(const struct rsdp *root, const char *signature)
{
    bool wide = root->revision >= 2 && root->xsdt != 0;
    const struct header *list = table_at(wide ? root->xsdt : root->rsdt);
    if (list == NULL)
        return NULL;
    unsigned size = wide ? 8 : 4;
    for (uint32_t at = sizeof(*list); at + size <= list->length; at += size) {
        uint64_t a = 0;
        memcpy(&a, (const char *)list + at, size);
        const struct header *h = table_at(a);
        if (h != NULL && memcmp(h->signature, signature, 4) == 0)
            return h;
    }
    return NULL;
}

/* ---- the one object of the DSDT that powering off needs */

#define FADT_DSDT 40 /* section 5.2.9 */
#define FADT_DSDT_END 44

#define AML_NAME 0x08
#define AML_PACKAGE 0x12
#define AML_BYTE 0x0a
#define SLEEP_ENABLE (1U << 13)

/* Name(\_S5, Package{ typ, ... }): section 7.4.2.6; encodings, section 20.2. */
static void find_power_off(const struct header *dsdt)
{
    const uint8_t *b = (const uint8_t *)dsdt;
    for (uint32_t i = sizeof(*dsdt) + 2; i + 12 < dsdt->length; i++) {
        if (memcmp(b + i, "_S5_", 4) != 0 || (b[i - 1] != AML_NAME && b[i - 2] != AML_NAME) ||
            b[i + 4] != AML_PACKAGE)
            continue;
        uint32_t at = i + 5;
        at += 1U + (b[at] >> 6) + 1U; /* length, and the number of elements */
        if (at + 2 > dsdt->length)
            return;
        unsigned type = b[at] == AML_BYTE ? b[at + 1] : b[at];
        machine.power_off = (uint16_t)(SLEEP_ENABLE | (type & 7) << 10);
        return;
    }
}

static void read_dsdt(const struct header *fadt)
{
    if (fadt->length < FADT_DSDT_END)
        return;
    const struct header *dsdt = table_at(table_32((const uint8_t *)fadt + FADT_DSDT));
    if (dsdt != NULL)
        find_power_off(dsdt);
}

void acpi_read(void)
{
    const struct rsdp *root = find_root();
    const struct header *madt = root == NULL ? NULL : find_table(root, "APIC");
    const struct header *fadt = root == NULL ? NULL : find_table(root, "FACP");
    const struct header *mcfg = root == NULL ? NULL : find_table(root, "MCFG");
    machine_old_lines(&machine);
    if (madt != NULL)
        madt_read(&machine, madt, madt->length);
    else
        log_warning("no ACPI interrupt tables: one processor, no device interrupts\n");
    if (fadt != NULL) {
        fadt_read(&machine, fadt, fadt->length);
        read_dsdt(fadt);
    }
    if (mcfg != NULL)
        mcfg_read(&machine, mcfg, mcfg->length);
    if (machine.local_apic == 0)
        machine.local_apic = 0xfee00000;
}

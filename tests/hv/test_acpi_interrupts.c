/* SPDX-License-Identifier: MIT */
/* Tables of interrupts as firmware makes them, and as it should not. */
#include <string.h>

#include "hv/arch/x86_64/acpi.h"
#include "tests/unit/tap.h"

#define ENTRIES_AT 44

static uint8_t table[4096];
static uint32_t length;
static struct machine found;

static void begin(void)
{
    memset(table, 0, sizeof(table));
    memset(&found, 0, sizeof(found));
    length = ENTRIES_AT;
    machine_old_lines(&found);
}

static void put_32(uint32_t at, uint32_t v)
{
    memcpy(table + at, &v, sizeof(v));
}

static uint32_t entry(uint8_t type, uint8_t size)
{
    uint32_t at = length;
    table[at] = type;
    table[at + 1] = size;
    length += size;
    return at;
}

static void processor(uint8_t apic_id, uint32_t flags)
{
    uint32_t at = entry(0, 8);
    table[at + 3] = apic_id;
    put_32(at + 4, flags);
}

static void io_apic(uint32_t address, uint32_t first)
{
    uint32_t at = entry(1, 12);
    put_32(at + 4, address);
    put_32(at + 8, first);
}

static void override(uint8_t line, uint32_t gsi, uint8_t flags)
{
    uint32_t at = entry(2, 10);
    table[at + 3] = line;
    put_32(at + 4, gsi);
    table[at + 8] = flags;
}

static void test_no_entries(void **state)
{
    (void)state;
    begin();
    put_32(36, 0xfee00000);
    madt_read(&found, table, length);
    assert_int_equal(found.local_apic, 0xfee00000);
    assert_int_equal(found.cpus + found.n_io_apics, 0);
    for (uint32_t i = 0; i < ISA_IRQS; i++) {
        assert_int_equal(found.irqs[i].global, i);
        assert_false(found.irqs[i].level || found.irqs[i].low);
    }
    begin();
    put_32(36, 0xfee00000);
    madt_read(&found, table, ENTRIES_AT - 1);
    assert_int_equal(found.local_apic, 0);
}

static void test_processors(void **state)
{
    (void)state;
    begin();
    processor(7, 1);
    processor(8, 0); /* not there */
    processor(9, 3);
    madt_read(&found, table, length);
    assert_int_equal(found.cpus, 2);
    assert_int_equal(found.apic_ids[0], 7);
    assert_int_equal(found.apic_ids[1], 9);
    begin();
    for (unsigned i = 0; i < 2 * CPUS_MAX; i++)
        processor((uint8_t)i, 1);
    madt_read(&found, table, length);
    assert_int_equal(found.cpus, CPUS_MAX);
    assert_int_equal(found.apic_ids[CPUS_MAX - 1], CPUS_MAX - 1);
}

static void test_controllers(void **state)
{
    (void)state;
    begin();
    io_apic(0xfec00000, 0);
    io_apic(0xfec10000, 24);
    madt_read(&found, table, length);
    assert_int_equal(found.n_io_apics, 2);
    assert_int_equal(found.io_apics[1].address, 0xfec10000);
    assert_int_equal(found.io_apics[1].first, 24);
    begin();
    for (unsigned i = 0; i < 2 * IO_APICS_MAX; i++)
        io_apic(0xfec00000 + 0x1000 * i, 24 * i);
    madt_read(&found, table, length);
    assert_int_equal(found.n_io_apics, IO_APICS_MAX);
}

/* Polarity in bits 0 and 1, trigger in 2 and 3: 0 as the bus has it, 1 high or edge, 3 low or
 * level. */
static void test_overrides(void **state)
{
    (void)state;
    begin();
    override(0, 2, 0);
    override(9, 20, 0x0f);
    override(10, 10, 0x0d);
    override(11, 11, 0x05);
    override(16, 77, 0x0f); /* there is no such line */
    madt_read(&found, table, length);
    assert_int_equal(found.irqs[0].global, 2);
    assert_false(found.irqs[0].level || found.irqs[0].low);
    assert_int_equal(found.irqs[9].global, 20);
    assert_true(found.irqs[9].level && found.irqs[9].low);
    assert_true(found.irqs[10].level);
    assert_false(found.irqs[10].low);
    assert_false(found.irqs[11].level || found.irqs[11].low);
    assert_int_equal(found.irqs[1].global, 1);
}

static void test_wide_address(void **state)
{
    (void)state;
    begin();
    put_32(36, 0xfee00000);
    uint32_t at = entry(5, 12);
    put_32(at + 4, 0x12340000);
    put_32(at + 8, 0x5);
    madt_read(&found, table, length);
    assert_int_equal(found.local_apic, 0x512340000);
}

/* What does not fit ends the table; what is too short for its type, or unknown, is passed over. */
static void test_wrong_entries(void **state)
{
    (void)state;
    begin();
    entry(0x7f, 6);
    uint32_t at = entry(1, 8); /* an IO-APIC without its first line */
    put_32(at + 4, 0xfec00000);
    entry(0, 4);
    processor(3, 1);
    madt_read(&found, table, length);
    assert_int_equal(found.n_io_apics, 0);
    assert_int_equal(found.cpus, 1);
    begin();
    io_apic(0xfec00000, 0);
    madt_read(&found, table, length - 1);
    assert_int_equal(found.n_io_apics, 0);
    begin();
    entry(0, 0); /* would come by for ever */
    length += 2;
    processor(3, 1);
    madt_read(&found, table, sizeof(table));
    assert_int_equal(found.cpus, 0);
}

static void test_pci_windows(void **state)
{
    (void)state;
    begin();
    for (unsigned i = 0; i < 2; i++) {
        put_32(length, 0xe0000000);
        put_32(length + 4, i);
        table[length + 8] = (uint8_t)i;
        table[length + 10] = 1;
        table[length + 11] = 0xff;
        length += 16;
    }
    mcfg_read(&found, table, length - 1);
    assert_int_equal(found.n_pci_windows, 1);
    begin();
    mcfg_read(&found, table, ENTRIES_AT + 16 * 2 * PCI_WINDOWS_MAX);
    assert_int_equal(found.n_pci_windows, PCI_WINDOWS_MAX);
    assert_int_equal(found.pci_windows[0].address, 0);
    begin();
    put_32(length, 0xe0000000);
    put_32(length + 4, 1);
    table[length + 8] = 2;
    table[length + 10] = 1;
    table[length + 11] = 0xff;
    mcfg_read(&found, table, length + 16);
    assert_int_equal(found.pci_windows[0].address, 0x1e0000000);
    assert_int_equal(found.pci_windows[0].segment, 2);
    assert_int_equal(found.pci_windows[0].first_bus, 1);
    assert_int_equal(found.pci_windows[0].last_bus, 0xff);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_entries),   cmocka_unit_test(test_processors),
        cmocka_unit_test(test_controllers),  cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_wide_address), cmocka_unit_test(test_wrong_entries),
        cmocka_unit_test(test_pci_windows),
    };
    return tap_run("hv/acpi_interrupts", tests, sizeof(tests) / sizeof(tests[0]));
}

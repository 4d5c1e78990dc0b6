/* SPDX-License-Identifier: MIT */
#include "tests/system/guests/devices.h"

#include "tests/system/guests/support.h"

/* ---- ports */

void port_write_8(uint16_t port, uint8_t value)
{
    asm volatile("outb %0, %1" : : "a"(value), "d"(port));
}

uint8_t port_read_8(uint16_t port)
{
    uint8_t value;
    asm volatile("inb %1, %0" : "=a"(value) : "d"(port));
    return value;
}

static void port_write_32(uint16_t port, uint32_t value)
{
    asm volatile("outl %0, %1" : : "a"(value), "d"(port));
}

static uint32_t port_read_32(uint16_t port)
{
    uint32_t value;
    asm volatile("inl %1, %0" : "=a"(value) : "d"(port));
    return value;
}

/* ---- PCI */

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA 0xcfc
#define CONFIG_ENABLE 0x80000000U

#define PCI_STATUS_CAPABILITIES (1U << 20) /* of the word at PCI_COMMAND */
#define PCI_CAPABILITIES 0x34

uint32_t pci_read(unsigned devfn, unsigned at)
{
    port_write_32(CONFIG_ADDRESS, CONFIG_ENABLE | devfn << 8 | at);
    return port_read_32(CONFIG_DATA);
}

void pci_write(unsigned devfn, unsigned at, uint32_t value)
{
    port_write_32(CONFIG_ADDRESS, CONFIG_ENABLE | devfn << 8 | at);
    port_write_32(CONFIG_DATA, value);
}

int pci_find(uint16_t vendor, uint16_t device)
{
    for (unsigned devfn = 0; devfn < 256; devfn++) {
        if (pci_read(devfn, 0) == ((uint32_t)device << 16 | vendor))
            return (int)devfn;
    }
    return -1;
}

unsigned pci_capability(unsigned devfn, uint8_t id)
{
    if (!(pci_read(devfn, PCI_COMMAND) & PCI_STATUS_CAPABILITIES))
        return 0;
    unsigned at = pci_read(devfn, PCI_CAPABILITIES) & 0xfc;
    while (at != 0) {
        uint32_t header = pci_read(devfn, at);
        if ((header & 0xff) == id)
            return at;
        at = header >> 8 & 0xfc;
    }
    return 0;
}

#define MSI_ENABLE (1U << 16) /* of the word at the capability */

void pci_enable_messages(unsigned devfn, bool on)
{
    unsigned at = pci_capability(devfn, PCI_CAPABILITY_MSI);
    uint32_t word = pci_read(devfn, at);
    pci_write(devfn, at, on ? word | MSI_ENABLE : word & ~MSI_ENABLE);
}

bool pci_messages_enabled(unsigned devfn)
{
    return (pci_read(devfn, pci_capability(devfn, PCI_CAPABILITY_MSI)) & MSI_ENABLE) != 0;
}

uint64_t pci_bar(unsigned devfn, unsigned bar)
{
    uint32_t low = pci_read(devfn, PCI_BAR_0 + 4 * bar);
    bool wide = (low & 6) == 4;
    uint64_t high = wide ? pci_read(devfn, PCI_BAR_0 + 4 * bar + 4) : 0;
    return high << 32 | (low & ~15U);
}

volatile uint32_t *device_map(uint64_t at)
{
    uint64_t va = spare_address();
    mfn_t mfn = MFN(at >> PAGE_SHIFT);
    CHECK_EQUAL(table_set_linear(va, pte_make(mfn, PTE_READ_WRITE | PTE_NO_CACHE)), 0);
    return (volatile uint32_t *)(va + (at & (PAGE_SIZE - 1)));
}

void device_unmap(void)
{
    CHECK_EQUAL(table_set_linear(spare_address(), 0), 0);
}

/* ---- edu: byte offsets of registers of 32 bits */

#define EDU_STATUS 0x20
#define EDU_RAISE 0x60
#define EDU_ACKNOWLEDGE 0x64
#define EDU_ANY 1U

#define COMMAND_MEMORY 2U
#define COMMAND_MASTER 4U

bool edu_open(struct edu *edu)
{
    int devfn = pci_find(EDU_VENDOR, EDU_DEVICE);
    if (devfn < 0)
        return false;
    edu->devfn = (unsigned)devfn;
    uint32_t command = pci_read(edu->devfn, PCI_COMMAND) & 0xffff;
    pci_write(edu->devfn, PCI_COMMAND, command | COMMAND_MEMORY | COMMAND_MASTER);
    edu->registers = device_map(pci_bar(edu->devfn, 0));
    edu_acknowledge(edu);
    return true;
}

void edu_close(const struct edu *edu)
{
    edu_acknowledge(edu);
    device_unmap();
}

void edu_raise(const struct edu *edu)
{
    edu->registers[EDU_RAISE / 4] = EDU_ANY;
}

void edu_acknowledge(const struct edu *edu)
{
    edu->registers[EDU_ACKNOWLEDGE / 4] = EDU_ANY;
}

/* ---- the clock chip */

#define CLOCK_INDEX 0x70
#define CLOCK_DATA 0x71
#define CLOCK_A 0x0a /* bits 0 to 3: the rate */
#define CLOCK_B 0x0b
#define CLOCK_C 0x0c /* what interrupted; reading it clears it */
#define CLOCK_B_PERIODIC 0x40

static uint8_t clock_read(uint8_t reg)
{
    port_write_8(CLOCK_INDEX, reg);
    return port_read_8(CLOCK_DATA);
}

static void clock_write(uint8_t reg, uint8_t value)
{
    port_write_8(CLOCK_INDEX, reg);
    port_write_8(CLOCK_DATA, value);
}

void clock_start(unsigned rate)
{
    clock_write(CLOCK_A, (uint8_t)((clock_read(CLOCK_A) & 0xf0) | rate));
    clock_write(CLOCK_B, clock_read(CLOCK_B) | CLOCK_B_PERIODIC);
    clock_acknowledge();
}

void clock_stop(void)
{
    clock_write(CLOCK_B, clock_read(CLOCK_B) & (uint8_t)~CLOCK_B_PERIODIC);
    clock_acknowledge();
}

void clock_acknowledge(void)
{
    (void)clock_read(CLOCK_C);
}

/* SPDX-License-Identifier: MIT */
/* How the machine ends: off, again, or, under QEMU, with an exit status that says what happened. */
#include "hv/arch/x86_64/acpi.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/serial.h"
#include "hv/core/arch.h"
#include "hv/core/log.h"
#include "hv/core/option.h"

/* QEMU's isa-debug-exit: it exits with 2 * value + 1. */
static uint64_t exit_port;
OPTION_NUMBER("exit-port", exit_port, 0, 0xffff,
              "port of QEMU's isa-debug-exit, to end with a status; 0: power off or reboot");

/* A crash of the control domain leaves nobody who could do anything either. */
enum { PANIC_STAND, PANIC_REBOOT };
static unsigned after_panic = PANIC_STAND;
OPTION_CHOICE("panic", after_panic,
              "what becomes of the machine after a panic, or a crash of the control domain",
              "stand", "reboot");

/* QEMU's status: 33, 35, 37, 39. */
static const uint8_t exit_values[] = {
    [MACHINE_POWEROFF] = 0x10,
    [MACHINE_REBOOT] = 0x11,
    [MACHINE_GUEST_CRASHED] = 0x12,
    [MACHINE_PANICKED] = 0x13,
};

static void power_off(void)
{
    if (machine.power_port != 0 && machine.power_off != 0)
        out16(machine.power_port, machine.power_off);
}

#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_PULSE_RESET 0xfe
#define POST_PORT 0x80 /* where nothing is: an access takes about a microsecond */

/* A reset comes some time after it was asked for. */
static void wait_for_reset(void)
{
    for (unsigned us = 0; us < 100000; us++)
        in8(POST_PORT);
}

/* ACPI's register where firmware says that there is one, the keyboard controller, then an exception
 * without handlers. Each comes only if the one before it did nothing. */
static void reboot(void)
{
    if (machine.reset_port != 0) {
        out8(machine.reset_port, machine.reset_value);
        wait_for_reset();
    }
    out8(KEYBOARD_COMMAND, KEYBOARD_PULSE_RESET);
    wait_for_reset();
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) nothing = {0, 0};
    __asm__ volatile("lidt %0\n\tint3" ::"m"(nothing));
}

noreturn void arch_machine_end(enum machine_end how)
{
    arch_irq_off();
    arch_stop_others();
    log_bust_lock();
    serial_drain();
    if (exit_port != 0)
        out8((uint16_t)exit_port, exit_values[how]);
    if (how == MACHINE_POWEROFF)
        power_off();
    else if (how == MACHINE_REBOOT || after_panic == PANIC_REBOOT)
        reboot();
    log_info("the machine stands still\n");
    for (;;)
        __asm__ volatile("cli\n\thlt");
}

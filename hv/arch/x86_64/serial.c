/* SPDX-License-Identifier: MIT */
/* National Semiconductor PC16550D data sheet, section 8: registers. */
#include "hv/arch/x86_64/serial.h"

#include "hv/arch/x86_64/io.h"
#include "hv/core/arch.h"
#include "hv/core/option.h"

enum { CONSOLE_COM1, CONSOLE_COM2, CONSOLE_NONE };
static unsigned console = CONSOLE_COM1;
OPTION_CHOICE("console", console, "the serial port that is the console", "com1", "com2", "none");

static uint64_t baud = 115200;
OPTION_NUMBER("baud", baud, 50, 115200, "bits per second on the console");

#define REG_DATA 0
#define REG_INTERRUPT_ENABLE 1
#define REG_FIFO_CONTROL 2
#define REG_LINE_CONTROL 3
#define REG_MODEM_CONTROL 4
#define REG_LINE_STATUS 5

#define INTERRUPT_ON_DATA 0x01
#define FIFO_ENABLE_AND_CLEAR 0x07
#define LINE_8N1 0x03
#define LINE_DIVISOR_ACCESS 0x80
#define MODEM_DTR_RTS_OUT2 0x0b
#define STATUS_DATA 0x01
#define STATUS_ROOM 0x20
#define STATUS_SENT 0x40 /* nothing is on its way any more */

#define BASE_BAUD 115200

/* A port that is not there reads as all ones for ever: wait no longer than any character takes. */
#define PUT_PATIENCE 100000

static uint16_t port(void)
{
    return console == CONSOLE_COM1 ? 0x3f8 : 0x2f8;
}

void serial_init(void)
{
    if (console == CONSOLE_NONE)
        return;
    uint16_t divisor = (uint16_t)(BASE_BAUD / baud);
    out8(port() + REG_INTERRUPT_ENABLE, 0);
    out8(port() + REG_LINE_CONTROL, LINE_DIVISOR_ACCESS);
    out8(port() + REG_DATA, divisor & 0xff);
    out8(port() + REG_INTERRUPT_ENABLE, (uint8_t)(divisor >> 8));
    out8(port() + REG_LINE_CONTROL, LINE_8N1);
    out8(port() + REG_FIFO_CONTROL, FIFO_ENABLE_AND_CLEAR);
    out8(port() + REG_MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
}

static void await(uint8_t status)
{
    for (int i = 0; i < PUT_PATIENCE && !(in8(port() + REG_LINE_STATUS) & status); i++)
        arch_relax();
}

static void put_raw(char c)
{
    await(STATUS_ROOM);
    out8(port() + REG_DATA, (uint8_t)c);
}

void serial_put(char c)
{
    if (console == CONSOLE_NONE)
        return;
    if (c == '\n')
        put_raw('\r');
    put_raw(c);
}

void serial_drain(void)
{
    if (console != CONSOLE_NONE)
        await(STATUS_SENT);
}

int serial_get(void)
{
    if (console == CONSOLE_NONE || !(in8(port() + REG_LINE_STATUS) & STATUS_DATA))
        return -1;
    return in8(port() + REG_DATA);
}

int serial_enable_interrupt(void)
{
    if (console == CONSOLE_NONE)
        return -1;
    out8(port() + REG_INTERRUPT_ENABLE, INTERRUPT_ON_DATA);
    return console == CONSOLE_COM1 ? 4 : 3;
}

void arch_console_put(char c)
{
    serial_put(c);
}

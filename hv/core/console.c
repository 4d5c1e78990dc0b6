/* SPDX-License-Identifier: MIT */
/* console_io: the machine's console, for the control domain. */
#include "hv/core/console.h"

#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/global_virq.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/schedule.h"
#include "hv/core/vcpu.h"

/* Copied at a time, with a look at preempt_needed() between. */
#define CHUNK 128

/* What was typed and not read yet. */
static struct lock input_lock = LOCK(LOCK_INPUT); /* interrupts off */
static char input[CHUNK];
static uint32_t input_first, input_count;

void console_typed(int (*next)(void))
{
    bool were_on = lock_irq(&input_lock);
    for (int c = next(); c >= 0; c = next()) {
        if (input_count < sizeof(input))
            input[(input_first + input_count++) % sizeof(input)] = (char)c;
    }
    unlock_irq(&input_lock, were_on);
    /* Not from here: whoever was interrupted may hold what an event needs. */
    cpu_request(arch_cpu_id(), WORK_CONSOLE);
}

void console_tell(void)
{
    global_virq_raise(VIRQ_CONSOLE);
}

static long console_write(uint64_t count, vaddr_t from)
{
    uint64_t done = 0;
    while (done < count) {
        char text[CHUNK];
        size_t n = min(count - done, (uint64_t)sizeof(text));
        if (done != 0 && preempt_needed())
            return hypercall_continue(__HYPERVISOR_console_io, 3, (uint64_t)CONSOLEIO_write,
                                      count - done, from.a + done);
        if (!copy_from_guest(text, vaddr(from.a + done), n))
            return -XEN_EFAULT;
        log_raw(text, n);
        done += n;
    }
    return 0;
}

static long console_read(uint64_t count, vaddr_t to)
{
    char text[CHUNK];
    uint32_t n = 0;
    bool were_on = lock_irq(&input_lock);
    for (; n < count && n < input_count; n++)
        text[n] = input[(input_first + n) % sizeof(input)];
    input_first = (input_first + n) % sizeof(input);
    input_count -= n;
    unlock_irq(&input_lock, were_on);
    return copy_to_guest(to, text, n) ? (long)n : -XEN_EFAULT;
}

long do_console_io(uint64_t op, uint64_t count, uint64_t buffer)
{
    if (!current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    switch ((unsigned)op) {
    case CONSOLEIO_write:
        return console_write((uint32_t)count, vaddr(buffer));
    case CONSOLEIO_read:
        return console_read((uint32_t)count, vaddr(buffer));
    default:
        return -XEN_ENOSYS;
    }
}

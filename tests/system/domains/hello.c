/* SPDX-License-Identifier: MIT */
/*
 * A domain that says hello and then does what `then=` says:
 *
 *   crash, reboot   ends that way
 *   stay            ends when an event comes by its console
 *   spin            computes until it is destroyed
 *   vcpus           brings all of them up, and says how many were
 *
 * and ends without it, or after it.
 */
#include "guest/console.h"
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/thread.h"
#include "guest/vcpu.h"

static bool then(const char *what)
{
    size_t length;
    const char *value = start_option("then", &length);
    return value && length == strlen(what) && !strncmp(value, what, length);
}

static bool told;

static void tell(evtchn_port_t port, void *data)
{
    (void)port;
    told = true;
    thread_wake(data);
}

static void stay(void)
{
    evtchn_port_t port = start_info->console.domU.evtchn;
    event_adopt(port);
    event_handle(port, tell, thread_self());
    event_unmask(port);
    while (!told)
        thread_wait();
}

static void reboot(void)
{
    struct sched_shutdown shutdown = {.reason = SHUTDOWN_reboot};
    hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
}

static unsigned up;

static void count(void)
{
    __atomic_fetch_add(&up, 1, __ATOMIC_RELAXED);
}

static void bring_up(void)
{
    unsigned vcpus = vcpu_count();
    count();
    for (unsigned id = 1; id < vcpus; id++)
        vcpu_up(id, count);
    while (__atomic_load_n(&up, __ATOMIC_RELAXED) < vcpus)
        thread_yield();
    printf("vcpus %u\n", up);
}

/* Long stretches without a jump cost QEMU next to nothing, whatever instructions they count. */
static void spin(void)
{
    for (;;)
        asm volatile(".rept 400; nop; .endr");
}

void guest_main(void)
{
    const char *line = (const char *)start_info->cmd_line;
    printf("hello, ");
    console_write(line, strlen(line)); /* which may be longer than what is formatted */
    printf("\nlength %zu\n", strlen(line));
    if (then("crash"))
        power_off(POWER_CRASH);
    if (then("reboot"))
        reboot();
    if (then("stay"))
        stay();
    if (then("vcpus"))
        bring_up();
    if (then("spin"))
        spin();
}

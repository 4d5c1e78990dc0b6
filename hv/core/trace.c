/* SPDX-License-Identifier: MIT */
#include "hv/core/trace.h"

#include "hv/core/arch.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"
#include "rings/lamport.h"

static bool wanted;
OPTION_FLAG("trace", wanted, "record what happens, and print it at the end");

static uint64_t entries = 4096;
OPTION_NUMBER("trace-records", entries, 16, 1 << 16,
              "records that each CPU has room for; a power of two");

uint8_t trace_on;

static struct cpu_trace {
    struct lamport_tx tx; /* this CPU's, with interrupts off */
    struct lamport_rx rx; /* trace_dump()'s */
    uint64_t lost;
} traces[CPUS_MAX];
static uint32_t n_traces;

void trace_init(uint32_t cpus)
{
    if (!wanted)
        return;
    while ((entries & (entries - 1)) != 0)
        entries &= entries - 1;
    struct ring_lane lane = {.entries = (uint32_t)entries, .size = sizeof(struct trace_record)};
    unsigned order = order_of(round_up(lamport_lane_footprint(&lane), PAGE_SIZE) >> PAGE_SHIFT);
    for (; n_traces < cpus; n_traces++) {
        void *memory = heap_alloc_mapped(order);
        if (memory == NULL) {
            log_warning("no memory to trace in\n");
            return;
        }
        lamport_lane_init(memory, &lane);
        lamport_tx_attach(&traces[n_traces].tx, memory, &lane);
        lamport_rx_attach(&traces[n_traces].rx, memory, &lane);
    }
    trace_on = 1;
}

uint32_t trace_name(const struct vcpu *v)
{
    return v == NULL ? UINT32_MAX : (uint32_t)v->domain->id << 16 | v->id;
}

void trace_record(enum trace_kind kind, uint64_t first, uint64_t second)
{
    bool were_on = arch_irq_save();
    struct cpu_trace *t = &traces[arch_cpu_id()];
    struct trace_record r = {time_now(), kind, trace_name(current_vcpu()), {first, second}};
    if (lamport_tx_reserve(&t->tx, 1) == 1) {
        lamport_tx_write(&t->tx, 0, &r, sizeof(r));
        lamport_tx_publish(&t->tx, 1);
    } else {
        t->lost++;
    }
    arch_irq_restore(were_on);
}

void trace_dump(void)
{
    static const char *const names[TRACE_KINDS] = {"hypercall", "exception", "schedule",
                                                   "send",      "upcall",    "wake"};
    trace_on = 0;
    for (uint32_t i = 0; i < n_traces; i++) {
        struct cpu_trace *t = &traces[i];
        struct trace_record r;
        while (lamport_rx_peek(&t->rx, 1) == 1) {
            lamport_rx_read(&t->rx, 0, &r, sizeof(r));
            lamport_rx_release(&t->rx, 1);
            log_info("trace,%u,%lu,%s,%x,%lx,%lx\n", i, r.when, names[r.kind], r.vcpu, r.what[0],
                     r.what[1]);
        }
        if (t->lost != 0)
            log_info("trace,%u: %lu records more had no room\n", i, t->lost);
    }
}

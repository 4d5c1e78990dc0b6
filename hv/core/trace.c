/* SPDX-License-Identifier: MIT */
#include "hv/core/trace.h"

#include "hv/core/buddy.h"
#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/domctl_sched.h"
#include "hv/core/global_virq.h"
#include "hv/core/format.h"
#include "hv/core/guest_access.h"
#include "hv/core/hypercall.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/schedule.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"
#include "rings/lamport.h"
#include "sched-bvt/policy.h"
#include "sched-bvt/replay.h"

#define KINDS_ALL ((1U << RINGSIDE_TRACE_KINDS) - 1)

static enum { WANT_NOTHING, WANT_CALLS, WANT_ALL } wanted;
OPTION_CHOICE("trace", wanted, "what is recorded from the start, and printed at the end", "none",
              "calls", "all");

static uint64_t entries = 4096;
OPTION_NUMBER("trace-records", entries, 16, 1 << 15,
              "records that each CPU has room for; of what is not a power of two, the next lower");

uint8_t trace_on;

static struct cpu_trace {
    struct lamport_tx tx; /* this CPU's, with interrupts off */
    struct lamport_rx rx; /* trace_lock, or the last CPU that runs */
    uint64_t lost;        /* this CPU's; read by others as it comes */
} traces[CPUS_MAX];

static struct lock trace_lock = LOCK(LOCK_TRACE); /* setting and reading */
static uint32_t n_traces;                         /* that have a ring: all CPUs or none */
static uint32_t n_cpus;
static uint32_t kinds;        /* written under trace_lock */
static uint32_t threshold;    /* likewise; 0: nobody wants to know */
static uint32_t calls_so_far; /* the next one's number; atomic */

/* ---- recording */

uint32_t trace_name(const struct vcpu *v)
{
    return v == NULL ? UINT32_MAX : (uint32_t)v->domain->id << 16 | v->id;
}

static void put(const struct ringside_trace_record *r)
{
    uint32_t here = arch_cpu_id();
    struct cpu_trace *t = &traces[here];
    if (lamport_tx_reserve(&t->tx, 1) != 1) {
        __atomic_store_n(&t->lost, t->lost + 1, __ATOMIC_RELAXED);
        return;
    }
    lamport_tx_write(&t->tx, 0, r, sizeof(*r));
    lamport_tx_publish(&t->tx, 1);
    /* Not from here: locks may be held that an event needs. */
    if (__atomic_load_n(&threshold, __ATOMIC_RELAXED) != 0 && lamport_tx_ask(&t->tx))
        cpu_request(here, WORK_TRACE);
}

static bool is_recorded(unsigned kind)
{
    return __atomic_load_n(&kinds, __ATOMIC_RELAXED) >> kind & 1;
}

void trace_record(enum trace_kind kind, uint64_t first, uint64_t second)
{
    if (!is_recorded(kind))
        return;
    bool were_on = arch_irq_save();
    struct ringside_trace_record r = {
        time_now(), kind, trace_name(current_vcpu()), {first, second}};
    put(&r);
    arch_irq_restore(were_on);
}

/* The scheduler's, with the locks that the call is made with: numbers are in their order. */
static void record_call(void *arg, const struct sched_call *c)
{
    (void)arg;
    if (!is_recorded(RINGSIDE_TRACE_CALL))
        return;
    uint64_t number = __atomic_fetch_add(&calls_so_far, 1, __ATOMIC_RELAXED);
    struct ringside_trace_record r = {
        .when = time_now(),
        .kind = RINGSIDE_TRACE_CALL,
        .vcpu = trace_name(current_vcpu()),
        .what = {c->now, c->value, c->kick, c->vcpu | (uint64_t)c->cpu << 32,
                 c->other | (uint64_t)c->chosen << 32,
                 c->op | (uint64_t)c->done << 8 | (uint64_t)(uint16_t)c->param << 16 |
                     number << 32},
    };
    bool were_on = arch_irq_save();
    put(&r);
    arch_irq_restore(were_on);
}

/* ---- setting */

static struct ring_lane lane(void)
{
    return (struct ring_lane){.entries = (uint32_t)entries,
                              .size = sizeof(struct ringside_trace_record)};
}

static bool make_rings(void)
{
    struct ring_lane g = lane();
    unsigned order = order_of(round_up(lamport_lane_footprint(&g), PAGE_SIZE) >> PAGE_SHIFT);
    void *memory[CPUS_MAX];
    for (uint32_t i = 0; i < n_cpus; i++) {
        memory[i] = heap_alloc_mapped(order);
        if (memory[i] == NULL) {
            while (i-- != 0)
                heap_free_mapped(memory[i], order);
            return false;
        }
    }
    for (uint32_t i = 0; i < n_cpus; i++) {
        lamport_lane_init(memory[i], &g);
        lamport_tx_attach(&traces[i].tx, memory[i], &g);
        lamport_rx_attach(&traces[i].rx, memory[i], &g);
    }
    n_traces = n_cpus;
    return true;
}

/* trace_lock; there are rings if anything is set. */
static void set_kinds(uint32_t to)
{
    __atomic_store_n(&kinds, to, __ATOMIC_RELEASE);
    __atomic_store_n(&trace_on, (to & ~(1U << RINGSIDE_TRACE_CALL)) != 0, __ATOMIC_RELEASE);
    schedule_trace((to >> RINGSIDE_TRACE_CALL & 1) != 0 ? record_call : NULL);
}

void trace_init(uint32_t cpus)
{
    n_cpus = cpus;
    while ((entries & (entries - 1)) != 0)
        entries &= entries - 1;
    if (wanted == WANT_NOTHING)
        return;
    if (make_rings())
        set_kinds(wanted == WANT_CALLS ? 1U << RINGSIDE_TRACE_CALL : KINDS_ALL);
    else
        log_warning("no memory to trace in\n");
}

static long set(vaddr_t from)
{
    struct ringside_trace_set a;
    if (!copy_from_guest(&a, from, sizeof(a)))
        return -XEN_EFAULT;
    if ((a.kinds & ~KINDS_ALL) != 0 || a.threshold > entries)
        return -XEN_EINVAL;
    long rc = 0;
    lock(&trace_lock);
    if (n_traces == 0 && a.kinds != 0 && !make_rings())
        rc = -XEN_ENOMEM;
    if (rc == 0 && n_traces != 0) {
        for (uint32_t i = 0; i < n_traces && a.threshold != 0; i++)
            lamport_rx_arm(&traces[i].rx, a.threshold);
        __atomic_store_n(&threshold, a.threshold, __ATOMIC_RELAXED);
        set_kinds(a.kinds);
    }
    unlock(&trace_lock);
    return rc;
}

/* ---- reading */

#define READ_BATCH 8 /* records on the stack */

/* trace_lock. How many could be written. *wrong: not all that there were. */
static uint32_t copy_out(struct lamport_rx *rx, vaddr_t to, uint32_t room, bool *wrong)
{
    struct ringside_trace_record batch[READ_BATCH];
    uint32_t n = 0;
    *wrong = false;
    /* No more than a ring's worth, however fast it fills. */
    for (room = min(room, (uint32_t)entries); n < room;) {
        int32_t got = lamport_rx_peek(rx, min(room - n, (uint32_t)READ_BATCH));
        vaddr_t at;
        if (got <= 0)
            break;
        for (int32_t i = 0; i < got; i++)
            lamport_rx_read(rx, (uint32_t)i, &batch[i], sizeof(batch[i]));
        *wrong = !guest_element(to, n, sizeof(batch[0]), &at) ||
                 !copy_to_guest(at, batch, (uint32_t)got * sizeof(batch[0]));
        if (*wrong)
            break;
        lamport_rx_release(rx, (uint32_t)got);
        n += (uint32_t)got;
    }
    return n;
}

static long read(vaddr_t argument)
{
    struct ringside_trace_read a;
    if (!copy_from_guest(&a, argument, sizeof(a)))
        return -XEN_EFAULT;
    lock(&trace_lock);
    if (a.cpu >= n_traces) {
        unlock(&trace_lock);
        return -XEN_ENOENT;
    }
    struct cpu_trace *t = &traces[a.cpu];
    bool wrong;
    bool tell = false;
    a.n = copy_out(&t->rx, vaddr(a.records), a.n, &wrong);
    a.lost = __atomic_load_n(&t->lost, __ATOMIC_RELAXED);
    if (threshold != 0)
        tell = lamport_rx_arm(&t->rx, threshold);
    unlock(&trace_lock);
    if (tell)
        cpu_request(arch_cpu_id(), WORK_TRACE);
    return copy_to_guest(argument, &a, sizeof(a)) && !wrong ? 0 : -XEN_EFAULT;
}

void trace_tell(void)
{
    global_virq_raise(VIRQ_TBUF);
}

long do_ringside(uint64_t op, uint64_t argument)
{
    if (!current_vcpu()->domain->privileged)
        return -XEN_EPERM;
    switch ((unsigned)op) {
    case RINGSIDE_trace_set:
        return set(vaddr(argument));
    case RINGSIDE_trace_read:
        return read(vaddr(argument));
    default:
        return ringside_sched((uint32_t)op, vaddr(argument));
    }
}

/* ---- printing */

static bool next(struct cpu_trace *t, struct ringside_trace_record *r)
{
    if (lamport_rx_peek(&t->rx, 1) != 1)
        return false;
    lamport_rx_read(&t->rx, 0, r, sizeof(*r));
    return true;
}

static void index_text(char *to, size_t size, uint32_t index, uint32_t none)
{
    if (index == none)
        format_string(to, size, "-");
    else
        format_string(to, size, "%u", index);
}

static void print_call(const struct ringside_trace_record *r)
{
    static const char *const ops[] = {"add",    "remove", "wake",  "sleep",    "yield",
                                      "charge", "pick",   "steal", "affinity", "param"};
    uint64_t last = r->what[5];
    char numbers[5][12];
    index_text(numbers[0], sizeof(numbers[0]), (uint32_t)r->what[3], SCHED_NO_VCPU);
    index_text(numbers[1], sizeof(numbers[1]), (uint32_t)(r->what[3] >> 32), SCHED_NO_CPU);
    index_text(numbers[2], sizeof(numbers[2]), (uint32_t)r->what[4], SCHED_NO_CPU);
    index_text(numbers[3], sizeof(numbers[3]), (uint32_t)(r->what[4] >> 32), SCHED_NO_VCPU);
    index_text(numbers[4], sizeof(numbers[4]), (uint16_t)(last >> 16), UINT16_MAX);
    log_info("calls: %s %lu %s %s %s %s %s %lu %lx %u\n", ops[(uint8_t)last], r->what[0],
             numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], r->what[1], r->what[2],
             (unsigned)(last >> 8 & 1));
}

/* A call is if its number is the next; all else is. */
static bool is_in_turn(const struct ringside_trace_record *r, uint32_t number)
{
    return r->kind != RINGSIDE_TRACE_CALL || (uint32_t)(r->what[5] >> 32) == number;
}

static void print(uint32_t cpu, const struct ringside_trace_record *r)
{
    static const char *const names[] = {"hypercall", "exception", "schedule",
                                        "send",      "upcall",    "wake"};
    if (r->kind == RINGSIDE_TRACE_CALL)
        print_call(r);
    else
        log_info("trace,%u,%lu,%s,%x,%lx,%lx\n", cpu, r->when, names[r->kind], r->vcpu, r->what[0],
                 r->what[1]);
}

void trace_dump(void)
{
    struct ringside_trace_record r;
    if (wanted == WANT_NOTHING)
        return;
    trace_on = 0;
    __atomic_store_n(&kinds, 0, __ATOMIC_SEQ_CST);
    log_info("calls: ringside-calls 1 %s %u 0\n", schedule_policy()->name, n_traces);
    /* Calls of all CPUs by their numbers, up to the first that is missing: nothing can be made
     * again without it. The rest comes between, CPU by CPU. */
    uint32_t number = 0;
    for (bool any = true; any;) {
        any = false;
        for (uint32_t i = 0; i < n_traces; i++) {
            while (next(&traces[i], &r) && is_in_turn(&r, number)) {
                number += r.kind == RINGSIDE_TRACE_CALL;
                print(i, &r);
                lamport_rx_release(&traces[i].rx, 1);
                any = true;
            }
        }
    }
    for (uint32_t i = 0; i < n_traces; i++) {
        uint64_t left = 0;
        for (; next(&traces[i], &r); left++)
            lamport_rx_release(&traces[i].rx, 1);
        if (traces[i].lost + left != 0)
            log_info("trace,%u: %lu records had no room, %lu came behind a call that had none\n", i,
                     traces[i].lost, left);
    }
}

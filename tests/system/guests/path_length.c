/* SPDX-License-Identifier: MIT */
/*
 * Path lengths: what an operation costs the guest, entry and exit included.
 *
 * Meant for QEMU with -icount shift=0 on one processor, where the time stamp counter counts
 * instructions and every run gives the same figures; elsewhere they are ticks, and the first line
 * says so. An operation is done ITERATIONS times between two readings; the same loop with the
 * guest's own preparation alone is taken off, and the least of REPEATS is reported, because what
 * interrupts can only add.
 *
 * Lines: `path-length,<operation>,<cost>` with two decimals.
 */
#include "guest/grant.h"
#include "guest/lib/format.h"
#include "guest/time.h"
#include "tests/system/guests/path_length.h"

#define ITERATIONS 500U
#define REPEATS 9U
#define BATCH 32U

static uint64_t best_of(void (*loop)(void))
{
    uint64_t best = UINT64_MAX;
    for (unsigned i = 0; i < REPEATS; i++) {
        uint64_t start = time_tsc();
        loop();
        uint64_t ticks = time_tsc() - start;
        best = ticks < best ? ticks : best;
    }
    return best;
}

const char *path_among = "";

void path_report(const char *name, uint64_t ticks, uint64_t operations)
{
    uint64_t hundredths = ticks * 100 / operations;
    printf("path-length,%s%s,%lu.%02lu\n", name, path_among, hundredths / 100, hundredths % 100);
}

/* Not inlined, so that both loops of an operation are called in the same way. */
#define LOOP(name, ...)                              \
    static __attribute__((noinline)) void name(void) \
    {                                                \
        for (unsigned i = 0; i < ITERATIONS; i++) {  \
            __VA_ARGS__;                             \
            asm volatile("" : : "r"(i) : "memory");  \
        }                                            \
    }

#define OPERATION(name, prepare, ...) \
    LOOP(name##_base, prepare)        \
    LOOP(name##_loop, prepare; __VA_ARGS__)

#define MEASURE(label, name, per_iteration) \
    path_report(label, best_of(name##_loop) - best_of(name##_base), (per_iteration)*ITERATIONS)

#define NOTHING ((void)0)

static evtchn_port_t port;
static struct evtchn_send to_self;
static struct mmuext_op same_base;
static uint64_t va;
static uint64_t ptes[2];
static struct mmu_update updates[2][BATCH];
static struct multicall_entry null_calls[BATCH];

OPERATION(null, NOTHING, hypercall_xen_version(XENVER_version, NULL))
OPERATION(send, event_clear(port), hypercall_event_channel_op(EVTCHNOP_send, &to_self))
OPERATION(send_again, NOTHING, hypercall_event_channel_op(EVTCHNOP_send, &to_self))
OPERATION(map, NOTHING, hypercall_update_va_mapping(va, ptes[i & 1], UVMF_INVLPG | UVMF_LOCAL))
OPERATION(protect, NOTHING,
          hypercall_update_va_mapping(va, ptes[0] ^ (i & 1) << 1, UVMF_INVLPG | UVMF_LOCAL))
OPERATION(update, NOTHING, hypercall_mmu_update(updates[i & 1], 1, NULL, DOMID_SELF))
OPERATION(batch, NOTHING, hypercall_mmu_update(updates[i & 1], BATCH, NULL, DOMID_SELF))
OPERATION(invalid_opcode, NOTHING, asm volatile("ud2"))
OPERATION(page_fault, NOTHING, asm volatile("movb (%%rax), %%al" : : "a"(va + PAGE_SIZE)))
OPERATION(yield, NOTHING, hypercall_sched_op(SCHEDOP_yield, NULL))
OPERATION(multicall, NOTHING, hypercall_multicall(null_calls, BATCH))
OPERATION(set_timer, NOTHING, hypercall_set_timer_op(3600 * NS_PER_SECOND))
OPERATION(stack_switch, NOTHING,
          hypercall_stack_switch(FLAT_KERNEL_SS,
                                 (uintptr_t)vcpu_self()->entry_stack + VCPU_STACK_SIZE))
OPERATION(segment_base, NOTHING, hypercall_set_segment_base(SEGBASE_FS, 0))
static grant_ref_t granted;
static struct gnttab_map_grant_ref to_map[BATCH];
static struct gnttab_unmap_grant_ref to_unmap[BATCH];
static struct gnttab_copy to_copy;

static inline __attribute__((always_inline)) void grant_map_and_unmap(unsigned n)
{
    hypercall_grant_table_op(GNTTABOP_map_grant_ref, to_map, n);
    for (unsigned i = 0; i < n; i++)
        to_unmap[i].handle = to_map[i].handle;
    hypercall_grant_table_op(GNTTABOP_unmap_grant_ref, to_unmap, n);
}

OPERATION(grant_map_unmap, NOTHING, grant_map_and_unmap(1))
OPERATION(grant_map_unmap_batch, NOTHING, grant_map_and_unmap(BATCH))
OPERATION(grant_copy_page, NOTHING, hypercall_grant_table_op(GNTTABOP_copy, &to_copy, 1))
OPERATION(base_switch, NOTHING, hypercall_mmuext_op(&same_base, 1, NULL, DOMID_SELF))

/*
 * The shortest handlers: both instructions that trap have two bytes, which are skipped. The system
 * call returns as the processor's own sysret does.
 */
extern char skip_fault[], skip_fault_with_error[], return_from_syscall[];
asm(".pushsection .text\n"
    "skip_fault:\n"
    "pop %rcx; pop %r11\n"
    "addq $2, (%rsp)\n"
    "pushq $0\n"
    "jmp hypercall_page + 23 * 32\n"
    "skip_fault_with_error:\n"
    "pop %rcx; pop %r11; add $8, %rsp\n"
    "addq $2, (%rsp)\n"
    "pushq $0\n"
    "jmp hypercall_page + 23 * 32\n"
    "return_from_syscall:\n"
    "pop %rcx; pop %r11\n"
    "pushq $1 << 8\n" /* VGCF_in_syscall */
    "jmp hypercall_page + 23 * 32\n"
    ".popsection");
_Static_assert(__HYPERVISOR_iret == 23 && VGCF_in_syscall == 256, "the handlers above");

static void set_handlers(void)
{
    struct trap_info table[] = {trap_entry_of(TRAP_INVALID_OPCODE, 0, false),
                                trap_entry_of(TRAP_PAGE_FAULT, 0, false),
                                {0}};
    struct callback_register syscall = {.type = CALLBACKTYPE_syscall,
                                        .address = (uintptr_t)return_from_syscall};
    table[0].address = (uintptr_t)skip_fault;
    table[1].address = (uintptr_t)skip_fault_with_error;
    CHECK_EQUAL(hypercall_set_trap_table(table), 0);
    CHECK_EQUAL(hypercall_callback_op(CALLBACKOP_register, &syscall), 0);
}

/* In user mode: rdi times, the ticks in rax; the same without the system call in rbx. */
USER_PROGRAM(system_calls, "mov %rdi, %r12\n"
                           "rdtsc; shl $32, %rdx; lea (%rax, %rdx), %r13\n"
                           "1: syscall; dec %rdi; jnz 1b\n"
                           "rdtsc; shl $32, %rdx; add %rdx, %rax; sub %r13, %rax; mov %rax, %rbx\n"
                           "rdtsc; shl $32, %rdx; lea (%rax, %rdx), %r13\n"
                           "2: dec %r12; jnz 2b\n"
                           "rdtsc; shl $32, %rdx; add %rdx, %rax; sub %r13, %rax; xchg %rax, %rbx\n"
                           "int3");

static void measure_system_call(void)
{
    struct user_space space;
    uint64_t ticks = UINT64_MAX;
    uint64_t base = UINT64_MAX;
    user_space_make(&space, system_calls_start, system_calls_end);
    for (unsigned i = 0; i < REPEATS; i++) {
        user_init(&space.state, USER_CODE, USER_STACK + PAGE_SIZE);
        space.state.frame.rdi = ITERATIONS;
        user_run(&space.state);
        const struct trap_frame *end = &space.state.frame;
        ticks = end->rax < ticks ? end->rax : ticks;
        base = end->rbx < base ? end->rbx : base;
    }
    path_report("user-syscall", ticks - base, ITERATIONS);
    user_space_free(&space);
}

/* A loop of two instructions a round, by which the unit of the counter shows. */
static void count_instructions(void)
{
    asm volatile("mov %0, %%ecx; 1: dec %%ecx; jnz 1b" : : "i"(ITERATIONS * BATCH) : "rcx", "cc");
}

static void nothing(void)
{
}

static void print_scale(void)
{
    uint64_t ticks = best_of(count_instructions) - best_of(nothing);
    uint64_t instructions = 2 * ITERATIONS * BATCH + 1;
    printf("path-length-clock,%s,%lu ticks for %lu instructions\n",
           ticks == instructions ? "instructions" : "ticks", ticks, instructions);
}

void path_measure_sends(void)
{
    long ipi = event_bind_ipi(0);
    REQUIRE(ipi > 0);
    port = (evtchn_port_t)ipi;
    event_unmask(port);
    to_self.port = port;
    vcpu_mask();
    MEASURE("event-send", send, 1);
    MEASURE("event-send-pending", send_again, 1);
    event_clear(port);
    vcpu_unmask();
    event_drop(port);
}

static void prepare(void)
{
    same_base = (struct mmuext_op){.cmd = MMUEXT_NEW_BASEPTR, .arg1.mfn = table_root_mfn().n};
    va = spare_address();
    for (unsigned i = 0; i < 2; i++)
        ptes[i] = pte_make(page_mfn(page_alloc()), PTE_READ_WRITE);
    uint64_t *entries = table_reach(table_root, va, 1) + 2;
    for (unsigned i = 0; i < BATCH; i++) {
        for (unsigned j = 0; j < 2; j++)
            updates[j][i] =
                (struct mmu_update){.ptr = machine_address(&entries[i]), .val = ptes[j]};
        null_calls[i] = (struct multicall_entry){.op = __HYPERVISOR_xen_version};
    }
    set_handlers();
}

/* Of a grant to itself: what it costs does not depend on whose it is. */
static void prepare_grants(void)
{
    grant_init();
    granted = grant_alloc();
    void *page = page_alloc();
    grant_access(granted, DOMAIN_SELF, page_mfn(page), false);
    for (unsigned i = 0; i < BATCH; i++) {
        uint64_t at = va + PAGE_SIZE * (1 + i);
        to_map[i] = (struct gnttab_map_grant_ref){
            .host_addr = at, .flags = GNTMAP_host_map, .ref = granted, .dom = DOMAIN_SELF};
        to_unmap[i] = (struct gnttab_unmap_grant_ref){.host_addr = at};
    }
    to_copy = (struct gnttab_copy){.source = grant_place(DOMAIN_SELF, granted, 0),
                                   .dest = grant_own_place(page_alloc()),
                                   .len = PAGE_SIZE,
                                   .flags = GNTCOPY_source_gref};
}

void path_measure_grants(void)
{
    prepare_grants();
    MEASURE("grant-map-unmap", grant_map_unmap, 1);
    MEASURE("grant-map-unmap-batch", grant_map_unmap_batch, BATCH);
    MEASURE("grant-copy", grant_copy_page, 1);
    for (unsigned i = 0; i < BATCH; i++) {
        CHECK_EQUAL(to_map[i].status, GNTST_okay);
        CHECK_EQUAL(to_unmap[i].status, GNTST_okay);
    }
    CHECK_EQUAL(to_copy.status, GNTST_okay);
    CHECK(grant_end_access(granted));
    grant_free(granted);
}

TEST(path_length)
{
    prepare();
    print_scale();
    MEASURE("null-hypercall", null, 1);
    path_measure_sends();
    MEASURE("update-va-mapping", map, 1);
    MEASURE("update-va-mapping-protect", protect, 1);
    MEASURE("mmu-update", update, 1);
    MEASURE("mmu-update-batch", batch, BATCH);
    MEASURE("invalid-opcode", invalid_opcode, 1);
    MEASURE("page-fault", page_fault, 1);
    measure_system_call();
    MEASURE("yield", yield, 1);
    MEASURE("multicall-null", multicall, BATCH);
    MEASURE("set-timer", set_timer, 1);
    MEASURE("stack-switch", stack_switch, 1);
    MEASURE("segment-base", segment_base, 1);
    MEASURE("base-switch", base_switch, 1);
    path_measure_grants();
    trap_init();
}

/* SPDX-License-Identifier: MIT */
#include "tests/system/guests/tiny.h"
#include "guest/foreign.h"
#include "guest/time.h"

#define PATIENCE (5000 * NS_PER_MS)

struct xen_domctl_createdomain tiny_config(void)
{
    return (struct xen_domctl_createdomain){
        .max_vcpus = 1,
        .max_evtchn_port = 63,
        .max_grant_frames = -1,
        .max_maptrack_frames = -1,
        .grant_opts = XEN_DOMCTL_GRANT_version(1),
    };
}

bool tiny_create(struct tiny *t, uint64_t pages)
{
    struct xen_domctl_createdomain config = tiny_config();
    return CHECK_EQUAL(control_create(&config, &t->id), 0) &&
           CHECK_EQUAL(control_max_memory(t->id, pages), 0) &&
           CHECK_EQUAL(control_max_vcpus(t->id, 1), 0);
}

static bool write_page(const struct tiny *t, enum tiny_page page, const void *from, size_t size)
{
    char *at = tiny_map(t, page);
    if (!at)
        return false;
    memset(at, 0, PAGE_SIZE);
    memcpy(at, from, size);
    tiny_unmap(at);
    return true;
}

static bool write_entry(const struct tiny *t, enum tiny_page page, uint64_t address, unsigned level,
                        uint64_t frame, uint64_t flags)
{
    static uint64_t table[PAGE_SIZE / sizeof(uint64_t)];
    memset(table, 0, sizeof(table));
    table[address >> (PAGE_SHIFT + 9 * (level - 1)) & 511] = frame << PAGE_SHIFT | flags;
    return write_page(t, page, table, sizeof(table));
}

static bool write_tables(const struct tiny *t, uint64_t shared)
{
    const uint64_t flags = PTE_PRESENT | PTE_USER | PTE_ACCESSED;
    static uint64_t leaves[PAGE_SIZE / sizeof(uint64_t)];
    uint64_t *at = &leaves[TINY_CODE >> PAGE_SHIFT & 511];
    memset(leaves, 0, sizeof(leaves));
    at[0] = t->frames[TINY_PAGE_CODE] << PAGE_SHIFT | flags;
    at[1] = t->frames[TINY_PAGE_DATA] << PAGE_SHIFT | flags | PTE_WRITE;
    at[2] = shared << PAGE_SHIFT | flags | PTE_WRITE;
    const uint64_t upper = flags | PTE_WRITE;
    return write_page(t, TINY_PAGE_L1, leaves, sizeof(leaves)) &&
           write_entry(t, TINY_PAGE_L2, TINY_CODE, 2, t->frames[TINY_PAGE_L1], upper) &&
           write_entry(t, TINY_PAGE_L3, TINY_CODE, 3, t->frames[TINY_PAGE_L2], upper) &&
           write_entry(t, TINY_PAGE_L4, TINY_CODE, 4, t->frames[TINY_PAGE_L3], upper);
}

bool tiny_build(struct tiny *t, const char *from, const char *to)
{
    static const uint32_t poweroff = SHUTDOWN_poweroff;
    struct xen_domctl_getdomaininfo info;
    if (!tiny_create(t, TINY_PAGES) ||
        !CHECK_EQUAL(control_populate(t->id, t->frames, TINY_PAGES), TINY_PAGES) ||
        !CHECK_EQUAL(control_info(t->id, &info), 0) ||
        !write_page(t, TINY_PAGE_CODE, from, (size_t)(to - from)) ||
        !write_page(t, TINY_PAGE_DATA, &poweroff, sizeof(poweroff)) ||
        !write_tables(t, info.shared_info_frame) ||
        !CHECK_EQUAL(control_pin(t->id, t->frames[TINY_PAGE_L4]), 0))
        return false;
    t->context = (struct vcpu_guest_context){
        .flags = VGCF_in_kernel | VGCF_online,
        .user_regs = {.rip = TINY_CODE,
                      .rsp = TINY_DATA + PAGE_SIZE,
                      .rbx = TINY_DATA,
                      .rbp = TINY_SHARED,
                      .rflags = 0x202,
                      .cs = FLAT_KERNEL_CS,
                      .ss = FLAT_KERNEL_SS},
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = TINY_DATA + PAGE_SIZE,
        .ctrlreg = {[3] = xen_pfn_to_cr3(t->frames[TINY_PAGE_L4])},
    };
    return true;
}

bool tiny_load(struct tiny *t, const char *from, const char *to)
{
    return tiny_build(t, from, to) && CHECK_EQUAL(control_set_context(t->id, 0, &t->context), 0);
}

bool tiny_start(struct tiny *t)
{
    return CHECK_EQUAL(control_unpause(t->id), 0);
}

void *tiny_map(const struct tiny *t, enum tiny_page page)
{
    long error = 0;
    void *at = foreign_map(t->id, &t->frames[page], 1, &error);
    CHECK_EQUAL(error, 0);
    return at;
}

void tiny_unmap(void *at)
{
    foreign_unmap(at, 1);
}

/* struct tiny_call[] behind their number. */
#define CALLS (TINY_ARGUMENTS + 8)

TINY_PROGRAM(performs, "movb $1, 1(%rbp)\n" /* no upcalls: evtchn_upcall_mask */
                       "leaq 1032(%rbx), %r12; movq 1024(%rbx), %r13\n"
                       "1: testq %r13, %r13; jz 2f\n"
                       "movq (%r12), %rax; movq 8(%r12), %rdi; movq 16(%r12), %rsi\n"
                       "movq 24(%r12), %rdx; movq 32(%r12), %r10\n"
                       "syscall\n"
                       "movq %rax, 40(%r12); addq $48, %r12; decq %r13; jmp 1b\n"
                       "2: movl $0, 4088(%rbx); addq $4088, %rbx\n" TINY_SHUTDOWN);

bool tiny_calls(struct tiny *t, struct tiny_call *calls, unsigned n, void *arguments, size_t size)
{
    if (!tiny_load(t, performs_start, performs_end))
        return false;
    char *data = tiny_map(t, TINY_PAGE_DATA);
    if (!data)
        return false;
    *(uint64_t *)(data + TINY_ARGUMENTS) = n;
    memcpy(data + CALLS, calls, n * sizeof(*calls));
    if (arguments)
        memcpy(data, arguments, size);
    bool done = tiny_start(t) && CHECK_EQUAL(tiny_wait(t), SHUTDOWN_poweroff);
    memcpy(calls, data + CALLS, n * sizeof(*calls));
    if (arguments)
        memcpy(arguments, data, size);
    tiny_unmap(data);
    return done;
}

int tiny_wait(const struct tiny *t)
{
    uint64_t end = time_system().n + PATIENCE;
    struct xen_domctl_getdomaininfo info;
    while (time_system().n < end) {
        if (control_info(t->id, &info))
            return -1;
        if (info.flags & XEN_DOMINF_shutdown)
            return (int)control_shutdown_reason(&info);
        hypercall_sched_op(SCHEDOP_yield, NULL);
    }
    return -1;
}

void tiny_destroy(const struct tiny *t)
{
    struct xen_domctl_getdomaininfo info;
    CHECK_EQUAL(control_destroy(t->id), 0);
    /* Xen frees the last of it when all CPUs have been elsewhere. */
    uint64_t end = time_system().n + PATIENCE;
    while (control_info(t->id, &info) == 0 && time_system().n < end)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    CHECK_EQUAL(control_info(t->id, &info), -XEN_ESRCH);
}

uint64_t tiny_free_frames(void)
{
    struct xen_sysctl_physinfo machine = {0};
    CHECK_EQUAL(control_machine(&machine), 0);
    return machine.free_pages;
}

uint64_t tiny_free_frames_again(uint64_t before)
{
    uint64_t end = time_system().n + PATIENCE;
    while (tiny_free_frames() < before && time_system().n < end)
        time_sleep_until(NS(time_system().n + NS_PER_MS));
    return tiny_free_frames();
}

uint32_t tiny_flags(domid_t id)
{
    struct xen_domctl_getdomaininfo info;
    return control_info(id, &info) == 0 ? info.flags : 0;
}

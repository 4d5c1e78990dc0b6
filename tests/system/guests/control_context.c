/* SPDX-License-Identifier: MIT */
/* domctl: registers of vcpus of others. */
#include "guest/time.h"
#include "tests/system/guests/tiny.h"

/* Counts at TINY_DATA + 8; and another one, 64 bytes behind it, at + 16. */
TINY_PROGRAM(counts_two, "1: incq 8(%rbx); jmp 1b\n.org counts_two_start + 64\n"
                         "2: incq 16(%rbx); jmp 2b");

#define OTHER_START (TINY_CODE + 64)
#define NOT_CANONICAL 0x0000800000000000UL

TEST(context_needs_registers_first)
{
    static struct vcpu_guest_context c;
    struct tiny t;
    REQUIRE(tiny_build(&t, counts_two_start, counts_two_end));
    CHECK_EQUAL(control_get_context(t.id, 0, &c), -XEN_ENODATA);
    CHECK_EQUAL(control_get_context(t.id, 1, &c), -XEN_EINVAL);
    CHECK_EQUAL(control_get_context(0, 0, &c), -XEN_EINVAL);
    CHECK_EQUAL(control_set_context(t.id, 1, &t.context), -XEN_EINVAL);
    CHECK_EQUAL(control_set_context(0, 0, &t.context), -XEN_EINVAL);
    CHECK_EQUAL(control_set_context(t.id, 0, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(control_set_context(t.id, 0, &t.context), 0);
    CHECK_EQUAL(control_get_context(t.id, 0, POINTER_BAD), -XEN_EFAULT);
    CHECK_EQUAL(control_get_context(t.id, 0, &c), 0);
    tiny_destroy(&t);
}

/* One field wrong at a time. */
static long with(const struct tiny *t, unsigned long *field, unsigned long value)
{
    unsigned long before = *field;
    *field = value;
    long error = control_set_context(t->id, 0, &t->context);
    *field = before;
    return error;
}

TEST(context_refuses)
{
    static struct tiny t;
    REQUIRE(tiny_build(&t, counts_two_start, counts_two_end));
    struct vcpu_guest_context *c = &t.context;
    CHECK_EQUAL(with(&t, &c->user_regs.rip, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->user_regs.rsp, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->kernel_sp, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->event_callback_eip, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->failsafe_callback_eip, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->syscall_callback_eip, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->fs_base, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->gs_base_kernel, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->gs_base_user, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->trap_ctxt[14].address, NOT_CANONICAL), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->gdt_ents, FIRST_RESERVED_GDT_ENTRY + 1), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->ldt_base, 8), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->ldt_ents, 8193), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->vm_assist, 1UL << 63), -XEN_EINVAL);
    /* User mode, without page tables for it. */
    CHECK_EQUAL(with(&t, &c->flags, VGCF_online), -XEN_EINVAL);
    /* Not a root; not of the domain; no frame at all. */
    CHECK_EQUAL(with(&t, &c->ctrlreg[3], xen_pfn_to_cr3(t.frames[TINY_PAGE_L3])), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->ctrlreg[3], xen_pfn_to_cr3(frame_of_hypervisor().n)), -XEN_EINVAL);
    CHECK_EQUAL(with(&t, &c->ctrlreg[3], xen_pfn_to_cr3(FRAME_BEYOND.n)), -XEN_EINVAL);
    /* A descriptor table that is a page table. */
    c->gdt_frames[0] = t.frames[TINY_PAGE_L1];
    CHECK_EQUAL(with(&t, &c->gdt_ents, 1), -XEN_EINVAL);
    c->gdt_frames[0] = 0;
    CHECK_EQUAL(control_set_context(t.id, 0, c), 0);
    tiny_destroy(&t);
}

TEST(context_comes_back)
{
    static struct tiny t;
    static struct vcpu_guest_context c;
    REQUIRE(tiny_build(&t, counts_two_start, counts_two_end));
    t.context.user_regs.r12 = 0x1212121212121212;
    t.context.user_regs.rax = 0x1010101010101010;
    t.context.fs_base = 0x1000;
    t.context.gs_base_kernel = 0x2000;
    t.context.gs_base_user = 0x3000;
    t.context.event_callback_eip = 0x4000;
    t.context.failsafe_callback_eip = 0x5000;
    t.context.syscall_callback_eip = 0x6000;
    t.context.flags |= VGCF_failsafe_disables_events | VGCF_syscall_disables_events;
    t.context.trap_ctxt[14] =
        (struct trap_info){.vector = 14, .flags = 4, .cs = FLAT_KERNEL_CS, .address = 0x7000};
    t.context.user_regs.rflags |= 0x4000 | 0x1000; /* NT, and I/O privilege level 1 */
    REQUIRE(CHECK_EQUAL(control_set_context(t.id, 0, &t.context), 0));
    REQUIRE(CHECK_EQUAL(control_get_context(t.id, 0, &c), 0));
    CHECK_EQUAL(c.user_regs.r12, t.context.user_regs.r12);
    CHECK_EQUAL(c.user_regs.rax, t.context.user_regs.rax);
    CHECK_EQUAL(c.user_regs.rip, TINY_CODE);
    CHECK_EQUAL(c.user_regs.rsp, TINY_DATA + PAGE_SIZE);
    CHECK_EQUAL(c.user_regs.rflags & 0x7200, 0x5200);
    CHECK_EQUAL(c.fs_base, 0x1000);
    CHECK_EQUAL(c.gs_base_kernel, 0x2000);
    CHECK_EQUAL(c.gs_base_user, 0x3000);
    CHECK_EQUAL(c.event_callback_eip, 0x4000);
    CHECK_EQUAL(c.failsafe_callback_eip, 0x5000);
    CHECK_EQUAL(c.syscall_callback_eip, 0x6000);
    CHECK_EQUAL(c.trap_ctxt[14].address, 0x7000);
    CHECK_EQUAL(c.trap_ctxt[14].flags, 4);
    CHECK_EQUAL(c.ctrlreg[3], t.context.ctrlreg[3]);
    CHECK_EQUAL(c.ctrlreg[1], 0);
    CHECK_EQUAL(c.kernel_sp, t.context.kernel_sp);
    CHECK_EQUAL(c.gdt_ents, 0);
    CHECK_EQUAL(c.flags & (VGCF_in_kernel | VGCF_online | VGCF_failsafe_disables_events |
                           VGCF_syscall_disables_events),
                VGCF_in_kernel | VGCF_online | VGCF_failsafe_disables_events |
                    VGCF_syscall_disables_events);
    tiny_destroy(&t);
}

/* Selectors and flags of the hypervisor's own kind are not loaded. */
TEST(context_privileges_are_not_given)
{
    static struct tiny t;
    static struct vcpu_guest_context c;
    REQUIRE(tiny_build(&t, counts_two_start, counts_two_end));
    t.context.user_regs.cs = 0xe008;
    t.context.user_regs.ss = 0xe010;
    t.context.user_regs.rflags = 0x3002; /* interrupts off, I/O privilege level 3 */
    REQUIRE(CHECK_EQUAL(control_set_context(t.id, 0, &t.context), 0));
    REQUIRE(CHECK_EQUAL(control_get_context(t.id, 0, &c), 0));
    CHECK_EQUAL(c.user_regs.cs & 3, 3);
    CHECK_EQUAL(c.user_regs.ss & 3, 3);
    CHECK(c.user_regs.rflags & 0x200);
    REQUIRE(tiny_start(&t));
    CHECK_EQUAL(tiny_wait(&t), SHUTDOWN_crash);
    tiny_destroy(&t);
}

static bool counts(const volatile uint64_t *counter)
{
    uint64_t before = *counter;
    uint64_t end = time_system().n + 2000 * NS_PER_MS;
    while (*counter == before && time_system().n < end)
        hypercall_sched_op(SCHEDOP_yield, NULL);
    return *counter != before;
}

/* A vcpu that runs goes on elsewhere; its tables stay what they are. */
TEST(context_of_one_that_runs)
{
    static struct tiny t;
    static struct vcpu_guest_context c;
    REQUIRE(tiny_load(&t, counts_two_start, counts_two_end));
    volatile uint64_t *data = tiny_map(&t, TINY_PAGE_DATA);
    REQUIRE(data && tiny_start(&t));
    CHECK(counts(&data[1]));
    REQUIRE(CHECK_EQUAL(control_get_context(t.id, 0, &c), 0));
    CHECK(c.user_regs.rip >= TINY_CODE && c.user_regs.rip < OTHER_START);
    c.user_regs.rip = OTHER_START;
    CHECK_EQUAL(control_set_context(t.id, 0, &c), 0);
    CHECK(counts(&data[2]));
    uint64_t before = data[1];
    CHECK(counts(&data[2]));
    CHECK_EQUAL(data[1], before);
    c.ctrlreg[3] = xen_pfn_to_cr3(t.frames[TINY_PAGE_L3]);
    CHECK_EQUAL(control_set_context(t.id, 0, &c), -XEN_EOPNOTSUPP);
    CHECK(counts(&data[2]));
    tiny_unmap((void *)data);
    tiny_destroy(&t);
}

/* Online or not is in the flags. */
TEST(context_takes_a_vcpu_down)
{
    static struct tiny t;
    struct xen_domctl_getdomaininfo info;
    REQUIRE(tiny_load(&t, counts_two_start, counts_two_end));
    CHECK_EQUAL(control_info(t.id, &info), 0);
    CHECK_EQUAL(info.nr_online_vcpus, 1);
    t.context.flags &= ~(unsigned long)VGCF_online;
    CHECK_EQUAL(control_set_context(t.id, 0, &t.context), 0);
    CHECK_EQUAL(control_info(t.id, &info), 0);
    CHECK_EQUAL(info.nr_online_vcpus, 0);
    tiny_destroy(&t);
}

TEST(context_vcpu_info)
{
    static struct tiny t;
    REQUIRE(tiny_load(&t, counts_two_start, counts_two_end));
    struct xen_domctl op = {.cmd = XEN_DOMCTL_getvcpuinfo, .domain = t.id};
    CHECK_EQUAL(control_domain(&op), 0);
    CHECK_EQUAL(op.u.getvcpuinfo.online, 1);
    CHECK_EQUAL(op.u.getvcpuinfo.blocked, 0);
    CHECK_EQUAL(op.u.getvcpuinfo.running, 0);
    CHECK_EQUAL(op.u.getvcpuinfo.cpu_time, 0);
    op.u.getvcpuinfo.vcpu = 1;
    CHECK_EQUAL(control_domain(&op), -XEN_EINVAL);
    op = (struct xen_domctl){.cmd = XEN_DOMCTL_sendtrigger,
                             .domain = t.id,
                             .u.sendtrigger = {.trigger = XEN_DOMCTL_SENDTRIGGER_NMI, .vcpu = 1}};
    CHECK_EQUAL(control_domain(&op), -XEN_ESRCH);
    op.u.sendtrigger.vcpu = 0;
    CHECK_EQUAL(control_domain(&op), 0);
    op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_SLEEP;
    CHECK_EQUAL(control_domain(&op), -XEN_EINVAL);
    op.u.sendtrigger.trigger = XEN_DOMCTL_SENDTRIGGER_INIT;
    CHECK_EQUAL(control_domain(&op), -XEN_ENOSYS);
    tiny_destroy(&t);
}

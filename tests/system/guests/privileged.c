/* SPDX-License-Identifier: MIT */
/* Privileged instructions: those that a kernel may use are emulated, the rest are faults. */
#include "guest/cpuid.h"
#include "tests/system/guests/support.h"

static bool read_msr(uint32_t msr, uint64_t *value)
{
    struct caught caught;
    volatile uint32_t low = 0;
    volatile uint32_t high = 0;
    bool trapped = CATCH(&caught, {
        uint32_t a;
        uint32_t d;
        asm volatile("rdmsr" : "=a"(a), "=d"(d) : "c"(msr));
        low = a;
        high = d;
    });
    *value = (uint64_t)high << 32 | low;
    return !trapped && !(trapped && caught.frame.vector != TRAP_PROTECTION);
}

static bool write_msr(uint32_t msr, uint64_t value)
{
    struct caught caught;
    return !CATCH(&caught, asm volatile("wrmsr"
                                        :
                                        : "c"(msr), "a"((uint32_t)value), "d"(value >> 32)));
}

TEST(cpuid_forced_names_the_hypervisor)
{
    struct cpuid base = cpuid_forced(XEN_CPUID_FIRST_LEAF, 0);
    CHECK(base.a >= XEN_CPUID_LEAF(2));
    CHECK_EQUAL(base.b, XEN_CPUID_SIGNATURE_EBX);
    CHECK_EQUAL(base.c, XEN_CPUID_SIGNATURE_ECX);
    CHECK_EQUAL(base.d, XEN_CPUID_SIGNATURE_EDX);
    CHECK_EQUAL(cpuid_forced(XEN_CPUID_LEAF(1), 0).a,
                (uint32_t)hypercall_xen_version(XENVER_version, NULL));
    struct cpuid pages = cpuid_forced(XEN_CPUID_LEAF(2), 0);
    CHECK_EQUAL(pages.a, 1);
    CHECK(pages.c & XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD);
}

/* What a paravirtual kernel cannot use is not shown to it. */
TEST(cpuid_forced_hides_features)
{
    struct cpuid basic = cpuid_forced(1, 0);
    CHECK(basic.d & 1U << 0);     /* FPU */
    CHECK(basic.d & 1U << 25);    /* SSE */
    CHECK(basic.c & 1U << 31);    /* there is a hypervisor */
    CHECK(!(basic.d & 1U << 3));  /* PSE */
    CHECK(!(basic.d & 1U << 13)); /* PGE */
    CHECK(!(basic.c & 1U << 5));  /* VMX */
    struct cpuid extended = cpuid_forced(0x80000001, 0);
    CHECK(extended.d & 1U << 29);   /* long mode */
    CHECK(extended.d & 1U << 11);   /* syscall */
    CHECK(!(extended.c & 1U << 2)); /* SVM */
}

/* The prefix is an invalid opcode that means something in front of cpuid only. */
TEST(cpuid_prefix_alone_is_invalid)
{
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile(XEN_EMULATE_PREFIX "nop")));
    CHECK_EQUAL(caught.frame.vector, TRAP_INVALID_OPCODE);
}

TEST(privileged_control_registers)
{
    const uint64_t cr0_fixed = 0x80000001; /* PG, PE */
    uint64_t cr0;
    uint64_t cr3;
    uint64_t cr4;
    asm volatile("mov %%cr0, %0; mov %%cr3, %1; mov %%cr4, %2" : "=r"(cr0), "=r"(cr3), "=r"(cr4));
    CHECK_EQUAL(cr0 & cr0_fixed, cr0_fixed);
    CHECK_EQUAL(xen_cr3_to_pfn(cr3), table_root_mfn().n);
    CHECK(cr4 & 1 << 5); /* PAE */
}

TEST(privileged_cr2)
{
    struct caught caught;
    uint64_t cr2;
    CHECK(CATCH(&caught, *(volatile char *)(spare_address() + 7)));
    asm volatile("mov %%cr2, %0" : "=r"(cr2));
    CHECK_EQUAL(cr2, spare_address() + 7);
}

/* Writing cr3 is a new base; of a frame that is no root, a fault. */
TEST(privileged_write_cr3)
{
    struct caught caught;
    uint64_t *page = page_alloc();
    uint64_t good = xen_pfn_to_cr3(table_root_mfn().n);
    uint64_t bad = xen_pfn_to_cr3(page_mfn(page).n);
    CHECK(!CATCH(&caught, asm volatile("mov %0, %%cr3" : : "r"(good) : "memory")));
    CHECK(CATCH(&caught, asm volatile("mov %0, %%cr3" : : "r"(bad) : "memory")));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    page_free(page);
}

TEST(privileged_write_cr0_is_refused)
{
    struct caught caught;
    uint64_t cr0;
    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    CHECK(CATCH(&caught, asm volatile("mov %0, %%cr0" : : "r"(cr0 & ~0x80000000UL))));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
}

static long set_iopl(unsigned level)
{
    struct physdev_set_iopl iopl = {.iopl = level};
    return hypercall_physdev_op(PHYSDEVOP_set_iopl, &iopl);
}

/* A kernel that has the I/O level may clear and set IF out of habit, and nothing changes. */
TEST(privileged_cli_and_sti)
{
    struct caught caught;
    CHECK_EQUAL(set_iopl(0), 0);
    CHECK(CATCH(&caught, asm volatile("cli")));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK_EQUAL(set_iopl(1), 0);
    CHECK(!CATCH(&caught, asm volatile("cli")));
    CHECK(!vcpu_masked());
    CHECK(!CATCH(&caught, asm volatile("sti")));
    CHECK(!vcpu_masked());
    CHECK_EQUAL(set_iopl(0), 0);
}

TEST(privileged_faults)
{
    struct caught caught;
    CHECK(CATCH(&caught, asm volatile("hlt")));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    struct {
        uint16_t limit;
        uint64_t base;
    } __attribute__((packed)) table = {0};
    CHECK(CATCH(&caught, asm volatile("lidt %0" : : "m"(table))));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK(CATCH(&caught, asm volatile("lgdt %0" : : "m"(table))));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK(CATCH(&caught, asm volatile("lldt %w0" : : "r"(0))));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK(CATCH(&caught, asm volatile("ltr %w0" : : "r"(0))));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK(CATCH(&caught, asm volatile("invlpg (%0)" : : "r"(&caught))));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
}

#define MSR_EFER 0xc0000080
#define MSR_FS_BASE 0xc0000100
#define MSR_GS_BASE 0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_UNKNOWN 0x4711
#define EFER_SYSCALL 0x1UL
#define EFER_LONG_MODE_ACTIVE 0x400UL

TEST(privileged_msr_efer)
{
    uint64_t efer;
    CHECK(read_msr(MSR_EFER, &efer));
    CHECK(efer & EFER_SYSCALL);
    CHECK(efer & EFER_LONG_MODE_ACTIVE);
}

TEST(privileged_msr_segment_bases)
{
    uint64_t value[2] = {0, 0x55};
    uint64_t seen;
    CHECK(write_msr(MSR_FS_BASE, (uintptr_t)value));
    asm volatile("mov %%fs:8, %0" : "=r"(seen));
    CHECK_EQUAL(seen, 0x55);
    CHECK(read_msr(MSR_FS_BASE, &seen));
    CHECK_EQUAL(seen, (uintptr_t)value);
    CHECK(write_msr(MSR_FS_BASE, 0));
    CHECK(read_msr(MSR_GS_BASE, &seen));
    CHECK_EQUAL(seen, (uintptr_t)vcpu_self());
    CHECK(write_msr(MSR_KERNEL_GS_BASE, 0x1234000)); /* in kernel mode: the user's */
    CHECK(read_msr(MSR_KERNEL_GS_BASE, &seen));
    CHECK_EQUAL(seen, 0x1234000);
    CHECK(write_msr(MSR_KERNEL_GS_BASE, 0));
    CHECK(!write_msr(MSR_FS_BASE, 0x8000000000000000));
}

TEST(privileged_msr_unknown)
{
    uint64_t value;
    CHECK(!read_msr(MSR_UNKNOWN, &value));
    CHECK(!write_msr(MSR_UNKNOWN, 1));
}

TEST(privileged_wbinvd)
{
    struct caught caught;
    CHECK(!CATCH(&caught, asm volatile("wbinvd" : : : "memory")));
}

/* Ports of the speaker and the refresh counter, which reading leaves as they were. */
TEST(privileged_ports)
{
    struct caught caught;
    CHECK_EQUAL(set_iopl(0), 0);
    CHECK(CATCH(&caught, asm volatile("in $0x61, %%al" : : : "rax")));
    CHECK_EQUAL(caught.frame.vector, TRAP_PROTECTION);
    CHECK_EQUAL(set_iopl(1), 0);
    CHECK(!CATCH(&caught, asm volatile("in $0x61, %%al; out %%al, $0x80" : : : "rax")));
    CHECK_EQUAL(set_iopl(0), 0);
    CHECK_EQUAL(set_iopl(4), -XEN_EINVAL);
}

TEST(privileged_port_bitmap)
{
    static uint8_t bitmap[8192]; /* a bit a port: set is closed */
    struct caught caught;
    struct physdev_set_iobitmap set = {.nr_ports = 65536};
    set_xen_guest_handle(set.bitmap, bitmap);
    memset(bitmap, 0xff, sizeof(bitmap));
    bitmap[0x61 / 8] &= (uint8_t) ~(1 << 0x61 % 8);
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_set_iobitmap, &set), 0);
    CHECK(!CATCH(&caught, asm volatile("in $0x61, %%al" : : : "rax")));
    CHECK(CATCH(&caught, asm volatile("in $0x62, %%al" : : : "rax")));
    set.nr_ports = 65537;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_set_iobitmap, &set), -XEN_EINVAL);
    set.nr_ports = 0;
    CHECK_EQUAL(hypercall_physdev_op(PHYSDEVOP_set_iobitmap, &set), 0);
    CHECK(CATCH(&caught, asm volatile("in $0x61, %%al" : : : "rax")));
}

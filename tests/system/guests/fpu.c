/* SPDX-License-Identifier: MIT */
/* The FPU: its state survives what the kernel does, and task switching is the kernel's to see. */
#include "guest/time.h"
#include "tests/system/guests/support.h"

static void fill(uint64_t seed)
{
    uint64_t low[2] = {seed, ~seed};
    uint64_t high[2] = {seed * 3, seed * 5};
    asm volatile("fninit; fld1; fldpi; movdqu %0, %%xmm0; movdqu %1, %%xmm15"
                 :
                 : "m"(low), "m"(high));
}

static void check_filled(uint64_t seed)
{
    uint64_t low[2];
    uint64_t high[2];
    double pi;
    double one;
    uint64_t pi_bits;
    uint64_t one_bits;
    asm volatile("movdqu %%xmm0, %0; movdqu %%xmm15, %1; fstpl %2; fstpl %3"
                 : "=m"(low), "=m"(high), "=m"(pi), "=m"(one));
    memcpy(&pi_bits, &pi, sizeof(pi_bits));
    memcpy(&one_bits, &one, sizeof(one_bits));
    CHECK_EQUAL(low[0], seed);
    CHECK_EQUAL(low[1], ~seed);
    CHECK_EQUAL(high[0], seed * 3);
    CHECK_EQUAL(high[1], seed * 5);
    CHECK_EQUAL(pi_bits, 0x400921fb54442d18);
    CHECK_EQUAL(one_bits, 0x3ff0000000000000);
}

TEST(fpu_survives_hypercalls_and_exceptions)
{
    struct caught caught;
    fill(0x123456789abcdef0);
    hypercall_xen_version(XENVER_version, NULL);
    CHECK(CATCH(&caught, asm volatile("ud2")));
    hypercall_sched_op(SCHEDOP_yield, NULL);
    check_filled(0x123456789abcdef0);
}

TEST(fpu_survives_blocking)
{
    fill(0xfedcba9876543210);
    time_sleep_until(NS(time_system().n + NS_PER_MS));
    check_filled(0xfedcba9876543210);
}

/* Once set, the next instruction of the FPU traps, and only that one. */
TEST(fpu_taskswitch)
{
    struct caught caught;
    fill(77);
    CHECK_EQUAL(hypercall_fpu_taskswitch(1), 0);
    CHECK(CATCH(&caught, asm volatile("fnop")));
    CHECK_EQUAL(caught.frame.vector, TRAP_NO_FPU);
    CHECK(!CATCH(&caught, asm volatile("fnop")));
    CHECK_EQUAL(hypercall_fpu_taskswitch(1), 0);
    CHECK(CATCH(&caught, asm volatile("movaps %xmm1, %xmm2")));
    CHECK_EQUAL(caught.frame.vector, TRAP_NO_FPU);
    CHECK_EQUAL(hypercall_fpu_taskswitch(1), 0);
    CHECK_EQUAL(hypercall_fpu_taskswitch(0), 0);
    CHECK(!CATCH(&caught, asm volatile("fnop")));
    check_filled(77);
}

/* The same by the instructions, which are emulated. */
TEST(fpu_taskswitch_by_cr0)
{
    const uint64_t ts = 8;
    struct caught caught;
    uint64_t cr0;
    fill(78);
    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    CHECK_EQUAL(cr0 & ts, 0);
    asm volatile("mov %0, %%cr0" : : "r"(cr0 | ts));
    asm volatile("mov %%cr0, %0" : "=r"(cr0));
    CHECK_EQUAL(cr0 & ts, ts);
    CHECK(CATCH(&caught, asm volatile("fnop")));
    CHECK_EQUAL(caught.frame.vector, TRAP_NO_FPU);
    CHECK_EQUAL(hypercall_fpu_taskswitch(1), 0);
    asm volatile("clts");
    CHECK(!CATCH(&caught, asm volatile("fnop")));
    check_filled(78);
}

/* An unmasked error of the x87 comes with the next waiting instruction. */
TEST(fpu_error)
{
    struct caught caught;
    const uint16_t all_unmasked = 0x0300;
    asm volatile("fninit; fldcw %0; fld1; fldz" : : "m"(all_unmasked));
    CHECK(CATCH(&caught, asm volatile("fdivrp; fwait")));
    CHECK_EQUAL(caught.frame.vector, TRAP_FPU);
    asm volatile("fninit");
}

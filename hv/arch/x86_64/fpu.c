/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/fpu.h"

#include "hv/arch/x86_64/io.h"
#include "hv/core/arch.h"
#include "hv/core/buddy.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"

#define CR0_TS (1UL << 3)
#define CR4_OSXSAVE (1UL << 18)
#define CPUID1_C_XSAVE (1U << 26)

#define XCR0_X87 (1UL << 0)
#define XCR0_SSE (1UL << 1)
#define XCR0_AVX (1UL << 2)
#define XCR0_AVX512 (7UL << 5)
/* Components that need nothing of an operating system but saving. */
#define XCR0_KNOWN (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512)

#define FXSAVE_SIZE 512
#define XSAVE_HEADER_SIZE 64
#define FCW_RESET 0x037f
#define MXCSR_RESET 0x1f80

#define VENDOR_B_AMD 0x68747541   /* "Auth" of AuthenticAMD */
#define VENDOR_B_HYGON 0x6f677948 /* "Hygo" of HygonGenuine */
#define CPUID_EXTENDED 0x80000000
#define CPUID_CAPACITIES 0x80000008
#define CAPACITIES_B_ERROR_POINTERS (1U << 2)
#define FSW_PENDING 0x80 /* an exception, in the status word's lowest byte */

uint64_t fpu_features;

/* Restoring leaves the x87's last instruction and operand as they are, where no exception is
 * pending: they would be of whoever ran before (AMD64 APM volume 5, FXRSTOR). */
static bool pointers_stay;

static bool leaves_pointers(void)
{
    uint32_t vendor = cpuid(0, 0).b;
    if (vendor != VENDOR_B_AMD && vendor != VENDOR_B_HYGON)
        return false;
    return cpuid(CPUID_EXTENDED, 0).a < CPUID_CAPACITIES ||
           !(cpuid(CPUID_CAPACITIES, 0).b & CAPACITIES_B_ERROR_POINTERS);
}

static uint32_t area_size = FXSAVE_SIZE;

static void xsetbv(uint64_t value)
{
    __asm__ volatile("xsetbv" ::"c"(0), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)));
}

void fpu_init(void)
{
    pointers_stay = leaves_pointers();
    if (!(cpuid(1, 0).c & CPUID1_C_XSAVE))
        return;
    struct cpuid c = cpuid(0xd, 0);
    fpu_features = ((uint64_t)c.d << 32 | c.a) & XCR0_KNOWN;
    write_cr4(read_cr4() | CR4_OSXSAVE);
    xsetbv(fpu_features);
    area_size = cpuid(0xd, 0).b; /* of what is enabled now */
}

static unsigned area_order(void)
{
    return order_of(round_up((uint64_t)area_size, PAGE_SIZE) >> PAGE_SHIFT);
}

bool fpu_init_vcpu(struct vcpu *v)
{
    v->arch.fpu = heap_alloc_mapped(area_order());
    if (v->arch.fpu == NULL)
        return false;
    fpu_reset(v);
    return true;
}

void fpu_reset(struct vcpu *v)
{
    char *area = v->arch.fpu;
    memset(area, 0, area_size);
    *(uint16_t *)area = FCW_RESET;
    *(uint32_t *)(area + 24) = MXCSR_RESET;
    v->arch.xcr0 = XCR0_X87;
}

void fpu_free_vcpu(struct vcpu *v)
{
    heap_free_mapped(v->arch.fpu, area_order());
}

void fpu_save(struct vcpu *v)
{
    __asm__ volatile("clts");
    if (fpu_features == 0) {
        __asm__ volatile("fxsave64 (%0)" ::"r"(v->arch.fpu) : "memory");
        return;
    }
    if (v->arch.xcr0 != fpu_features)
        xsetbv(fpu_features);
    __asm__ volatile("xsave64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
}

/* What it did last is to read a word of nobody's. */
static void forget_pointers(void)
{
    static const uint32_t nothing;
    __asm__ volatile("fnclex; ffree %%st(7); fildl %0" ::"m"(nothing));
}

void fpu_load(const struct vcpu *v)
{
    __asm__ volatile("clts");
    if (pointers_stay && !(((const uint8_t *)v->arch.fpu)[2] & FSW_PENDING))
        forget_pointers();
    if (fpu_features == 0) {
        __asm__ volatile("fxrstor64 (%0)" ::"r"(v->arch.fpu) : "memory");
    } else {
        xsetbv(fpu_features);
        __asm__ volatile("xrstor64 (%0)" ::"r"(v->arch.fpu), "a"(-1), "d"(-1) : "memory");
        if (v->arch.xcr0 != fpu_features)
            xsetbv(v->arch.xcr0);
    }
    if (v->arch.task_switched)
        write_cr0(read_cr0() | CR0_TS);
}

void fpu_set_task_switched(struct vcpu *v, bool on)
{
    if (v->arch.task_switched == on)
        return;
    v->arch.task_switched = on;
    if (on)
        write_cr0(read_cr0() | CR0_TS);
    else
        __asm__ volatile("clts");
}

void fpu_import(struct vcpu *v, const void *image)
{
    char *area = v->arch.fpu;
    memcpy(area, image, FXSAVE_SIZE);
    /* Bits that do not exist in MXCSR fault when loaded. */
    *(uint32_t *)(area + 24) &= 0xffff;
    if (fpu_features != 0) {
        memset(area + FXSAVE_SIZE, 0, XSAVE_HEADER_SIZE);
        *(uint64_t *)(area + FXSAVE_SIZE) = XCR0_X87 | XCR0_SSE;
    }
}

void fpu_export(const struct vcpu *v, void *image)
{
    memcpy(image, v->arch.fpu, FXSAVE_SIZE);
}

bool fpu_set_xcr0(struct vcpu *v, uint64_t value)
{
    if (fpu_features == 0 || !(value & XCR0_X87) || (value & ~fpu_features) != 0)
        return false;
    if ((value & XCR0_AVX) && !(value & XCR0_SSE))
        return false;
    if ((value & XCR0_AVX512) != 0 && ((value & XCR0_AVX512) != XCR0_AVX512 || !(value & XCR0_AVX)))
        return false;
    v->arch.xcr0 = value;
    xsetbv(value);
    return true;
}

/* SPDX-License-Identifier: MIT */
#include "tests/system/hostile/state.h"

#include "guest/cpuid.h"
#include "guest/hypercall.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/table.h"
#include "guest/trap.h"

#define PAGE_WORDS (PAGE_SIZE / sizeof(uint64_t))

/* splitmix64 (Steele, Lea, Flood 2014), as a function of a place and how often it was written. */
static uint64_t word_at(uint64_t place, uint64_t time)
{
    uint64_t z = (place << 32 | time) * 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* ---- memory */

static uint64_t *memory;
static uint64_t memory_pages;
static uint64_t page_next, page_time;

static void page_fill(uint64_t page, uint64_t time)
{
    for (uint64_t i = 0; i < PAGE_WORDS; i++)
        memory[page * PAGE_WORDS + i] = word_at(page * PAGE_WORDS + i, time);
}

uint64_t state_memory(void)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < PAGE_WORDS; i++) {
        uint64_t place = page_next * PAGE_WORDS + i;
        wrong += memory[place] != word_at(place, page_time);
    }
    page_fill(page_next, page_time + 1);
    page_next = (page_next + 1) % memory_pages;
    page_time += page_next == 0;
    return wrong;
}

/* ---- registers */

#define REGISTERS 13U

/* Puts a multiple of a number into each register but %rsp and %rcx, which counts down; gives back
 * what is in them then. */
void registers_hold(uint64_t rounds, uint64_t out[REGISTERS]);
asm(".text\n"
    "registers_hold:\n"
    "  push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
    "  push %rsi\n"
    "  mov %rdi, %rcx\n"
    "  movabs $0x0123456789abcdef, %rax\n"
    "  lea 1(%rax), %rbx; lea 2(%rax), %rdx; lea 3(%rax), %rsi; lea 4(%rax), %rdi\n"
    "  lea 5(%rax), %rbp; lea 6(%rax), %r8; lea 7(%rax), %r9; lea 8(%rax), %r10\n"
    "  lea 9(%rax), %r11; lea 10(%rax), %r12; lea 11(%rax), %r13; lea 12(%rax), %r14\n"
    "1: dec %rcx\n"
    "  jnz 1b\n"
    "  pop %r15\n"
    "  mov %rax, (%r15); mov %rbx, 8(%r15); mov %rdx, 16(%r15); mov %rsi, 24(%r15)\n"
    "  mov %rdi, 32(%r15); mov %rbp, 40(%r15); mov %r8, 48(%r15); mov %r9, 56(%r15)\n"
    "  mov %r10, 64(%r15); mov %r11, 72(%r15); mov %r12, 80(%r15); mov %r13, 88(%r15)\n"
    "  mov %r14, 96(%r15)\n"
    "  pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    "  ret\n");

uint64_t state_registers(uint64_t rounds)
{
    uint64_t values[REGISTERS];
    uint64_t wrong = 0;
    registers_hold(rounds, values);
    for (uint64_t i = 0; i < REGISTERS; i++)
        wrong += values[i] != 0x0123456789abcdef + i;
    return wrong;
}

/* ---- vectors */

#define CPUID1_C_AVX (1U << 28)
#define CPUID1_C_XSAVE (1U << 26)
#define CR4_OSXSAVE (1UL << 18)
#define XCR0_AVX_TOO 7U /* x87, SSE, AVX */

#define VECTORS 16U
#define VECTOR_BYTES 32U /* as AVX has them; the lower half of it without AVX */

static bool has_avx;
static uint8_t vectors[VECTORS][VECTOR_BYTES], vectors_now[VECTORS][VECTOR_BYTES];

static const uint16_t fcw = 0x0b7f;    /* rounds up; all masked */
static const uint32_t mxcsr = 0x5f80U; /* likewise, and flushes nothing */

#define EACH_VECTOR(one)                                                                          \
    one(0) one(1) one(2) one(3) one(4) one(5) one(6) one(7) one(8) one(9) one(10) one(11) one(12) \
        one(13) one(14) one(15)
#define LOAD_XMM(n) "movdqu " #n "*32(%0), %%xmm" #n "\n"
#define LOAD_YMM(n) "vmovdqu " #n "*32(%0), %%ymm" #n "\n"
#define STORE_XMM(n) "movdqu %%xmm" #n ", " #n "*32(%0)\n"
#define STORE_YMM(n) "vmovdqu %%ymm" #n ", " #n "*32(%0)\n"

static void try_avx(void)
{
    struct caught caught;
    uint32_t c = cpuid_forced(1, 0).c;
    if (!(c & CPUID1_C_XSAVE) || !(c & CPUID1_C_AVX))
        return;
    has_avx = !CATCH(&caught, ({
        uint64_t cr4;
        asm volatile("mov %%cr4, %0" : "=r"(cr4));
        asm volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_OSXSAVE));
        asm volatile("xsetbv" : : "c"(0), "a"(XCR0_AVX_TOO), "d"(0));
    }));
}

static void vectors_init(void)
{
    try_avx();
    for (unsigned i = 0; i < VECTORS; i++) {
        for (unsigned k = 0; k < VECTOR_BYTES; k++)
            vectors[i][k] = (uint8_t)word_at(i, k);
    }
    if (has_avx)
        asm volatile(EACH_VECTOR(LOAD_YMM) : : "r"(vectors) : "memory");
    else
        asm volatile(EACH_VECTOR(LOAD_XMM) : : "r"(vectors) : "memory");
    asm volatile("fninit; fld1; fldpi; fldl2e; fldcw %0; ldmxcsr %1" : : "m"(fcw), "m"(mxcsr));
}

uint64_t state_vectors(void)
{
    struct {
        uint32_t control, status, tags, ip, selectors, operand, operand_selector;
        uint8_t stack[8][10];
    } __attribute__((packed)) x87;
    static uint8_t stack_first[8][10];
    static bool has_first;
    uint32_t mxcsr_now;
    uint64_t wrong = 0;
    /* fnsave empties it; what it saved is loaded again. */
    asm volatile("fnsave %0; frstor %0; stmxcsr %1" : "=m"(x87), "=m"(mxcsr_now));
    if (has_avx)
        asm volatile(EACH_VECTOR(STORE_YMM) : : "r"(vectors_now) : "memory");
    else
        asm volatile(EACH_VECTOR(STORE_XMM) : : "r"(vectors_now) : "memory");
    for (unsigned i = 0; i < VECTORS; i++)
        wrong += memcmp(vectors[i], vectors_now[i], has_avx ? VECTOR_BYTES : VECTOR_BYTES / 2) != 0;
    wrong += (uint16_t)x87.control != fcw;
    wrong += mxcsr_now != mxcsr;
    if (!has_first)
        memcpy(stack_first, x87.stack, sizeof(stack_first));
    has_first = true;
    return wrong + (memcmp(stack_first, x87.stack, 3 * sizeof(stack_first[0])) != 0);
}

/* ---- debug registers and segments */

#define BREAKPOINTS 4U

static uint64_t breakpoint(unsigned n)
{
    return 0x0000700000000000 + 0x1111111000UL * n;
}

static const uint64_t behind_fs = 0xfeedfacecafebeef;

static void debug_init(void)
{
    long error = hypercall_set_segment_base(SEGBASE_FS, (uintptr_t)&behind_fs);
    for (unsigned i = 0; i < BREAKPOINTS && !error; i++)
        error = hypercall_set_debugreg((int)i, breakpoint(i));
    if (error)
        power_panic("debug registers, segments: error %ld", error);
}

uint64_t state_debug(void)
{
    uint64_t wrong = 0;
    for (unsigned i = 0; i < BREAKPOINTS; i++)
        wrong += (uint64_t)hypercall_get_debugreg((int)i) != breakpoint(i);
    return wrong;
}

uint64_t state_segment(void)
{
    uint64_t found;
    asm volatile("mov %%fs:0, %0" : "=r"(found));
    return found != behind_fs;
}

void state_others(uint64_t n)
{
    for (unsigned i = 0; i < VECTORS; i++)
        memset(vectors_now[i], (int)(n + i), VECTOR_BYTES);
    asm volatile("fninit; fldln2");
    if (has_avx)
        asm volatile(EACH_VECTOR(LOAD_YMM) : : "r"(vectors_now) : "memory");
    else
        asm volatile(EACH_VECTOR(LOAD_XMM) : : "r"(vectors_now) : "memory");
    hypercall_set_segment_base(SEGBASE_FS, (uintptr_t)vectors_now);
    for (unsigned i = 0; i < BREAKPOINTS; i++)
        hypercall_set_debugreg((int)i, 0x0000600000000000 + n % 4096);
    hypercall_set_debugreg(7, n % 2 ? 0xff : 0); /* all of them, to execute */
}

/* ---- page tables */

#define SANDBOX 0x0000300000000000UL
#define SANDBOX_PAGES 16U

static uint64_t *entries; /* of the sandbox's L1 */
static uint64_t expected[TABLE_ENTRIES];
static uint64_t *sandbox_pages[SANDBOX_PAGES];
static uint64_t table_steps;

static uint64_t plain(uint64_t entry) /* what the processor or the hypervisor may set goes */
{
    return entry & (PTE_FRAME | PTE_PRESENT | PTE_WRITE);
}

static void tables_init(void)
{
    entries = table_reach(table_root, SANDBOX, 1);
    for (unsigned i = 0; i < SANDBOX_PAGES; i++)
        sandbox_pages[i] = page_alloc();
}

uint64_t state_tables(void)
{
    unsigned at = (unsigned)(word_at(1, table_steps) % TABLE_ENTRIES);
    unsigned page = (unsigned)(word_at(2, table_steps) % SANDBOX_PAGES);
    uint64_t va = SANDBOX + at * PAGE_SIZE;
    uint64_t value = word_at(3, table_steps++);
    uint64_t entry = pte_make(page_mfn(sandbox_pages[page]), PTE_READ_WRITE);
    uint64_t wrong = table_set_linear(va, entry) != 0;
    if (wrong)
        return wrong;
    *(volatile uint64_t *)va = value;
    wrong += *(volatile uint64_t *)sandbox_pages[page] != value;
    expected[at] = entry;
    if (value % 2 == 0) {
        wrong += table_set_linear(va, 0) != 0;
        expected[at] = 0;
    }
    for (unsigned i = 0; i < TABLE_ENTRIES; i++)
        wrong += plain(entries[i]) != plain(expected[i]);
    return wrong;
}

uint64_t state_frames(void)
{
    uint64_t wrong = 0;
    for (uint64_t pfn = 0; pfn < page_count; pfn++)
        wrong += machine_to_phys_mapping[frame_list[pfn]] != pfn;
    return wrong;
}

/* ---- exceptions */

uint64_t state_traps(void)
{
    struct caught caught;
    uint64_t wrong =
        !CATCH(&caught, asm volatile("ud2")) || caught.frame.vector != TRAP_INVALID_OPCODE;
    wrong += !CATCH(&caught, *(volatile uint64_t *)0x0000400000000010UL) ||
             caught.frame.vector != TRAP_PAGE_FAULT || caught.cr2 != 0x0000400000000010UL;
    return wrong;
}

void state_init(unsigned pages)
{
    memory_pages = pages;
    memory = page_alloc_run(pages);
    for (uint64_t i = 0; i < memory_pages; i++)
        page_fill(i, 0);
    vectors_init();
    debug_init();
    tables_init();
}

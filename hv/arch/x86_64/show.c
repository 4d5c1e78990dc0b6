/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/show.h"

#include "hv/arch/x86_64/cpu_local.h"
#include "hv/core/arch.h"
#include "hv/core/guest_access.h"
#include "hv/core/log.h"
#include "hv/core/string.h"

/* Made from the linked image by hv/image/symbols.awk: lines of an address in 16 digits, a blank and
 * a name, by address, and a zero at the end. */
extern const char symbols_start[];
extern char image_start[], text_end[];

#define BACKTRACE_MAX 32
#define STACK_WORDS 16

#define DIGITS 16

static uint64_t address_of(const char *line)
{
    uint64_t a = 0;
    for (unsigned i = 0; i < DIGITS; i++)
        a = a << 4 | (uint64_t)(line[i] <= '9' ? line[i] - '0' : line[i] - 'a' + 10);
    return a;
}

const char *symbol_at(uint64_t address, uint64_t *offset, unsigned *length)
{
    const char *name = NULL;
    if (address < (uint64_t)image_start || address >= (uint64_t)text_end)
        return NULL;
    for (const char *line = symbols_start; *line != '\0';) {
        const char *end = strchr(line, '\n');
        uint64_t at = address_of(line);
        if (at > address)
            break;
        name = line + DIGITS + 1;
        *length = (unsigned)(end - name);
        *offset = address - at;
        line = end + 1;
    }
    return name;
}

/* behind: the address is where a call returns to. Behind the last call of a function that lies in
 * the next one already, so what is looked up is the call. */
static void show_address(uint64_t address, unsigned behind)
{
    uint64_t offset = 0;
    unsigned length = 0;
    const char *name = symbol_at(address - behind, &offset, &length);
    if (name == NULL)
        log_error("  %p\n", (void *)address);
    else
        log_error("  %p  %.*s+0x%lx\n", (void *)address, (int)length, name, offset + behind);
}

void show_registers(const struct cpu_user_regs *r)
{
    log_error("CPU %u  cs:rip %04x:%p  ss:rsp %04x:%p  rflags %lx  vector %x error %x\n",
              this_cpu()->id, r->cs, (void *)r->rip, r->ss, (void *)r->rsp, r->rflags,
              r->entry_vector, r->error_code);
    log_error("rax %p rbx %p rcx %p rdx %p\n", (void *)r->rax, (void *)r->rbx, (void *)r->rcx,
              (void *)r->rdx);
    log_error("rsi %p rdi %p rbp %p r8  %p\n", (void *)r->rsi, (void *)r->rdi, (void *)r->rbp,
              (void *)r->r8);
    log_error("r9  %p r10 %p r11 %p r12 %p\n", (void *)r->r9, (void *)r->r10, (void *)r->r11,
              (void *)r->r12);
    log_error("r13 %p r14 %p r15 %p\n", (void *)r->r13, (void *)r->r14, (void *)r->r15);
}

/* Only what lies on this CPU's stack block is followed. */
void show_backtrace(uint64_t rip, uint64_t rbp)
{
    uint64_t block = (uint64_t)this_cpu() & ~(uint64_t)(STACK_SIZE - 1);
    log_error("called from:\n");
    show_address(rip, 0);
    for (unsigned i = 0; i < BACKTRACE_MAX; i++) {
        if (rbp < block || rbp > block + STACK_SIZE - 16 || rbp % 8 != 0)
            return;
        const uint64_t *frame = (const uint64_t *)rbp;
        if (frame[1] == 0)
            return;
        show_address(frame[1], 1);
        if (frame[0] <= rbp)
            return;
        rbp = frame[0];
    }
}

void show_guest_stack(const struct cpu_user_regs *r)
{
    uint64_t words[STACK_WORDS];
    if (!copy_from_guest(words, vaddr(r->rsp), sizeof(words))) {
        log_error("its stack cannot be read\n");
        return;
    }
    for (unsigned i = 0; i < STACK_WORDS; i += 4)
        log_error("  %p: %016lx %016lx %016lx %016lx\n", (void *)(r->rsp + i * 8), words[i],
                  words[i + 1], words[i + 2], words[i + 3]);
}

void arch_backtrace(void)
{
    show_backtrace((uint64_t)__builtin_return_address(0) - 1, /* in the call */
                   *(const uint64_t *)__builtin_frame_address(0));
}

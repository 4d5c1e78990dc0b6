/* SPDX-License-Identifier: MIT */
#include "guest/vcpu.h"
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/table.h"

struct vcpu vcpus[VCPU_MAX];

/* The first vcpu's, because it is set up before there is an allocator. */
static char first_entry_stack[VCPU_STACK_SIZE] __attribute__((aligned(16)));

void vcpu_init(unsigned id)
{
    struct vcpu *self = &vcpus[id];
    self->self = self;
    self->id = id;
    self->info = &shared_info->vcpu_info[id];
    if (!self->entry_stack)
        self->entry_stack = first_entry_stack;
    long error = hypercall_set_segment_base(SEGBASE_GS_KERNEL, (uintptr_t)self);
    if (!error)
        error =
            hypercall_stack_switch(FLAT_KERNEL_SS, (uintptr_t)self->entry_stack + VCPU_STACK_SIZE);
    if (error)
        power_panic("vcpu %u: segment base or stack refused: error %ld", id, error);
    trap_init();
}

/* Called by entry.S on the new vcpu, with its struct for an argument. */
void vcpu_start(struct vcpu *self);
void vcpu_start(struct vcpu *self)
{
    vcpu_init(self->id);
    for (;;) {
        self->function();
        vcpu_mask();
        long error = hypercall_vcpu_op(VCPUOP_down, self->id, NULL);
        if (error) /* 0: somebody has brought it up again */
            power_panic("vcpu %u cannot go down: error %ld", self->id, error);
    }
}

long vcpu_is_up(unsigned id)
{
    return hypercall_vcpu_op(VCPUOP_is_up, id, NULL);
}

unsigned vcpu_count(void)
{
    unsigned count = 0;
    while (count < VCPU_MAX && vcpu_is_up(count) >= 0)
        count++;
    return count;
}

static long initialise(struct vcpu *vcpu)
{
    extern char vcpu_entry[];
    static struct vcpu_guest_context state; /* two pages: too much for a stack */
    state = (struct vcpu_guest_context){
        .flags = VGCF_IN_KERNEL,
        .user_regs = {.rip = (uintptr_t)vcpu_entry,
                      .rsp = (uintptr_t)vcpu->stack + VCPU_STACK_SIZE,
                      .rdi = (uintptr_t)vcpu,
                      .rflags = RFLAGS_FIXED | RFLAGS_IOPL_1,
                      .cs = FLAT_KERNEL_CS,
                      .ss = FLAT_KERNEL_SS},
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = (uintptr_t)vcpu->entry_stack + VCPU_STACK_SIZE,
        .ctrlreg = {[3] = xen_pfn_to_cr3(table_root_mfn().n)},
        .gs_base_kernel = (uintptr_t)vcpu,
    };
    return hypercall_vcpu_op(VCPUOP_initialise, vcpu->id, &state);
}

long vcpu_up(unsigned id, void (*function)(void))
{
    struct vcpu *vcpu = &vcpus[id];
    vcpu->id = id;
    vcpu->function = function;
    long error = 0;
    if (!vcpu->stack) {
        vcpu->stack = page_alloc_run(VCPU_STACK_SIZE / PAGE_SIZE);
        vcpu->entry_stack = page_alloc_run(VCPU_STACK_SIZE / PAGE_SIZE);
        error = initialise(vcpu);
    }
    return error ? error : hypercall_vcpu_op(VCPUOP_up, id, NULL);
}

bool vcpu_mask(void)
{
    uint8_t *mask = &vcpu_self()->info->evtchn_upcall_mask;
    bool was = __atomic_load_n(mask, __ATOMIC_RELAXED);
    __atomic_store_n(mask, 1, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    return was;
}

/*
 * An event that came while the mask was set leaves evtchn_upcall_pending behind and no upcall, so
 * the look at it comes after the mask is gone: one that comes in between makes an upcall by itself.
 */
void vcpu_unmask(void)
{
    struct vcpu_info *info = vcpu_self()->info;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    __atomic_store_n(&info->evtchn_upcall_mask, 0, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    while (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_RELAXED)) {
        __atomic_store_n(&info->evtchn_upcall_mask, 1, __ATOMIC_RELAXED);
        event_upcall();
        __atomic_store_n(&info->evtchn_upcall_mask, 0, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
}

/* SPDX-License-Identifier: MIT */
/* The table, continuations, and the two hypercalls that are about hypercalls. */
#include "hv/core/hypercall.h"

#include <stdarg.h>

#include "hv/core/cpu.h"
#include "hv/core/domain.h"
#include "hv/core/guest_access.h"
#include "hv/core/string.h"
#include "hv/core/vcpu.h"
#include "hv/public/ringside.h"

static long no_such_call(void)
{
    return -XEN_ENOSYS;
}

/* The ABI passes registers; who wants fewer arguments does not look at the others. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-function-type"
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif
hypercall_fn *const hypercall_table[HYPERCALL_COUNT] = {[0 ... HYPERCALL_COUNT - 1] =
                                                            (hypercall_fn *)no_such_call,
#define HYPERCALL(name, arguments) [__HYPERVISOR_##name] = (hypercall_fn *)do_##name,
#include "hv/core/hypercalls.def"
#undef HYPERCALL
                                                        ARCH_HYPERCALLS};
#pragma GCC diagnostic pop

static struct multicall_state multicalls[CPUS_MAX];

long hypercall_continue(unsigned number, unsigned n_arguments, ...)
{
    uint64_t arguments[6];
    va_list args;
    va_start(args, n_arguments);
    for (unsigned i = 0; i < n_arguments; i++)
        arguments[i] = va_arg(args, uint64_t);
    va_end(args);

    struct multicall_state *m = &multicalls[arch_cpu_id()];
    if (m->active) {
        m->continued = true;
        m->n = n_arguments;
        memcpy(m->arguments, arguments, n_arguments * sizeof(arguments[0]));
        return 0;
    }
    arch_hypercall_again(arguments, n_arguments);
    return number;
}

/*
 * A batch: results go into the entries. An entry that has to be continued is written back with its
 * new arguments, and the batch goes on there later.
 */
long do_multicall(uint64_t calls, uint64_t count)
{
    struct multicall_state *m = &multicalls[arch_cpu_id()];
    vaddr_t list = vaddr(calls);

    if (m->active)
        return -XEN_EINVAL;
    for (uint64_t i = 0; i < (uint32_t)count; i++) {
        struct multicall_entry e;
        vaddr_t at;
        if (i != 0 && preempt_needed())
            return hypercall_continue(__HYPERVISOR_multicall, 2, calls + i * sizeof(e),
                                      (uint32_t)count - i);
        if (!guest_element(list, i, sizeof(e), &at) || !copy_from_guest(&e, at, sizeof(e)))
            return -XEN_EFAULT;
        if (e.op >= HYPERCALL_COUNT || !arch_hypercall_in_batch(e.op)) {
            e.result = (xen_ulong_t)-XEN_ENOSYS;
        } else {
            m->active = true;
            m->continued = false;
            e.result = (xen_ulong_t)hypercall_table[e.op](e.args[0], e.args[1], e.args[2],
                                                          e.args[3], e.args[4]);
            m->active = false;
        }
        if (m->continued) {
            m->continued = false;
            memcpy(e.args, m->arguments, m->n * sizeof(e.args[0]));
            if (!copy_to_guest(at, &e, sizeof(e)))
                return -XEN_EFAULT;
            return hypercall_continue(__HYPERVISOR_multicall, 2, at.a, (uint32_t)count - i);
        }
        if (!copy_to_guest(vaddr(at.a + offsetof(struct multicall_entry, result)), &e.result,
                           sizeof(e.result)))
            return -XEN_EFAULT;
        /* A crash, a shutdown: the rest is not for this vcpu any more. */
        if (current_vcpu()->domain->shut_down)
            return 0;
    }
    return 0;
}

long do_vm_assist(uint64_t cmd, uint64_t type)
{
    struct domain *d = current_vcpu()->domain;
    if ((unsigned)type >= 64 || !((1UL << type) & arch_vm_assists()))
        return -XEN_EINVAL;
    switch ((unsigned)cmd) {
    case VMASST_CMD_enable:
        __atomic_fetch_or(&d->vm_assist, 1UL << type, __ATOMIC_RELAXED);
        arch_vm_assist_set(d, (unsigned)type, true);
        return 0;
    case VMASST_CMD_disable:
        __atomic_fetch_and(&d->vm_assist, ~(1UL << type), __ATOMIC_RELAXED);
        arch_vm_assist_set(d, (unsigned)type, false);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

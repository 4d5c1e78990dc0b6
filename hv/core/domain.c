/* SPDX-License-Identifier: MIT */
#include "hv/core/domain.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/audit.h"
#include "hv/core/buddy.h"
#include "hv/core/events.h"
#include "hv/core/format.h"
#include "hv/core/frame.h"
#include "hv/core/log.h"
#include "hv/core/string.h"
#include "hv/core/trace.h"
#include "hv/core/vcpu.h"

#include <xen/sched.h>

struct domain *control_domain;

struct domain *domain_create(uint16_t id, uint32_t vcpus_max, uint64_t frames_max, bool privileged)
{
    ASSERT(vcpus_max >= 1 && vcpus_max <= VCPUS_MAX);
    struct domain *d = heap_alloc_mapped(order_of(round_up(sizeof(*d), PAGE_SIZE) >> PAGE_SHIFT));
    if (d == NULL)
        return NULL;
    d->id = id;
    d->references = 1;
    d->vcpus_max = vcpus_max;
    d->frames_max = frames_max;
    d->privileged = privileged;

    d->shared = heap_alloc_mapped(0);
    if (d->shared == NULL)
        return NULL;
    d->shared_mfn = arch_heap_mfn(d->shared);
    /* The guest may map it, writable; being in use so for ever, it cannot become anything else. */
    struct frame *f = frame_of(d->shared_mfn);
    f->owner = d;
    if (frame_get_writable(f) != 0)
        panic("a fresh frame has a type");
    frame_disown(
        f); /* the one reference is the hypervisor's: it cannot be given back or exchanged */

    if (!events_init(d))
        return NULL;
    return d;
}

struct domain *domain_get(uint16_t id)
{
    struct domain *d = control_domain;
    if (d == NULL || id != d->id)
        return NULL;
    __atomic_fetch_add(&d->references, 1, __ATOMIC_RELAXED);
    return d;
}

void domain_put(struct domain *d)
{
    uint32_t before = __atomic_fetch_sub(&d->references, 1, __ATOMIC_ACQ_REL);
    ASSERT(before > 1); /* the control domain's own */
}

static const char *reason_name(uint8_t reason)
{
    static const char *const names[] = {
        "powered off", "asked for a reboot",          "suspended",
        "crashed",     "was stopped by its watchdog", "was reset softly"};
    return reason < array_size(names) ? names[reason] : "stopped";
}

void domain_shutdown(struct domain *d, uint8_t reason)
{
    if (__atomic_exchange_n(&d->shut_down, true, __ATOMIC_SEQ_CST))
        return;
    if (reason == SHUTDOWN_crash && d->has_shutdown_code)
        reason = d->shutdown_code;
    d->shutdown_reason = reason;
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_pause(d->vcpus[i], PAUSE_SHUT);
    }
    log_info("domain %u %s\n", d->id, reason_name(reason));
    if (d != control_domain)
        return;
    /* Nobody is left to tell what to do. */
    trace_dump();
    audit_at_end();
    arch_machine_end(reason == SHUTDOWN_poweroff ? MACHINE_POWEROFF
                     : reason == SHUTDOWN_reboot ? MACHINE_REBOOT
                                                 : MACHINE_GUEST_CRASHED);
}

void domain_crash(struct vcpu *v, const char *why, ...)
{
    char text[160];
    va_list args;
    va_start(args, why);
    format_string_v(text, sizeof(text), why, args);
    va_end(args);
    log_error("domain %u vcpu %u crashed: %s\n", v->domain->id, v->id, text);
    arch_show_guest(v);
    domain_shutdown(v->domain, SHUTDOWN_crash);
}

/* ---- memory */

static bool charge(struct domain *d, uint64_t frames)
{
    uint64_t have = __atomic_load_n(&d->frames, __ATOMIC_RELAXED);
    do {
        if (have + frames > d->frames_max)
            return false;
    } while (!__atomic_compare_exchange_n(&d->frames, &have, have + frames, true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return true;
}

mfn_t domain_alloc(struct domain *d, unsigned order, unsigned bits, bool scrub)
{
    if (!charge(d, 1UL << order))
        return MFN_NONE;
    mfn_t m = heap_alloc(order, bits);
    if (mfn_is_none(m)) {
        __atomic_fetch_sub(&d->frames, 1UL << order, __ATOMIC_RELAXED);
        return m;
    }
    for (uint64_t i = 0; i < 1UL << order; i++) {
        if (scrub) {
            void *contents = frame_map(mfn(m.n + i));
            memset(contents, 0, PAGE_SIZE);
            frame_unmap(contents);
        }
        frame_assign(frame_of(mfn(m.n + i)), d);
    }
    return m;
}

void domain_frame_free(struct frame *f)
{
    if (f->owner != NULL)
        __atomic_fetch_sub(&f->owner->frames, 1, __ATOMIC_RELAXED);
    heap_free(frame_mfn(f), 0);
}

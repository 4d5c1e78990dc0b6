/* SPDX-License-Identifier: MIT */
#include "hv/core/domain.h"

#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/audit.h"
#include "hv/core/buddy.h"
#include "hv/core/events.h"
#include "hv/core/format.h"
#include "hv/core/frame.h"
#include "hv/core/global_virq.h"
#include "hv/core/grant_table.h"
#include "hv/core/log.h"
#include "hv/core/rate_limit.h"
#include "hv/core/schedule.h"
#include "hv/core/time.h"
#include "hv/core/trace.h"
#include "hv/core/vcpu.h"

#include <xen/sched.h>

struct domain *control_domain;

static unsigned struct_order(void)
{
    return order_of(round_up(sizeof(struct domain), PAGE_SIZE) >> PAGE_SHIFT);
}

/* What it consists of itself, as far as it is there. */
static void free_parts(struct domain *d)
{
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_free(d->vcpus[i]);
    }
    events_free(d);
    if (d->grants != NULL)
        grant_table_destroy(d);
    if (d->shared != NULL)
        domain_unshare_page(d->shared);
    if (d->device_frames != NULL)
        heap_free_mapped(d->device_frames, 0);
    if (d->device_ports != NULL)
        heap_free_mapped(d->device_ports, 0);
    if (d->blocks != NULL)
        heap_free_mapped(d->blocks, 0);
}

struct domain *domain_create(const struct domain_config *config)
{
    ASSERT(config->vcpus_max >= 1 && config->vcpus_max <= VCPUS_MAX);
    struct domain *d = heap_alloc_mapped(struct_order());
    if (d == NULL)
        return NULL;
    lock_init(&d->control_lock, LOCK_CONTROL, 0);
    lock_init(&d->mm_lock, LOCK_MM, config->id);
    lock_init(&d->event_lock, LOCK_EVENT, d);
    d->id = config->id;
    d->references = 1;
    d->privileged = d->maps_others = config->privileged;
    d->control_pauses = 1;
    d->vcpus_max = config->vcpus_max;
    d->frames_max = config->frames_max;
    d->blocks = heap_alloc_mapped(0);
    d->shared = domain_share_page(d);
    if (d->blocks != NULL && d->shared != NULL &&
        grant_table_create(d, config->grant_frames_max, config->mapping_frames_max) == 0 &&
        events_init(d, config->ports_max)) {
        d->shared_mfn = arch_heap_mfn(d->shared);
        return d;
    }
    domain_discard(d);
    return NULL;
}

void domain_discard(struct domain *d)
{
    free_parts(d);
    heap_free_mapped(d, struct_order());
}

void domain_free(struct domain *d)
{
    ASSERT(d->death == DEATH_DONE && d->frames == 0);
    /* Its number may be another's as soon as no frame is lent to it by that. */
    free_parts(d);
    domain_unpublish(d);
    heap_free_mapped(d, struct_order());
    global_virq_raise(VIRQ_DOM_EXC);
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
    if (__atomic_exchange_n(&d->shutting_down, true, __ATOMIC_SEQ_CST))
        return;
    if (reason == SHUTDOWN_crash && d->has_shutdown_code)
        reason = d->shutdown_code;
    d->shutdown_reason = reason;
    __atomic_store_n(&d->shut_down, true, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_pause(d->vcpus[i], PAUSE_SHUT);
    }
    if (d != control_domain) {
        log_debug("domain %u %s\n", d->id, reason_name(reason));
        global_virq_raise(VIRQ_DOM_EXC);
        return;
    }
    /* Nobody is left to tell what to do. */
    log_info("domain 0 %s\n", reason_name(reason));
    events_end_pirqs(d);
    trace_dump();
    audit_at_end();
    arch_machine_end(reason == SHUTDOWN_poweroff ? MACHINE_POWEROFF
                     : reason == SHUTDOWN_reboot ? MACHINE_REBOOT
                                                 : MACHINE_GUEST_CRASHED);
}

/*
 * A dump takes the console and a processor for a tenth of a second, at 115200 baud: a domain that
 * is started again as often as it crashes has a hundredth of both. All domains share the limit, for
 * one that was started again is another one.
 */
#define DUMPS_AT_ONCE 5
static struct rate_limit dumps = RATE_LIMIT(DUMPS_AT_ONCE, 10 * NS_PER_S);

/* The control domain's is the last one in any case. */
static bool may_dump(const struct domain *d)
{
    uint64_t refused;
    if (d == control_domain)
        return true;
    bool allowed = rate_limit_allows(&dumps, time_now(), &refused);
    if (allowed && refused != 0)
        log_error("%lu crashes before this one were not shown\n", refused);
    if (!allowed && refused == 1)
        log_error("domain %u crashed; not shown, as others until some seconds have passed\n",
                  d->id);
    return allowed;
}

void domain_crash(struct vcpu *v, const char *why, ...)
{
    if (may_dump(v->domain)) {
        char text[160];
        va_list args;
        va_start(args, why);
        format_string_v(text, sizeof(text), why, args);
        va_end(args);
        log_error("domain %u vcpu %u crashed: %s\n", v->domain->id, v->id, text);
        arch_show_guest(v);
    }
    domain_shutdown(v->domain, SHUTDOWN_crash);
}

void domain_resume(struct domain *d)
{
    if (!__atomic_load_n(&d->shut_down, __ATOMIC_SEQ_CST))
        return;
    __atomic_store_n(&d->shut_down, false, __ATOMIC_SEQ_CST);
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_unpause(d->vcpus[i], PAUSE_SHUT);
    }
    __atomic_store_n(&d->shutting_down, false, __ATOMIC_SEQ_CST);
}

/* ---- the control domain's hand on it */

static void pause_all(struct domain *d, uint32_t why)
{
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_pause(d->vcpus[i], why);
    }
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_wait_stopped(d->vcpus[i]);
    }
}

static void unpause_all(struct domain *d, uint32_t why)
{
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        if (d->vcpus[i] != NULL)
            vcpu_unpause(d->vcpus[i], why);
    }
}

#define CONTROL_PAUSES_MAX 255 /* as on Xen */

int domain_pause(struct domain *d)
{
    if (d->control_pauses == CONTROL_PAUSES_MAX)
        return -XEN_EOVERFLOW;
    if (d->control_pauses++ == 0)
        pause_all(d, PAUSE_HELD);
    return 0;
}

int domain_unpause(struct domain *d)
{
    if (d->control_pauses == 0)
        return -XEN_EINVAL;
    if (--d->control_pauses == 0)
        unpause_all(d, PAUSE_HELD);
    return 0;
}

void domain_hold(struct domain *d)
{
    pause_all(d, PAUSE_CHANGE);
}

void domain_unhold(struct domain *d)
{
    unpause_all(d, PAUSE_CHANGE);
}

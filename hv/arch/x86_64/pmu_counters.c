/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/pmu_counters.h"

#include <pmu_access.h> /* by include path: see there */

/* RDPMC's ECX: fixed counters (Intel). */
#define RDPMC_FIXED (1U << 30)

void pmu_reset(struct pmu_counters *p, const struct pmu_machine *m)
{
    *p = (struct pmu_counters){.machine = m, .masked = true};
}

/* ---- what counts, and what interrupts */

/* By the selectors and the control of fixed ones. */
static uint64_t counters_with(const struct pmu_counters *p, uint64_t select_bits,
                              uint64_t fixed_bits)
{
    const struct pmu_machine *m = p->machine;
    uint64_t set = 0;
    for (unsigned i = 0; i < m->n; i++) {
        if ((p->r.select[i] & select_bits) == select_bits)
            set |= 1UL << i;
    }
    for (unsigned i = 0; i < m->n_fixed; i++) {
        if (p->r.fixed_control >> (i * PMU_FIXED_BITS) & fixed_bits)
            set |= 1UL << (PMU_FIXED_SHIFT + i);
    }
    return m->global ? set & p->r.global_control : set;
}

bool pmu_runs(const struct pmu_counters *p)
{
    return counters_with(p, PMU_SELECT_ENABLE, PMU_FIXED_KERNEL | PMU_FIXED_USER) != 0;
}

uint64_t pmu_interrupting(const struct pmu_counters *p)
{
    return counters_with(p, PMU_SELECT_ENABLE | PMU_SELECT_INTERRUPT, PMU_FIXED_INTERRUPT);
}

/* ---- to and from the processor */

static uint64_t read_counter(const struct pmu_machine *m, unsigned i)
{
    return read_msr(m->counter + i * m->step) & pmu_mask(m->width);
}

static void write_counter(const struct pmu_machine *m, unsigned i, uint64_t value)
{
    write_msr(m->counter_write + i * m->step, value);
}

static void write_select(const struct pmu_machine *m, unsigned i, uint64_t value)
{
    write_msr(m->select + i * m->step, pmu_select_for_machine(value));
}

/* Without a register that stops all, each selector does; it comes behind its counter, so that none
 * counts from what another vcpu left. */
void pmu_load(struct pmu_counters *p)
{
    const struct pmu_machine *m = p->machine;
    for (unsigned i = 0; i < m->n; i++) {
        write_counter(m, i, p->r.counter[i]);
        write_select(m, i, p->r.select[i]);
    }
    for (unsigned i = 0; i < m->n_fixed; i++)
        write_msr(PMU_MSR_FIXED + i, p->r.fixed[i]);
    if (m->n_fixed != 0)
        write_msr(PMU_MSR_FIXED_CONTROL, pmu_fixed_control_for_machine(p->r.fixed_control));
    p->loaded = true;
    p->counted = pmu_runs(p);
    local_pmu_mask(p->masked);
    if (m->global)
        write_msr(PMU_MSR_GLOBAL_CONTROL, p->r.global_control);
}

static void stop(const struct pmu_machine *m)
{
    if (m->global) {
        write_msr(PMU_MSR_GLOBAL_CONTROL, 0);
        return;
    }
    for (unsigned i = 0; i < m->n; i++)
        write_msr(m->select + i * m->step, 0);
}

/* A counter that is less than it was has gone beyond its end. */
static uint64_t take_counters(struct pmu_counters *p)
{
    const struct pmu_machine *m = p->machine;
    uint64_t wrapped = 0;
    for (unsigned i = 0; i < m->n; i++) {
        uint64_t now = read_counter(m, i);
        if (now < p->r.counter[i])
            wrapped |= 1UL << i;
        p->r.counter[i] = now;
    }
    for (unsigned i = 0; i < m->n_fixed; i++)
        p->r.fixed[i] = read_msr(PMU_MSR_FIXED + i) & pmu_mask(m->fixed_width);
    return wrapped;
}

uint64_t pmu_unload(struct pmu_counters *p)
{
    const struct pmu_machine *m = p->machine;
    uint64_t overflowed = 0;
    if (p->counted) {
        stop(m);
        overflowed = take_counters(p);
        if (m->global) {
            overflowed = read_msr(PMU_MSR_GLOBAL_STATUS) & pmu_all_counters(m);
            write_msr(PMU_MSR_GLOBAL_CLEAR, overflowed);
            p->r.status |= overflowed;
        }
    }
    p->loaded = false;
    local_pmu_mask(true);
    return overflowed;
}

/* ---- MSRs of guests */

static uint64_t current_counter(const struct pmu_counters *p, unsigned i)
{
    return p->loaded ? read_counter(p->machine, i) : p->r.counter[i];
}

static uint64_t current_fixed(const struct pmu_counters *p, unsigned i)
{
    const struct pmu_machine *m = p->machine;
    return p->loaded ? read_msr(PMU_MSR_FIXED + i) & pmu_mask(m->fixed_width) : p->r.fixed[i];
}

static uint64_t current_status(const struct pmu_counters *p)
{
    uint64_t now = 0;
    if (p->loaded)
        now = read_msr(PMU_MSR_GLOBAL_STATUS) & pmu_all_counters(p->machine);
    return p->r.status | now;
}

bool pmu_read(const struct pmu_counters *p, uint32_t msr, uint64_t *value)
{
    unsigned i;
    switch (pmu_register_named(p->machine, msr, &i)) {
    case PMU_COUNTER:
        *value = current_counter(p, i);
        return true;
    case PMU_SELECT:
        *value = p->r.select[i];
        return true;
    case PMU_FIXED:
        *value = current_fixed(p, i);
        return true;
    case PMU_FIXED_CONTROL:
        *value = p->r.fixed_control;
        return true;
    case PMU_GLOBAL_STATUS:
        *value = current_status(p);
        return true;
    case PMU_GLOBAL_CONTROL:
        *value = p->r.global_control;
        return true;
    case PMU_GLOBAL_CLEAR:
        *value = 0;
        return true;
    default:
        return false;
    }
}

/* A counter's old name on Intel's processors takes 32 bits, and extends them by their sign. */
static uint64_t counter_as_written(const struct pmu_machine *m, uint64_t value)
{
    if (m->kind == PMU_INTEL)
        value = (uint64_t)(int64_t)(int32_t)value;
    return value & pmu_mask(m->width);
}

static bool write_register(struct pmu_counters *p, uint64_t features, uint32_t msr, uint64_t value)
{
    const struct pmu_machine *m = p->machine;
    unsigned i;
    switch (pmu_register_named(m, msr, &i)) {
    case PMU_COUNTER:
        p->r.counter[i] = counter_as_written(m, value);
        if (p->loaded)
            write_counter(m, i, p->r.counter[i]);
        return true;
    case PMU_SELECT:
        if (!pmu_select_ok(m, features, value))
            return false;
        p->r.select[i] = value;
        if (p->loaded)
            write_select(m, i, value);
        return true;
    case PMU_FIXED:
        if ((value & ~pmu_mask(m->fixed_width)) != 0)
            return false;
        p->r.fixed[i] = value;
        if (p->loaded)
            write_msr(PMU_MSR_FIXED + i, value);
        return true;
    case PMU_FIXED_CONTROL:
        if (!pmu_fixed_control_ok(m, value))
            return false;
        p->r.fixed_control = value;
        if (p->loaded)
            write_msr(PMU_MSR_FIXED_CONTROL, pmu_fixed_control_for_machine(value));
        return true;
    case PMU_GLOBAL_CONTROL:
        if (!pmu_global_ok(m, value))
            return false;
        p->r.global_control = value;
        if (p->loaded)
            write_msr(PMU_MSR_GLOBAL_CONTROL, value);
        return true;
    case PMU_GLOBAL_CLEAR:
        if (!pmu_clear_ok(m, value))
            return false;
        p->r.status &= ~value;
        if (p->loaded)
            write_msr(PMU_MSR_GLOBAL_CLEAR, value & pmu_all_counters(m));
        return true;
    default:
        return false;
    }
}

bool pmu_write(struct pmu_counters *p, uint64_t features, uint32_t msr, uint64_t value)
{
    bool good = write_register(p, features, msr, value);
    if (p->loaded && pmu_runs(p))
        p->counted = true;
    return good;
}

bool pmu_read_counter(const struct pmu_counters *p, uint32_t number, uint64_t *value)
{
    const struct pmu_machine *m = p->machine;
    if (number < m->n) {
        *value = current_counter(p, number);
        return true;
    }
    if ((number & RDPMC_FIXED) && (number & ~RDPMC_FIXED) < m->n_fixed) {
        *value = current_fixed(p, number & ~RDPMC_FIXED);
        return true;
    }
    return false;
}

/* SPDX-License-Identifier: MIT */
#include "hv/core/tlb.h"

#include "hv/arch/x86_64/interrupts.h"
#include "hv/arch/x86_64/io.h"
#include "hv/arch/x86_64/paging.h"
#include "hv/arch/x86_64/smp.h"
#include "hv/arch/x86_64/tlb_flush.h"
#include "hv/arch/x86_64/vectors.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/schedule.h"
#include "hv/core/vcpu.h"

uint64_t tlb_clock = 1;

/* The tick of each CPU's last flush. A CPU on the hypervisor's own tables knows no guest's. */
#define NOTHING_CACHED UINT64_MAX
static struct {
    uint64_t at;
    const struct domain *space; /* whose tables it has been on since then, or goes to */
    uint64_t requests;          /* how often another CPU has asked for a flush; this CPU's */
} cacheline_aligned flushed[CPUS_MAX];

void tlb_note_space(const struct domain *d)
{
    __atomic_store_n(&flushed[arch_cpu_id()].space, d, __ATOMIC_RELAXED);
}

void tlb_flush_requested(void)
{
    uint64_t *requests = &flushed[arch_cpu_id()].requests;
    __atomic_store_n(requests, *requests + 1, __ATOMIC_RELAXED);
    tlb_flush_local();
}

uint64_t tlb_flush_requests(uint32_t cpu)
{
    return __atomic_load_n(&flushed[cpu].requests, __ATOMIC_RELAXED);
}

uint64_t tlb_flush_begin(void)
{
    return __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);
}

void tlb_flush_end(uint64_t tick)
{
    __atomic_store_n(&flushed[arch_cpu_id()].at, tick, __ATOMIC_SEQ_CST);
}

void tlb_flush_local(void)
{
    uint64_t tick = tlb_flush_begin();
    write_cr3(read_cr3());
    if (flushed[arch_cpu_id()].at != NOTHING_CACHED)
        tlb_flush_end(tick);
}

void tlb_leave_guests(void)
{
    write_cr3(hv_l4_phys);
    __atomic_store_n(&flushed[arch_cpu_id()].at, NOTHING_CACHED, __ATOMIC_SEQ_CST);
}

/* Interrupts are on while this waits, so that two that flush each other both go on. */
static void wait_for(uint32_t cpu, uint64_t stamp)
{
    while (__atomic_load_n(&flushed[cpu].at, __ATOMIC_SEQ_CST) <= stamp)
        arch_relax();
}

/* Can a CPU that has not flushed since then know a translation to a frame of that owner (NULL:
 * anybody's)? Only if the domain whose tables it is on can have the frame mapped. Should it go to
 * another one's just now, it flushes before it does anything there; and if that domain ends
 * meanwhile, its structure can still be read, and what it says does not matter. */
static bool may_know(uint32_t cpu, const struct domain *owner)
{
    const struct domain *d = __atomic_load_n(&flushed[cpu].space, __ATOMIC_RELAXED);
    return owner == NULL || d == NULL || d == owner ||
           __atomic_load_n(&d->maps_others, __ATOMIC_SEQ_CST);
}

void tlb_flush_older(uint64_t stamp, const struct domain *owner)
{
    uint32_t here = arch_cpu_id();
    uint64_t waited = 0;
    for (uint32_t i = 0; i < cpus_online; i++) {
        if (__atomic_load_n(&flushed[i].at, __ATOMIC_SEQ_CST) > stamp || !may_know(i, owner))
            continue;
        if (i == here) {
            tlb_flush_local();
        } else {
            ipi_send(i, VECTOR_FLUSH);
            waited |= 1UL << i;
        }
    }
    for (; waited != 0; waited &= waited - 1)
        wait_for((uint32_t)__builtin_ctzll(waited), stamp);
}

void tlb_flush_cpus(uint64_t set)
{
    uint64_t stamp = tlb_now();
    uint32_t here = arch_cpu_id();
    for (uint64_t s = set; s != 0; s &= s - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(s);
        if (i == here)
            tlb_flush_local();
        else if (i < cpus_online && __atomic_load_n(&flushed[i].at, __ATOMIC_SEQ_CST) <= stamp)
            ipi_send(i, VECTOR_FLUSH);
    }
    for (uint64_t s = set; s != 0; s &= s - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(s);
        if (i != here && i < cpus_online)
            wait_for(i, stamp);
    }
}

void tlb_flush_domain(const struct domain *d)
{
    if (d->vcpus_max == 1)
        tlb_flush_local();
    else
        tlb_flush_cpus(cpus_of_vcpus(d, ~0UL));
}

uint64_t cpus_of_vcpus(const struct domain *d, uint64_t vcpus)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < d->vcpus_max; i++) {
        const struct vcpu *v = d->vcpus[i];
        uint32_t holder = 0;
        if (v != NULL && (vcpus >> i & 1))
            holder = __atomic_load_n(&v->switched, __ATOMIC_SEQ_CST);
        if (holder != 0)
            set |= 1UL << (holder - 1);
    }
    return set;
}

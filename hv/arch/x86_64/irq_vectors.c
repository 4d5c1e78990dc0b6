/* SPDX-License-Identifier: MIT */
#include "hv/arch/x86_64/irq_vectors.h"

#include "hv/arch/x86_64/layout.h"
#include "hv/arch/x86_64/vectors.h"
#include "hv/core/lock.h"

#define DEVICE_VECTORS (VECTOR_DEVICE_LAST - VECTOR_DEVICE_FIRST + 1)

/* Vectors of the same upper half have the same priority, and some processors keep but two of those
 * that wait: neighbours in time are given different ones. */
#define STRIDE 16

static struct {
    uint16_t irq_and_1[DEVICE_VECTORS]; /* irq + 1; 0: free. Written under the lock */
    uint16_t next;                      /* where the next one is looked for first */
} cpus[CPUS_MAX];

static struct lock vector_lock = LOCK(LOCK_VECTORS); /* interrupts off */

static uint16_t *slot(uint32_t cpu, unsigned n)
{
    return &cpus[cpu].irq_and_1[n];
}

static bool is_free(uint32_t cpu, unsigned n)
{
    return VECTOR_DEVICE_FIRST + n != VECTOR_INT80 && *slot(cpu, n) == 0;
}

/* Only with an odd number do steps of 16 come by all of them. */
_Static_assert(DEVICE_VECTORS % 2 == 1, "every vector is found");

uint8_t vector_take(uint32_t cpu, uint32_t irq)
{
    uint8_t vector = 0;
    bool were_on = lock_irq(&vector_lock);
    unsigned n = cpus[cpu].next;
    for (unsigned i = 0; i < DEVICE_VECTORS && vector == 0; i++) {
        if (is_free(cpu, n)) {
            __atomic_store_n(slot(cpu, n), (uint16_t)(irq + 1), __ATOMIC_RELAXED);
            vector = (uint8_t)(VECTOR_DEVICE_FIRST + n);
        }
        n = (n + STRIDE) % DEVICE_VECTORS;
    }
    cpus[cpu].next = (uint16_t)n;
    unlock_irq(&vector_lock, were_on);
    return vector;
}

void vector_give(uint32_t cpu, uint8_t vector)
{
    bool were_on = lock_irq(&vector_lock);
    __atomic_store_n(slot(cpu, vector - VECTOR_DEVICE_FIRST), 0, __ATOMIC_RELAXED);
    unlock_irq(&vector_lock, were_on);
}

uint32_t vector_irq(uint32_t cpu, uint8_t vector)
{
    if (vector < VECTOR_DEVICE_FIRST || vector > VECTOR_DEVICE_LAST)
        return IRQ_NONE;
    uint16_t found = __atomic_load_n(slot(cpu, vector - VECTOR_DEVICE_FIRST), __ATOMIC_RELAXED);
    return found == 0 ? IRQ_NONE : found - 1U;
}

/* SPDX-License-Identifier: MIT */
/*
 * Grants between domains: who holds what while a page is mapped, and when domains die or give what
 * they have granted away. A domain's page tables here are a few slots; the rest is the hypervisor's
 * own source.
 */
#include "tests/hv/machine.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "hv/core/audit.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/grant_entry.h"
#include "hv/core/grant_mapping.h"
#include "hv/core/grant_ops.h"
#include "hv/core/vcpu.h"
#include "tests/unit/rng.h"

#define FRAMES 4096U
#define DOMAINS 3U
#define DOMAIN_FRAMES 64U /* may own */
#define GIVEN 16U         /* and owns at first */
#define SLOTS 64U

struct vcpu *machine_vcpu;
bool machine_work;

/* What a slot refers to: a frame's number, and whether it may be written to. */
#define SLOT(m, writes) ((m).n << 2 | (uint64_t)(writes) << 1 | 1)
#define SLOT_EMPTY 0U

static struct {
    struct domain *domain;
    struct vcpu vcpu;
    mfn_t frames[GIVEN];
    uint64_t slots[SLOTS];
    bool freed;
} world[DOMAINS];
static uint64_t free_at_start;
static unsigned flushes, older_flushes;
static bool flush_must_find_use; /* the entry that is checked at each flush */
static const struct grant_entry_v1 *watched;

/* ---- what the hypervisor finds around it */

static unsigned index_of(const struct vcpu *v)
{
    return v->domain->id - 1U;
}

static uint64_t *slot(struct vcpu *v, uint64_t where)
{
    return where / PAGE_SIZE < SLOTS ? &world[index_of(v)].slots[where / PAGE_SIZE] : NULL;
}

void arch_grant_entry_put(uint64_t entry)
{
    if (entry == SLOT_EMPTY)
        return;
    struct frame *f = frame_of(mfn(entry >> 2));
    if (entry & 2)
        frame_put_writable(f);
    frame_put(f);
}

bool arch_grant_map(struct vcpu *v, uint64_t where, uint32_t flags, mfn_t m)
{
    uint64_t *at = slot(v, where);
    if (at == NULL)
        return false;
    arch_grant_entry_put(
        __atomic_exchange_n(at, SLOT(m, !(flags & GNTMAP_readonly)), __ATOMIC_SEQ_CST));
    return true;
}

bool arch_grant_unmap(struct vcpu *v, uint64_t where, uint32_t flags, mfn_t m, uint64_t *entry)
{
    uint64_t *at = slot(v, where);
    uint64_t expected = SLOT(m, !(flags & GNTMAP_readonly));
    if (at == NULL || !__atomic_compare_exchange_n(at, &expected, SLOT_EMPTY, false,
                                                   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return false;
    *entry = expected;
    return true;
}

bool arch_grant_replace(struct vcpu *v, uint64_t where, uint64_t from, uint32_t flags, mfn_t m,
                        uint64_t *entry)
{
    uint64_t *by = slot(v, from);
    if (by == NULL || !arch_grant_unmap(v, where, flags, m, entry))
        return false;
    *slot(v, where) = *by;
    *by = SLOT_EMPTY;
    return true;
}

void tlb_flush_domain(const struct domain *d)
{
    (void)d;
    flushes++;
    if (flush_must_find_use)
        assert_true(watched->flags & GTF_reading);
}

void tlb_flush_older(uint64_t stamp, const struct domain *owner)
{
    (void)owner;
    (void)stamp;
    older_flushes++;
}

static uint64_t m2p[FRAMES];

void arch_m2p_set(mfn_t m, uint64_t n)
{
    m2p[m.n] = n;
}

void audit_count(mfn_t m, bool used)
{
    (void)m, (void)used;
}

out_of_line void domain_free(struct domain *d)
{
    assert_int_equal(d->frames, 0);
    domain_unpublish(d);
    grant_table_destroy(d);
    heap_free_mapped(d->blocks, 0);
    world[d->id - 1].freed = true;
    free(d);
}

/* ---- the world: domains 1 to 3, with frames each, and a slot for each mapping */

static int start(void **state)
{
    (void)state;
    machine_start(FRAMES, true);
    heap_add(mfn(1), FRAMES - 1);
    memset(world, 0, sizeof(world));
    machine_work = false;
    flush_must_find_use = false;
    free_at_start = heap_free_frames();
    domain_memory_init();
    for (unsigned i = 0; i < DOMAINS; i++) {
        struct domain *of = calloc(1, sizeof(*of));
        assert_non_null(of);
        of->id = (uint16_t)(i + 1);
        of->references = 1;
        of->frames_max = DOMAIN_FRAMES;
        of->blocks = heap_alloc_mapped(0);
        world[i].domain = of;
        assert_int_equal(grant_table_create(of, 2, 1), 0);
        assert_true(domain_publish(of));
        world[i].vcpu.domain = of;
        for (unsigned k = 0; k < GIVEN; k++)
            world[i].frames[k] = domain_alloc(of, 0, 64, true);
    }
    return 0;
}

/* As domain_kill() has it: frames, then mappings, then the control domain's own reference. */
static void kill_domain(unsigned i)
{
    struct domain *of = world[i].domain;
    __atomic_store_n(&of->dying, true, __ATOMIC_SEQ_CST);
    for (unsigned k = 0; k < SLOTS; k++) {
        arch_grant_entry_put(world[i].slots[k]);
        world[i].slots[k] = SLOT_EMPTY;
    }
    for (mfn_t m = mfn(0); !mfn_is_none(m = domain_next_frame(of, m.n)); m.n++) {
        if (frame_get(m, of)) {
            if (frame_disown(frame_of(m)))
                frame_put(frame_of(m));
            frame_put(frame_of(m));
        }
    }
    while (grant_table_release_mappings(of) == -XEN_ERESTART)
        ;
    domain_put(of);
}

/* Once all are dead, all memory is back. */
static int end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DOMAINS; i++) {
        if (!world[i].freed && !world[i].domain->dying)
            kill_domain(i);
    }
    uint64_t free_frames;
    bool good = heap_audit(&free_frames) && free_frames == free_at_start;
    for (unsigned i = 0; i < DOMAINS; i++)
        good = good && world[i].freed;
    /* The heap's lists outlive the machine: they are left empty. */
    while (good && !mfn_is_none(heap_alloc(0, 64)))
        ;
    machine_end();
    return good ? 0 : -1;
}

static struct grant_entry_v1 *entry(unsigned i, uint32_t ref)
{
    return &world[i].domain->grants->frames[0].shared[ref];
}

static void grant(unsigned from, uint32_t ref, unsigned to, unsigned frame, uint16_t flags)
{
    *entry(from, ref) = (struct grant_entry_v1){.flags = flags,
                                                .domid = world[to].domain->id,
                                                .frame = (uint32_t)world[from].frames[frame].n};
}

static struct gnttab_map_grant_ref map(unsigned to, unsigned from, uint32_t ref, unsigned at,
                                       uint32_t flags)
{
    struct gnttab_map_grant_ref op = {.host_addr = at * PAGE_SIZE,
                                      .flags = flags,
                                      .ref = ref,
                                      .dom = (domid_t)(from + 1),
                                      .status = 77};
    assert_int_equal(grant_map(&world[to].vcpu, vaddr((uint64_t)&op), 1), 0);
    return op;
}

static int unmap(unsigned to, grant_handle_t handle, unsigned at, uint64_t device)
{
    struct gnttab_unmap_grant_ref op = {
        .host_addr = at * PAGE_SIZE, .dev_bus_addr = device, .handle = handle, .status = 77};
    assert_int_equal(grant_unmap(&world[to].vcpu, vaddr((uint64_t)&op), 1), 0);
    return op.status;
}

static uint64_t references(mfn_t m)
{
    return frame_references(frame_of(m));
}

/* ---- mappings */

static void test_map_and_unmap(void **state)
{
    (void)state;
    mfn_t m = world[0].frames[0];
    grant(0, 9, 1, 0, GTF_permit_access);
    struct gnttab_map_grant_ref op = map(1, 0, 9, 5, GNTMAP_host_map);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(op.dev_bus_addr, mfn_to_paddr(m));
    assert_int_equal(world[1].slots[5], SLOT(m, true));
    assert_int_equal(references(m), 2);
    assert_int_equal(frame_type_count(frame_of(m)), 1);
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access | GTF_reading | GTF_writing);

    /* Whoever sees the flags gone may rely on no CPU knowing the page. */
    watched = entry(0, 9);
    flush_must_find_use = true;
    unsigned before = flushes;
    assert_int_equal(unmap(1, op.handle, 5, 0), GNTST_okay);
    assert_int_equal(flushes, before + 1);
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access);
    assert_int_equal(references(m), 1);
    assert_int_equal(frame_type_count(frame_of(m)), 0);
    assert_int_equal(unmap(1, op.handle, 5, 0), GNTST_bad_handle);
}

static void test_only_the_grantee(void **state)
{
    (void)state;
    grant(0, 9, 1, 0, GTF_permit_access);
    assert_int_equal(map(2, 0, 9, 5, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(map(0, 0, 9, 5, GNTMAP_host_map).status, GNTST_general_error);
    /* Nor while the grantee uses it, even if the entry says now that he may. */
    struct gnttab_map_grant_ref op = map(1, 0, 9, 5, GNTMAP_host_map);
    assert_int_equal(op.status, GNTST_okay);
    entry(0, 9)->domid = world[2].domain->id;
    assert_int_equal(map(2, 0, 9, 5, GNTMAP_host_map).status, GNTST_general_error);
    assert_int_equal(unmap(1, op.handle, 5, 0), GNTST_okay);
    op = map(2, 0, 9, 5, GNTMAP_host_map);
    assert_int_equal(op.status, GNTST_okay);
    assert_int_equal(unmap(2, op.handle, 5, 0), GNTST_okay);
}

/* A handle is its domain's. */
static void test_handles_of_others(void **state)
{
    (void)state;
    grant(0, 9, 1, 0, GTF_permit_access);
    struct gnttab_map_grant_ref op = map(1, 0, 9, 5, GNTMAP_host_map);
    assert_int_equal(unmap(2, op.handle, 5, 0), GNTST_bad_handle);
    assert_int_equal(unmap(0, op.handle, 5, 0), GNTST_bad_handle);
    assert_int_equal(unmap(1, op.handle, 5, 0), GNTST_okay);
}

/* A frame that is not the granter's own, by then, is not for others. */
static void test_frames_of_others(void **state)
{
    (void)state;
    grant(0, 9, 1, 0, GTF_permit_access);
    entry(0, 9)->frame = (uint32_t)world[2].frames[0].n;
    assert_int_equal(map(1, 0, 9, 5, GNTMAP_host_map).status, GNTST_bad_page);
    entry(0, 9)->frame = FRAMES + 5;
    assert_int_equal(map(1, 0, 9, 5, GNTMAP_host_map).status, GNTST_bad_page);
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access);
    assert_int_equal(references(world[2].frames[0]), 1);
    /* Where the place is wrong, all is put back. */
    grant(0, 9, 1, 0, GTF_permit_access);
    assert_int_equal(map(1, 0, 9, SLOTS, GNTMAP_host_map | GNTMAP_device_map).status,
                     GNTST_general_error);
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access);
    assert_int_equal(references(world[0].frames[0]), 1);
    assert_int_equal(world[0].domain->references, 2); /* its own, and of its frames */
}

static void test_out_of_handles(void **state)
{
    (void)state;
    const unsigned per_frame = PAGE_SIZE / sizeof(struct mapping);
    static grant_handle_t handles[PAGE_SIZE / sizeof(struct mapping)];
    uint64_t device = mfn_to_paddr(world[0].frames[0]);
    grant(0, 9, 1, 0, GTF_permit_access);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < per_frame; i++) {
            struct gnttab_map_grant_ref op = map(1, 0, 9, 0, GNTMAP_device_map);
            assert_int_equal(op.status, GNTST_okay);
            handles[i] = op.handle;
        }
        assert_int_equal(map(1, 0, 9, 0, GNTMAP_device_map).status, GNTST_no_space);
        for (unsigned i = 0; i < per_frame; i++)
            assert_int_equal(unmap(1, handles[i ^ 1], 0, device), GNTST_okay);
    }
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access);
}

/* Pins are counted in 16 bits, and not beyond. */
static void test_too_many_pins(void **state)
{
    (void)state;
    mfn_t m;
    struct grant_table *t = world[0].domain->grants;
    grant(0, 9, 1, 0, GTF_permit_access);
    for (unsigned i = 0; i < UINT16_MAX; i++)
        assert_int_equal(grant_pin(t, 9, 2, GRANT_MAP, true, &m), GNTST_okay);
    assert_int_equal(grant_pin(t, 9, 2, GRANT_MAP, true, &m), GNTST_general_error);
    for (unsigned i = 0; i < UINT16_MAX; i++)
        grant_unpin(t, 9, true);
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access);
    assert_true(PANICS(grant_unpin(t, 9, true)));
}

/* ---- ends */

static void test_granter_gives_up_its_frame(void **state)
{
    (void)state;
    mfn_t m = world[0].frames[0];
    uint64_t frames = world[0].domain->frames;
    grant(0, 9, 1, 0, GTF_permit_access);
    struct gnttab_map_grant_ref op = map(1, 0, 9, 5, GNTMAP_host_map);
    *entry(0, 9) = (struct grant_entry_v1){0}; /* which it must not */
    assert_true(frame_disown(frame_of(m)));
    frame_put(frame_of(m));
    assert_int_equal(references(m), 1); /* the mapping's */
    assert_int_equal(world[0].domain->frames, frames);
    assert_int_equal(unmap(1, op.handle, 5, 0), GNTST_okay);
    assert_int_equal(references(m), 0);
    assert_int_equal(world[0].domain->frames, frames - 1);
    assert_int_equal(entry(0, 9)->flags, 0);
}

/* An entry that its domain wrote over, and a frame that has gone to another one meanwhile. */
static void test_mapping_written_over(void **state)
{
    (void)state;
    mfn_t m = world[0].frames[0];
    grant(0, 9, 1, 0, GTF_permit_access);
    struct gnttab_map_grant_ref op = map(1, 0, 9, 5, GNTMAP_host_map);
    arch_grant_entry_put(world[1].slots[5]);
    world[1].slots[5] = SLOT_EMPTY;
    assert_int_equal(unmap(1, op.handle, 5, 0), GNTST_general_error);
    assert_true(frame_disown(frame_of(m)));
    frame_put(frame_of(m));
    assert_int_equal(references(m), 0);
    /* The grant is still in use, for that frame: which nobody gets by it. */
    assert_int_equal(entry(0, 9)->flags & GTF_reading, GTF_reading);
    assert_int_equal(map(1, 0, 9, 5, GNTMAP_host_map).status, GNTST_bad_page);
    kill_domain(1);
    assert_true(world[1].freed);
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access);
}

static void test_mapper_dies(void **state)
{
    (void)state;
    for (unsigned i = 0; i < GIVEN; i++) {
        grant(0, 8 + i, 1, i, GTF_permit_access | (i % 2 ? GTF_readonly : 0));
        assert_int_equal(
            map(1, 0, 8 + i, i,
                GNTMAP_host_map | (i % 2 ? GNTMAP_readonly : 0) | (i % 3 ? 0 : GNTMAP_device_map))
                .status,
            GNTST_okay);
    }
    assert_int_equal(world[0].domain->references, 2 + GIVEN);
    machine_vcpu = &world[2].vcpu; /* who kills has others waiting, so that it takes many calls */
    machine_work = true;
    kill_domain(1);
    machine_vcpu = NULL;
    machine_work = false;
    assert_true(world[1].freed);
    assert_int_equal(world[0].domain->references, 2);
    for (unsigned i = 0; i < GIVEN; i++) {
        assert_int_equal(entry(0, 8 + i)->flags, GTF_permit_access | (i % 2 ? GTF_readonly : 0));
        assert_int_equal(references(world[0].frames[i]), 1);
        assert_int_equal(frame_type_count(frame_of(world[0].frames[i])), 0);
    }
}

static void test_granter_dies(void **state)
{
    (void)state;
    mfn_t m = world[0].frames[0];
    grant(0, 9, 1, 0, GTF_permit_access);
    struct gnttab_map_grant_ref op = map(1, 0, 9, 5, GNTMAP_host_map);
    char *page = frame_map(m);
    page[0] = 'x';
    kill_domain(0);
    assert_false(world[0].freed); /* it is what is mapped */
    assert_int_equal(world[0].domain->frames, 1);
    assert_int_equal(page[0], 'x');
    assert_int_equal(unmap(1, op.handle, 5, 0), GNTST_okay);
    assert_true(world[0].freed);
}

static void test_both_die(void **state)
{
    (void)state;
    grant(0, 9, 1, 0, GTF_permit_access);
    grant(1, 9, 0, 0, GTF_permit_access);
    grant(1, 10, 1, 1, GTF_permit_access);
    assert_int_equal(map(1, 0, 9, 5, GNTMAP_host_map).status, GNTST_okay);
    assert_int_equal(map(0, 1, 9, 5, GNTMAP_host_map | GNTMAP_device_map).status, GNTST_okay);
    assert_int_equal(map(1, 1, 10, 6, GNTMAP_host_map).status, GNTST_okay);
    kill_domain(0);
    assert_false(world[0].freed);
    kill_domain(1);
    assert_true(world[0].freed && world[1].freed);
}

/* ---- copies and transfers */

static void test_copy_between_others(void **state)
{
    (void)state;
    memset(frame_map(world[0].frames[3]), 0x11, PAGE_SIZE);
    memset(frame_map(world[2].frames[4]), 0x22, PAGE_SIZE);
    grant(0, 9, 1, 3, GTF_permit_access | GTF_readonly);
    grant(2, 10, 1, 4, GTF_permit_access);
    struct gnttab_copy op = {
        .source = {.u.ref = 9, .domid = 1, .offset = 100},
        .dest = {.u.ref = 10, .domid = 3, .offset = 200},
        .len = 300,
        .flags = GNTCOPY_source_gref | GNTCOPY_dest_gref,
        .status = 77,
    };
    assert_int_equal(grant_copy(&world[1].vcpu, vaddr((uint64_t)&op), 1), 0);
    assert_int_equal(op.status, GNTST_okay);
    const char *to = frame_map(world[2].frames[4]);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(to[i], i - 200 < 300 ? 0x11 : 0x22);
    assert_int_equal(entry(0, 9)->flags, GTF_permit_access | GTF_readonly);
    assert_int_equal(entry(2, 10)->flags, GTF_permit_access);
    assert_int_equal(references(world[0].frames[3]), 1);
    assert_int_equal(references(world[2].frames[4]), 1);
    /* Others may not. */
    assert_int_equal(grant_copy(&world[0].vcpu, vaddr((uint64_t)&op), 1), 0);
    assert_int_equal(op.status, GNTST_general_error);
}

static int transfer(unsigned from, mfn_t m, unsigned to, uint32_t ref)
{
    struct gnttab_transfer op = {.mfn = m.n, .domid = (domid_t)(to + 1), .ref = ref, .status = 77};
    assert_int_equal(grant_transfer(&world[from].vcpu, vaddr((uint64_t)&op), 1), 0);
    return op.status;
}

static void accept(unsigned to, uint32_t ref, unsigned from)
{
    *entry(to, ref) = (struct grant_entry_v1){
        .flags = GTF_accept_transfer, .domid = world[from].domain->id, .frame = 77};
}

static void test_transfer(void **state)
{
    (void)state;
    mfn_t m = world[0].frames[0];
    accept(1, 9, 0);
    assert_int_equal(transfer(2, m, 1, 9), GNTST_bad_page); /* not its own */
    unsigned before = older_flushes;
    assert_int_equal(transfer(0, m, 1, 9), GNTST_okay);
    assert_true(older_flushes > before);
    assert_ptr_equal(frame_of(m)->owner, world[1].domain);
    assert_int_equal(references(m), 1);
    assert_int_equal(world[0].domain->frames, GIVEN - 1);
    assert_int_equal(world[1].domain->frames, GIVEN + 1);
    assert_int_equal(entry(1, 9)->frame, m.n);
    assert_int_equal(entry(1, 9)->flags,
                     GTF_accept_transfer | GTF_transfer_committed | GTF_transfer_completed);
    assert_int_equal(m2p[m.n], 77);
    assert_int_equal(transfer(0, m, 1, 9), GNTST_bad_page);
}

/* What somebody else has mapped does not go. */
static void test_transfer_of_what_is_granted(void **state)
{
    (void)state;
    mfn_t m = world[0].frames[0];
    grant(0, 9, 2, 0, GTF_permit_access);
    accept(1, 9, 0);
    struct gnttab_map_grant_ref op = map(2, 0, 9, 5, GNTMAP_host_map | GNTMAP_readonly);
    assert_int_equal(transfer(0, m, 1, 9), GNTST_bad_page);
    assert_int_equal(unmap(2, op.handle, 5, 0), GNTST_okay);
    assert_int_equal(transfer(0, m, 1, 9), GNTST_okay);
    /* The grant is of a frame that is not the domain's any more. */
    assert_int_equal(map(2, 0, 9, 5, GNTMAP_host_map).status, GNTST_bad_page);
}

static void test_transfer_to_the_full_and_the_dying(void **state)
{
    (void)state;
    accept(1, 9, 0);
    world[1].domain->frames_max = GIVEN;
    assert_int_equal(transfer(0, world[0].frames[0], 1, 9), GNTST_general_error);
    assert_int_equal(world[0].domain->frames, GIVEN - 1); /* lost */
    assert_int_equal(world[1].domain->frames, GIVEN);
    assert_int_equal(entry(1, 9)->flags, GTF_accept_transfer);
    assert_int_equal(references(world[0].frames[0]), 0);
    world[1].domain->frames_max = DOMAIN_FRAMES;
    world[1].domain->dying = true;
    assert_int_equal(transfer(0, world[0].frames[1], 1, 9), GNTST_general_error);
    world[1].domain->dying = false;
    assert_int_equal(world[1].domain->frames, GIVEN);
    assert_int_equal(transfer(0, world[0].frames[2], 1, 9), GNTST_okay);
}

/* ---- at the same time */

enum { RACERS = 4, ROUNDS = 3000 };

/* Maps the one grant, at a slot of its own, and unmaps it; sometimes what another has just mapped.
 */
static void *racer(void *argument)
{
    unsigned n = (unsigned)(uintptr_t)argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct gnttab_map_grant_ref op = {
            .host_addr = n * PAGE_SIZE,
            .flags = GNTMAP_host_map | (i % 2 ? GNTMAP_readonly : 0),
            .ref = 9,
            .dom = 1,
        };
        if (grant_map(&world[1].vcpu, vaddr((uint64_t)&op), 1) != 0 || op.status != GNTST_okay)
            continue;
        struct gnttab_unmap_grant_ref undo = {.host_addr = n * PAGE_SIZE, .handle = op.handle};
        if (i % 8 == 0) {
            struct gnttab_unmap_grant_ref others = {.host_addr = n * PAGE_SIZE,
                                                    .handle = (op.handle + 1) % RACERS};
            grant_unmap(&world[1].vcpu, vaddr((uint64_t)&others), 1);
        }
        grant_unmap(&world[1].vcpu, vaddr((uint64_t)&undo), 1);
    }
    return NULL;
}

static bool racing;

/* Changes its entry all the time, as the ABI forbids: domain, frame, rights. */
static void *hostile_granter(void *argument)
{
    (void)argument;
    struct rng rng = rng_seeded(5);
    while (__atomic_load_n(&racing, __ATOMIC_RELAXED)) {
        struct grant_entry_v1 e = {.flags = (uint16_t)(rng_below(&rng, 4) | rng_below(&rng, 32)),
                                   .domid = (domid_t)(1 + rng_below(&rng, 3)),
                                   .frame = (uint32_t)world[0].frames[rng_below(&rng, GIVEN)].n};
        uint64_t word;
        memcpy(&word, &e, sizeof(word));
        __atomic_store_n((uint64_t *)entry(0, 9), word, __ATOMIC_RELAXED);
    }
    return NULL;
}

static void race(bool hostile)
{
    pthread_t threads[RACERS + 1];
    racing = true;
    grant(0, 9, 1, 0, GTF_permit_access);
    for (unsigned i = 0; i < RACERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, racer, (void *)(uintptr_t)i), 0);
    if (hostile)
        assert_int_equal(pthread_create(&threads[RACERS], NULL, hostile_granter, NULL), 0);
    for (unsigned i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    racing = false;
    if (hostile)
        pthread_join(threads[RACERS], NULL);
    /* An entry may have been unmapped by another's handle, of the same frame: then that one's is
     * there still, and goes with the domain. */
    kill_domain(1);
    assert_true(world[1].freed);
    for (unsigned i = 0; i < GIVEN; i++) {
        assert_int_equal(references(world[0].frames[i]), 1);
        assert_int_equal(frame_type_count(frame_of(world[0].frames[i])), 0);
    }
    assert_int_equal(world[0].domain->references, 2);
    if (!hostile)
        assert_int_equal(entry(0, 9)->flags, GTF_permit_access);
}

static void test_race(void **state)
{
    (void)state;
    race(false);
}

static void test_race_with_a_hostile_granter(void **state)
{
    (void)state;
    race(true);
}

/* Two vcpus may give up one frame. Who comes second finds it nobody's or another domain's, and
 * leaves it so. */
static void test_frame_is_given_up_once(void **state)
{
    (void)state;
    struct domain *one = world[0].domain;
    struct domain *other = world[1].domain;
    mfn_t m = world[0].frames[0];
    mfn_t n = world[0].frames[1];
    assert_true(domain_release_frame(one, m));
    assert_false(domain_release_frame(one, m));
    assert_true(frame_take(n, one));
    domain_uncharge(one);
    assert_true(domain_charge(other, n));
    domain_give(other, n);
    assert_false(domain_release_frame(one, n));
    assert_true(domain_release_frame(other, n));
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(frame_is_given_up_once),
        TEST(map_and_unmap),
        TEST(only_the_grantee),
        TEST(handles_of_others),
        TEST(frames_of_others),
        TEST(out_of_handles),
        TEST(too_many_pins),
        TEST(granter_gives_up_its_frame),
        TEST(mapping_written_over),
        TEST(mapper_dies),
        TEST(granter_dies),
        TEST(both_die),
        TEST(copy_between_others),
        TEST(transfer),
        TEST(transfer_of_what_is_granted),
        TEST(transfer_to_the_full_and_the_dying),
        TEST(race),
        TEST(race_with_a_hostile_granter),
    };
    return tap_run("grant", tests, sizeof(tests) / sizeof(tests[0]));
}

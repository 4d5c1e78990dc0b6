/* SPDX-License-Identifier: MIT */
/*
 * The memory of a new domain is written through a window onto some of it at a time. A frame that
 * is mapped here, writable, cannot become a page table there: nothing stays mapped.
 */
#include "dom0/build.h"
#include "dom0/image.h"
#include "dom0/place.h"
#include "guest/control.h"
#include "guest/foreign.h"
#include "guest/heap.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/trap.h"

#define WINDOW_PAGES 128U /* mapped at a time */

struct build {
    const struct domain *domain;
    struct image image;
    struct place place;
    uint64_t *frames; /* of each pfn */
    uint64_t shared;  /* the frame that it shares with the hypervisor */
};

/* Writes to pseudo-physical memory; zeros from NULL. */
static bool write(const struct build *b, uint64_t to, const void *from, uint64_t size,
                  struct problem *problem)
{
    while (size > 0) {
        uint64_t offset = to % PAGE_SIZE;
        uint64_t some = WINDOW_PAGES * PAGE_SIZE - offset;
        some = size < some ? size : some;
        size_t pages = (offset + some + PAGE_SIZE - 1) / PAGE_SIZE;
        long error;
        char *at = foreign_map(b->domain->id, b->frames + to / PAGE_SIZE, pages, &error);
        if (!at)
            return problem_is(problem, "%zu pages from %lu on cannot be mapped: error %ld", pages,
                              to / PAGE_SIZE, error);
        if (from) {
            memcpy(at + offset, from, some);
            from = (const char *)from + some;
        } else {
            memset(at + offset, 0, some);
        }
        foreign_unmap(at, pages);
        to += some;
        size -= some;
    }
    return true;
}

static bool populate(struct build *b, struct problem *problem)
{
    uint64_t pages = b->place.pages;
    size_t given = control_populate(b->domain->id, b->frames, pages);
    return given == pages ||
           problem_is(problem, "expected memory of %lu pages, found %zu", pages, given);
}

static bool load(const struct build *b, struct problem *problem)
{
    for (unsigned i = 0; i < b->image.segments_count; i++) {
        const struct segment *s = &b->image.segments[i];
        if (!write(b, s->offset, s->bytes, s->file_size, problem) ||
            !write(b, s->offset + s->file_size, NULL, s->memory_size - s->file_size, problem))
            return false;
    }
    const struct file *ramdisk = &b->domain->setup->ramdisk;
    return write(b, b->place.ramdisk * PAGE_SIZE, ramdisk->bytes, ramdisk->size, problem) &&
           write(b, b->place.list * PAGE_SIZE, b->frames, b->place.pages * sizeof(*b->frames),
                 problem) &&
           write(b, b->place.store * PAGE_SIZE, NULL, PAGE_SIZE, problem) &&
           write(b, b->place.console * PAGE_SIZE, NULL, PAGE_SIZE, problem);
}

static bool find_shared_page(struct build *b, struct problem *problem)
{
    struct xen_domctl_getdomaininfo info;
    long error = control_info(b->domain->id, &info);
    b->shared = info.shared_info_frame;
    return !error || problem_is(problem, "its shared page is not known: error %ld", error);
}

/*
 * The hypervisor leaves it to the builder: an event that came before the kernel has said where it
 * wants them would be a crash.
 */
static bool mask_upcalls(const struct build *b, struct problem *problem)
{
    long error;
    struct shared_info *shared = foreign_map(b->domain->id, &b->shared, 1, &error);
    if (!shared)
        return problem_is(problem, "its shared page cannot be mapped: error %ld", error);
    for (unsigned i = 0; i < XEN_LEGACY_MAX_VCPUS; i++)
        shared->vcpu_info[i].evtchn_upcall_mask = 1;
    foreign_unmap(shared, 1);
    return true;
}

static bool write_start_info(const struct build *b, const char *command_line,
                             struct problem *problem)
{
    static struct start_info info;
    const struct place *place = &b->place;
    const struct domain *domain = b->domain;
    info = (struct start_info){
        .magic = "xen-3.0-x86_64",
        .nr_pages = place->pages,
        .shared_info = b->shared * PAGE_SIZE,
        .store_mfn = b->frames[place->store],
        .store_evtchn = domain->store_port,
        .console.domU = {.mfn = b->frames[place->console], .evtchn = domain->console_port},
        .pt_base = place_address(place, place->tables),
        .nr_pt_frames = place->tables_count,
        .mfn_list = place_address(place, place->list),
    };
    if (domain->setup->ramdisk.size > 0) {
        info.mod_start = place_address(place, place->ramdisk);
        info.mod_len = domain->setup->ramdisk.size;
    }
    size_t length = strlen(command_line);
    if (length >= sizeof(info.cmd_line))
        return problem_is(problem, "expected a command line below %zu characters, found %zu",
                          sizeof(info.cmd_line), length);
    memcpy(info.cmd_line, command_line, length);
    return write(b, place->info * PAGE_SIZE, &info, sizeof(info), problem);
}

static bool write_tables(const struct build *b, struct problem *problem)
{
    static uint64_t table[PLACE_TABLE_ENTRIES];
    for (uint64_t i = 0; i < b->place.tables_count; i++) {
        place_table(&b->place, i, b->frames, table);
        if (!write(b, (b->place.tables + i) * PAGE_SIZE, table, sizeof(table), problem))
            return false;
    }
    long error = control_pin(b->domain->id, b->frames[b->place.tables]);
    return !error || problem_is(problem, "its page tables are refused: error %ld", error);
}

static bool set_registers(const struct build *b, struct problem *problem)
{
    static struct vcpu_guest_context context; /* two pages: too much for a stack */
    const struct place *place = &b->place;
    uint64_t stack = place_address(place, place->stack + 1);
    context = (struct vcpu_guest_context){
        .flags = VGCF_in_kernel | VGCF_online,
        .user_regs = {.rip = b->image.entry,
                      .rsp = stack,
                      .rsi = place_address(place, place->info),
                      .rflags = RFLAGS_FIXED | RFLAGS_IF,
                      .cs = FLAT_KERNEL_CS,
                      .ss = FLAT_KERNEL_SS,
                      .ds = FLAT_KERNEL_DS,
                      .es = FLAT_KERNEL_DS,
                      .fs = FLAT_KERNEL_DS,
                      .gs = FLAT_KERNEL_DS},
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = stack,
        .ctrlreg = {[3] = xen_pfn_to_cr3(b->frames[place->tables])},
    };
    long error = control_set_context(b->domain->id, 0, &context);
    return !error || problem_is(problem, "its first registers are refused: error %ld", error);
}

static bool make_hypercall_page(const struct build *b, struct problem *problem)
{
    if (b->image.hypercall_page == IMAGE_NONE)
        return true;
    uint64_t frame = b->frames[b->image.hypercall_page / PAGE_SIZE];
    long error = control_hypercall_page(b->domain->id, frame);
    return !error || problem_is(problem, "its hypercall page: error %ld", error);
}

bool build_domain(const struct domain *domain, const char *command_line, uint64_t *console,
                  struct problem *problem)
{
    const struct domain_setup *setup = domain->setup;
    uint64_t pages = setup->memory / PAGE_SIZE;
    struct build b = {.domain = domain};
    if (!image_read(&b.image, setup->kernel.bytes, setup->kernel.size, problem) ||
        !place_make(&b.place, &b.image, setup->ramdisk.size, pages, problem))
        return problem_of(problem, setup->kernel.name);
    b.frames = malloc(pages * sizeof(*b.frames));
    if (!b.frames)
        return problem_is(problem, "out of memory for a list of %lu frames", pages);
    bool done = populate(&b, problem) && load(&b, problem) && find_shared_page(&b, problem) &&
                mask_upcalls(&b, problem) && write_start_info(&b, command_line, problem) &&
                make_hypercall_page(&b, problem) && write_tables(&b, problem) &&
                set_registers(&b, problem);
    *console = b.frames[b.place.console];
    free(b.frames);
    return done;
}

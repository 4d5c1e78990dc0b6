/* SPDX-License-Identifier: MIT */
#include "hv/build/control_domain.h"

#include "hv/build/compression.h"
#include "hv/build/elf.h"
#include "hv/build/image.h"
#include "hv/build/plan.h"
#include "hv/core/arch.h"
#include "hv/core/assert.h"
#include "hv/core/boot_info.h"
#include "hv/core/buddy.h"
#include "hv/core/domain.h"
#include "hv/core/format.h"
#include "hv/core/frame.h"
#include "hv/core/grant_table.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/string.h"
#include "hv/core/time.h"
#include "hv/core/vcpu.h"

static uint64_t memory_size;
OPTION_SIZE("dom0_mem", memory_size, 0, 1UL << 46,
            "memory of the control domain; 0: all but what the hypervisor keeps");

static uint64_t vcpus = 0;
OPTION_NUMBER("dom0_max_vcpus", vcpus, 0, VCPUS_MAX,
              "vcpus of the control domain; 0: one each CPU");

#define KEEP_MAX (64UL << 20) /* bytes that the hypervisor keeps, of a large memory */
#define KEEP_PART 8           /* and of a small one, this part */

struct builder {
    struct domain *d;
    struct elf_image image;
    struct plan plan;
    uint64_t pages;
    uint64_t *list; /* mfn of each pfn; the hypervisor's own copy */
    unsigned list_order;
    void *uncompressed; /* the kernel, if it was not plain */
    uint64_t uncompressed_pages;
};

static noreturn void give_up(const char *what, const char *why)
{
    log_error("the control domain cannot be started: %s %s\n", what, why);
    arch_machine_end(MACHINE_PANICKED);
}

/* ---- the kernel's image, uncompressed */

/* No more frames than these bytes need. */
static void *uncompressed_room(struct builder *b, uint64_t bytes)
{
    /* What a file says of itself may be anything. */
    if (bytes > heap_free_frames() << PAGE_SHIFT)
        give_up("its kernel", "is too large uncompressed");
    b->uncompressed_pages = round_up(bytes, PAGE_SIZE) >> PAGE_SHIFT;
    unsigned order = order_of(b->uncompressed_pages);
    char *room = heap_alloc_mapped(order);
    if (room == NULL)
        give_up("its kernel", "is too large uncompressed");
    for (uint64_t i = b->uncompressed_pages; i < 1UL << order; i++)
        heap_free_mapped(room + (i << PAGE_SHIFT), 0);
    b->uncompressed = room;
    return room;
}

static void free_uncompressed(struct builder *b)
{
    for (uint64_t i = 0; i < b->uncompressed_pages; i++)
        heap_free_mapped((char *)b->uncompressed + (i << PAGE_SHIFT), 0);
}

static const void *kernel_bytes(struct builder *b, const struct boot_module *m, uint64_t *size)
{
    const void *bytes = arch_boot_memory(m->start);
    *size = m->end - m->start;
    const char *wrong = image_payload(&bytes, size);
    const struct compression *c = wrong == NULL ? compression_of(bytes, *size) : NULL;
    if (c != NULL) {
        uint64_t full = c->size(bytes, *size);
        void *to = uncompressed_room(b, full);
        wrong = c->uncompress(bytes, *size, to, full);
        bytes = to;
        *size = full;
    }
    if (wrong != NULL)
        give_up("its kernel", wrong);
    return bytes;
}

static void read_kernel(struct builder *b, const struct boot_module *m)
{
    static char error[128];
    uint64_t size;
    const void *bytes = kernel_bytes(b, m, &size);
    const char *compression = image_compression(bytes, size);
    if (compression != NULL) {
        format_string(error, sizeof(error),
                      "is compressed by %s; expected ELF, plain or by gzip or xz", compression);
        give_up("its kernel", error);
    }
    const char *wrong = elf_read(&b->image, bytes, size, error, sizeof(error));
    if (wrong != NULL)
        give_up("its kernel", wrong);
}

/* ---- memory */

/* In the largest blocks there are, so that little is left in pieces. */
static void allocate(struct builder *b)
{
    uint64_t n = 0;
    unsigned order = 9;
    while (n < b->pages) {
        while (1UL << order > b->pages - n)
            order--;
        mfn_t m = domain_alloc(b->d, order, 64, false);
        if (mfn_is_none(m)) {
            if (order == 0)
                give_up("its memory", "is more than there is");
            order--;
            continue;
        }
        for (uint64_t i = 0; i < 1UL << order; i++) {
            b->list[n + i] = m.n + i;
            arch_m2p_set(mfn(m.n + i), n + i);
        }
        n += 1UL << order;
    }
    b->d->pfn_max = b->pages - 1;
}

static mfn_t builder_mfn(const struct builder *b, uint64_t pfn)
{
    ASSERT(pfn < b->pages);
    return mfn(b->list[pfn]);
}

/* Copies to pseudo-physical memory; from NULL: zeros. */
static void write(struct builder *b, uint64_t to, const void *from, uint64_t size)
{
    while (size != 0) {
        uint64_t offset = to & ~PAGE_MASK;
        uint64_t n = min(size, PAGE_SIZE - offset);
        char *frame = frame_map(builder_mfn(b, to >> PAGE_SHIFT));
        if (from == NULL) {
            memset(frame + offset, 0, n);
        } else {
            memcpy(frame + offset, from, n);
            from = (const char *)from + n;
        }
        frame_unmap(frame);
        to += n;
        size -= n;
    }
}

static uint64_t physical(const struct builder *b, uint64_t address)
{
    return address - b->plan.v_start;
}

static void load_image(struct builder *b)
{
    for (unsigned i = 0; i < b->image.n_segments; i++) {
        const struct elf_segment *s = &b->image.segments[i];
        uint64_t to = physical(b, s->address);
        write(b, to, b->image.bytes + s->offset, s->file_size);
        write(b, to + s->file_size, NULL, s->memory_size - s->file_size);
    }
    uint64_t calls = b->image.note_hypercall_page;
    if (calls == NOTE_NONE)
        return;
    if (calls % PAGE_SIZE != 0 || calls < b->plan.v_start || calls >= b->plan.ramdisk)
        give_up("its kernel", "has a hypercall page that is not a page of its image");
    void *page = frame_map(builder_mfn(b, physical(b, calls) >> PAGE_SHIFT));
    arch_hypercall_page_fill(page);
    frame_unmap(page);
}

/* ---- start of day */

static void fill_start_info(struct builder *b, const struct boot_module *kernel,
                            uint64_t ramdisk_size)
{
    const struct plan *p = &b->plan;
    struct start_info *s = frame_map(builder_mfn(b, physical(b, p->start_info) >> PAGE_SHIFT));
    memset(s, 0, PAGE_SIZE);
    memcpy(s->magic, "xen-3.0-x86_64", sizeof("xen-3.0-x86_64"));
    s->nr_pages = b->pages;
    s->shared_info = mfn_to_paddr(b->d->shared_mfn);
    s->flags = SIF_PRIVILEGED | SIF_INITDOMAIN;
    s->pt_base = p->tables;
    s->nr_pt_frames = p->n_tables;
    s->mfn_list = p->frame_list;
    if (p->list_apart) {
        s->first_p2m_pfn = p->list_pfn;
        s->nr_p2m_frames = p->list_pages + p->list_tables;
    }
    if (ramdisk_size != 0) {
        s->mod_start = p->ramdisk_apart ? p->ramdisk_pfn : p->ramdisk;
        s->mod_len = ramdisk_size;
        s->flags |= p->ramdisk_apart ? SIF_MOD_START_PFN : 0;
    }
    size_t length = min(strlen(kernel->line), (size_t)MAX_GUEST_CMDLINE - 1);
    memcpy(s->cmd_line, kernel->line, length);

    /* The console's description follows, as the ABI has it for the control domain. */
    struct dom0_vga_console_info *c = (struct dom0_vga_console_info *)(s + 1);
    c->video_type = XEN_VGATYPE_TEXT_MODE_3;
    c->u.text_mode_3.rows = 25;
    c->u.text_mode_3.columns = 80;
    c->u.text_mode_3.font_height = 16;
    s->console.dom0.info_off = sizeof(*s);
    s->console.dom0.info_size = sizeof(*c);
    frame_unmap(s);
}

static uint64_t pages_wanted(void)
{
    uint64_t have = heap_free_frames() << PAGE_SHIFT;
    uint64_t keep = min(have / KEEP_PART, KEEP_MAX);
    return (memory_size != 0 ? memory_size : have - keep) >> PAGE_SHIFT;
}

void control_domain_build(void)
{
    static struct builder b;
    if (boot_info.n_modules == 0)
        give_up("no module", "was loaded; expected a kernel, then a ramdisk if it wants one");
    const struct boot_module *kernel = &boot_info.modules[0];
    const struct boot_module *ramdisk = boot_info.n_modules > 1 ? &boot_info.modules[1] : NULL;
    uint64_t ramdisk_size = ramdisk == NULL ? 0 : ramdisk->end - ramdisk->start;

    read_kernel(&b, kernel);
    b.pages = pages_wanted();
    const char *wrong = plan_make(&b.plan, &b.image, ramdisk_size, b.pages);
    if (wrong != NULL)
        give_up("its kernel", wrong);

    uint32_t n_vcpus = vcpus != 0 ? (uint32_t)vcpus : min(arch_cpu_count(), (uint32_t)VCPUS_MAX);
    const struct domain_config config = {.privileged = true,
                                         .vcpus_max = n_vcpus,
                                         .ports_max = EVTCHN_PORTS_MAX,
                                         .frames_max = b.pages,
                                         .grant_frames_max = GRANT_FRAMES_DEFAULT,
                                         .mapping_frames_max = GRANT_FRAMES_DEFAULT};
    b.d = domain_create(&config);
    b.list_order = order_of(b.plan.list_pages);
    b.list = heap_alloc_mapped(b.list_order);
    if (b.d == NULL || b.list == NULL)
        give_up("its memory", "is more than there is");
    control_domain = b.d;
    if (!domain_publish(b.d))
        panic("domain 0 is there already");
    wall_clock_publish(b.d);
    for (uint32_t i = 0; i < n_vcpus; i++) {
        if (vcpu_create(b.d, i) == NULL)
            give_up("its vcpus", "need more memory than there is");
    }
    allocate(&b);
    load_image(&b);
    free_uncompressed(&b);
    if (ramdisk != NULL)
        write(&b, b.plan.ramdisk_pfn << PAGE_SHIFT, arch_boot_memory(ramdisk->start), ramdisk_size);
    write(&b, b.plan.list_pfn << PAGE_SHIFT, b.list, b.pages * sizeof(uint64_t));
    fill_start_info(&b, kernel, ramdisk_size);
    arch_build_tables(b.d->vcpus[0], &b.plan, b.list);
    arch_start_vcpu(b.d->vcpus[0], &b.plan, b.image.entry);
    log_info("control domain: %s, %lu MiB, %u vcpu%s, from %p\n",
             b.image.guest_os[0] != '\0' ? b.image.guest_os : "unnamed", b.pages >> 8, n_vcpus,
             n_vcpus == 1 ? "" : "s", (void *)b.image.entry);
    heap_free_mapped(b.list, b.list_order);
    vcpu_unpause(b.d->vcpus[0], PAUSE_DOWN);
    domain_unpause(b.d);
}

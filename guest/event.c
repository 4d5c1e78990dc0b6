/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of event channels, around the consumer half of evtchn/. A port's handler runs on
 * the vcpu that the port is bound to; `mine` says which those are.
 */
#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/vcpu.h"

#include "evtchn/consumer.h"
#include "hv/public/ringside.h"

#define MINE_WORDS (EVENT_PORTS_2L / 64)

struct binding {
    event_handler *handler;
    void *data;
};

/* By port, a page of them at a time, each made when a port of it is bound first. */
#define BINDINGS_A_PAGE (PAGE_SIZE / sizeof(struct binding))
static struct binding *bindings[EVENT_PORTS_FIFO / BINDINGS_A_PAGE];
static struct evtchn_consumer consumers[VCPU_MAX];
static uint64_t mine[VCPU_MAX][MINE_WORDS];
static struct evtchn_array array; /* fifo */
static const struct evtchn_consumer_abi *abi;

static struct binding *binding_of(evtchn_port_t port)
{
    struct binding **page = &bindings[port / BINDINGS_A_PAGE];
    if (!*page)
        *page = page_alloc();
    return &(*page)[port % BINDINGS_A_PAGE];
}

static struct evtchn_consumer *consumer(void)
{
    return &consumers[vcpu_self()->id];
}

bool event_is_fifo(void)
{
    return abi == &evtchn_fifo_consumer;
}

unsigned event_ports(void)
{
    return abi->ports;
}

long event_choose(domid_t domain, const char *name)
{
    struct ringside_event_abi choice = {.domain = domain};
    size_t length = strlen(name);
    if (length >= sizeof(choice.name))
        return -XEN_EINVAL;
    memcpy(choice.name, name, length);
    return hypercall_event_channel_op(EVTCHNOP_RINGSIDE_set_abi, &choice);
}

/* flat and 2l: a bit each port, in the page that is shared anyway. */
static void init_bitmaps(void)
{
    memset(shared_info->evtchn_mask, 0xff, sizeof(shared_info->evtchn_mask));
    for (unsigned id = 0; id < VCPU_MAX; id++) {
        consumers[id] = (struct evtchn_consumer){
            .abi = abi,
            .upcall = &shared_info->vcpu_info[id].evtchn_upcall_pending,
            .selector = &shared_info->vcpu_info[id].evtchn_pending_sel,
            .pending = shared_info->evtchn_pending,
            .mask = shared_info->evtchn_mask,
            .mine = mine[id],
        };
    }
}

/* One more page of event words, all masked before the hypervisor hears of it. */
static void expand_array(void)
{
    uint32_t *page = page_alloc();
    for (unsigned i = 0; i < EVTCHN_PAGE_WORDS; i++)
        page[i] = EVTCHN_MASKED;
    struct evtchn_expand_array expand = {.array_gfn = page_mfn(page).n};
    long error = hypercall_event_channel_op(EVTCHNOP_expand_array, &expand);
    if (error)
        power_panic("event array of %u pages: one more is refused: error %ld", array.pages, error);
    array.page[array.pages++] = page;
}

static void refused(long error)
{
    printf("# events=%s is refused with error %ld: 2l instead\n", abi->name, error);
    abi = &evtchn_two_level_64_consumer;
}

/* A hypervisor may not have it: false, and nothing was changed. */
static bool init_fifo(void)
{
    for (unsigned id = 0; id < vcpu_count(); id++) {
        struct evtchn_control *control = page_alloc();
        struct evtchn_init_control init = {.control_gfn = page_mfn(control).n, .vcpu = id};
        long error = hypercall_event_channel_op(EVTCHNOP_init_control, &init);
        if (error && id == 0) {
            page_free(control);
            refused(error);
            return false;
        }
        if (error)
            power_panic("vcpu %u: control block refused: error %ld", id, error);
        consumers[id] = (struct evtchn_consumer){
            .abi = &evtchn_fifo_consumer,
            .upcall = &shared_info->vcpu_info[id].evtchn_upcall_pending,
            .control = control,
            .array = &array,
        };
    }
    expand_array();
    return true;
}

static const struct evtchn_consumer_abi *abi_asked_for(void)
{
    static const struct evtchn_consumer_abi *const all[] = {
#define EVTCHN_ABI(id, name, ports) &evtchn_##id##_consumer,
#include "evtchn/abis.def"
#undef EVTCHN_ABI
    };
    size_t length;
    const char *name = start_option("events", &length);
    if (!name)
        return &evtchn_two_level_64_consumer;
    for (unsigned i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (strlen(all[i]->name) == length && !strncmp(name, all[i]->name, length))
            return all[i];
    }
#define EVTCHN_ABI(id, name, ports) " " name
    power_panic("option events: expected one of"
#include "evtchn/abis.def"
                ", found `%.*s'",
                (int)length, name);
#undef EVTCHN_ABI
}

void event_init(void)
{
    abi = abi_asked_for();
    if (event_is_fifo() && init_fifo())
        return;
    if (abi != &evtchn_two_level_64_consumer) {
        long error = event_choose(DOMID_SELF, abi->name);
        if (error)
            refused(error);
    }
    init_bitmaps();
}

void event_upcall(void)
{
    struct evtchn_consumer *c = consumer();
    evtchn_consumer_begin(c);
    for (;;) {
        uint32_t port = evtchn_consumer_next(c);
        if (port == EVTCHN_NONE)
            break;
        if (port == EVTCHN_BROKEN_QUEUE)
            power_panic("vcpu %u: a queue of events is broken", vcpu_self()->id);
        const struct binding *page = bindings[port / BINDINGS_A_PAGE];
        const struct binding *binding = &page[port % BINDINGS_A_PAGE];
        if (page && binding->handler)
            binding->handler(port, binding->data);
    }
}

void event_handle(evtchn_port_t port, event_handler *handler, void *data)
{
    *binding_of(port) = (struct binding){.handler = handler, .data = data};
}

static void set_vcpu(evtchn_port_t port, unsigned vcpu)
{
    if (event_is_fifo()) /* a queue is a vcpu's: nothing to tell apart */
        return;
    for (unsigned id = 0; id < VCPU_MAX; id++)
        mine[id][port / 64] &= ~(1UL << port % 64);
    mine[vcpu][port / 64] |= 1UL << port % 64;
}

/* A port that came to be: the caller's, masked, without a handler. */
static long bound(long error, evtchn_port_t port, unsigned vcpu)
{
    if (error)
        return error;
    while (event_is_fifo() && port >= array.pages * EVTCHN_PAGE_WORDS)
        expand_array();
    event_mask(port);
    event_handle(port, NULL, NULL);
    set_vcpu(port, vcpu);
    return (long)port;
}

void event_adopt(evtchn_port_t port)
{
    bound(0, port, 0);
}

long event_bind_virq(unsigned virq, unsigned vcpu)
{
    struct evtchn_bind_virq bind = {.virq = virq, .vcpu = vcpu};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_virq, &bind);
    return bound(error, bind.port, vcpu);
}

long event_bind_ipi(unsigned vcpu)
{
    struct evtchn_bind_ipi bind = {.vcpu = vcpu};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_ipi, &bind);
    return bound(error, bind.port, vcpu);
}

long event_alloc_unbound(domid_t domain, domid_t remote)
{
    struct evtchn_alloc_unbound alloc = {.dom = domain, .remote_dom = remote};
    long error = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc);
    return bound(error, alloc.port, 0);
}

long event_bind_interdomain(domid_t remote, evtchn_port_t remote_port)
{
    struct evtchn_bind_interdomain bind = {.remote_dom = remote, .remote_port = remote_port};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &bind);
    return bound(error, bind.local_port, 0);
}

long event_bind_vcpu(evtchn_port_t port, unsigned vcpu)
{
    struct evtchn_bind_vcpu bind = {.port = port, .vcpu = vcpu};
    long error = hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &bind);
    if (!error)
        set_vcpu(port, vcpu);
    return error;
}

long event_close(evtchn_port_t port)
{
    struct evtchn_close close = {.port = port};
    return hypercall_event_channel_op(EVTCHNOP_close, &close);
}

long event_send(evtchn_port_t port)
{
    struct evtchn_send send = {.port = port};
    return hypercall_event_channel_op(EVTCHNOP_send, &send);
}

void event_drop(evtchn_port_t port)
{
    event_mask(port);
    event_handle(port, NULL, NULL);
    long error = event_close(port);
    if (error)
        power_panic("port %u cannot be closed: error %ld", port, error);
}

void event_mask(evtchn_port_t port)
{
    evtchn_consumer_mask(consumer(), port);
}

/* With upcalls masked meanwhile: what the unmasking finds due is then handled by vcpu_unmask(). */
void event_unmask(evtchn_port_t port)
{
    bool masked = vcpu_mask();
    if (evtchn_consumer_unmask(consumer(), port) == EVTCHN_UNMASK_CALL) {
        struct evtchn_unmask unmask = {.port = port};
        long error = hypercall_event_channel_op(EVTCHNOP_unmask, &unmask);
        if (error)
            power_panic("port %u cannot be unmasked: error %ld", port, error);
    }
    if (!masked)
        vcpu_unmask();
}

bool event_masked(evtchn_port_t port)
{
    if (event_is_fifo())
        return evtchn_load(evtchn_word(&array, port)) & EVTCHN_MASKED;
    return __atomic_load_n(&shared_info->evtchn_mask[port / 64], __ATOMIC_RELAXED) >> port % 64 & 1;
}

bool event_pending(evtchn_port_t port)
{
    return evtchn_consumer_is_pending(consumer(), port);
}

void event_clear(evtchn_port_t port)
{
    evtchn_consumer_clear_pending(consumer(), port);
}

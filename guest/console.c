/* SPDX-License-Identifier: MIT */
#include "guest/console.h"
#include "guest/address.h"
#include "guest/hypercall.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/start.h"

static struct xencons_interface *ring; /* NULL: by hypercall */
static evtchn_port_t port;

void console_init(void)
{
    if (start_info->flags & SIF_INITDOMAIN)
        return;
    ring = pfn_page(mfn_pfn(MFN(start_info->console.domU.mfn)));
    port = start_info->console.domU.evtchn;
}

size_t console_ring_write(struct xencons_interface *to, const char *text, size_t length)
{
    uint32_t produced = to->out_prod;
    uint32_t used = produced - __atomic_load_n(&to->out_cons, __ATOMIC_ACQUIRE);
    size_t room = used < sizeof(to->out) ? sizeof(to->out) - used : 0;
    size_t n = length < room ? length : room;
    for (size_t i = 0; i < n; i++)
        to->out[MASK_XENCONS_IDX(produced + i, to->out)] = text[i];
    __atomic_store_n(&to->out_prod, produced + (uint32_t)n, __ATOMIC_RELEASE);
    return n;
}

size_t console_ring_read(struct xencons_interface *from, char *text, size_t size)
{
    uint32_t consumed = from->in_cons;
    uint32_t there = __atomic_load_n(&from->in_prod, __ATOMIC_ACQUIRE) - consumed;
    if (there > sizeof(from->in))
        there = 0;
    size_t n = size < there ? size : there;
    for (size_t i = 0; i < n; i++)
        text[i] = from->in[MASK_XENCONS_IDX(consumed + i, from->in)];
    __atomic_store_n(&from->in_cons, consumed + (uint32_t)n, __ATOMIC_RELEASE);
    return n;
}

static void notify(void)
{
    struct evtchn_send send = {.port = port};
    hypercall_event_channel_op(EVTCHNOP_send, &send);
}

void console_write(const char *text, size_t length)
{
    if (!ring) {
        hypercall_console_io(CONSOLEIO_write, (unsigned)length, (char *)text);
        return;
    }
    while (length > 0) {
        size_t n = console_ring_write(ring, text, length);
        text += n;
        length -= n;
        notify();
        if (length > 0) /* full: whoever empties it may need this processor */
            hypercall_sched_op(SCHEDOP_yield, NULL);
    }
}

size_t console_read(char *text, size_t size)
{
    if (!ring) {
        long n = hypercall_console_io(CONSOLEIO_read, (unsigned)size, text);
        return n > 0 ? (size_t)n : 0;
    }
    size_t n = console_ring_read(ring, text, size);
    if (n > 0)
        notify();
    return n;
}

int vprintf(const char *format, va_list args)
{
    char line[512]; /* a longer text is cut */
    int length = vsnprintf(line, sizeof(line), format, args);
    console_write(line, (size_t)length < sizeof(line) ? (size_t)length : sizeof(line) - 1);
    return length;
}

int printf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int length = vprintf(format, args);
    va_end(args);
    return length;
}

/* SPDX-License-Identifier: MIT */
/* What is memory, what are devices, and whose they are. */
#ifndef X86_MACHINE_MEMORY_H
#define X86_MACHINE_MEMORY_H

#include "hv/core/frame.h"

/* In the frame table and in a usable region of the firmware's map. */
static inline bool is_memory(mfn_t m)
{
    return mfn_valid(m) && !(frame_of(m)->type & TYPE_NOT_MEMORY);
}

/* The processor's physical addresses have so many bits. */
extern unsigned physical_bits;

/* A frame that is not memory: may this domain map it? */
bool device_frame_allowed(const struct domain *d, mfn_t m);

/* It is one of the hypervisor's own devices'. */
bool device_frame_is_reserved(mfn_t m);

/* Keeps a device's frame for the hypervisor. */
void device_frame_reserve(mfn_t m);

/* Fills in the frame table and gives what is free to the heap. */
void machine_memory_init(void);

#endif

/* SPDX-License-Identifier: MIT */
/* What tests inside a guest have in common: the library, and places to try things out. */
#ifndef TESTS_SYSTEM_GUESTS_SUPPORT_H
#define TESTS_SYSTEM_GUESTS_SUPPORT_H

#include "guest/event.h"
#include "guest/hypercall.h"
#include "guest/lib/string.h"
#include "guest/page.h"
#include "guest/start.h"
#include "guest/table.h"
#include "guest/tap.h"
#include "guest/trap.h"
#include "guest/user.h"
#include "guest/vcpu.h"

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))

/* An address in the lower half that nothing is mapped at, with tables down to its L1. */
uint64_t spare_address(void);

/* The L1 entry of an address in the kernel's tables. */
uint64_t entry_at(uint64_t va);

/* A frame that the hypervisor uses itself: one of the machine-to-physical table. */
mfn_t frame_of_hypervisor(void);

/* Beyond all that a machine frame number may be. */
#define FRAME_BEYOND MFN(0xffffffffff)

/* Not memory: the local APIC's, which is the hypervisor's alone. */
#define FRAME_OF_LOCAL_APIC MFN(0xfee00)

/* Not memory either, but the control domain may map it: the text screen's. */
#define FRAME_OF_SCREEN MFN(0xb8)

/* The number of the domain that tests run in, where DOMID_SELF is not taken. */
#define DOMAIN_SELF 0

/* A domain that does not exist. */
#define DOMAIN_NOBODY 4711

/*
 * User mode with a page of code and a page of stack, both writable there. What is between the
 * labels, of any address, is copied to where the code starts.
 */
#define USER_CODE 0x0000000000400000UL
#define USER_STACK 0x00007fffffffe000UL /* its page; it is empty at USER_STACK + PAGE_SIZE */

struct user_space {
    uint64_t *root;
    uint8_t *code;
    uint64_t *stack;
    struct user_state state; /* ready to run the code */
};

void user_space_make(struct user_space *space, const char *from, const char *to);
void user_space_free(struct user_space *space);

/* Machine code at file level for user_space_make(): from `name`_start to `name`_end. */
#define USER_PROGRAM(name, text)                    \
    extern const char name##_start[], name##_end[]; \
    asm(".pushsection .rodata\n" #name "_start:\n" text "\n" #name "_end:\n.popsection")

/* Memory that no guest may read: hypercalls with it for an argument give -XEN_EFAULT. */
#define POINTER_BAD ((void *)HYPERVISOR_VIRT_START)

#endif

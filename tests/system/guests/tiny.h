/* SPDX-License-Identifier: MIT */
/*
 * The smallest domain there can be: a page of code, a page of data, the shared page, and the four
 * page tables that map them. For tests of what a control domain may do to another.
 */
#ifndef TESTS_SYSTEM_GUESTS_TINY_H
#define TESTS_SYSTEM_GUESTS_TINY_H

#include "guest/control.h"
#include "tests/system/guests/support.h"

/* Where it has its pages: code, data, shared_info. */
#define TINY_CODE 0x0000000000400000UL
#define TINY_DATA (TINY_CODE + PAGE_SIZE)
#define TINY_SHARED (TINY_CODE + 2 * PAGE_SIZE)

enum tiny_page {
    TINY_PAGE_CODE,
    TINY_PAGE_DATA,
    TINY_PAGE_L1,
    TINY_PAGE_L2,
    TINY_PAGE_L3,
    TINY_PAGE_L4,
    TINY_PAGE_SPARE, /* not mapped anywhere */
    TINY_PAGES
};

struct tiny {
    domid_t id;
    uint64_t frames[TINY_PAGES];
    struct vcpu_guest_context context; /* as vcpu 0 starts */
};

/*
 * Programs are like those of USER_PROGRAM(), made for TINY_CODE; they start with %rbx = TINY_DATA,
 * %rbp = TINY_SHARED, and a stack at the end of the data page. SYSCALL is a hypercall.
 */
#define TINY_PROGRAM USER_PROGRAM

/* Ends the domain; the reason is in the 32 bits at TINY_DATA. */
#define TINY_SHUTDOWN "movl $29, %eax; movl $2, %edi; movq %rbx, %rsi; syscall\n"
_Static_assert(__HYPERVISOR_sched_op == 29 && SCHEDOP_shutdown == 2, "TINY_SHUTDOWN");

/* A configuration that createdomain accepts: one vcpu, few ports. */
struct xen_domctl_createdomain tiny_config(void);

/* A domain without memory, with one vcpu and room for so many pages. false: the test has failed. */
bool tiny_create(struct tiny *t, uint64_t pages);

/* And with its pages, the program in them, its tables pinned; `context` is ready to be set. */
bool tiny_build(struct tiny *t, const char *from, const char *to);

/* And with its registers set: tiny_start() lets it go. */
bool tiny_load(struct tiny *t, const char *from, const char *to);
bool tiny_start(struct tiny *t);

/* Its data page (any of its pages) here. tiny_unmap() takes it back. */
void *tiny_map(const struct tiny *t, enum tiny_page page);
void tiny_unmap(void *at);

/* Hypercalls that it makes, one after the other; arguments in its memory lie in its data page,
 * whose first TINY_ARGUMENTS bytes are the test's. */
struct tiny_call {
    uint64_t number, arguments[4];
    int64_t result;
};
#define TINY_ARGUMENTS 1024
#define TINY_CALLS_MAX 32

/* Starts a domain that makes them and ends; `arguments` may be NULL. The results are in `calls` and
 * what became of the arguments in `arguments`. false: the test has failed. tiny_destroy() is next,
 * in any case. */
bool tiny_calls(struct tiny *t, struct tiny_call *calls, unsigned n, void *arguments, size_t size);

/* Waits until it has ended. Its reason; -1: it does not come. */
int tiny_wait(const struct tiny *t);

/* Destroys it and sees that it is gone. */
void tiny_destroy(const struct tiny *t);

/* Frames that the machine has free, those that are being cleaned included. */
uint64_t tiny_free_frames(void);

/* The same, when it is what it was before: Xen takes its time. Or what it is after all that time.
 */
uint64_t tiny_free_frames_again(uint64_t before);

/* Flags of getdomaininfo; 0 if there is no such domain. */
uint32_t tiny_flags(domid_t id);

#endif

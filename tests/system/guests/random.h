/* SPDX-License-Identifier: MIT */
/* Random numbers for the random workloads: a generator each vcpu, from a seed; and what random
 * hypercalls are made of, for those who make more kinds of them. */
#ifndef TESTS_SYSTEM_GUESTS_RANDOM_H
#define TESTS_SYSTEM_GUESTS_RANDOM_H

#include "guest/vcpu.h"

/* Set by who begins: any value will do. */
extern uint64_t random_states[VCPU_MAX];

/* splitmix64 (Steele, Lea, Flood 2014) */
static inline uint64_t draw(void)
{
    uint64_t z = random_states[vcpu_self()->id] += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline uint64_t below(uint64_t n)
{
    return draw() % n;
}

static inline bool one_in(unsigned n)
{
    return below(n) == 0;
}

/* ---- random_calls.c */

struct call {
    unsigned number;
    uint64_t args[5];
};

/*
 * One that a guest beside others sets before it begins: chooses a call of a kind of its own, or
 * changes the one that was chosen. And the domains that there are beside it.
 */
extern void (*random_choose_more)(struct call *call);
#define RANDOM_DOMAINS_MAX 8U
extern unsigned random_domains[RANDOM_DOMAINS_MAX], random_domains_count;

/* What may be of interest; nothing of it is the guest's own image, stack or tables. */
uint64_t random_frame(void);
uint64_t random_entry(void);
uint64_t random_pointer(void); /* for hypercalls to read or write */
uint64_t random_va(void);      /* for mappings */
unsigned random_domain(void);
uint64_t random_number(void);
uint64_t random_entry_address(void); /* of an entry of the sandbox's tables, in the machine */

/* A page of the calling vcpu's, for arguments. */
char *random_scratch(void);

#endif

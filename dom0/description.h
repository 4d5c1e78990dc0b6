/* SPDX-License-Identifier: MIT */
/*
 * What the control domain is to do: a text in its ramdisk.
 *
 *     # A comment goes to the end of its line.
 *     domain front                  # begins a block; what follows is about this domain
 *         kernel ping-front         # a file in the ramdisk
 *         memory 8M                 # K, M or G; whole pages
 *         vcpus 1
 *         cpus 0,2-3                # where they may run; without it: anywhere
 *         arguments count=1000000   # its command line, up to the end of this line
 *         events fifo               # by a name of evtchn/abis.def; added to its command line
 *         ports 4095                # the highest port that it may use
 *         schedule weight=512       # parameters of the scheduler, by their names there; one that
 *                                   # is of all domains is set for all, before any of them runs
 *         restart on-crash          # never, on-crash, always, or how many times at the most
 *     domain back
 *         kernel ping-back
 *         memory 8M
 *     channel ring                  # pages and an event channel between two domains
 *         front front               # whose pages they are
 *         back back                 # who maps them
 *         pages 4
 *         with layout=xen policy=always   # handed to both, see guest/channel.h
 *     end front                     # when these have ended for good; `end all`, or without it: all
 *     limit 30                      # seconds after which it is a failure
 *
 * A domain needs a kernel and memory; everything else has a default: 1 vcpu, 1023 ports, `never`.
 * A channel needs all but `with`. Domains with channels are not restarted: who is at the other end
 * would still be connected to what was there before. Names are of a-z, A-Z, 0-9, `-` and `_`.
 */
#ifndef DOM0_DESCRIPTION_H
#define DOM0_DESCRIPTION_H

#include <stddef.h>
#include <stdint.h>

#include "dom0/problem.h"

#define DESCRIBED_DOMAINS_MAX 256U
#define DESCRIBED_CHANNELS_MAX 256U
#define DESCRIBED_NAME_MAX 31U
#define DESCRIBED_VCPUS_MAX 32U
#define DESCRIBED_CPUS_MAX 64U
#define DESCRIBED_PAGES_MAX 256U /* of a channel */

/* A piece of the description, which is not NUL-terminated. */
struct text {
    const char *at;
    size_t length;
};

#define RESTART_ALWAYS UINT32_MAX

struct described_domain {
    char name[DESCRIBED_NAME_MAX + 1];
    struct text kernel;
    struct text ramdisk; /* of length 0: none, as all texts */
    struct text arguments;
    const char *events; /* NULL: it is left to the domain */
    struct text schedule;
    uint64_t memory;
    uint64_t cpus; /* bit n: CPU n; 0: any */
    uint32_t vcpus;
    uint32_t ports;
    uint32_t restarts; /* how many at most */
    bool only_crashes; /* are a reason for one */
    bool ends;         /* the run waits for it */
    unsigned line;     /* where it begins */
};

struct described_channel {
    char name[DESCRIBED_NAME_MAX + 1];
    struct text front_name, back_name;
    unsigned front, back; /* indices of domains */
    struct text with;
    uint32_t pages;
    unsigned line;
};

struct description {
    unsigned domains_count;
    unsigned channels_count;
    uint64_t limit_seconds; /* 0: none */
    struct described_domain domains[DESCRIBED_DOMAINS_MAX];
    struct described_channel channels[DESCRIBED_CHANNELS_MAX];
};

/*
 * Reads `size` bytes of the file called `name`, which last as long as the description. A problem is
 * told as `name:line: ...`.
 */
bool description_read(struct description *description, const char *name, const char *text,
                      size_t size, struct problem *problem);

/* The next word of a text, which loses it; of length 0: there is none. */
struct text text_word(struct text *text);
bool text_is(struct text text, const char *word);

#endif

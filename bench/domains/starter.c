/* SPDX-License-Identifier: MIT */
/*
 * A control domain that starts one domain after another, each when the one before it is gone, and
 * tells each when it was asked for:
 *
 *   row=N     so many
 *   memory=N  MiB of each
 *
 * What they say is shown as by the control domain of other experiments (bench/domains/control.c),
 * of one point; they are called first-0, first-1 and so on. The control domain itself, as
 * `starter`, says how long each of them took, in ns, until it was
 *
 *     created   there, with a console, but nothing in it
 *     built     in memory, with page tables, ready to run
 */
#include "bench/domains/result.h"
#include "dom0/archive.h"
#include "dom0/domain.h"
#include "dom0/watch.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/time.h"

#define PATIENCE (10 * NS_PER_SECOND)
#define MIB (1UL << 20)
#define ROW_MAX 100U

static uint64_t created[ROW_MAX];
static uint64_t built[ROW_MAX];

static bool start_one(struct domain *domain, const struct domain_setup *setup, uint64_t place,
                      struct problem *problem)
{
    char line[64];
    unsigned reason;
    uint64_t asked = time_system().n;
    snprintf(line, sizeof(line), "asked=%lu", asked);
    if (!domain_create(domain, setup, problem))
        return false;
    created[place] = time_system().n - asked;
    if (!domain_build(domain, line, problem))
        return false;
    built[place] = time_system().n - asked;
    if (!domain_unpause(domain, problem))
        return false;
    if (watch_end(&domain, 1, NS(time_system().n + PATIENCE), &reason) < 0)
        return problem_is(problem, "%s: did not end", setup->name);
    return domain_destroy(domain, problem) &&
           (reason == SHUTDOWN_poweroff ||
            problem_is(problem, "%s: ended by %s", setup->name, domain_reason_name(reason)));
}

static bool start_all(struct domain_setup *setup, uint64_t row, struct problem *problem)
{
    static struct domain domain;
    for (uint64_t i = 0; i < row; i++) {
        char name[16];
        snprintf(name, sizeof(name), "first-%lu", i);
        setup->name = name;
        bool good = start_one(&domain, setup, i, problem);
        setup->name = NULL; /* it ends with the block */
        if (!good)
            return false;
    }
    return true;
}

void guest_main(void)
{
    static struct archive archive;
    struct domain_setup setup = {.memory = start_option_number("memory", 4) * MIB,
                                 .vcpus = 1,
                                 .ports = DOMAIN_PORTS_DEFAULT};
    struct problem problem;
    uint64_t row = start_option_number("row", 1);
    if (row > ROW_MAX)
        power_panic("expected row= of at most %u, found %lu", ROW_MAX, row);
    if (start_info->mod_len == 0)
        power_panic("expected a ramdisk, found none");
    if (!archive_open(&archive, (const void *)start_info->mod_start, start_info->mod_len, &problem))
        power_panic("ramdisk: %s", problem.text);
    if (!archive_find(&archive, "first", sizeof("first") - 1, &setup.kernel))
        power_panic("expected a file `first' in the ramdisk, found none");
    watch_init();
    printf("@ point 0\n");
    if (start_all(&setup, row, &problem)) {
        result_begin_as("starter");
        result_list("created", created, (unsigned)row);
        result_list("built", built, (unsigned)row);
        result_end();
        printf("@ good 0\n");
    } else {
        printf("@ bad 0 %s\n", problem.text);
    }
    printf("@ over\n");
}

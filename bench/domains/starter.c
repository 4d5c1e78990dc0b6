/* SPDX-License-Identifier: MIT */
/*
 * A control domain that starts one domain after another, each when the one before it is gone, and
 * tells each when it was asked for:
 *
 *   row=N     so many
 *   memory=N  MiB of each
 *
 * What they say is shown as by the control domain of other experiments (bench/domains/control.c),
 * of one point; they are called first-0, first-1 and so on.
 */
#include "dom0/archive.h"
#include "dom0/domain.h"
#include "dom0/watch.h"
#include "guest/lib/format.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/time.h"

#define PATIENCE (10 * NS_PER_SECOND)
#define MIB (1UL << 20)

static bool start_one(struct domain *domain, const struct domain_setup *setup,
                      struct problem *problem)
{
    char line[64];
    unsigned reason;
    snprintf(line, sizeof(line), "asked=%lu", time_system().n);
    if (!domain_create(domain, setup, problem) || !domain_build(domain, line, problem) ||
        !domain_unpause(domain, problem))
        return false;
    if (watch_end(&domain, 1, NS(time_system().n + PATIENCE), &reason) < 0)
        return problem_is(problem, "%s: did not end", setup->name);
    return domain_destroy(domain, problem) &&
           (reason == SHUTDOWN_poweroff ||
            problem_is(problem, "%s: ended by %s", setup->name, domain_reason_name(reason)));
}

void guest_main(void)
{
    static struct archive archive;
    static struct domain domain;
    struct domain_setup setup = {.memory = start_option_number("memory", 4) * MIB,
                                 .vcpus = 1,
                                 .ports = DOMAIN_PORTS_DEFAULT};
    struct problem problem;
    uint64_t row = start_option_number("row", 1);
    if (start_info->mod_len == 0)
        power_panic("expected a ramdisk, found none");
    if (!archive_open(&archive, (const void *)start_info->mod_start, start_info->mod_len, &problem))
        power_panic("ramdisk: %s", problem.text);
    if (!archive_find(&archive, "first", sizeof("first") - 1, &setup.kernel))
        power_panic("expected a file `first' in the ramdisk, found none");
    watch_init();
    printf("@ point 0\n");
    bool good = true;
    for (uint64_t i = 0; good && i < row; i++) {
        char name[16];
        snprintf(name, sizeof(name), "first-%lu", i);
        setup.name = name;
        good = start_one(&domain, &setup, &problem);
    }
    if (good)
        printf("@ good 0\n");
    else
        printf("@ bad 0 %s\n", problem.text);
    printf("@ over\n");
}

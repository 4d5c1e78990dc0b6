/* SPDX-License-Identifier: MIT */
#include "tests/system/domains/support.h"
#include "guest/control.h"
#include "guest/lib/format.h"
#include "guest/lib/string.h"
#include "guest/power.h"
#include "guest/start.h"
#include "guest/vcpu.h"

struct archive ramdisk;

ns_t deadline_in(ns_t duration)
{
    return NS(time_system().n + duration.n);
}

struct file kernel(const char *name)
{
    struct file file;
    if (!archive_find(&ramdisk, name, strlen(name), &file))
        power_panic("the ramdisk has no kernel %s", name);
    return file;
}

struct domain_setup small(const char *name, const char *kernel_name)
{
    return (struct domain_setup){.name = name,
                                 .kernel = kernel(kernel_name),
                                 .memory = MEMORY_SMALL,
                                 .vcpus = 1,
                                 .ports = DOMAIN_PORTS_DEFAULT};
}

bool start(struct domain *domain, const struct domain_setup *setup, const char *command_line)
{
    struct problem problem;
    if (!domain_create(domain, setup, &problem)) {
        tap_note("%s", problem.text);
        return false;
    }
    if (domain_build(domain, command_line, &problem) && domain_unpause(domain, &problem))
        return true;
    tap_note("%s", problem.text);
    destroy(domain);
    return false;
}

unsigned wait_end(struct domain *domain)
{
    struct domain *const domains[] = {domain};
    unsigned reason;
    return watch_end(domains, 1, deadline_in(PATIENCE), &reason) < 0 ? NOT_ENDED : reason;
}

bool destroy(struct domain *domain)
{
    struct problem problem;
    bool good = domain_destroy(domain, &problem);
    if (!good)
        tap_note("%s", problem.text);
    return good;
}

/* ---- what domains say */

static struct {
    char name[32];
    char text[96];
} lines[SAID_MAX];
static unsigned lines_count;

/* The newest take the places of the oldest. */
static void keep(const char *name, const char *line)
{
    unsigned i = lines_count++ % SAID_MAX;
    snprintf(lines[i].name, sizeof(lines[i].name), "%s", name);
    snprintf(lines[i].text, sizeof(lines[i].text), "%s", line);
    tap_note("[%s] %s", name, line);
}

void listen(void)
{
    lines_count = 0;
    console_show_by(keep);
}

static const char *find(const char *name, const char *start, unsigned *found)
{
    const char *last = NULL;
    unsigned n = lines_count < SAID_MAX ? lines_count : SAID_MAX;
    *found = 0;
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(lines[i].name, name) != 0 || strncmp(lines[i].text, start, strlen(start)) != 0)
            continue;
        ++*found;
        last = lines[i].text + strlen(start);
    }
    return last;
}

unsigned said(const char *name, const char *start)
{
    unsigned found;
    find(name, start, &found);
    return found;
}

uint64_t said_number(const char *name, const char *start, uint64_t otherwise)
{
    unsigned found;
    const char *at = find(name, start, &found);
    size_t n = 0;
    while (at && at[n] >= '0' && at[n] <= '9')
        n++;
    if (at)
        string_number(at, n, &otherwise);
    return otherwise;
}

/* ---- time */

bool counts_instructions(void)
{
    const uint64_t rounds = 10000;
    uint64_t n = rounds;
    uint64_t start = time_tsc();
    asm volatile("1: decq %0\n\tjnz 1b" : "+r"(n));
    uint64_t ticks = time_tsc() - start;
    return ticks >= 2 * rounds && ticks < 2 * rounds + 100;
}

/* ---- memory */

uint64_t free_pages(void)
{
    struct xen_sysctl_physinfo info;
    long error = control_machine(&info);
    if (error)
        power_panic("the machine's memory: error %ld", error);
    return info.free_pages;
}

bool free_again(uint64_t expected)
{
    ns_t deadline = deadline_in(PATIENCE);
    uint64_t now;
    while ((now = free_pages()) < expected && time_system().n < deadline.n)
        watch_wait(deadline_in(NS(NS_PER_MS)));
    if (now < expected)
        tap_note("expected %lu free pages, found %lu", expected, now);
    return now >= expected;
}

void guest_main(void)
{
    struct problem problem;
    if (!archive_open(&ramdisk, (const void *)start_info->mod_start, start_info->mod_len, &problem))
        power_panic("ramdisk: %s", problem.text);
    vcpu_unmask();
    watch_init();
    tap_run();
}

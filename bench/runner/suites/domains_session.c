/* SPDX-License-Identifier: MIT */
/*
 * Boots of the suite `domains`, kept for the points that they have.
 *
 * A repetition is a boot, known by its seed, which nothing else of this suite follows from. Where
 * the machine's clock counts instructions a point is always the same number: an observation that
 * is not the first one's is a fault.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/runner/medium.h"
#include "bench/runner/suites/domains.h"

/* The control domain has a third; the others some 5 MiB each. */
#define MEMORY_MIB 256
#define XEN_MEMORY_MIB 512
#define CONTROL_MEMORY "dom0_mem=64M"

struct kept {
    char *key;     /* its points have it in common */
    uint64_t seed; /* of its repetition */
    struct domains_boot boot;
    bool failed;
};

struct domains_session {
    struct kept **at;
    size_t count;
    char *qemu; /* its version, or NULL */
};

struct domains_session *domains_session_open(void)
{
    struct domains_session *session = memory(1, sizeof(*session));
    session->qemu = machine_qemu_version();
    return session;
}

void domains_session_close(struct domains_session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        domains_boot_free(&session->at[i]->boot);
        free(session->at[i]->key);
        free(session->at[i]);
    }
    free(session->at);
    free(session->qemu);
    free(session);
}

const char *domains_session_qemu(const struct domains_session *session)
{
    return session->qemu;
}

/* All of a point that a boot depends on. */
static char *key_of(const struct point *p)
{
    const struct domains_measure *measure = domains_measure_of(p);
    bool apart = measure->apart != NULL && measure->apart(p);
    char *key = format_text("%zu", p->subject);
    for (size_t a = AXIS_FIRST_SWEPT; a < axes_of(&suite_domains); a++) {
        if (!domains_means(a, p) || (!apart && measure->together >> a & 1))
            continue;
        char *longer = format_text("%s,%zu=%llu", key, a, (unsigned long long)p->at[a]);
        free(key);
        key = longer;
    }
    return key;
}

static unsigned memory_of(const struct point *p)
{
    if (domains_measure_of(p)->memory_mib != 0)
        return domains_measure_of(p)->memory_mib;
    return domains_machine_of(p)->hypervisor == MACHINE_XEN ? XEN_MEMORY_MIB : MEMORY_MIB;
}

static void plan_boot(const struct point *p, struct domains_boot *boot)
{
    const struct domains_machine *where = domains_machine_of(p);
    bool of_schedulers = domains_group_of(p) == DOMAINS_SCHEDULERS;
    bool on_xen = where->hypervisor == MACHINE_XEN, has_cpus = domains_means(DOMAINS_AXIS_CPUS, p);
    boot->machine = (struct machine){.hypervisor = where->hypervisor,
                                     .engine = where->engine,
                                     .cpus = has_cpus ? (unsigned)p->at[DOMAINS_AXIS_CPUS] : 1,
                                     .memory_mib = memory_of(p)};
    boot->options =
        format_text("%s%s%s", on_xen ? "dom0_max_vcpus=1" : CONTROL_MEMORY,
                    of_schedulers ? " sched=" : "", of_schedulers ? domains_subject_name(p) : "");
    domains_measure_of(p)->boot(p, boot);
}

static struct kept *find(struct domains_session *session, const char *key, const uint64_t *seed)
{
    for (size_t i = 0; i < session->count; i++)
        if (strcmp(session->at[i]->key, key) == 0 &&
            (seed == NULL || session->at[i]->seed == *seed))
            return session->at[i];
    return NULL;
}

/* That of the point's repetition; NULL with a fault. One that failed is not tried again for the
 * other points. */
static struct kept *boot_of(struct domains_session *session, const struct point *p, uint64_t seed,
                            struct fault *fault)
{
    char *key = key_of(p);
    struct kept *kept = find(session, key, &seed);
    if (kept == NULL) {
        kept = memory(1, sizeof(*kept));
        *kept = (struct kept){.key = copy_text(key), .seed = seed};
        plan_boot(p, &kept->boot);
        session->at = memory_grow(session->at, session->count + 1, sizeof(*session->at));
        session->at[session->count++] = kept;
        kept->failed = !domains_boot(&kept->boot, fault);
    } else if (kept->failed) {
        fault_set(fault, "%s", "the boot that has it failed");
    }
    free(key);
    return kept->failed ? NULL : kept;
}

/* The first line that differs. */
static void first_difference(const char *a, const char *b, struct fault *fault)
{
    const char *line = a, *other = b;
    while (*a != '\0' && *a == *b) {
        if (*a == '\n')
            line = a + 1, other = b + 1;
        a++, b++;
    }
    fault_set(fault,
              "a boot must be like the other, so something from outside gets into the machine; the "
              "first said %.*s, this one %.*s",
              (int)strcspn(line, "\n"), line, (int)strcspn(other, "\n"), other);
}

bool domains_observe(struct domains_session *session, const struct point *p, uint64_t seed,
                     struct observation *out, struct hist *latency, struct fault *fault)
{
    const struct domains_measure *measure = domains_measure_of(p);
    size_t place = measure->place == NULL ? 0 : measure->place(p);
    struct kept *kept = boot_of(session, p, seed, fault);
    if (kept == NULL)
        return false;
    const struct domains_result *result = &kept->boot.results[place];
    if (result->wrong != NULL)
        return fault_set(fault, "%s", result->wrong);
    const struct kept *first = find(session, kept->key, NULL);
    if (domains_is_exact(domains_machine_of(p)->clock) && !first->failed &&
        first->boot.results[place].wrong == NULL &&
        strcmp(first->boot.results[place].text, result->text) != 0) {
        first_difference(first->boot.results[place].text, result->text, fault);
        return false;
    }
    return measure->compute(p, result, out, latency, fault);
}

/* Points that are booted together are packed once. */
bool domains_pack(const struct point *p, struct medium *medium, struct fault *fault)
{
    struct domains_boot boot = {0};
    char *key = key_of(p);
    bool good = strings_hold(&medium->packed, key);
    if (!good) {
        strings_add(&medium->packed, key);
        plan_boot(p, &boot);
        good = domains_boot_pack(&boot, medium, fault);
        domains_boot_free(&boot);
    }
    free(key);
    return good;
}

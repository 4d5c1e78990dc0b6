/* SPDX-License-Identifier: MIT */
/*
 * Inside the suite `domains`: workloads in domains of a machine under QEMU (bench/domains/), or
 * what the simulator predicts of them.
 *
 * An observation is a boot, or a part of one: the hypervisor, the control domain of bench/domains,
 * and a ramdisk with workloads and a description for each point (dom0/description.h). Rings are
 * booted with all policies of a layout, one after another, in new domains each.
 */
#ifndef RUNNER_SUITES_DOMAINS_H
#define RUNNER_SUITES_DOMAINS_H

#include "bench/runner/suite.h"
#include "bench/runner/suites/machine.h"

enum domains_measure {
    DOMAINS_THROUGHPUT, /* of a ring: as many requests as fit are on their way */
    DOMAINS_LATENCY,    /* of a ring: a batch is */
    DOMAINS_SHARE,      /* hogs by their weights */
    DOMAINS_WAKEUP,     /* a domain that wakes, beside hogs */
    DOMAINS_SCALE,      /* many hogs, and what they lose to each other */
    DOMAINS_EVENTS,     /* from one domain to another's handler */
    DOMAINS_ISOLATION,  /* a ring beside a domain that makes trouble */
    DOMAINS_START,      /* domains made one after another */
    DOMAINS_MEASURES
};

enum domains_group { DOMAINS_LAYOUTS, DOMAINS_SCHEDULERS, DOMAINS_ABIS };

enum {
    DOMAINS_AXIS_BEFORE = AXIS_FIRST_SWEPT - 1,
#define AXIS(id, name, type, min, max, summary) DOMAINS_AXIS_##id,
#include "bench/runner/suites/domains_axes.def"
#undef AXIS
};

enum {
#define METRIC(id, name, unit, better, summary) DOMAINS_METRIC_##id,
#include "bench/runner/suites/domains_metrics.def"
#undef METRIC
    DOMAINS_METRICS
};

/* Where: what --platform says. */
struct domains_machine {
    const char *name, *clock;
    bool is_sim;
    enum machine_hypervisor hypervisor;
    enum machine_engine engine;
};

/* The i-th; NULL past the end. */
const struct domains_machine *domains_machine_at(size_t i);

/* ---- what a boot says (domains_read.c) */

struct domains_number {
    char *domain, *name;
    uint64_t value;
};

struct domains_list {
    char *domain, *name;
    uint64_t *values;
    size_t count;
};

/* Of one point. */
struct domains_result {
    char *text; /* the lines that were measured, as they were said */
    struct domains_number *numbers;
    size_t number_count;
    struct domains_list *lists;
    size_t list_count;
    struct hist *hist; /* the only one; NULL: none */
    char *hist_name;
    char *wrong; /* what went wrong with it; NULL: nothing */
};

/* Reads what a boot with `count` points said. A fault: not all of it is there, or a line is not as
 * it should be. */
bool domains_read(const char *console, struct domains_result *results, size_t count,
                  struct fault *fault);
void domains_result_free(struct domains_result *result);

/* That of a domain; a fault if it did not say it. */
bool domains_number(const struct domains_result *result, const char *domain, const char *name,
                    double *value, struct fault *fault);

/* NULL with a fault if it did not say it. */
const struct domains_list *domains_list(const struct domains_result *result, const char *domain,
                                        const char *name, struct fault *fault);

/* ---- what is booted (domains_boot.c) */

struct domains_boot {
    struct machine machine;
    char *options, *arguments; /* of hypervisor and control domain */
    const char *control;       /* its image; NULL: the one that carries out descriptions */
    struct strings workloads;  /* images of guest/bench/ */
    struct strings points;     /* descriptions */
    struct domains_result *results;
};

/* NULL, or why it cannot be booted here. */
const char *domains_missing(const struct domains_machine *where);

/* Boots it, and reads the results: one for each of the points. */
bool domains_boot(struct domains_boot *boot, struct fault *fault);
void domains_boot_free(struct domains_boot *boot);

/* ---- points as boots, and results as metrics */

/* domains_ring.c. Which of the boot's points it is. */
void domains_ring_boot(const struct point *p, struct domains_boot *boot);
size_t domains_ring_place(const struct point *p);
const char *domains_ring_refusal(const struct point *p, char text[SUITE_REASON]);
bool domains_ring_compute(const struct point *p, const struct domains_result *result,
                          struct observation *out, struct hist *latency, struct fault *fault);
/* The i-th layout's name; NULL past the end. And its number among all of them, -1: none. */
const char *domains_layout_name(size_t i);

/* domains_sched.c */
void domains_sched_boot(const struct point *p, struct domains_boot *boot);
bool domains_sched_compute(const struct point *p, const struct domains_result *result,
                           struct observation *out, struct hist *latency, struct fault *fault);
bool domains_sched_predict(const struct point *p, struct observation *out, struct hist *latency,
                           struct fault *fault);

/* domains_scale.c */
void domains_scale_boot(const struct point *p, struct domains_boot *boot);
const char *domains_scale_refusal(const struct point *p, char text[SUITE_REASON]);
bool domains_scale_compute(const struct point *p, const struct domains_result *result,
                           struct observation *out, struct hist *latency, struct fault *fault);

/* domains_ports.c */
void domains_ports_boot(const struct point *p, struct domains_boot *boot);
const char *domains_ports_refusal(const struct point *p, char text[SUITE_REASON]);
bool domains_ports_compute(const struct point *p, const struct domains_result *result,
                           struct observation *out, struct hist *latency, struct fault *fault);
/* The i-th ABI of events; NULL past the end. */
const char *domains_abi_name(size_t i);

/* domains_isolation.c: the boot's first point is the ring alone. */
void domains_isolation_boot(const struct point *p, struct domains_boot *boot);
bool domains_isolation_compute(const struct point *p, const struct domains_result *result,
                               struct observation *out, struct hist *latency, struct fault *fault);
/* The i-th kind of trouble; NULL past the end. */
const char *domains_trouble_name(size_t i);

/* domains_start.c */
void domains_start_boot(const struct point *p, struct domains_boot *boot);
bool domains_start_compute(const struct point *p, const struct domains_result *result,
                           struct observation *out, struct hist *latency, struct fault *fault);

/* Of which the point is. */
enum domains_group domains_group_of(const struct point *p);
const char *domains_subject_name(const struct point *p);
const struct domains_machine *domains_machine_of(const struct point *p);

#endif

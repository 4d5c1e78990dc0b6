/* SPDX-License-Identifier: MIT */
/*
 * Inside the suite `domains`: workloads in domains of a machine under QEMU (bench/domains/), or
 * what the simulator predicts of them.
 *
 * An observation is a boot, or a part of one: the hypervisor, the control domain of bench/domains,
 * and a ramdisk with workloads and a description for each point (dom0/description.h). A measure may
 * have points booted together, one after another, in new domains each.
 */
#ifndef RUNNER_SUITES_DOMAINS_H
#define RUNNER_SUITES_DOMAINS_H

#include "bench/runner/suite.h"
#include "bench/runner/suites/machine.h"

enum {
#define MEASURE(id, name) DOMAINS_##id,
#include "bench/runner/suites/domains_measures.def"
#undef MEASURE
    DOMAINS_MEASURES
};

enum domains_group { DOMAINS_LAYOUTS, DOMAINS_SCHEDULERS, DOMAINS_ABIS };

/* Ways of delivering events. */
enum domains_abi {
#define EVTCHN_ABI(id, name, ports) DOMAINS_ABI_##id,
#include "evtchn/abis.def"
#undef EVTCHN_ABI
    DOMAINS_ABI_COUNT
};

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

/* Adds it to a medium. */
bool domains_boot_pack(struct domains_boot *boot, struct medium *medium, struct fault *fault);
void domains_boot_free(struct domains_boot *boot);

/* ---- measures: points as boots, and results as metrics */

#define DOMAINS_BIT(axis) (UINT64_C(1) << DOMAINS_AXIS_##axis)

/* One of domains_measures.def. */
struct domains_measure {
    enum domains_group group; /* whose it is */

    /* Bits of the axes that say anything of it, beside measure and machine; and of one scheduler,
     * one notification policy or one ABI of events, more. */
    uint64_t axes, axes_of_bvt, axes_of_coalesce, axes_of_fifo;

    /* Points that differ in these alone are booted together, but for those that are booted apart.
     * NULL: none are. */
    uint64_t together;
    bool (*apart)(const struct point *p);

    /* NULL if the simulator predicts it, else why it does not. */
    const char *unpredicted;

    unsigned memory_mib; /* of the machine; 0: what most need */

    /* NULL if the point can be measured, else why not, in text if it likes. May be NULL. */
    const char *(*refusal)(const struct point *p, char text[SUITE_REASON]);

    /* Adds workloads and points to the boot, which has what all of them have. */
    void (*boot)(const struct point *p, struct domains_boot *boot);

    /* Which of the boot's points it is; NULL: the first. */
    size_t (*place)(const struct point *p);

    /* From the result of that point, and those after it. latency: as observe of suite.h. */
    bool (*compute)(const struct point *p, const struct domains_result *result,
                    struct observation *out, struct hist *latency, struct fault *fault);

    /* What the simulator says; NULL where `unpredicted`. */
    bool (*predict)(const struct point *p, struct observation *out, struct hist *latency,
                    struct fault *fault);
};

#define MEASURE(id, name) extern const struct domains_measure domains_measure_##name;
#include "bench/runner/suites/domains_measures.def"
#undef MEASURE

const struct domains_measure *domains_measure_of(const struct point *p);

/* ---- names of what is measured: the i-th, NULL past the end */

const char *domains_layout_name(size_t i);  /* of a ring (domains_ring.c) */
const char *domains_abi_name(size_t i);     /* of events (domains_abis.c) */
const char *domains_trouble_name(size_t i); /* beside a ring (domains_isolation.c) */
const char *domains_stage_name(size_t i);   /* of a start (domains_start.c) */

/* ---- events (domains_abis.c) */

/* That of the point, whose group is DOMAINS_ABIS. */
enum domains_abi domains_abi_of(const struct point *p);

/* NULL if the point's domains can have `ports` of an ABI beside their own, else why not, in text.
 */
const char *domains_abi_refusal(const struct point *p, enum domains_abi abi, uint64_t ports,
                                char text[SUITE_REASON]);

/* ---- hardware counters inside domains (domains_counters.c): those of the run */

#define DOMAINS_COUNTERS_MAX 11 /* which no processor has more of */

/* The i-th kind of processor that they are encoded for; NULL past the end. */
const char *domains_pmu_name(size_t i);

/* Events by name, between commas; NULL: the default set. A fault: one that no processor has. */
bool domains_counters_choose(const char *events, struct fault *fault);
void domains_counters_forget(void);

/* All columns of the suite. */
struct strings domains_counters_columns(void);

/* What a workload is told to count, with a blank before it; or "". The caller frees. */
char *domains_counters_argument(const struct point *p);

/* How many of each there were for a request, both ends, of which each had so many. */
bool domains_counters_compute(const struct point *p, const struct domains_result *result,
                              const double requests[2], struct observation *out,
                              struct fault *fault);

/* What became of those that were asked for so far, as describe() of suite.h. */
json_t *domains_counters_describe(void);

/* ---- how long a turn among equals is (domains_scale.c) */

/* The policy's parameter that says it, in ns; NULL if none is known. */
const char *domains_turn_parameter(const char *policy);

/* NULL, or why a point that sets it cannot be measured. */
const char *domains_turn_refusal(const struct point *p, char text[SUITE_REASON]);

/* ---- observing (domains_session.c): boots that the points of a run share */

struct domains_session;

struct domains_session *domains_session_open(void);
void domains_session_close(struct domains_session *session);
const char *domains_session_qemu(const struct domains_session *session); /* version, or NULL */
bool domains_observe(struct domains_session *session, const struct point *p, uint64_t seed,
                     struct observation *out, struct hist *latency, struct fault *fault);

/* What a machine of its own needs for the point. */
bool domains_pack(const struct point *p, struct medium *medium, struct fault *fault);

/* ---- the suite (domains.c) */

/* Does the axis say anything of the point? */
bool domains_means(size_t axis, const struct point *p);

/* Of which the point is. */
enum domains_group domains_group_of(const struct point *p);
const char *domains_subject_name(const struct point *p);
const struct domains_machine *domains_machine_of(const struct point *p);

/* Does its clock count instructions or simulated time? */
bool domains_is_exact(const char *clock);

#endif

/* SPDX-License-Identifier: MIT */
#include "bench/native/encoding.h"

#include <perfmon/pfmlib.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CANDIDATES 6
#define NAME_MAX_BYTES 256 /* of an event with its model before it */

/* The default set, and what libpfm4 calls each: the first that it knows there is taken. */
static const struct {
    const char *name;
    const char *perf[CANDIDATES];     /* NULL: those of the processor */
    const char *selector[CANDIDATES]; /* none: only the kernel can count it */
} defaults[] = {
    {"cycles",
     {"perf::CYCLES"},
     {"UNHALTED_CORE_CYCLES", "CYCLES_NOT_IN_HALT", "CPU_CLK_UNHALTED"}},
    {"instructions", {"perf::INSTRUCTIONS"}, {"INSTRUCTION_RETIRED", "RETIRED_INSTRUCTIONS"}},
    /* As Linux counts loads that miss: lines that come into the cache (Intel), or the requests for
     * them to the second level (AMD since family 17h; before, misses). */
    {"l1d-misses",
     {"perf::L1-DCACHE-LOAD-MISSES"},
     {"L1D:REPLACEMENT", "L1D:REPL", "REQUESTS_TO_L2_GROUP1:RD_BLK_L:RD_BLK_X:CHANGE_TO_X",
      "DATA_CACHE_MISSES"}},
    /* Intel's architectural event, which libpfm4 4.13 has wrong for Sandy Bridge under another
     * name, LAST_LEVEL_CACHE_MISSES. AMD's last level is no core's: demand loads that memory
     * served, since Zen 2. */
    {"llc-misses",
     {"perf::LLC-LOAD-MISSES", "perf::CACHE-MISSES"},
     {"LONGEST_LAT_CACHE:MISS", "LLC_MISSES",
      "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:DRAM_IO_NEAR:DRAM_IO_FAR",
      "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:MEM_IO_LCL:MEM_IO_RMT",
      "DATA_CACHE_REFILLS_FROM_SYSTEM:LS_MABRESP_LCL_DRAM:LS_MABRESP_RMT_DRAM"}},
    /* A load served from another core's modified line: Intel since Sandy Bridge; AMD since Zen 3,
     * where it is fills from a cache of the same complex. */
    {"snoops",
     {NULL},
     {"MEM_LOAD_L3_HIT_RETIRED:XSNP_HITM", "MEM_LOAD_L3_HIT_RETIRED:XSNP_FWD",
      "MEM_LOAD_UOPS_L3_HIT_RETIRED:XSNP_HITM", "MEM_LOAD_UOPS_LLC_HIT_RETIRED:XSNP_HITM",
      "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:INT_CACHE",
      "DEMAND_DATA_CACHE_FILLS_FROM_SYSTEM:LOCAL_CCX"}},
    {"task-clock", {"perf::TASK-CLOCK"}, {NULL}},
    {"context-switches", {"perf::CONTEXT-SWITCHES"}, {NULL}},
    {"page-faults", {"perf::PAGE-FAULTS"}, {NULL}},
};

#define DEFAULTS (sizeof(defaults) / sizeof(*defaults))

static unsigned opened;

/* Events of models that this processor is not are encoded too, where they are named. */
bool encoding_open(void)
{
    if (opened == 0 &&
        (setenv("LIBPFM_ENCODE_INACTIVE", "1", 1) != 0 || pfm_initialize() != PFM_SUCCESS))
        return false;
    opened++;
    return true;
}

void encoding_close(void)
{
    if (--opened == 0)
        pfm_terminate();
}

/* ---- names */

const char *encoding_default(size_t i)
{
    return i < DEFAULTS ? defaults[i].name : NULL;
}

static size_t default_of(const char *name)
{
    size_t i = 0;
    while (i < DEFAULTS && strcmp(defaults[i].name, name) != 0)
        i++;
    return i;
}

bool encoding_is_default(const char *name)
{
    return default_of(name) < DEFAULTS;
}

bool encoding_is_kernels(const char *name)
{
    size_t d = default_of(name);
    return d < DEFAULTS && defaults[d].selector[0] == NULL;
}

/* ---- for the kernel of this machine */

static int perf_encoding(const char *event, struct perf_event_attr *attr)
{
    pfm_perf_encode_arg_t arg = {.attr = attr, .size = sizeof(arg)};
    memset(attr, 0, sizeof(*attr));
    int error = pfm_get_os_event_encoding(event, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT_EXT, &arg);
    attr->size = sizeof(*attr);
    return error;
}

const char *encoding_for_perf(const char *name, struct perf_event_attr *attr)
{
    size_t d = default_of(name);
    if (d == DEFAULTS) {
        int error = perf_encoding(name, attr);
        return error == PFM_SUCCESS ? NULL : pfm_strerror(error);
    }
    const char *const *candidates =
        defaults[d].perf[0] == NULL ? defaults[d].selector : defaults[d].perf;
    for (size_t i = 0; i < CANDIDATES && candidates[i] != NULL; i++)
        if (perf_encoding(candidates[i], attr) == PFM_SUCCESS)
            return NULL;
    return "libpfm4 has no such event for this processor";
}

/* ---- models */

static bool model_info(pfm_pmu_t i, pfm_pmu_info_t *info)
{
    *info = (pfm_pmu_info_t){.size = sizeof(*info)};
    return pfm_get_pmu_info(i, info) == PFM_SUCCESS && info->type == PFM_PMU_TYPE_CORE;
}

static struct encoding_model model_of(const pfm_pmu_info_t *info)
{
    static const char amd[] = "amd64_";
    bool is_amd = strncmp(info->name, amd, sizeof(amd) - 1) == 0;
    return (struct encoding_model){info->name, is_amd ? ENCODING_AMD : ENCODING_INTEL};
}

/* What all of Intel's have is present beside a model that is known, and is for one that is not. */
bool encoding_model_here(struct encoding_model *model)
{
    pfm_pmu_info_t info;
    bool found = false;
    for (pfm_pmu_t i = PFM_PMU_NONE; i < PFM_PMU_MAX; i++)
        if (model_info(i, &info) && info.is_present &&
            (!found || info.pmu != PFM_PMU_INTEL_X86_ARCH)) {
            *model = model_of(&info);
            found = true;
        }
    return found;
}

bool encoding_model_named(const char *name, struct encoding_model *model)
{
    pfm_pmu_info_t info;
    for (pfm_pmu_t i = PFM_PMU_NONE; i < PFM_PMU_MAX; i++)
        if (model_info(i, &info) && strcmp(info.name, name) == 0) {
            *model = model_of(&info);
            return true;
        }
    return false;
}

const char *encoding_model_at(size_t i)
{
    pfm_pmu_info_t info;
    for (int at = PFM_PMU_MAX - 1; at >= 0; at--)
        if (model_info((pfm_pmu_t)at, &info) && i-- == 0)
            return info.name;
    return NULL;
}

/* ---- selectors */

/* What is counted; and what libpfm4 adds to each: privilege, interrupt and enable. */
#define SELECTOR_EVENT UINT64_C(0x00ffff)
#define SELECTOR_EDGE (UINT64_C(1) << 18)
#define SELECTOR_INVERT (UINT64_C(1) << 23)
#define SELECTOR_THRESHOLD (UINT64_C(0xff) << 24)
#define SELECTOR_EVENT_AMD (UINT64_C(0xf) << 32) /* continued */
#define SELECTOR_ADDED \
    (UINT64_C(1) << 16 | UINT64_C(1) << 17 | UINT64_C(1) << 20 | UINT64_C(1) << 22)

static int raw_encoding(const struct encoding_model *model, const char *event, uint64_t *code,
                        int *count)
{
    char text[NAME_MAX_BYTES];
    pfm_pmu_encode_arg_t arg = {.size = sizeof(arg)}; /* libpfm4 allocates the codes */
    bool named = strstr(event, "::") != NULL;
    snprintf(text, sizeof(text), "%s%s%s", named ? "" : model->name, named ? "" : "::", event);
    int error = pfm_get_os_event_encoding(text, PFM_PLM0 | PFM_PLM3, PFM_OS_NONE, &arg);
    if (error == PFM_SUCCESS) {
        *code = arg.codes[0];
        *count = arg.count;
        free(arg.codes);
    }
    return error;
}

/* Is it an event of this model, as "skl::..." of skl? */
static bool is_of(const struct encoding_model *model, const char *event)
{
    const char *colons = strstr(event, "::");
    return colons == NULL || (strlen(model->name) == (size_t)(colons - event) &&
                              strncmp(model->name, event, strlen(model->name)) == 0);
}

static const char *selector_of(const struct encoding_model *model, const char *event,
                               uint64_t *selector)
{
    uint64_t code;
    int count;
    if (!is_of(model, event))
        return "it is not an event of that processor's cores";
    int error = raw_encoding(model, event, &code, &count);
    if (error != PFM_SUCCESS)
        return pfm_strerror(error);
    if (count != 1)
        return "it needs a register beside its selector, which domains have not";
    code &= ~SELECTOR_ADDED;
    uint64_t may = SELECTOR_EVENT | SELECTOR_EDGE | SELECTOR_INVERT | SELECTOR_THRESHOLD |
                   (model->vendor == ENCODING_AMD ? SELECTOR_EVENT_AMD : 0);
    if ((code & ~may) != 0)
        return "it counts for others too, or by what domains may not have (any thread, "
               "transactions, host and guest)";
    *selector = code;
    return NULL;
}

const char *encoding_for_model(const struct encoding_model *model, const char *name,
                               uint64_t *selector)
{
    size_t d = default_of(name);
    if (d == DEFAULTS)
        return selector_of(model, name, selector);
    if (encoding_is_kernels(name))
        return "the kernel of a Linux counts it, a processor does not";
    for (size_t i = 0; i < CANDIDATES && defaults[d].selector[i] != NULL; i++)
        if (selector_of(model, defaults[d].selector[i], selector) == NULL)
            return NULL;
    return "libpfm4 has no such event for that processor";
}

/* SPDX-License-Identifier: MIT */
/*
 * The hypercall xenpmu_op (xen/pmu.h): who may have performance counters, and from when to when.
 * From XENPMU_init, which names a page to share, to XENPMU_finish they are in the processor while
 * their vcpu runs (pmu_vcpu.c).
 */
#include "hv/arch/x86_64/pmu.h"

#include "hv/arch/x86_64/pmu_vcpu.h"
#include "hv/core/arch.h"
#include "hv/core/domain.h"
#include "hv/core/frame.h"
#include "hv/core/guest_access.h"
#include "hv/core/lock.h"
#include "hv/core/log.h"
#include "hv/core/option.h"
#include "hv/core/vcpu.h"

#include <xen/pmu.h>

/* As the ABI numbers modes. */
static unsigned mode = XENPMU_MODE_SELF;
OPTION_CHOICE("pmu", mode, "performance counters: nobody, or each domain its own", "off", "self");

struct pmu_machine pmu_processor;

/* Who may have counters; and how many vcpus have, but for the control domain's. */
static struct lock pmu_lock = LOCK(LOCK_PMU);
static uint64_t features; /* XENPMU_FEATURE_*; atomic */
static uint32_t users;

uint64_t pmu_features(void)
{
    return __atomic_load_n(&features, __ATOMIC_RELAXED);
}

/* ---- the processor */

static bool available(void)
{
    return pmu_processor.kind != PMU_NONE;
}

void pmu_init(void)
{
    char why[PMU_WHY_MAX];
    if (mode == XENPMU_MODE_OFF)
        log_info("performance counters: not for guests (option 'pmu')\n");
    else if (!pmu_detect(&pmu_processor, why))
        log_info("no performance counters: %s\n", why);
    else
        log_info("performance counters: %u of %u bits, %u fixed\n", pmu_processor.n,
                 pmu_processor.width, pmu_processor.n_fixed);
}

/* One CPU after the other, before there are guests. */
void pmu_init_cpu(void)
{
    struct pmu_machine here;
    char why[PMU_WHY_MAX] = "they are of another kind";
    if (!available())
        return;
    if (!pmu_detect(&here, why) || !pmu_limit(&pmu_processor, &here)) {
        pmu_processor.kind = PMU_NONE;
        log_info("no performance counters on CPU %u, so none for guests: %s\n", arch_cpu_id(), why);
    }
}

void pmu_guest_leaf(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a = *b = *c = *d = 0;
    if (pmu_processor.kind != PMU_INTEL || mode == XENPMU_MODE_OFF)
        return;
    uint32_t version = pmu_processor.global ? 2 : 1; /* what the later ones add is not for guests */
    *a = version | pmu_processor.n << 8 | pmu_processor.width << 16 | pmu_processor.n_events << 24;
    *b = pmu_processor.events;
    *d = pmu_processor.n_fixed == 0 ? 0 : pmu_processor.n_fixed | pmu_processor.fixed_width << 5;
}

/*
 * Kernels that know the ABI look for six counters by their new names on family 15h alone, and use
 * the old names of four elsewhere (Linux 6.1, arch/x86/xen/pmu.c). Elsewhere they are therefore
 * told of no more; the page has six.
 */
bool pmu_guest_has_extended(void)
{
    return pmu_processor.family_15h && pmu_processor.step != 1 && mode != XENPMU_MODE_OFF;
}

/* ---- from XENPMU_init to XENPMU_finish */

static struct vcpu *vcpu_of(const struct domain *d, uint32_t number)
{
    return number < d->vcpus_max ? d->vcpus[number] : NULL;
}

static void give_back(mfn_t m)
{
    frame_put_writable(frame_of(m));
    frame_put(frame_of(m));
}

static long init(const struct vcpu *caller, const struct xen_pmu_params *a)
{
    struct domain *d = caller->domain;
    struct vcpu *v = vcpu_of(d, a->vcpu);
    mfn_t m = mfn(a->val);
    if (v == NULL || !frame_get(m, d))
        return -XEN_EINVAL;
    if (frame_get_writable(frame_of(m)) != 0) {
        frame_put(frame_of(m));
        return -XEN_EINVAL;
    }
    lock(&pmu_lock);
    long rc = mode == XENPMU_MODE_OFF ? -XEN_ENOENT : pmu_vcpu_start(caller, v, m);
    if (rc == 0 && !d->privileged)
        users++;
    unlock(&pmu_lock);
    if (rc != 0)
        give_back(m);
    return rc;
}

static void finish(const struct vcpu *caller, struct vcpu *v)
{
    lock(&pmu_lock);
    mfn_t m = pmu_vcpu_stop(caller, v);
    if (!mfn_is_none(m) && !v->domain->privileged)
        users--;
    unlock(&pmu_lock);
    if (!mfn_is_none(m))
        give_back(m);
}

void pmu_release(struct vcpu *v)
{
    finish(NULL, v);
}

/* ---- modes and features, which are the control domain's to set */

/* What counts the hypervisor's own work is not offered. */
static long set_mode(uint64_t value)
{
    long rc = 0;
    if (value != XENPMU_MODE_OFF && value != XENPMU_MODE_SELF)
        return -XEN_EINVAL;
    lock(&pmu_lock);
    if (users != 0 && value != mode)
        rc = -XEN_EBUSY;
    else
        mode = (unsigned)value;
    unlock(&pmu_lock);
    return rc;
}

static long set_features(uint64_t value)
{
    long rc = 0;
    if ((value & ~(uint64_t)(XENPMU_FEATURE_IPC_ONLY | XENPMU_FEATURE_ARCH_ONLY)) != 0)
        return -XEN_EINVAL;
    lock(&pmu_lock);
    if (users != 0 && value != features)
        rc = -XEN_EBUSY;
    else
        __atomic_store_n(&features, value, __ATOMIC_RELAXED);
    unlock(&pmu_lock);
    return rc;
}

static long get_mode(vaddr_t to)
{
    struct xen_pmu_params a = {
        .version = {XENPMU_VER_MAJ, XENPMU_VER_MIN},
        .val = mode,
    };
    return copy_to_guest(to, &a, sizeof(a)) ? 0 : -XEN_EFAULT;
}

static long get_features(vaddr_t to)
{
    uint64_t value = pmu_features();
    vaddr_t at = vaddr(to.a + offsetof(struct xen_pmu_params, val));
    return copy_to_guest(at, &value, sizeof(value)) ? 0 : -XEN_EFAULT;
}

/* Those that have parameters. */
static long with_parameters(const struct vcpu *v, unsigned op, vaddr_t argument)
{
    struct xen_pmu_params a;
    if (!copy_from_guest(&a, argument, sizeof(a)))
        return -XEN_EFAULT;
    if (a.version.maj != XENPMU_VER_MAJ)
        return -XEN_EINVAL;
    switch (op) {
    case XENPMU_mode_set:
        return set_mode(a.val);
    case XENPMU_feature_set:
        return set_features(a.val);
    case XENPMU_init:
        return init(v, &a);
    default: {
        struct vcpu *of = vcpu_of(v->domain, a.vcpu);
        if (of != NULL)
            finish(v, of);
        return 0;
    }
    }
}

long pmu_op(struct vcpu *v, unsigned op, vaddr_t argument)
{
    if (!available())
        return -XEN_EOPNOTSUPP;
    bool own =
        op == XENPMU_init || op == XENPMU_finish || op == XENPMU_lvtpc_set || op == XENPMU_flush;
    if (!own && !v->domain->privileged)
        return -XEN_EPERM;
    switch (op) {
    case XENPMU_mode_set:
    case XENPMU_feature_set:
    case XENPMU_init:
    case XENPMU_finish:
        return with_parameters(v, op, argument);
    case XENPMU_mode_get:
        return get_mode(argument);
    case XENPMU_feature_get:
        return get_features(argument);
    case XENPMU_lvtpc_set:
        return pmu_vcpu_take_mask(v);
    case XENPMU_flush:
        return pmu_vcpu_take_registers(v);
    default:
        return -XEN_EINVAL;
    }
}

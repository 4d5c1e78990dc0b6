/* SPDX-License-Identifier: MIT */
/* The scheduler's parameters, as the control domain has them (hv/public/ringside.h). Skipped on any
 * other hypervisor. */
#include "hv/public/ringside.h"
#include "tests/system/guests/support.h"

#define ELSEWHERE "this is not Ringside"

static long describe(uint32_t index, struct ringside_sched_param *p)
{
    memset(p, 0xff, sizeof(*p));
    p->index = index;
    return HYPERCALL(ringside, RINGSIDE_sched_describe, p, 0, 0, 0);
}

static struct ringside_sched_value named(uint32_t vcpu, const char *name)
{
    struct ringside_sched_value a = {.domain = DOMID_FIRST_RESERVED, .vcpu = vcpu};
    memcpy(a.name, name, strlen(name) + 1);
    return a;
}

static long set(uint32_t vcpu, const char *name, uint64_t value)
{
    struct ringside_sched_value a = named(vcpu, name);
    a.domain = 0;
    a.value = value;
    return HYPERCALL(ringside, RINGSIDE_sched_set, &a, 0, 0, 0);
}

static long get(uint32_t vcpu, const char *name, uint64_t *value)
{
    struct ringside_sched_value a = named(vcpu, name);
    a.domain = 0;
    long rc = HYPERCALL(ringside, RINGSIDE_sched_get, &a, 0, 0, 0);
    *value = a.value;
    return rc;
}

static uint32_t place_of(const struct ringside_sched_param *p)
{
    return p->of_vcpu ? 0 : RINGSIDE_SCHED_WHOLE;
}

TEST(extension_parameters_are_described)
{
    struct ringside_sched_param p;
    uint32_t n = 0;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    for (; describe(n, &p) == 0; n++) {
        uint64_t value;
        CHECK(p.of_vcpu <= 1);
        CHECK(p.name[0] != '\0' && p.name[RINGSIDE_SCHED_NAME - 1] == '\0');
        CHECK(p.policy[0] != '\0' && p.policy[RINGSIDE_SCHED_NAME - 1] == '\0');
        CHECK(p.unit[RINGSIDE_SCHED_NAME - 1] == '\0');
        CHECK(p.min <= p.initial && p.initial <= p.max);
        CHECK_EQUAL(get(place_of(&p), p.name, &value), 0);
        CHECK_EQUAL(value, p.initial);
    }
    CHECK(n > 0);
    CHECK_EQUAL(describe(n, &p), -XEN_ENOENT);
    CHECK_EQUAL(describe(~0U, &p), -XEN_ENOENT);
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_sched_describe, POINTER_BAD, 0, 0, 0), -XEN_EFAULT);
}

/* A value beyond the range is refused, and the one before stays; as it is it may be set again. */
TEST(extension_parameters_have_ranges)
{
    struct ringside_sched_param p;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    for (uint32_t n = 0; describe(n, &p) == 0; n++) {
        uint64_t value;
        CHECK_EQUAL(set(place_of(&p), p.name, p.max + 1), -XEN_ERANGE);
        if (p.min != 0)
            CHECK_EQUAL(set(place_of(&p), p.name, p.min - 1), -XEN_ERANGE);
        CHECK_EQUAL(get(place_of(&p), p.name, &value), 0);
        CHECK_EQUAL(value, p.initial);
        CHECK_EQUAL(set(place_of(&p), p.name, p.initial), 0);
    }
}

/* What belongs to one vcpu is another one's not; of all it is set at once. */
TEST(extension_parameters_are_each_vcpus)
{
    uint64_t initial;
    uint64_t value;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    if (get(0, "weight", &initial) == -XEN_ENOENT)
        SKIP("the policy knows no weights");
    CHECK_EQUAL(set(0, "weight", initial + 44), 0);
    CHECK_EQUAL(get(0, "weight", &value), 0);
    CHECK_EQUAL(value, initial + 44);
    for (uint32_t i = 1; i < vcpu_count(); i++) {
        CHECK_EQUAL(get(i, "weight", &value), 0);
        CHECK_EQUAL(value, initial);
    }
    CHECK_EQUAL(set(RINGSIDE_SCHED_ALL_VCPUS, "weight", initial - 44), 0);
    for (uint32_t i = 0; i < vcpu_count(); i++) {
        CHECK_EQUAL(get(i, "weight", &value), 0);
        CHECK_EQUAL(value, initial - 44);
    }
    CHECK_EQUAL(set(RINGSIDE_SCHED_ALL_VCPUS, "weight", initial), 0);
}

TEST(extension_parameters_refuse)
{
    struct ringside_sched_param p;
    uint64_t value;
    if (!start_on_ringside())
        SKIP(ELSEWHERE);
    REQUIRE(describe(0, &p) == 0);
    CHECK_EQUAL(get(place_of(&p), "nonsense", &value), -XEN_ENOENT);
    CHECK_EQUAL(set(place_of(&p), "", 1), -XEN_ENOENT);
    /* One of a vcpu is not one of all, and the reverse. */
    CHECK_EQUAL(get(p.of_vcpu ? RINGSIDE_SCHED_WHOLE : 0, p.name, &value), -XEN_ENOENT);
    CHECK_EQUAL(set(VCPU_MAX, p.name, p.initial), -XEN_EINVAL);
    CHECK_EQUAL(set(vcpu_count(), p.name, p.initial), -XEN_EINVAL);

    struct ringside_sched_value a = named(0, p.name);
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_sched_get, &a, 0, 0, 0), -XEN_ESRCH);
    a.domain = 0;
    a.vcpu = place_of(&p);
    memset(a.name, 'x', sizeof(a.name));
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_sched_set, &a, 0, 0, 0), -XEN_ENOENT);
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_sched_set, POINTER_BAD, 0, 0, 0), -XEN_EFAULT);
    CHECK_EQUAL(HYPERCALL(ringside, RINGSIDE_sched_get, POINTER_BAD, 0, 0, 0), -XEN_EFAULT);
}

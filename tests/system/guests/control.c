/* SPDX-License-Identifier: MIT */
/* domctl: domains that are made, described and destroyed, and what is refused. */
#include "tests/system/guests/tiny.h"

static long simply(uint32_t cmd, domid_t domain)
{
    struct xen_domctl op = {.cmd = cmd, .domain = domain};
    return control_domain(&op);
}

TEST(control_refuses)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_pausedomain, .domain = DOMAIN_NOBODY};
    CHECK_EQUAL(hypercall_domctl(POINTER_BAD), -XEN_EFAULT);
    op.interface_version = XEN_DOMCTL_INTERFACE_VERSION - 1;
    CHECK_EQUAL(hypercall_domctl(&op), -XEN_EACCES);
    CHECK_EQUAL(simply(XEN_DOMCTL_pausedomain, DOMAIN_NOBODY), -XEN_ESRCH);
    CHECK_EQUAL(simply(XEN_DOMCTL_pausedomain, DOMID_SELF), -XEN_ESRCH);
    CHECK_EQUAL(simply(XEN_DOMCTL_pausedomain, 0), -XEN_EINVAL);
    CHECK_EQUAL(simply(XEN_DOMCTL_unpausedomain, 0), -XEN_EINVAL);
    CHECK_EQUAL(simply(XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL);
    CHECK_EQUAL(simply(XEN_DOMCTL_resumedomain, 0), -XEN_EINVAL);
    CHECK_EQUAL(simply(0, 0), -XEN_ENOSYS);
    CHECK_EQUAL(simply(999, 0), -XEN_ENOSYS);
    CHECK_EQUAL(simply(XEN_DOMCTL_getdomaininfo, DOMAIN_NOBODY), -XEN_ESRCH);
}

/* One thing wrong at a time. */
static long create(struct xen_domctl_createdomain config)
{
    domid_t id;
    long error = control_create(&config, &id);
    if (!error)
        control_destroy(id);
    return error;
}

TEST(control_create_refuses)
{
    struct xen_domctl_createdomain c = tiny_config();
    c.max_vcpus = 0;
    CHECK_EQUAL(create(c), -XEN_EINVAL);
    c = tiny_config();
    c.flags = XEN_DOMCTL_CDF_hap;
    CHECK_EQUAL(create(c), -XEN_EINVAL);
    c = tiny_config();
    c.flags = XEN_DOMCTL_CDF_MAX << 1;
    CHECK_EQUAL(create(c), -XEN_EINVAL);
    c = tiny_config();
    c.iommu_opts = XEN_DOMCTL_IOMMU_no_sharept;
    CHECK_EQUAL(create(c), -XEN_EINVAL);
    c = tiny_config();
    c.grant_opts = 0;
    CHECK_EQUAL(create(c), -XEN_EINVAL);
    c = tiny_config();
    c.cpupool_id = 4711;
    CHECK_EQUAL(create(c), -XEN_ESRCH);
    c = tiny_config();
    c.arch.emulation_flags = XEN_X86_EMU_ALL + 1;
    CHECK_EQUAL(create(c), -XEN_EINVAL);
    c = tiny_config();
    c.arch.emulation_flags = XEN_X86_EMU_HPET;
    CHECK_EQUAL(create(c), -XEN_EOPNOTSUPP);
    c = tiny_config();
    c.arch.misc_flags = XEN_X86_MSR_RELAXED << 1;
    CHECK_EQUAL(create(c), -XEN_EINVAL);
}

TEST(control_create_by_number)
{
    struct xen_domctl op = {
        .cmd = XEN_DOMCTL_createdomain, .domain = DOMAIN_NOBODY, .u.createdomain = tiny_config()};
    REQUIRE(CHECK_EQUAL(control_domain(&op), 0));
    CHECK_EQUAL(op.domain, DOMAIN_NOBODY);
    CHECK_EQUAL(control_domain(&op), -XEN_EEXIST);
    /* The next one there is, from any number below. */
    op = (struct xen_domctl){.cmd = XEN_DOMCTL_getdomaininfo, .domain = DOMAIN_NOBODY - 1};
    CHECK_EQUAL(control_domain(&op), 0);
    CHECK_EQUAL(op.domain, DOMAIN_NOBODY);
    CHECK_EQUAL(op.u.getdomaininfo.domain, DOMAIN_NOBODY);
    tiny_destroy(&(struct tiny){.id = DOMAIN_NOBODY});
}

TEST(control_describes_a_fresh_domain)
{
    struct xen_domctl_createdomain config = tiny_config();
    struct xen_domctl_getdomaininfo info;
    struct tiny t;
    for (unsigned i = 0; i < sizeof(config.handle); i++)
        config.handle[i] = (uint8_t)(i + 1);
    REQUIRE(CHECK_EQUAL(control_create(&config, &t.id), 0));
    CHECK_EQUAL(control_info(t.id, &info), 0);
    CHECK_EQUAL(info.domain, t.id);
    CHECK_EQUAL(info.flags, XEN_DOMINF_paused | ~0U << XEN_DOMINF_shutdownshift);
    CHECK_EQUAL(info.tot_pages, 0);
    CHECK_EQUAL(info.max_pages, 0);
    CHECK_EQUAL(info.nr_online_vcpus, 0);
    CHECK_EQUAL(info.max_vcpu_id, XEN_INVALID_MAX_VCPU_ID);
    CHECK_EQUAL(info.cpu_time, 0);
    CHECK(info.shared_info_frame != 0);
    CHECK_EQUAL(memcmp(info.handle, config.handle, sizeof(info.handle)), 0);
    tiny_destroy(&t);
}

/* Before it has vcpus, there is little that it can be asked for. */
TEST(control_of_a_domain_without_vcpus)
{
    struct xen_domctl_createdomain config = tiny_config();
    struct tiny t;
    REQUIRE(CHECK_EQUAL(control_create(&config, &t.id), 0));
    struct evtchn_alloc_unbound unbound = {.dom = t.id, .remote_dom = DOMID_SELF};
    struct evtchn_reset reset = {.dom = t.id};
    /* Here ports are a vcpu's from the start. */
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &unbound),
                start_on_ringside() ? -XEN_EINVAL : 0);
    CHECK_EQUAL(hypercall_event_channel_op(EVTCHNOP_reset, &reset), 0);
    CHECK_EQUAL(control_set_context(t.id, 0, &t.context), -XEN_EINVAL);
    CHECK_EQUAL(simply(XEN_DOMCTL_resumedomain, t.id), 0);
    CHECK_EQUAL(control_unpause(t.id), 0);
    CHECK_EQUAL(control_pause(t.id), 0);
    tiny_destroy(&t);
}

TEST(control_max_vcpus)
{
    struct xen_domctl_createdomain config = tiny_config();
    struct xen_domctl_getdomaininfo info;
    struct tiny t;
    config.max_vcpus = 3;
    REQUIRE(CHECK_EQUAL(control_create(&config, &t.id), 0));
    CHECK_EQUAL(control_max_vcpus(t.id, 2), -XEN_EINVAL);
    CHECK_EQUAL(control_max_vcpus(t.id, 4), -XEN_EINVAL);
    CHECK_EQUAL(control_max_vcpus(t.id, 3), 0);
    CHECK_EQUAL(control_max_vcpus(t.id, 3), 0);
    CHECK_EQUAL(control_info(t.id, &info), 0);
    CHECK_EQUAL(info.max_vcpu_id, 2);
    CHECK_EQUAL(info.nr_online_vcpus, 0);
    tiny_destroy(&t);
}

TEST(control_handle)
{
    struct xen_domctl_getdomaininfo info;
    struct tiny t;
    REQUIRE(tiny_create(&t, 1));
    struct xen_domctl op = {.cmd = XEN_DOMCTL_setdomainhandle, .domain = t.id};
    memset(op.u.setdomainhandle.handle, 0x5a, sizeof(xen_domain_handle_t));
    CHECK_EQUAL(control_domain(&op), 0);
    CHECK_EQUAL(control_info(t.id, &info), 0);
    CHECK_EQUAL(memcmp(info.handle, op.u.setdomainhandle.handle, sizeof(info.handle)), 0);
    tiny_destroy(&t);
}

TEST(control_pause_counts)
{
    struct tiny t;
    REQUIRE(tiny_create(&t, 1));
    CHECK_EQUAL(control_pause(t.id), 0);
    CHECK_EQUAL(control_unpause(t.id), 0);
    CHECK(tiny_flags(t.id) & XEN_DOMINF_paused);
    CHECK_EQUAL(control_unpause(t.id), 0);
    CHECK(!(tiny_flags(t.id) & XEN_DOMINF_paused));
    CHECK_EQUAL(control_unpause(t.id), -XEN_EINVAL);
    for (unsigned i = 0; i < 255; i++)
        CHECK_EQUAL(control_pause(t.id), 0);
    CHECK_EQUAL(control_pause(t.id), -XEN_EOVERFLOW);
    tiny_destroy(&t);
}

TEST(control_address_size)
{
    struct tiny t;
    REQUIRE(tiny_create(&t, 1));
    struct xen_domctl op = {.cmd = XEN_DOMCTL_get_address_size, .domain = t.id};
    CHECK_EQUAL(control_domain(&op), 0);
    CHECK_EQUAL(op.u.address_size.size, 64);
    op.cmd = XEN_DOMCTL_set_address_size;
    CHECK_EQUAL(control_domain(&op), 0);
    op.u.address_size.size = 16;
    CHECK_EQUAL(control_domain(&op), -XEN_EINVAL);
    tiny_destroy(&t);
}

TEST(control_100_in_a_row)
{
    struct tiny t;
    REQUIRE(tiny_create(&t, 1)); /* whatever is made once */
    tiny_destroy(&t);
    uint64_t before = tiny_free_frames();
    for (unsigned i = 0; i < 100; i++) {
        REQUIRE(tiny_create(&t, 1));
        tiny_destroy(&t);
    }
    CHECK(tiny_free_frames_again(before) >= before);
}

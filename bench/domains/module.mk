# SPDX-License-Identifier: MIT
# Workloads of experiments in domains: $(B)/guest/bench/<name>, and the control domain that runs them.

DOMAINS_BENCH := brief crowd first hog order ports waker

$(foreach w,$(DOMAINS_BENCH),$(eval $(call guest-image,bench/$(w),bench/domains/$(w).c bench/domains/result.c)))
# Those who make trouble, the same that are tested.
$(eval $(call guest-image,bench/antagonist,tests/system/hostile/antagonist.c))
# With dom0's library, which is not named yet when this is read.
$(foreach w,control starter,$(eval $(call guest-image,bench/$(w),bench/domains/$(w).c bench/domains/result.c \
  $(wildcard dom0/*.c))))

# Both ends of a ring, for each layout: the same that are tested, with another main program.
$(foreach l,$(LAYOUTS),$(eval $(call guest-image,bench/ring-$(l),bench/domains/ring.c bench/domains/counted.c bench/domains/offered.c \
  bench/domains/result.c tests/system/domains/ring/ring.c,$(foreach e,front back,$(B)/obj/guest/tests/system/domains/ring/$(e)@$(l).o))))

# A back end that several share, and one that it is to be kept from.
SERVE_C := bench/domains/serve.c bench/domains/result.c tests/system/domains/ring/ring.c
serve-ends = $(foreach e,front back,$(B)/obj/guest/tests/system/domains/ring/$(e)@$(1).o)
$(eval $(call guest-image,bench/serve-xen,$(SERVE_C),$(call serve-ends,xen)))
$(eval $(call guest-image,bench/rogue-xen,,$(B)/obj/guest/tests/system/hostile/rogue@xen.o))

# What the host tool boots.
BENCH_IMAGES := $(B)/ringside.elf $(B)/guest/path-length \
    $(addprefix $(B)/guest/bench/,antagonist control starter $(DOMAINS_BENCH) $(LAYOUTS:%=ring-%) \
    rogue-xen serve-xen)

# SPDX-License-Identifier: MIT
# Many domains. `domains` is a control domain that tests; the others are kernels that it starts,
# which it finds in its ramdisk.

DOMAINS_KERNELS := hello ping
DOMAINS_C := $(filter-out $(DOMAINS_KERNELS:%=tests/system/domains/%.c),$(wildcard tests/system/domains/*.c))

$(foreach k,$(DOMAINS_KERNELS),$(eval $(call guest-image,$(k),tests/system/domains/$(k).c)))
$(eval $(call guest-image,large,tests/system/domains/hello.c tests/system/domains/large/filler.c))
$(eval $(call control-image,domains,$(DOMAINS_C)))

# Both ends of a ring, for each layout: ring-<layout>.
DOMAINS_RING := $(addprefix $(B)/obj/guest/tests/system/domains/ring/,front back)
$(foreach l,$(LAYOUTS),$(eval $(call guest-image,ring-$(l),tests/system/domains/ring/ring.c,$(DOMAINS_RING:%=%@$(l).o))))

DOMAINS_ALL := $(DOMAINS_KERNELS) large $(LAYOUTS:%=ring-%)
DOMAINS_RAMDISK := $(B)/domains/kernels.cpio
BUILD += $(DOMAINS_RAMDISK)
$(DOMAINS_RAMDISK): $(DOMAINS_ALL:%=$(B)/guest/%) dom0/ramdisk
	@$(call ramdisk,$(foreach k,$(DOMAINS_ALL),$(k)=$(B)/guest/$(k)))

# Under -icount, with room for the domain that is made.
$(eval $(call system-test,domain-cost,ICOUNT=1 MEMORY=512 OPTIONS=dom0_mem=256M \
  RAMDISK=$(DOMAINS_RAMDISK),domains,only=cost_*))
$(B)/hv-domain-cost: $(DOMAINS_RAMDISK)

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
$(foreach l,$(LAYOUTS),$(eval $(call guest-image,ring-$(l),$(addprefix tests/system/domains/ring/,ring.c main.c),$(DOMAINS_RING:%=%@$(l).o))))

DOMAINS_ALL := $(DOMAINS_KERNELS) large $(LAYOUTS:%=ring-%)
DOMAINS_RAMDISK := $(B)/domains/kernels.cpio
BUILD += $(DOMAINS_RAMDISK)
$(DOMAINS_RAMDISK): $(DOMAINS_ALL:%=$(B)/guest/%) dom0/ramdisk
	@$(call ramdisk,$(foreach k,$(DOMAINS_ALL),$(k)=$(B)/guest/$(k)))

# Under -icount, with room for the domains that are made.
$(eval $(call system-test,domain-cost,ICOUNT=1 MEMORY=768 OPTIONS=dom0_mem=256M \
  RAMDISK=$(DOMAINS_RAMDISK),domains,only=cost_*))
$(B)/hv-domain-cost: $(DOMAINS_RAMDISK)

# Likewise, by each policy that knows weights.
DOMAINS_WEIGHTED := bvt stride eevdf credit
$(foreach p,$(DOMAINS_WEIGHTED),$(eval $(call system-test,domain-weights-$(p),ICOUNT=1 \
  OPTIONS='sched=$(p) dom0_mem=96M' RAMDISK=$(DOMAINS_RAMDISK),domains,only=weights_*)))
$(DOMAINS_WEIGHTED:%=$(B)/hv-domain-weights-%): $(DOMAINS_RAMDISK)

# The tests themselves, on one processor and on two.
$(eval $(call system-test,domains,MEMORY=512 OPTIONS=dom0_mem=96M RAMDISK=$(DOMAINS_RAMDISK),domains))
$(eval $(call system-test,domains-2,CPUS=2 MEMORY=512 OPTIONS=dom0_mem=96M RAMDISK=$(DOMAINS_RAMDISK),domains,events=fifo))
$(B)/hv-domains $(B)/hv-domains-2: $(DOMAINS_RAMDISK)

# The control domain itself, which says by the machine's end how it went.
CONTROL_RAMDISK := $(B)/domains/control.cpio
$(CONTROL_RAMDISK): $(B)/guest/hello $(B)/guest/ping $(wildcard tests/system/domains/descriptions/*) dom0/ramdisk
	@$(call ramdisk,hello=$(B)/guest/hello ping=$(B)/guest/ping \
	  $(foreach d,good crash,$(d)=tests/system/domains/descriptions/$(d)))
$(eval $(call system-test,control,OPTIONS=dom0_mem=64M RAMDISK=$(CONTROL_RAMDISK),dom0,description=good))
$(eval $(call system-test,control-crash,ENDS=37 OPTIONS=dom0_mem=64M RAMDISK=$(CONTROL_RAMDISK),dom0,description=crash))
$(eval $(call system-test,control-none,ENDS=37 OPTIONS=dom0_mem=64M RAMDISK=$(CONTROL_RAMDISK),dom0,description=none))
$(B)/hv-control $(B)/hv-control-crash $(B)/hv-control-none: $(CONTROL_RAMDISK)

# ... and long: a thousand domains in a row, 128 at once, a million requests by each ring, and 200
# ends that are destroyed.
DOMAINS_LONG := row=1000 at-once=128 requests=1000000 kills=200

soak: soak-domains
soak-domains: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/ringside.elf $(B)/guest/domains $(DOMAINS_RAMDISK)
	@for cpus in 1 2; do \
	  printf '#!/bin/sh\nLIMIT=3000 CPUS=%s MEMORY=768 OPTIONS=dom0_mem=128M RAMDISK=%s exec tests/system/boot %s\n' \
	    $$cpus $(DOMAINS_RAMDISK) '$(B)/ringside.elf $(B)/guest/domains $(DOMAINS_LONG)' > $(B)/domains-long-$$cpus; \
	  chmod +x $(B)/domains-long-$$cpus; \
	done
	@TEST_LIMIT=3100 tests/run $(B)/test-logs $(B)/domains-long-1 $(B)/domains-long-2

# What they expect was seen on Xen, with the same images.
oracle: oracle-domains
oracle-domains: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(ORACLE_XEN) $(B)/guest/domains $(DOMAINS_RAMDISK)
	@for cpus in 1 2; do \
	  printf '#!/bin/sh\nCPUS=%s RAMDISK=%s exec tests/system/oracle %s\n' \
	    $$cpus $(DOMAINS_RAMDISK) '$(ORACLE_XEN) $(B)/guest/domains' > $(B)/domains-on-xen-$$cpus; \
	  chmod +x $(B)/domains-on-xen-$$cpus; \
	done
	@tests/run $(B)/test-logs $(B)/domains-on-xen-1 $(B)/domains-on-xen-2

.PHONY: soak-domains oracle-domains

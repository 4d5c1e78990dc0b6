# SPDX-License-Identifier: MIT
# Hostile domains beside well-behaved ones. `isolation` is a control domain that tests; it starts
#
#   victim       computes what is known, and watches all that is its own
#   antagonist   makes trouble of one kind
#   caller       makes random hypercalls
#   spy          leaves marks, and looks for those of others
#   greedy       wants more memory than it may have
#   rogue-LAYOUT breaks rings to a back end that it shares, serve-LAYOUT, with a ring-LAYOUT

HOSTILE := tests/system/hostile
HOSTILE_KERNELS := victim antagonist caller spy greedy $(foreach k,ring serve rogue,$(LAYOUTS:%=$(k)-%))

$(eval $(call guest-image,victim,$(addprefix $(HOSTILE)/,victim.c state.c)))
$(eval $(call guest-image,antagonist,$(HOSTILE)/antagonist.c))
$(eval $(call guest-image,caller,$(HOSTILE)/caller.c $(RANDOM_C) tests/system/guests/support.c))
$(foreach k,spy greedy,$(eval $(call guest-image,$(k),$(HOSTILE)/$(k).c)))
$(foreach l,$(LAYOUTS),$(eval $(call guest-image,serve-$(l),$(SERVE_C),$(call serve-ends,$(l)))) \
  $(eval $(call guest-image,rogue-$(l),,$(B)/obj/guest/$(HOSTILE)/rogue@$(l).o)))
$(eval $(call control-image,isolation,$(addprefix $(HOSTILE)/,crew.c shares.c rings.c beside.c leaks.c) \
  $(addprefix tests/system/domains/,support.c pairs.c)))

HOSTILE_RAMDISK := $(B)/domains/hostile.cpio
BUILD += $(HOSTILE_RAMDISK)
$(HOSTILE_RAMDISK): $(HOSTILE_KERNELS:%=$(B)/guest/%) dom0/ramdisk
	@$(call ramdisk,$(foreach k,$(HOSTILE_KERNELS),$(k)=$(B)/guest/$(k)))

# Shares are measured where time is instructions.
HOSTILE_MACHINE := MEMORY=512 OPTIONS=dom0_mem=96M RAMDISK=$(HOSTILE_RAMDISK)
$(eval $(call system-test,shares,ICOUNT=1 LIMIT=300 $(HOSTILE_MACHINE),isolation,only=share_*:hostile_* exact=1))
$(eval $(call system-test,beside,$(HOSTILE_MACHINE),isolation,only=random_*:leak_*))
$(eval $(call system-test,beside-2,CPUS=2 MODEL=max $(HOSTILE_MACHINE),isolation,only=random_*:leak_*:memory_*,-checked))
$(B)/hv-shares $(B)/hv-beside $(B)/hv-beside-2: $(HOSTILE_RAMDISK)

# ... and long: a million calls for each of a few seeds, and many lives.
soak: soak-hostile
soak-hostile: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/ringside.elf $(B)/guest/isolation $(HOSTILE_RAMDISK)
	@for cpus in 1 2; do \
	  printf '#!/bin/sh\nLIMIT=1700 CPUS=%s $(HOSTILE_MACHINE) exec tests/system/boot %s\n' \
	    $$cpus '$(B)/ringside.elf $(B)/guest/isolation only=random_*:memory_* calls=1000000 seeds=4 lives=200' \
	    > $(B)/hostile-long-$$cpus; \
	  chmod +x $(B)/hostile-long-$$cpus; \
	done
	@TEST_LIMIT=1800 tests/run $(B)/test-logs $(B)/hostile-long-1 $(B)/hostile-long-2

.PHONY: soak-hostile

# SPDX-License-Identifier: MIT
# Whole machines under QEMU: the hypervisor with guests that test it from inside. Quick sizes are part
# of `make test`; `make soak` has the long ones.

# $(call system-test,<name>,<settings>,<image>,<arguments>[,<flavour>]): settings as tests/system/boot
# has them; flavour -checked is the hypervisor that checks the order of its locks.
define system-test
TESTS += $(B)/hv-$(1)
$(B)/hv-$(1): $(B)/ringside$(5).elf $(if $(3),$(B)/guest/$(3)) tests/system/module.mk
	@printf '#!/bin/sh\n%s exec tests/system/boot %s %s\n' "$(2)" $(B)/ringside$(5).elf \
	  "$(if $(3),$(B)/guest/$(3) $(4))" > $$@
	@chmod +x $$@
endef
$(eval $(call system-test,selftest,,selftest))
$(eval $(call system-test,selftest-2,CPUS=2 MODEL=max,selftest))
$(foreach abi,fifo flat 2l-32,$(eval $(call system-test,selftest-$(abi),CPUS=2,selftest,events=$(abi))))
$(eval $(call system-test,nehalem,MODEL=Nehalem,selftest))
$(eval $(call system-test,epyc,MODEL=EPYC,selftest))
$(eval $(call system-test,random,,random,calls=100000))
$(eval $(call system-test,random-2,CPUS=2,random,calls=50000 vcpus=2 seed=2))
# Two vcpus on one processor, where one finds what the other has left.
$(eval $(call system-test,selftest-shared,OPTIONS=dom0_max_vcpus=2,selftest,processors=1))
$(eval $(call system-test,no-failsafe,ENDS=37 OPTIONS=dom0_max_vcpus=2 SAYS='crashed: no handler is registered',selftest,only=failsafe_in_kernel* processors=1 no-failsafe=1))
# Shares of a processor by weight, caps and reservations, under each policy that promises them.
$(foreach p,bvt stride credit eevdf sedf,$(eval $(call system-test,hogs-$(p),\
  ICOUNT=1 OPTIONS='sched=$(p) dom0_max_vcpus=3',hogs)))
$(eval $(call system-test,no-counters,MODEL=Nehalem SAYS='no performance counters: CPUID leaf 0xa says version 0',selftest,only=pmu_*))
# With the order of locks checked.
$(eval $(call system-test,checked,CPUS=2,selftest,,-checked))
$(eval $(call system-test,checked-random,CPUS=2,random,calls=50000 vcpus=2 seed=3,-checked))
$(eval $(call system-test,no-kernel,ENDS=39 SAYS='no module was loaded'))
$(eval $(call system-test,bad-option,ENDS=39 OPTIONS='sched=bvt loglvl=loud' SAYS='loglvl.*expected error.*found .loud'))
$(eval $(call system-test,no-policy,ENDS=39 OPTIONS='sched=fair' SAYS='sched.*expected one of bvt rr.*found .fair'))
# Without anybody to see its exit status: a reset, which ends QEMU.
$(eval $(call system-test,panic-reboot,ENDS=0 OPTIONS='exit-port=0 panic=reboot' SAYS='no module was loaded'))
$(eval $(call system-test,crash-reboot,ENDS=0 OPTIONS='exit-port=0 panic=reboot' SAYS='domain 0 crashed',dom0))
$(eval $(call system-test,reboot,ENDS=0 OPTIONS='exit-port=0' SAYS='domain 0 asked for a reboot',selftest,only=mmu_empty_batch end=reboot))

# What its scheduler decided, by the simulator.
TESTS += $(B)/hv-replay
$(B)/hv-replay: tests/system/replay $(B)/ringside.elf $(B)/guest/selftest $(B)/ringside
	@printf '#!/bin/sh\nexec %s\n' "$^" > $@
	@chmod +x $@

# By GRUB, as BIOS and as UEFI firmware start it.
SYSTEM_ISO := $(B)/hv-test.iso
UEFI_FIRMWARE := /usr/share/ovmf/OVMF.fd
TESTS += $(B)/hv-grub-bios $(B)/hv-grub-uefi

$(SYSTEM_ISO): $(B)/ringside.elf $(B)/guest/random hv/image/grub.cfg tests/system/module.mk
	@$(call iso,$(B)/guest/random,calls=1000,exit-port=0xf4 audit)

$(B)/hv-grub-bios $(B)/hv-grub-uefi: $(SYSTEM_ISO) tests/system/module.mk
	@printf '#!/bin/sh\n%s exec tests/system/boot %s\n' \
	  "$(if $(findstring uefi,$@),FIRMWARE=$(UEFI_FIRMWARE))" $(SYSTEM_ISO) > $@
	@chmod +x $@

SOAK_SEEDS := 1 2 3 4 5 6

## soak: the long tests: a million random hypercalls for each of a few seeds, on one processor and two
soak: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/ringside.elf $(B)/guest/random
	@for seed in $(SOAK_SEEDS); do \
	  LIMIT=600 CPUS=1 tests/system/boot $(B)/ringside.elf $(B)/guest/random calls=1000000 seed=$$seed; \
	  LIMIT=600 CPUS=2 tests/system/boot $(B)/ringside.elf $(B)/guest/random calls=500000 vcpus=2 seed=$$seed; \
	done | awk '/^not ok|^Bail/ { bad++ } /^ok/ { good++ } /^(not ok|Bail|# seed)/ \
	  END { print good + 0 " passed, " bad + 0 " failed"; exit bad != 0 }'

.PHONY: soak

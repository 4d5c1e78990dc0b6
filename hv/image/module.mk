# SPDX-License-Identifier: MIT
# The hypervisor: one freestanding image, $(B)/ringside.elf. Two folders deep, so that it is read after
# the folders that it takes sources from.

# Position-independent code at a fixed address, because the hypervisor's range is where neither 32-bit
# code model reaches; no vector registers, which are guests'; no red zone, because traps arrive on the
# same stack; frame pointers, because a panic names its callers.
CC_hv := $(CC)
FLAGS_hv := -O2 -march=x86-64 -ffreestanding -fpie -include hv/core/hidden.h -mgeneral-regs-only \
    -mno-red-zone -mpreferred-stack-boundary=3 -fno-stack-protector -fno-omit-frame-pointer \
    -fcf-protection=none -fno-asynchronous-unwind-tables -fno-jump-tables -fno-strict-aliasing -flto \
    -Ihv/arch/x86_64 -Irings/atomic -Ievtchn/atomic
$(eval $(call variant-rules,hv))

# The same with what it costs too much to look at always: the order of locks.
CC_hvchecked := $(CC_hv)
FLAGS_hvchecked = $(FLAGS_hv) -DHV_LOCK_CHECKS
$(eval $(call variant-rules,hvchecked))

HV_CHECKS_C := hv/core/lock_check.c
HV_C := $(filter-out %/offsets.c $(HV_CHECKS_C),$(wildcard hv/core/*.c hv/build/*.c hv/arch/x86_64/*.c)) \
    $(SCHED_C) $(filter-out $(EVTCHN_CONSUMER_C),$(EVTCHN_C))
HV_S := $(addprefix hv/arch/x86_64/,boot.S entry.S ap_boot.S)
# Calls of these the compiler makes itself, after it has seen the whole: they stay what they are.
EXTRA_hv/arch/x86_64/string.c := -fno-lto
EXTRA_$(HV_CHECKS_C) := -DHV_LOCK_CHECKS

# The same for clang-tidy, by folder (see the Makefile's lint-tidy).
LINT_ATOMIC_core := -ffreestanding -mgeneral-regs-only -Ihv/arch/x86_64 -Irings/atomic -Ievtchn/atomic
LINT_ATOMIC_build := $(LINT_ATOMIC_core)
LINT_ATOMIC_x86_64 := $(LINT_ATOMIC_core)

HV_LINK := -Wl,--no-warn-rwx-segments,--build-id=none,-z,noexecstack,-z,max-page-size=4096,--fatal-warnings

$(B)/gen/hv.lds: hv/image/hv.lds.S hv/arch/x86_64/layout.h
	@mkdir -p $(@D)
	@$(CC_hv) -E -P -x assembler-with-cpp -I. $< -o $@

# $(call hv-image,<name>,<variant>,<C files>): $(B)/<name>.elf.
#
# Numbers that assembly needs of structures: the compiler writes them into its own assembly. All of C
# is compiled as if it were one file: the modules' functions are inlined where the hypervisor calls
# them, and paths are as short as their source says. Then the names of functions, for backtraces, go
# into the room that is kept for them.
define hv-image
BUILD += $(B)/$(1).elf

$(B)/gen/$(2)/hv/arch/x86_64/offsets.h: hv/arch/x86_64/offsets.c
	@mkdir -p $$(@D)
	@$$(CC_$(2)) $$(COMMON) $$(filter-out -flto,$$(FLAGS_$(2))) -MF $$(@:.h=.d) -MT $$@ -S $$< -o $$(@:.h=.s)
	@sed -n 's/.*@@\([A-Z0-9_]*\) \([0-9]*\).*/#define \1 \2/p' $$(@:.h=.s) > $$@

-include $(wildcard $(B)/gen/$(2)/hv/arch/x86_64/*.d)

$(B)/obj/$(2)/%.o: %.S $(B)/gen/$(2)/hv/arch/x86_64/offsets.h
	@mkdir -p $$(@D)
	@echo "  AS $(2) $$<"
	@$$(CC_$(2)) -I. -I$(B)/gen/$(2) -MMD -MP -Wa,--fatal-warnings -c $$< -o $$@

$(B)/$(1).elf: $(call objects,$(2),$(3)) $(HV_S:%.S=$(B)/obj/$(2)/%.o) $(B)/gen/hv.lds hv/image/symbols.awk
	@echo "  LD $$@"
	@$$(CC_$(2)) $$(FLAGS_$(2)) -flto=$(JOBS) -nostdlib -static -no-pie $(HV_LINK) -T $(B)/gen/hv.lds \
	  $$(filter %.o,$$^) -o $(B)/gen/$(2).elf
	@nm -n $(B)/gen/$(2).elf | awk -f hv/image/symbols.awk > $(B)/gen/$(2)-symbols
	@objcopy --update-section .symbols=$(B)/gen/$(2)-symbols $(B)/gen/$(2).elf $$@
endef

$(eval $(call hv-image,ringside,hv,$(HV_C)))
$(eval $(call hv-image,ringside-checked,hvchecked,$(HV_C) $(HV_CHECKS_C)))

# What `make iso` and `make run` boot, and with which arguments.
GUEST ?= $(B)/guest/selftest
GUEST_ARGS ?=
RAMDISK ?=
HV_ARGS ?= exit-port=0xf4 audit
RUN_CPUS ?= 1
RUN_MEMORY ?= 512

# $(call iso,<guest>,<its arguments>,<the hypervisor's>[,<ramdisk>]): commands that make $@, for BIOS
# and UEFI.
define iso
rm -rf $@.d && mkdir -p $@.d/boot/grub
cp $(B)/ringside.elf $@.d/boot/ringside.elf && strip -g $@.d/boot/ringside.elf
cp $(1) $@.d/boot/guest
$(if $(4),cp $(4) $@.d/boot/ramdisk)
sed 's|@HV_ARGS@|$(3)|; s|@GUEST_ARGS@|$(2)|; $(if $(4),,/boot.ramdisk/d)' hv/image/grub.cfg > $@.d/boot/grub/grub.cfg
grub-mkrescue -o $@ $@.d 2> $@.log || { cat $@.log >&2; exit 1; }
rm -rf $@.d
endef

$(B)/ringside.iso: $(B)/ringside.elf $(GUEST) $(RAMDISK) hv/image/grub.cfg
	@echo "  ISO $@"
	@$(call iso,$(GUEST),$(GUEST_ARGS),$(HV_ARGS),$(RAMDISK))

## iso: the hypervisor and a guest (GUEST=, GUEST_ARGS=, RAMDISK=, HV_ARGS=) on a medium that BIOS and UEFI boot
iso: deps
	@rm -f $(B)/ringside.iso
	@$(MAKE) --no-print-directory $(B)/ringside.iso

## run: boot that medium under QEMU (RUN_CPUS=, RUN_MEMORY=), its console here
run: iso
	@qemu-system-x86_64 -machine pc -cpu $(or $(RUN_MODEL),qemu64) -smp $(RUN_CPUS) -m $(RUN_MEMORY) -nodefaults \
	  -display none -no-reboot -serial mon:stdio -device isa-debug-exit,iobase=0xf4,iosize=4 \
	  -cdrom $(B)/ringside.iso -boot d || [ $$? -eq 33 ]

.PHONY: iso run

# SPDX-License-Identifier: MIT
# The library kernel, and how a workload becomes an image: $(call guest-image,<name>,<files>[,<objects>])
# makes $(B)/guest/<name> of C files that define guest_main() and whatever they need of the library, and
# of objects that were compiled in another way, such as once a layout.

# Position-independent, because the image lies where neither 32-bit code model reaches; no vector
# registers, because traps do not save them; no red zone, because they arrive on the same stack. What
# CATCH asks of locals (guest/trap.h) is less than what -Wclobbered guesses.
CC_guest := $(CC)
FLAGS_guest := -O2 -march=x86-64 -ffreestanding -fpie -fvisibility=hidden -mgeneral-regs-only \
    -mno-red-zone -fno-stack-protector -fno-omit-frame-pointer -fcf-protection=none \
    -fno-asynchronous-unwind-tables -Wno-clobbered -include guest/hidden.h -Irings/atomic -Ievtchn/atomic
$(eval $(call variant-rules,guest))

$(B)/obj/guest/%.o: %.S
	@mkdir -p $(@D)
	@echo "  AS guest $<"
	@$(CC_guest) -I. -MMD -MP -Wa,--fatal-warnings -c $< -o $@

GUEST_C := $(wildcard guest/*.c guest/lib/*.c) $(EVTCHN_CONSUMER_C)
GUEST_LIBRARY := $(B)/guest/library.a
EXTRA_guest/counters.c := -Iguest

$(GUEST_LIBRARY): $(call objects,guest,$(GUEST_C)) $(B)/obj/guest/guest/entry.o
	@mkdir -p $(@D)
	@rm -f $@
	@ar crs $@ $^

define guest-image
BUILD += $(B)/guest/$(1)
$(B)/guest/$(1): $(call objects,guest,$(2)) $(3) $(GUEST_LIBRARY) guest/guest.lds
	@mkdir -p $$(@D)
	@echo "  LD $$@"
	@$(CC_guest) -nostdlib -static -no-pie -Wl,--build-id=none,-z,noexecstack,--fatal-warnings \
	  -Wl,-z,max-page-size=4096 -T guest/guest.lds -Wl,--undefined=_start \
	  $$(filter %.o,$$^) $(GUEST_LIBRARY) -o $$@
endef

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

HV_C := $(filter-out %/offsets.c,$(wildcard hv/core/*.c hv/build/*.c hv/arch/x86_64/*.c)) \
    $(SCHED_C) $(addprefix evtchn/,evtchn.c table.c two_level.c fifo.c guest_memory.c)
HV_S := $(addprefix hv/arch/x86_64/,boot.S entry.S ap_boot.S)
HV_OBJECTS := $(call objects,hv,$(HV_C)) $(HV_S:%.S=$(B)/obj/hv/%.o)
HV_GENERATED := $(B)/gen/hv/arch/x86_64
HV_LINK := -Wl,--no-warn-rwx-segments,--build-id=none,-z,noexecstack,-z,max-page-size=4096,--fatal-warnings

$(B)/obj/hv/%.o: %.S $(HV_GENERATED)/offsets.h
	@mkdir -p $(@D)
	@echo "  AS hv $<"
	@$(CC_hv) -I. -I$(B)/gen -MMD -MP -Wa,--fatal-warnings -c $< -o $@

# Numbers that assembly needs of structures: the compiler writes them into its own assembly.
$(HV_GENERATED)/offsets.h: hv/arch/x86_64/offsets.c
	@mkdir -p $(@D)
	@$(CC_hv) $(COMMON) $(filter-out -flto,$(FLAGS_hv)) -MF $(@:.h=.d) -MT $@ -S $< -o $(@:.h=.s)
	@sed -n 's/.*@@\([A-Z0-9_]*\) \([0-9]*\).*/#define \1 \2/p' $(@:.h=.s) > $@

-include $(wildcard $(HV_GENERATED)/*.d)

$(B)/gen/hv.lds: hv/image/hv.lds.S hv/arch/x86_64/layout.h
	@mkdir -p $(@D)
	@$(CC_hv) -E -P -x assembler-with-cpp -I. $< -o $@

# All of C is compiled as if it were one file: the modules' functions are inlined where the hypervisor
# calls them, and paths are as short as their source says. Then the names of functions, for
# backtraces, go into the room that is kept for them.
$(B)/ringside.elf: $(HV_OBJECTS) $(B)/gen/hv.lds hv/image/symbols.awk
	@echo "  LD $@"
	@$(CC_hv) $(FLAGS_hv) -flto=$(JOBS) -nostdlib -static -no-pie $(HV_LINK) -T $(B)/gen/hv.lds $(HV_OBJECTS) \
	  -o $(B)/gen/hv.elf
	@nm -n $(B)/gen/hv.elf | awk -f hv/image/symbols.awk > $(B)/gen/hv-symbols
	@objcopy --update-section .symbols=$(B)/gen/hv-symbols $(B)/gen/hv.elf $@

BUILD += $(B)/ringside.elf

# SPDX-License-Identifier: MIT
# Hostile peers: libFuzzer on every layout, on event channels and on what the hypervisor reads when it
# boots; and the committed corpus as a test.

FUZZ_SECONDS := 60

FUZZ_HV := kernel multiboot option ramdisk

## fuzz: attack every layout, evtchn and what the hypervisor boots from, 60 s in total
fuzz: deps
	@$(MAKE) --no-print-directory --silent -j$(JOBS) $(LAYOUTS:%=$(B)/fuzz/%) $(B)/fuzz/evtchn $(FUZZ_HV:%=$(B)/fuzz/%)
	@tests/fuzz/run $(B)/fuzz $(FUZZ_SECONDS) $(JOBS) $(LAYOUTS) evtchn $(FUZZ_HV)

FUZZ_COMMON := $(call objects,fuzz,tests/fuzz/fuzz.c)

$(B)/fuzz/%: $(B)/obj/fuzz/tests/fuzz/fuzz_main@%.o $(B)/obj/fuzz/tests/fuzz/fuzz_ring@%.o \
             $(FUZZ_COMMON)
	@mkdir -p $(@D)
	@$(CC_fuzz) -fsanitize=fuzzer,address,undefined $^ -o $@

FUZZ_EVTCHN := $(call objects,fuzz,tests/fuzz/fuzz_evtchn.c tests/evtchn/world.c $(EVTCHN_C))

$(B)/fuzz/evtchn: $(call objects,fuzz,tests/fuzz/fuzz_evtchn_main.c) $(FUZZ_EVTCHN) $(FUZZ_COMMON)
	@mkdir -p $(@D)
	@$(CC_fuzz) -fsanitize=fuzzer,address,undefined $^ -o $@

# Parts of the hypervisor, with the processor of the unit tests.
CC_fuzzhv := $(CC_fuzz)
FLAGS_fuzzhv := $(FLAGS_fuzz) -Itests/hv
$(eval $(call variant-rules,fuzzhv))

FUZZ_kernel := tests/hv/plan_check.c hv/core/format.c \
    $(addprefix hv/build/,elf.c plan.c image.c compression.c inflate.c xz.c lzma2.c branches.c crc32.c)
FUZZ_multiboot := tests/hv/low_memory.c hv/arch/x86_64/multiboot.c hv/core/boot_info.c hv/core/format.c
FUZZ_option := hv/core/option.c hv/core/format.c
FUZZ_ramdisk := $(addprefix dom0/,archive.c description.c image.c place.c problem.c) guest/lib/text.c
FUZZ_HV_OBJECTS := $(call objects,fuzzhv,$(sort $(foreach f,$(FUZZ_HV),tests/fuzz/fuzz_$(f).c $(FUZZ_$(f)))))
$(foreach f,$(FUZZ_HV),$(eval EXTRA_tests/fuzz/fuzz_$(f).c := -Itests/hv))
EXTRA_tests/fuzz/fuzz_hv_main.c := -DFUZZ_ONE=fuzz_kernel_one# for clang-tidy

define fuzz-hv
$(B)/fuzz/$(1): tests/fuzz/fuzz_hv_main.c $(call objects,fuzzhv,tests/fuzz/fuzz_$(1).c $(FUZZ_$(1))) $(FUZZ_COMMON)
	@mkdir -p $$(@D)
	@$(CC_fuzz) -I. -DFUZZ_ONE=fuzz_$(1)_one -fsanitize=fuzzer,address,undefined $$^ -o $$@
endef
$(foreach f,$(FUZZ_HV),$(eval $(call fuzz-hv,$(f))))

TESTS += $(B)/fuzz-corpus

$(B)/fuzz-corpus: $(call objects,fuzz,tests/fuzz/replay.c) $(FUZZ_EVTCHN) $(FUZZ_COMMON) \
                  $(FUZZ_HV_OBJECTS) $(call layout-objects,fuzz,tests/fuzz/fuzz_ring.c)
	@$(CC_fuzz) -fsanitize=address,undefined $^ -o $@

.PHONY: fuzz

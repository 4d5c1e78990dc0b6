# SPDX-License-Identifier: MIT
# Hostile peers: libFuzzer on every layout and on event channels, and the committed corpus as a test.

FUZZ_SECONDS := 60

## fuzz: attack every layout, and evtchn, through their shared memory, 60 s in total
fuzz: deps
	@$(MAKE) --no-print-directory --silent -j$(JOBS) $(LAYOUTS:%=$(B)/fuzz/%) $(B)/fuzz/evtchn
	@tests/fuzz/run $(B)/fuzz $(FUZZ_SECONDS) $(JOBS) $(LAYOUTS) evtchn

FUZZ_COMMON := $(call objects,fuzz,tests/fuzz/fuzz.c)

$(B)/fuzz/%: $(B)/obj/fuzz/tests/fuzz/fuzz_main@%.o $(B)/obj/fuzz/tests/fuzz/fuzz_ring@%.o \
             $(FUZZ_COMMON)
	@mkdir -p $(@D)
	@$(CC_fuzz) -fsanitize=fuzzer,address,undefined $^ -o $@

FUZZ_EVTCHN := $(call objects,fuzz,tests/fuzz/fuzz_evtchn.c tests/evtchn/world.c $(EVTCHN_C))

$(B)/fuzz/evtchn: $(call objects,fuzz,tests/fuzz/fuzz_evtchn_main.c) $(FUZZ_EVTCHN) $(FUZZ_COMMON)
	@mkdir -p $(@D)
	@$(CC_fuzz) -fsanitize=fuzzer,address,undefined $^ -o $@

TESTS += $(B)/fuzz-corpus

$(B)/fuzz-corpus: $(call objects,fuzz,tests/fuzz/replay.c) $(FUZZ_EVTCHN) $(FUZZ_COMMON) \
                  $(call layout-objects,fuzz,tests/fuzz/fuzz_ring.c)
	@$(CC_fuzz) -fsanitize=address,undefined $^ -o $@

.PHONY: fuzz

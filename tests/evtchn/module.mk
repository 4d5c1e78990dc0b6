# SPDX-License-Identifier: MIT
# Event channels: what every delivery ABI must do, and what each of them does.

EVTCHN_WORLD := tests/evtchn/world.c
EVTCHN_CONFORMANCE := $(wildcard tests/evtchn/conformance*.c) $(EVTCHN_WORLD) $(EVTCHN_C)

TESTS += $(B)/test_evtchn $(B)/test_evtchn_asan

$(B)/test_evtchn: $(call objects,opt,$(EVTCHN_CONFORMANCE))
	@$(CC) $^ -lcmocka -o $@

$(B)/test_evtchn_asan: $(call objects,asan,$(EVTCHN_CONFORMANCE))
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

# A million random operations each ABI against a reference model.
TESTS += $(B)/evtchn_property

$(B)/evtchn_property: $(call objects,opt,tests/evtchn/property.c tests/evtchn/property_model.c \
    $(EVTCHN_WORLD) $(EVTCHN_C))
	@$(CC) $^ -o $@

# Two threads that send, one that receives, one that changes the ports under them: as it will run,
# and under the thread sanitizer with fewer events.
TESTS += $(B)/evtchn_threads $(B)/evtchn_threads_tsan

EVTCHN_THREADS := tests/evtchn/threads.c $(EVTCHN_WORLD) $(EVTCHN_C)

$(B)/evtchn_threads: $(call objects,opt,$(EVTCHN_THREADS))
	@$(CC) $^ -lpthread -o $@

$(B)/evtchn_threads_tsan: $(call objects,tsan,$(EVTCHN_THREADS))
	@$(CC_tsan) $(FLAGS_tsan) $^ -lpthread -o $@

# Other processors, and hostile guests, between any two accesses of a call.
TESTS += $(B)/evtchn_between

$(B)/evtchn_between: $(call objects,fuzz,tests/evtchn/between.c $(EVTCHN_WORLD) $(EVTCHN_C))
	@$(CC_fuzz) -fsanitize=address,undefined $^ -lcmocka -o $@

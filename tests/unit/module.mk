# SPDX-License-Identifier: MIT
# Unit tests: cmocka programs that print TAP.

TESTS += tests/unit/test_run

# One source each, nothing else linked in. Under the sanitizers: they cost nothing here.
UNIT_SIMPLE := test_hist test_notify

define unit-simple
TESTS += $(B)/$(1)
$(B)/$(1): $(call objects,asan,tests/unit/$(1).c)
	@$(CC_asan) $(FLAGS_asan) $$^ -lcmocka -o $$@
endef
$(foreach t,$(UNIT_SIMPLE),$(eval $(call unit-simple,$(t))))

# The ring contract on every layout: as it will run, and under the address sanitizer.
CONFORMANCE_C := $(addprefix tests/unit/,conformance.c conformance_tell.c conformance_traffic.c)
TESTS += $(B)/conformance $(B)/conformance-asan

$(B)/conformance: $(call objects,opt,tests/unit/conformance_main.c) \
                  $(call layout-objects,opt,$(CONFORMANCE_C))
	@$(CC) $^ -lcmocka -o $@

$(B)/conformance-asan: $(call objects,asan,tests/unit/conformance_main.c) \
                       $(call layout-objects,asan,$(CONFORMANCE_C))
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

# Two threads that sleep, on every layout under every policy: as it will run, and under the thread
# sanitizer with fewer requests.
TESTS += $(B)/sleep $(B)/sleep-tsan

$(B)/sleep: $(call objects,opt,tests/unit/sleep_main.c) $(call layout-objects,opt,tests/unit/sleep.c)
	@$(CC) $^ -lcmocka -lpthread -o $@

$(B)/sleep-tsan: $(call objects,tsan,tests/unit/sleep_main.c) \
                 $(call layout-objects,tsan,tests/unit/sleep.c)
	@$(CC_tsan) $(FLAGS_tsan) $^ -lcmocka -o $@

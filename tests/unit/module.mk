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

# SPDX-License-Identifier: MIT
# The checks of the order of locks, by breaking it.

CC_locktest := $(CLANG)
FLAGS_locktest := $(FLAGS_asan) -Itests/hv/lock -DHV_LOCK_CHECKS
$(eval $(call variant-rules,locktest))

TESTS += $(B)/test_hv_lock_check
$(B)/test_hv_lock_check: $(call objects,locktest,tests/hv/lock/test_lock_check.c hv/core/lock_check.c)
	@$(CC_locktest) $(FLAGS_locktest) $^ -lcmocka -o $@
LINT_ATOMIC_lock := -Itests/hv/lock -DHV_LOCK_CHECKS

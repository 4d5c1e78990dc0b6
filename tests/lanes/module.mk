# SPDX-License-Identifier: MIT
# What is special about a one-way lane, beyond the ring contract that the conformance suite asks.

TEST_VMBUS := $(B)/test_vmbus

TESTS += $(TEST_VMBUS)

$(TEST_VMBUS): $(call objects,asan,tests/lanes/test_vmbus.c)
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

# SPDX-License-Identifier: MIT
# What is io_uring's own in rings/uring.h, beyond the contract.

TESTS += $(B)/test_uring

$(B)/test_uring: $(call objects,asan,tests/uring/test_uring.c)
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

# SPDX-License-Identifier: MIT
# Many front ends on one ring: what the conformance suite, with its one front end, cannot ask.

# By one thread, every order made on purpose; and by a thread each, under both sanitizers.
TEST_MPSC := $(B)/test_mpsc
TEST_MPSC_THREADS := $(B)/test_mpsc_threads_asan $(B)/test_mpsc_threads_tsan

TESTS += $(TEST_MPSC) $(TEST_MPSC_THREADS)

$(TEST_MPSC): $(call objects,asan,tests/many/test_mpsc.c)
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

$(B)/test_mpsc_threads_asan: $(call objects,asan,tests/many/test_mpsc_threads.c)
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -pthread -o $@

$(B)/test_mpsc_threads_tsan: $(call objects,tsan,tests/many/test_mpsc_threads.c)
	@$(CC_tsan) $(FLAGS_tsan) $^ -lcmocka -pthread -o $@

# SPDX-License-Identifier: MIT
# The scheduler and its policies: the run queue, BVT's own examples, and the properties of all: with
# many events as it will run, and with fewer under the address sanitizer.

SCHED_WORLD := tests/sched/world.c tests/sched/storm.c

TESTS += $(addprefix $(B)/,test_sched_queue test_sched_mechanism test_sched_bvt \
    test_sched_particular test_sched test_sched_asan)

$(B)/test_sched_queue: $(call objects,asan,tests/sched/test_queue.c sched-bvt/queue.c)
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

define sched-test
$(B)/test_sched_$(1): $(call objects,asan,tests/sched/test_$(1).c $(SCHED_WORLD) $(SCHED_C))
	@$(CC_asan) $(FLAGS_asan) $$^ -lcmocka -o $$@
endef
$(foreach t,mechanism bvt particular,$(eval $(call sched-test,$(t))))

$(B)/test_sched: $(call objects,opt,tests/sched/test_policies.c $(SCHED_WORLD) $(SCHED_C))
	@$(CC) $^ -lcmocka -o $@

$(B)/test_sched_asan: $(call objects,asan,tests/sched/test_policies.c $(SCHED_WORLD) $(SCHED_C))
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

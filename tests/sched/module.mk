# SPDX-License-Identifier: MIT
# The scheduler and its policies: the run queue, BVT's own examples, and the properties of all: with
# many events as it will run, and with fewer under the address sanitizer.

SCHED_WORLD := tests/sched/world.c tests/sched/storm.c

TESTS += $(addprefix $(B)/,test_sched_queue test_sched_mechanism test_sched_bvt \
    test_sched_particular test_sched test_sched_asan test_sched_cost)

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

# The instructions of a decision, counted: a program, and the script that runs it under valgrind.
$(B)/sched_decisions: $(call objects,count,tests/sched/decisions.c $(SCHED_C))
	@$(CC_count) $(FLAGS_count) $^ -o $@

$(B)/test_sched_cost: tests/sched/cost $(B)/sched_decisions
	@printf '#!/bin/sh\nexec "%s" "%s"\n' "$(abspath $<)" "$(abspath $(B)/sched_decisions)" > $@
	@chmod +x $@

## sched-cost: count the instructions of a scheduling decision, by policy and number of vcpus
sched-cost: deps
	@$(MAKE) --no-print-directory --silent -j$(JOBS) $(B)/test_sched_cost
	@$(B)/test_sched_cost

.PHONY: sched-cost

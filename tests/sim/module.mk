# SPDX-License-Identifier: MIT
# The simulator: its parts, schedules worked out by hand, known results of queueing theory, and what
# every policy, mix and machine must keep; under the sanitizers, and the long ones as it will run.

SIM_TESTED := tests/sim/points.c $(SIM_C) $(SCHED_C)

TESTS += $(addprefix $(B)/,test_sim_parts test_sim_schedules test_sim_refusals test_sim_replay \
    test_sim_keeps test_sim_queueing test_sim_same)

define sim-test
$(B)/test_sim_$(1): $(call objects,$(2),tests/sim/test_$(1).c $(SIM_TESTED))
	@$(CC_$(2)) $(FLAGS_$(2)) $$^ -lcmocka -o $$@
endef
$(foreach t,parts schedules refusals replay keeps,$(eval $(call sim-test,$(t),asan)))
$(eval $(call sim-test,queueing,opt))

# The same points by two compilers, one of them with the sanitizers: the same to the byte.
$(B)/sim_points: $(call objects,opt,tests/sim/print_points.c $(SIM_TESTED))
	@$(CC_opt) $(FLAGS_opt) $^ -o $@
$(B)/asan/sim_points: $(call objects,asan,tests/sim/print_points.c $(SIM_TESTED))
	@mkdir -p $(@D)
	@$(CC_asan) $(FLAGS_asan) $^ -o $@

# tests/run takes programs without arguments.
$(B)/test_sim_same: tests/sim/test_same $(B)/sim_points $(B)/asan/sim_points
	@printf '#!/bin/sh\nexec "%s" "%s" "%s"\n' $(abspath $^) > $@
	@chmod +x $@

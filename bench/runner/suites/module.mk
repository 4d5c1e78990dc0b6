# SPDX-License-Identifier: MIT
# Links the host tool with what its suites measure.

$(B)/ringside: $(call objects,opt,$(RUNNER_C)) $(SUITE_OBJECTS)
	@echo "  LD $@"
	@$(CC) $(FLAGS_opt) $^ $(RUNNER_LIBS) $(NATIVE_LIBS) -o $@
BUILD += $(B)/ringside

# Simulations and statistics are rounded the same everywhere: no fused multiply-add where this machine
# happens to have one.
$(foreach f,$(RUNNER_C) $(SIM_C),$(eval EXTRA_$(f) += -ffp-contract=off))

# What callgrind counts the instructions of.
$(B)/sim_observe: $(call objects,count,bench/runner/helpers/sim_observe.c bench/runner/suites/sim_point.c \
    bench/runner/text.c $(SIM_C) $(SCHED_C))
	@echo "  LD $@"
	@$(CC) $(FLAGS_count) $^ -lm -o $@
BUILD += $(B)/sim_observe

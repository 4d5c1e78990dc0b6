# SPDX-License-Identifier: MIT
# The scheduler simulator. SIM_C is what a program links, with SCHED_C, to use sim.h.

SIM_C := $(addprefix bench/sim/,engine.c fairness.c params.c point.c observe.c calls.c replay.c \
    bursts.c workloads.c $(addprefix workload_,periodic.c poisson.c bursty.c fork_bomb.c loop.c \
    recorded.c))

# The cost of a decision: a program for callgrind to count.
$(B)/sim_decisions: $(call objects,count,bench/sim/decisions.c $(SIM_C) $(SCHED_C))
	@$(CC) $(FLAGS_count) $^ -o $@
BUILD += $(B)/sim_decisions

TESTS += $(B)/test_sim_cost

$(B)/test_sim_cost: bench/sim/decision-cost.sh $(B)/sim_decisions
	@printf '#!/bin/sh\nexec "%s" "%s"\n' "$(abspath $<)" "$(abspath $(B)/sim_decisions)" > $@
	@chmod +x $@

## sim-cost: count the instructions of a simulated scheduling decision (valgrind)
sim-cost: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/sim_decisions
	@bench/sim/decision-cost.sh $(B)/sim_decisions $(filter-out bvt,$(SCHED_POLICIES))

.PHONY: sim-cost

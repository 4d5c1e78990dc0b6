# SPDX-License-Identifier: MIT
# Measuring: targets that run the host tool.

# The experiments of the quick suite, in the order of their tables.
BENCH := ring-throughput ring-pairs ring-latency ring-load ring-counters ring-size \
    evtchn-scan path-length evtchn-latency dom-ring-throughput dom-ring-latency notify-batching dom-sched-share dom-sched-allowance dom-sched-wakeup scale-domains \
    isolation domain-start sched-fairness sched-wakeup sched-allowance sched-scale

# Where make was told to build elsewhere, the tool does not find the tree by itself.
RINGSIDE = RINGSIDE_ROOT=$(CURDIR) $(B)/ringside

## bench: measure rings, event channels, path lengths and domains, simulate schedulers, at most 6 minutes (BENCH_ARGS: more for `ringside run`)
bench: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/ringside $(B)/sim_observe $(BENCH_IMAGES)
	@$(RINGSIDE) run $(BENCH) --quick $(BENCH_ARGS)

## plots: draw the figures of a run again (RUN=folder; default: the newest of results/)
plots: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/ringside
	@run="$(RUN)"; : "$${run:=$$(ls -td results/*/ 2>/dev/null | head -n 1)}"; \
	  if [ -z "$$run" ]; then echo "plots: there is no run in results/; \`make bench\` makes one" >&2; exit 1; fi; \
	  $(RINGSIDE) plot "$$run"

# Nothing runs beside a measurement, whatever -j says.
ifneq ($(filter bench,$(MAKECMDGOALS)),)
.NOTPARALLEL:
endif

.PHONY: bench plots

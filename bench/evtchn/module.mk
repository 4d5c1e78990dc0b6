# SPDX-License-Identifier: MIT
# Event channels on this machine. EVBENCH_OBJECTS and EVBENCH_LIBS are what a program links to use
# evbench.h; EVBENCH_C, for other variants.

EVBENCH_C := $(addprefix bench/evtchn/,evbench.c point.c world.c rounds.c order.c turns.c \
    two_cores.c) bench/native/processors.c bench/native/ticks.c $(EVTCHN_C)
EVBENCH_OBJECTS := $(call objects,opt,$(EVBENCH_C))
EVBENCH_LIBS := -lm -pthread

BUILD += $(EVBENCH_OBJECTS) $(B)/evtchn_count

# The instructions of a send and of a scan, counted: a program, and the script that runs it under
# valgrind.
$(B)/evtchn_count: $(call objects,count,bench/evtchn/count.c bench/evtchn/world.c $(EVTCHN_C))
	@$(CC_count) $(FLAGS_count) $^ -o $@

TESTS += $(B)/test_evtchn_cost

$(B)/test_evtchn_cost: bench/evtchn/cost $(B)/evtchn_count
	@printf '#!/bin/sh\nexec "%s" "%s"\n' "$(abspath $<)" "$(abspath $(B)/evtchn_count)" > $@
	@chmod +x $@

## evtchn-cost: count the instructions of sending and receiving an event, by delivery ABI
evtchn-cost: deps
	@$(MAKE) --no-print-directory --silent -j$(JOBS) $(B)/test_evtchn_cost
	@$(B)/test_evtchn_cost

.PHONY: evtchn-cost

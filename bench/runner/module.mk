# SPDX-License-Identifier: MIT
# The host tool. It is linked by suites/module.mk, with what the suites measure.

RUNNER_C := $(wildcard bench/runner/*.c bench/runner/suites/*.c)
RUNNER_LIBS := -lconfig -ljansson -lgsl -lgslcblas

# What the suites measure; expanded where it is used, once those folders have been read.
SUITE_OBJECTS = $(sort $(NATIVE_OBJECTS) $(EVBENCH_OBJECTS)) $(call objects,opt,$(SIM_C) $(SCHED_C))

# What it was built from is part of what it says of each run: looked up at every build, and written
# only when it changed.
BUILD_INFO := $(B)/gen/build_info.h
$(BUILD_INFO): always
	@mkdir -p $(@D)
	@sh bench/runner/build-info.sh "$(CC)" "$(FLAGS_opt)" > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
EXTRA_bench/runner/environment.c := -I$(B)/gen
$(foreach v,opt asan,$(call objects,$(v),bench/runner/environment.c)) \
  $(B)/lint/bench/runner/environment.ok: $(BUILD_INFO)


always:
.PHONY: always

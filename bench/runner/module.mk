# SPDX-License-Identifier: MIT
# The host tool. Comes after bench/native, whose NATIVE_OBJECTS and NATIVE_LIBS it links.

RUNNER_C := $(wildcard bench/runner/*.c bench/runner/suites/*.c)
RUNNER_LIBS := -lconfig -ljansson -lgsl -lgslcblas

# What it was built from is part of what it says of each run: looked up at every build, and written
# only when it changed.
BUILD_INFO := $(B)/gen/build_info.h
$(BUILD_INFO): always
	@mkdir -p $(@D)
	@sh bench/runner/build-info.sh "$(CC)" "$(FLAGS_opt)" > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
EXTRA_bench/runner/environment.c := -I$(B)/gen
$(foreach v,opt asan,$(call objects,$(v),bench/runner/environment.c)): $(BUILD_INFO)

$(B)/ringside: $(call objects,opt,$(RUNNER_C)) $(NATIVE_OBJECTS)
	@echo "  LD $@"
	@$(CC) $(FLAGS_opt) $^ $(RUNNER_LIBS) $(NATIVE_LIBS) -o $@
BUILD += $(B)/ringside

always:
.PHONY: always

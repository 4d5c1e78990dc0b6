# SPDX-License-Identifier: MIT
# Tests of the host tool: its parts (cmocka) and the program itself (a shell script), all under the
# address sanitizer. What they measure with is not instrumented.

TOOL_OBJECTS := $(call objects,asan,$(filter-out %/main.c,$(RUNNER_C)))

define tool-test
TESTS += $(B)/test_$(1)
$(B)/test_$(1): $(call objects,asan,tests/cli/test_$(1).c) $(TOOL_OBJECTS) $(SUITE_OBJECTS)
	@$(CC_asan) $(FLAGS_asan) $$^ $(RUNNER_LIBS) $(NATIVE_LIBS) -lcmocka -o $$@
endef
$(foreach t,stats hists sweep results quantity likeness,$(eval $(call tool-test,$(t))))

$(B)/asan/ringside: $(call objects,asan,$(RUNNER_C)) $(SUITE_OBJECTS)
	@mkdir -p $(@D)
	@$(CC_asan) $(FLAGS_asan) $^ $(RUNNER_LIBS) $(NATIVE_LIBS) -o $@

# What the tool has callgrind count, where it looks for it.
$(B)/asan/sim_observe: $(B)/sim_observe
	@mkdir -p $(@D)
	@cp $< $@

# tests/run takes programs without arguments.
TESTS += $(B)/test_tool
$(B)/test_tool: $(B)/asan/ringside $(B)/asan/sim_observe tests/cli/test_tool
	@printf '#!/bin/sh\nexec "%s" "%s"\n' $(abspath tests/cli/test_tool) $(abspath $<) > $@
	@chmod +x $@

# What the tool boots.
TESTS += $(B)/test_path_length
$(B)/test_path_length: $(B)/asan/ringside $(B)/ringside.elf $(B)/guest/path-length tests/cli/test_path_length
	@printf '#!/bin/sh\nexec "%s" "%s" "%s"\n' $(abspath tests/cli/test_path_length) $(abspath $<) \
	  $(abspath $(B)) > $@
	@chmod +x $@

TESTS += $(B)/test_page
$(B)/test_page: $(B)/asan/ringside tests/cli/test_page
	@printf '#!/bin/sh\nexec "%s" "%s"\n' $(abspath tests/cli/test_page) $(abspath $<) > $@
	@chmod +x $@

TESTS += $(B)/test_replay
$(B)/test_replay: $(B)/asan/ringside $(B)/ringside.elf $(B)/guest/selftest tests/cli/test_replay
	@printf '#!/bin/sh\nexec "%s" "%s" "%s"\n' $(abspath tests/cli/test_replay) $(abspath $<) \
	  $(abspath $(B)) > $@
	@chmod +x $@

TESTS += $(B)/test_boot_time
$(B)/test_boot_time: $(B)/asan/ringside $(B)/ringside.elf $(B)/guest/path-length tests/cli/test_boot_time
	@printf '#!/bin/sh\nexec "%s" "%s" "%s"\n' $(abspath tests/cli/test_boot_time) $(abspath $<) \
	  $(abspath $(B)) > $@
	@chmod +x $@

TESTS += $(B)/test_domains
$(B)/test_domains: $(B)/asan/ringside $(BENCH_IMAGES) tests/cli/test_domains
	@printf '#!/bin/sh\nexec "%s" "%s" "%s"\n' $(abspath tests/cli/test_domains) $(abspath $<) \
	  $(abspath $(B)) > $@
	@chmod +x $@

TESTS += $(B)/test_trouble
$(B)/test_trouble: $(B)/asan/ringside $(B)/ringside.elf tests/cli/test_trouble tests/cli/console.sh
	@printf '#!/bin/sh\nexec "%s" "%s" "%s"\n' $(abspath tests/cli/test_trouble) $(abspath $<) \
	  $(abspath $(B)) > $@
	@chmod +x $@

# The other end of a serial line, made up; and the real one, from a medium.
$(B)/line_machine: $(call objects,asan,tests/cli/line_machine.c)
	@$(CC_asan) $(FLAGS_asan) $^ -o $@

TESTS += $(B)/test_collect
$(B)/test_collect: $(B)/asan/ringside $(B)/line_machine $(BENCH_IMAGES) tests/cli/test_collect tests/cli/console.sh
	@printf '#!/bin/sh\nexec "%s" "%s" "%s" "%s"\n' $(abspath tests/cli/test_collect) $(abspath $<) \
	  $(abspath $(B)/line_machine) $(abspath $(B)) > $@
	@chmod +x $@

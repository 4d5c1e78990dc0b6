# SPDX-License-Identifier: MIT
# The explorer of interleavings: every layout under every policy, and planted faults.

MODEL := $(B)/model
MODEL_OBJECTS := $(call objects,model,$(addprefix tests/model/,model.c litmus.c explore.c machine.c)) \
    $(call layout-objects,model,tests/model/scenario.c)

$(MODEL): $(MODEL_OBJECTS)
	@echo "  LD $@"
	@$(CC) -o $@ $^

BUILD += $(MODEL)
TESTS += $(MODEL)

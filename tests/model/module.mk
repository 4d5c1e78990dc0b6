# SPDX-License-Identifier: MIT
# The explorer of interleavings: rings and event channels, and planted faults.

MODEL := $(B)/model
MODEL_C := $(addprefix tests/model/,model.c litmus.c explore.c machine.c evtchn_model.c evtchn_scenario.c)

# Faulty copies of evtchn/: a patch each. Of one is linked what it changes and the scenario, both
# compiled in its patched tree, and the rest of the module as it is; all in one object, which keeps
# its names to itself.
MODEL_FAULTS := $(shell sed -n 's/^EVTCHN_[A-Z]*.\([a-z0-9_]*\),.*/\1/p' tests/model/faults/faults.def | sort -u)
MODEL_FAULT_H := $(wildcard tests/model/*.h)

$(B)/faults/%/patched: tests/model/faults/%.patch $(wildcard evtchn/*.[ch] evtchn/*.def)
	@rm -rf $(@D)
	@mkdir -p $(@D)
	@cp -r evtchn $(@D)/evtchn
	@patch --silent --force -p1 -d $(@D) <$<
	@touch $@

# $(1): its id; $(2): the .c files that its patch changes.
define model-fault
$(B)/faults/$(1).o: $(B)/faults/$(1)/patched tests/model/evtchn_scenario.c $(MODEL_FAULT_H) \
    $(call objects,model,$(filter-out $(2),$(EVTCHN_C)))
	@echo "  CC model $(1).patch"
	@$(CC_model) -I$(B)/faults/$(1) $(filter-out -MMD -MP,$(COMMON)) $(FLAGS_model) \
	  -Devtchn_explore=evtchn_explore_$(1) -r -nostdlib -o $$@ \
	  tests/model/evtchn_scenario.c $(addprefix $(B)/faults/$(1)/,$(2)) $$(filter %.o,$$^)
	@objcopy --keep-global-symbol=evtchn_explore_$(1) $$@

endef

$(foreach f,$(MODEL_FAULTS),$(eval $(call model-fault,$(f),$(shell \
    sed -n 's,^+++ b/\(.*\.c\)$$,\1,p' tests/model/faults/$(f).patch))))

$(MODEL): $(call objects,model,$(MODEL_C) $(EVTCHN_C)) \
    $(call layout-objects,model,tests/model/scenario.c) $(MODEL_FAULTS:%=$(B)/faults/%.o)
	@echo "  LD $@"
	@$(CC) -o $@ $^

BUILD += $(MODEL)
TESTS += $(MODEL)

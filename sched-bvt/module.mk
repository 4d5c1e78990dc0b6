# SPDX-License-Identifier: MIT
# The scheduler and its policies, for whoever links them: $(call objects,<variant>,$(SCHED_C)).

SCHED_POLICIES := $(shell sed -n 's/^SCHED_POLICY.\([a-z0-9_]*\).$$/\1/p' sched-bvt/policies.def)
SCHED_C := $(addprefix sched-bvt/,sched.c queue.c replay.c $(SCHED_POLICIES:%=%.c))

BUILD += $(call objects,opt,$(SCHED_C))

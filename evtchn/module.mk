# SPDX-License-Identifier: MIT
# Event channels, both halves, for whoever links them: $(call objects,<variant>,$(EVTCHN_C)), or the
# half that a guest needs, $(EVTCHN_CONSUMER_C).

EVTCHN_ABIS := $(shell sed -n 's/^EVTCHN_ABI.\([a-z0-9_]*\),.*/\1/p' evtchn/abis.def)
EVTCHN_C := $(wildcard evtchn/*.c)
EVTCHN_CONSUMER_C := $(wildcard evtchn/*_consumer.c)

BUILD += $(call objects,opt,$(EVTCHN_C))

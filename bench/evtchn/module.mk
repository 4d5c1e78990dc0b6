# SPDX-License-Identifier: MIT
# Event channels on this machine. EVBENCH_OBJECTS and EVBENCH_LIBS are what a program links to use
# evbench.h.

EVBENCH_LIBS := -lm -pthread
EVBENCH_OBJECTS := $(call objects,opt,$(addprefix bench/evtchn/,evbench.c point.c world.c rounds.c \
    order.c fairness.c two_cores.c) bench/native/processors.c bench/native/ticks.c $(EVTCHN_C))

BUILD += $(EVBENCH_OBJECTS)

# SPDX-License-Identifier: MIT
# The native platform. NATIVE_OBJECTS and NATIVE_LIBS are what a program links to use native.h.

# A peer takes part if its headers are installed; see mk/packages-peers.
peer = $(if $(wildcard $(2)),$(1))
PEERS := $(call peer,DPDK,/usr/include/*/rte_config.h /usr/include/dpdk/rte_ring.h) \
	$(call peer,CK,/usr/include/ck_ring.h) $(call peer,URING,/usr/include/liburing.h)

NATIVE_LIBS := -lpfm -lm -pthread
NATIVE_OBJECTS := $(call objects,opt,$(addprefix bench/native/,native.c side.c counters.c encoding.c \
	processors.c ticks.c raw.c peers/xen_macros.c)) $(call layout-objects,opt,bench/native/layout.c)

ifneq ($(filter DPDK,$(PEERS)),)
# A system folder: warnings in it are not ours to mend. The processor is the one that ours are
# compiled for: the package's flags ask for its oldest, and the last -march counts.
DPDK_FLAGS := $(filter-out -march=%,$(patsubst -I%,-isystem %,$(shell pkg-config --cflags libdpdk)))
EXTRA_bench/native/peers/dpdk_spsc.c := $(DPDK_FLAGS)
EXTRA_bench/native/peers/dpdk_mpsc.c := $(DPDK_FLAGS)
NATIVE_OBJECTS += $(call objects,opt,bench/native/peers/dpdk_spsc.c bench/native/peers/dpdk_mpsc.c)
NATIVE_LIBS += -lrte_ring -lrte_eal
endif
ifneq ($(filter CK,$(PEERS)),)
NATIVE_OBJECTS += $(call objects,opt,bench/native/peers/ck.c)
endif
ifneq ($(filter URING,$(PEERS)),)
NATIVE_OBJECTS += $(call objects,opt,bench/native/peers/io_uring.c)
NATIVE_LIBS += -luring
endif

# subjects.c knows which peers there are: one object for each set of them, so that installing one
# builds it anew.
NATIVE_SUBJECTS := $(B)/obj/opt/bench/native/subjects$(subst $() ,,$(addprefix -,$(sort $(PEERS)))).o
$(NATIVE_SUBJECTS): bench/native/subjects.c
	@mkdir -p $(@D)
	@echo "  CC opt $<"
	@$(CC_opt) $(COMMON) $(FLAGS_opt) $(addprefix -DHAVE_,$(PEERS)) -c $< -o $@
NATIVE_OBJECTS += $(NATIVE_SUBJECTS)

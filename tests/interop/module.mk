# SPDX-License-Identifier: MIT
# Interoperation: one side is a layout of ours, the other the published header's own, or written here
# from the specification. Under the sanitizers, because one side always walks the other's memory.

define interop-test
TESTS += $(B)/interop_$(1)
$(B)/interop_$(1): $(call objects,asan,tests/interop/$(1).c)
	@$(CC_asan) $(FLAGS_asan) $$^ -lcmocka -o $$@
endef
$(foreach t,xen virtio_split virtio_packed,$(eval $(call interop-test,$(t))))

TESTS += $(B)/interop_evtchn

$(B)/interop_evtchn: $(call objects,asan,tests/interop/evtchn.c $(EVTCHN_C))
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -o $@

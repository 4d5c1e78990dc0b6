# SPDX-License-Identifier: MIT
# Tests of the native platform.
TESTS += $(B)/test_native

$(B)/test_native: $(call objects,opt,tests/native/test_native.c) $(NATIVE_OBJECTS)
	@echo "  LD $@"
	@$(CC) -o $@ $^ -lcmocka $(NATIVE_LIBS)

TESTS += $(B)/test_evbench

$(B)/test_evbench: $(call objects,opt,tests/native/test_evbench.c) $(EVBENCH_OBJECTS)
	@echo "  LD $@"
	@$(CC) -o $@ $^ -lcmocka $(EVBENCH_LIBS)

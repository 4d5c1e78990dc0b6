# SPDX-License-Identifier: MIT
# Tests of the native platform.
TESTS += $(B)/test_native

$(B)/test_native: $(call objects,opt,tests/native/test_native.c) $(NATIVE_OBJECTS)
	@echo "  LD $@"
	@$(CC) -o $@ $^ -lcmocka $(NATIVE_LIBS)

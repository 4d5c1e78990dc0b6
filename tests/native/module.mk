# SPDX-License-Identifier: MIT
# Tests of the native platform.
TESTS += $(B)/test_native

$(B)/test_native: $(call objects,opt,tests/native/test_native.c) $(NATIVE_OBJECTS)
	@echo "  LD $@"
	@$(CC) -o $@ $^ -lcmocka $(NATIVE_LIBS)

TESTS += $(B)/test_encoding
$(B)/test_encoding: $(call objects,asan,tests/native/test_encoding.c bench/native/encoding.c)
	@$(CC_asan) $(FLAGS_asan) $^ -lcmocka -lpfm -o $@

# Event channels: as they are measured, and watched by the sanitizers.
TESTS += $(addprefix $(B)/,test_evbench test_evbench_asan test_evbench_tsan)

$(B)/test_evbench: $(call objects,opt,tests/native/test_evbench.c $(EVBENCH_C))
	@echo "  LD $@"
	@$(CC) -o $@ $^ -lcmocka $(EVBENCH_LIBS)

$(B)/test_evbench_asan: $(call objects,asan,tests/native/test_evbench.c $(EVBENCH_C))
	@$(CC_asan) $(FLAGS_asan) -o $@ $^ -lcmocka $(EVBENCH_LIBS)

$(B)/test_evbench_tsan: $(call objects,tsan,tests/native/test_evbench.c $(EVBENCH_C))
	@$(CC_tsan) $(FLAGS_tsan) -o $@ $^ -lcmocka $(EVBENCH_LIBS)

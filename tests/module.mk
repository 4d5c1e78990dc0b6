# SPDX-License-Identifier: MIT
# Running the tests. Each folder of tests, and any other, appends its TAP programs to TESTS.

## test: build and run every test; the last line is `N passed, N failed`
test: deps
	@$(MAKE) --no-print-directory --silent -j$(JOBS) $(TESTS)
	@tests/run $(B)/test-logs $(TESTS)

.PHONY: test

# SPDX-License-Identifier: MIT
# Documents that show an addition are followed to the letter.

FOLLOWED := $(wildcard docs/adding-a*.md)

# tests/run takes programs without arguments. What the documents build is built first: a copy of the
# tree then compiles what they add, and no more.
TESTS += $(B)/test_docs
$(B)/test_docs: tests/docs/follow $(FOLLOWED) | $(B)/conformance $(B)/model $(B)/ringside \
    $(B)/test_sched $(B)/test_sched_mechanism $(B)/test_sched_cost $(B)/ringside.elf $(B)/guest/bench/control
	@printf '#!/bin/sh\nexec "%s" "%s" %s\n' tests/docs/follow $(B) "$(FOLLOWED)" > $@
	@chmod +x $@

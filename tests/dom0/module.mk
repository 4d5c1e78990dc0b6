# SPDX-License-Identifier: MIT
# What the control domain reads, as programs of the host under the sanitizers: the same source, with
# the host's <string.h> and <stdio.h>.

DOM0_TEST_C := dom0/problem.c guest/lib/text.c

# $(call dom0-test,<name>,<the control domain's files>)
define dom0-test
TESTS += $(B)/test_dom0_$(1)
$(B)/test_dom0_$(1): $(call objects,asan,tests/dom0/test_$(1).c $(2) $(DOM0_TEST_C))
	@$(CC_asan) $(FLAGS_asan) $$^ -lcmocka -o $$@
endef
$(eval $(call dom0-test,archive,dom0/archive.c))
$(eval $(call dom0-test,description,dom0/description.c))
$(eval $(call dom0-test,image,dom0/image.c dom0/place.c))

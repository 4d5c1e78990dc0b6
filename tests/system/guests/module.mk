# SPDX-License-Identifier: MIT
# Workloads that test the hypervisor that they run on, ours or Xen: $(B)/guest/<name>.

SELFTEST_C := $(filter-out $(addprefix tests/system/guests/,random.c path_length.c), \
    $(wildcard tests/system/guests/*.c))
SUPPORT_C := tests/system/guests/support.c

$(eval $(call guest-image,selftest,$(SELFTEST_C)))

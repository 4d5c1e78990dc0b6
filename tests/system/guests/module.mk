# SPDX-License-Identifier: MIT
# Workloads that test the hypervisor that they run on, ours or Xen: $(B)/guest/<name>.
#
#   selftest      every hypercall, exception and timer: one test after another
#   path-length   what operations cost, in instructions
#   hogs          two vcpus that compute, by weight
#   random        hypercalls of random arguments and programs of random bytes, by a seed

# Programs first: hypercalls may bind the event of the timer, which programs need, to a port of theirs.
RANDOM_C := $(addprefix tests/system/guests/,random_programs.c random_calls.c)
WORKLOADS_C := $(RANDOM_C) $(addprefix tests/system/guests/,path_length.c path_domains.c path_crowd.c path_poller.c hogs.c)
SELFTEST_C := $(filter-out $(WORKLOADS_C),$(wildcard tests/system/guests/*.c))
WORKLOAD_C := $(addprefix tests/system/guests/,support.c selftest.c)

$(eval $(call guest-image,selftest,$(SELFTEST_C)))
$(eval $(call guest-image,path-length,$(addprefix tests/system/guests/,path_length.c path_domains.c path_crowd.c path_poller.c tiny.c) $(WORKLOAD_C)))
$(eval $(call guest-image,hogs,tests/system/guests/hogs.c $(WORKLOAD_C)))
$(eval $(call guest-image,random,$(RANDOM_C) $(WORKLOAD_C)))

# Xen itself, for comparison: from its package, which is unpacked here and not installed.
ORACLE_PACKAGE := xen-hypervisor-4.17-amd64
ORACLE_XEN := $(B)/oracle/boot/xen-4.17-amd64

$(ORACLE_XEN):
	@mkdir -p $(B)/oracle
	@cd $(B)/oracle && apt-get -qq download $(ORACLE_PACKAGE)
	@dpkg-deb -x $(B)/oracle/$(ORACLE_PACKAGE)_*.deb $(B)/oracle
	@gzip -dkf $@.gz

## oracle: run the guests' self-tests on Xen 4.17, whose ABI it is, and print path lengths
oracle: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(ORACLE_XEN) $(B)/guest/selftest $(B)/guest/path-length
	@printf '#!/bin/sh\nexec tests/system/oracle $(ORACLE_XEN) $(B)/guest/selftest "$$@"\n' \
	  >$(B)/selftest-on-xen
	@printf '#!/bin/sh\nCPUS=2 exec $(B)/selftest-on-xen events=fifo\n' >$(B)/selftest-on-xen-fifo
	@chmod +x $(B)/selftest-on-xen $(B)/selftest-on-xen-fifo
	@tests/run $(B)/test-logs $(B)/selftest-on-xen $(B)/selftest-on-xen-fifo
	@ICOUNT=1 tests/system/oracle $(ORACLE_XEN) $(B)/guest/path-length | grep '^path-length'

.PHONY: oracle

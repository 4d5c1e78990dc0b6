# SPDX-License-Identifier: MIT
# A stock Linux as the control domain: Debian's image, unmodified, with a ramdisk whose only program
# tests what programs get of it. The image is the machine's own, or what `make linux-kernel` fetched
# (packages: mk/packages-linux); without either the tests are skipped.

LINUX_DIR := $(B)/linux
CC_linux := $(CC)
FLAGS_linux := -O2 -static -pthread
$(eval $(call variant-rules,linux))

$(LINUX_DIR)/init: $(call objects,linux,tests/system/linux/init.c)
	@mkdir -p $(@D)
	@$(CC_linux) $(FLAGS_linux) $^ -o $@

$(LINUX_DIR)/ramdisk: $(LINUX_DIR)/init tests/system/linux/ramdisk
	@tests/system/linux/ramdisk $< > $@

# $(call linux-test,<name>,<settings>,<processors>): settings as tests/system/boot has them.
define linux-test
TESTS += $(B)/hv-$(1)
$(B)/hv-$(1): $(B)/ringside.elf $(LINUX_DIR)/ramdisk tests/system/linux/module.mk
	@printf '#!/bin/sh\nCPUS=%s %s exec tests/system/linux/boot %s %s %s\n' "$(3)" "$(2)" \
	  $(B)/ringside.elf $(LINUX_DIR) cpus=$(3) > $$@
	@chmod +x $$@
endef
$(eval $(call linux-test,linux,,1))
$(eval $(call linux-test,linux-2,MODEL=max,2))

## linux-kernel: fetch the Linux that the system tests boot, without installing it
linux-kernel:
	@mkdir -p $(LINUX_DIR)
	@cd $(LINUX_DIR) && for package in $$(sed 's/#.*//' $(CURDIR)/mk/packages-linux); do \
	  apt-get -qq download $$(apt-cache depends $$package | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p'); \
	done && for file in linux-image-*.deb; do dpkg-deb -x $$file .; done

.PHONY: linux-kernel

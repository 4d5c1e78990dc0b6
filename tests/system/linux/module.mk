# SPDX-License-Identifier: MIT
# A stock Linux as the control domain: Debian's image, unmodified, with a ramdisk whose only program
# tests what programs get of it. The image is the machine's own, or what `make linux-kernel` fetched
# (packages: mk/packages-linux); without either the tests are skipped.

LINUX_DIR := $(B)/linux
CC_linux := $(CC)
FLAGS_linux := -O2 -static -pthread
$(eval $(call variant-rules,linux))

# The kernel that tests/system/linux/boot finds, and its drivers of a disk.
LINUX_KERNEL := $(lastword $(wildcard /boot/vmlinuz-*-amd64 $(LINUX_DIR)/boot/vmlinuz-*-amd64))
LINUX_VERSION := $(patsubst vmlinuz-%,%,$(notdir $(LINUX_KERNEL)))
LINUX_DRIVERS := $(if $(LINUX_VERSION),$(wildcard $(foreach folder,/lib/modules $(LINUX_DIR)/lib/modules,\
    $(addprefix $(folder)/$(LINUX_VERSION)/kernel/drivers/,block/virtio_blk.ko \
    $(addprefix virtio/,virtio.ko virtio_ring.ko virtio_pci_legacy_dev.ko virtio_pci_modern_dev.ko virtio_pci.ko)))))

$(LINUX_DIR)/init: $(call objects,linux,$(addprefix tests/system/linux/,init.c devices.c))
	@mkdir -p $(@D)
	@$(CC_linux) $(FLAGS_linux) $^ -o $@

$(LINUX_DIR)/ramdisk: $(LINUX_DIR)/init $(LINUX_DRIVERS) tests/system/linux/ramdisk
	@tests/system/linux/ramdisk $< $(LINUX_DRIVERS) > $@

# 1 MiB of lines, each its own number.
$(LINUX_DIR)/disk: tests/system/linux/module.mk
	@mkdir -p $(@D)
	@seq -f %015.0f 0 65535 > $@

# $(call linux-test,<name>,<settings>,<processors>,<how the disk interrupts>[,<arguments>]): settings as
# tests/system/boot has them.
define linux-test
TESTS += $(B)/hv-$(1)
$(B)/hv-$(1): $(B)/ringside.elf $(LINUX_DIR)/ramdisk $(LINUX_DIR)/disk tests/system/linux/module.mk
	@printf '#!/bin/sh\nCPUS=%s %s exec tests/system/linux/boot %s %s cpus=%s interrupts=%s %s\n' "$(3)" "$(2)" \
	  $(B)/ringside.elf $(LINUX_DIR) $(3) $(4) "$(5)" > $$@
	@chmod +x $$@
endef
$(eval $(call linux-test,linux,,1,msi-x))
$(eval $(call linux-test,linux-2,MODEL=max,2,msi-x))
$(eval $(call linux-test,linux-lines,,2,ioapic-level,pci=nomsi))

## linux-kernel: fetch the Linux that the system tests boot, without installing it
linux-kernel:
	@mkdir -p $(LINUX_DIR)
	@cd $(LINUX_DIR) && for package in $$(sed 's/#.*//' $(CURDIR)/mk/packages-linux); do \
	  apt-get -qq download $$(apt-cache depends $$package | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p'); \
	done && for file in linux-image-*.deb; do dpkg-deb -x $$file .; done

.PHONY: linux-kernel

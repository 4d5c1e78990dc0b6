# SPDX-License-Identifier: MIT
# The control domain, and its library, which control domains of tests are linked with too:
# $(call control-image,<name>,<files>) makes $(B)/guest/<name> of C files that define guest_main().
# Two folders deep, so that it is read after guest/module.mk.

DOM0_LIBRARY_C := $(wildcard dom0/*.c)

control-image = $(call guest-image,$(1),$(2) $(DOM0_LIBRARY_C))
$(eval $(call control-image,dom0,dom0/main/main.c))

# $(call ramdisk,<name>=<file> ...) as a recipe makes $@; the files are prerequisites.
ramdisk = mkdir -p $(@D) && dom0/ramdisk $(1) > $@

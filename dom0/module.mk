# SPDX-License-Identifier: MIT
# The control domain, and its library, which control domains of tests are linked with too:
# $(call control-image,<name>,<files>) makes $(B)/guest/<name> of C files that define guest_main().

DOM0_LIBRARY_C := $(filter-out dom0/main.c,$(wildcard dom0/*.c))

control-image = $(call guest-image,$(1),$(2) $(DOM0_LIBRARY_C))

# $(call ramdisk,<name>=<file> ...) as a recipe makes $@; the files are prerequisites.
ramdisk = mkdir -p $(@D) && dom0/ramdisk $(1) > $@

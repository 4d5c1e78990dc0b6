# SPDX-License-Identifier: MIT
# How a C file becomes an object. A variant is one set of compiler and flags:
#
#   $(B)/obj/<variant>/<path>.o             <path>.c
#   $(B)/obj/<variant>/<path>@<layout>.o    <path>.c with -DRING_LAYOUT=<layout>; see rings/layout.h
#
# $(call objects,<variant>,<files>) and $(call layout-objects,<variant>,<files>) name them;
# EXTRA_<path>.c adds flags to one file. A module.mk appends to
#   BUILD      what `make all` builds
#   TESTS      programs that print TAP; `make test` runs them in this order

JOBS ?= $(shell nproc)
CC := gcc
CLANG := clang-14

WARNINGS := -Wall -Wextra -Werror
COMMON := -std=gnu11 -g $(WARNINGS) -D_GNU_SOURCE -I. -MMD -MP

CC_opt := $(CC)
FLAGS_opt := -O2 -march=native -Irings/atomic -Ievtchn/atomic
# For counting instructions: those of any x86-64, which valgrind knows, so that a count does not
# depend on the processor that it was made on.
CC_count := $(CC)
FLAGS_count := -O2 -Irings/atomic -Ievtchn/atomic
CC_asan := $(CLANG)
FLAGS_asan := -O1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Irings/atomic -Ievtchn/atomic
CC_tsan := $(CLANG)
FLAGS_tsan := -O1 -fsanitize=thread -fno-omit-frame-pointer -Irings/atomic -Ievtchn/atomic
CC_model := $(CC)
FLAGS_model := -O2 -Itests/model
CC_fuzz := $(CLANG)
FLAGS_fuzz := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -Itests/fuzz

VARIANTS := opt count asan tsan model fuzz

objects = $(patsubst %.c,$(B)/obj/$(1)/%.o,$(2))
layout-objects = $(foreach l,$(LAYOUTS),$(patsubst %.c,$(B)/obj/$(1)/%@$(l).o,$(2)))

define variant-rules
$(B)/obj/$(1)/%.o: %.c
	@mkdir -p $$(@D)
	@echo "  CC $(1) $$<"
	@$$(CC_$(1)) $$(COMMON) $$(FLAGS_$(1)) $$(EXTRA_$$<) -c $$< -o $$@
$(foreach l,$(LAYOUTS),$(call layout-rule,$(1),$(l)))
endef

define layout-rule

$(B)/obj/$(1)/%@$(2).o: %.c
	@mkdir -p $$(@D)
	@echo "  CC $(1) $$< for $(2)"
	@$$(CC_$(1)) $$(COMMON) $$(FLAGS_$(1)) $$(EXTRA_$$<) -DRING_LAYOUT=$(2) -c $$< -o $$@

endef

$(foreach v,$(VARIANTS),$(eval $(call variant-rules,$(v))))

-include $(shell test -d $(B)/obj && find $(B)/obj -name '*.d')

C_FILES = $(shell git ls-files '*.c' '*.h' 2>/dev/null)



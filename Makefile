# SPDX-License-Identifier: MIT
# Ringside: every entry point. `make` alone shows them. What a folder builds, its module.mk says.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

B := build

# The ring layouts, from their one list.
LAYOUTS := $(shell sed -n 's/^RING_LAYOUT.\([a-z0-9_]*\),.*/\1/p' rings/layouts.def)

include mk/build.mk
include $(wildcard */module.mk */*/module.mk */*/*/module.mk)

## help: show this list
help:
	@printf 'Ringside: measuring I/O rings, event channels and domain scheduling\n\n'
	@sed -n 's/^## \([a-z-]*\): \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | sort -u \
	  | awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

## deps: install the Debian packages that building and testing need
deps:
	@mk/deps.sh mk/packages

## deps-peers: install the Debian packages of the rings that ours are compared with
deps-peers:
	@mk/deps.sh mk/packages-peers

## all: build everything
all: deps
	@$(MAKE) --no-print-directory -j$(JOBS) build

build: $(BUILD)

## format: lay out all C source as .clang-format says
format:
	clang-format-14 -i $(C_FILES)

## lint: check the layout of C source and run clang-tidy over it
lint: lint-format lint-tidy

lint-format:
	@clang-format-14 --dry-run --Werror $(C_FILES)

# Each source as it is compiled; one that is compiled once a layout, with one of them.
LINT_FILES = $(filter %.c,$(C_FILES))
LINT_LAYOUT = $(shell grep -l '"rings/layout.h"' $(LINT_FILES))
LINT_ATOMIC_model := -Itests/model
LINT_ATOMIC_fuzz := -Itests/fuzz

lint-tidy: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(LINT_FILES:%.c=$(B)/lint/%.ok)

$(B)/lint/%.ok: %.c .clang-tidy
	@mkdir -p $(@D)
	@echo "  LINT $<"
	@clang-tidy-14 --quiet $< -- $(filter-out -MMD -MP,$(COMMON)) $(EXTRA_$<) \
	  $(or $(LINT_ATOMIC_$(notdir $(patsubst %/,%,$(dir $<)))),-Irings/atomic -Ievtchn/atomic) \
	  $(if $(filter $<,$(LINT_LAYOUT)),-DRING_LAYOUT=lamport)
	@touch $@

## clean: remove everything that was built (results stay)
clean:
	rm -rf $(B)

.PHONY: help deps deps-peers all build format lint lint-format lint-tidy clean

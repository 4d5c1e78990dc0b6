# SPDX-License-Identifier: MIT
# Parts of the hypervisor that are arithmetic on what they are given, as programs of the host, under
# the sanitizers. arch_inline.h of this folder stands for the processor's.

CC_hvtest := $(CLANG)
FLAGS_hvtest := $(FLAGS_asan) -Itests/hv -Ihv/arch/x86_64
$(eval $(call variant-rules,hvtest))

# $(call hv-test,<name>,<the hypervisor's files>[,<libraries>])
define hv-test
TESTS += $(B)/test_hv_$(1)
EXTRA_tests/hv/test_$(1).c := -Itests/hv
$(B)/test_hv_$(1): $(call objects,hvtest,tests/hv/test_$(1).c $(2))
	@$(CC_hvtest) $(FLAGS_hvtest) $$^ -lcmocka $(3) -o $$@
endef
EXTRA_tests/hv/machine.c := -Itests/hv
EXTRA_tests/hv/no_tables.c := -Itests/hv
EXTRA_tests/hv/low_memory.c := -Itests/hv

$(eval $(call hv-test,format,hv/core/format.c))
$(eval $(call hv-test,buddy,tests/hv/machine.c tests/hv/no_tables.c hv/core/buddy.c hv/core/frame.c))
$(eval $(call hv-test,frame,tests/hv/machine.c hv/core/frame.c))
$(eval $(call hv-test,kernel,tests/hv/plan_check.c hv/build/elf.c hv/build/plan.c hv/core/format.c))
$(eval $(call hv-test,image,$(addprefix hv/build/,image.c inflate.c crc32.c)))
$(eval $(call hv-test,xz,$(addprefix hv/build/,xz.c lzma2.c branches.c crc32.c)))
$(eval $(call hv-test,ranges,hv/core/ranges.c))
$(eval $(call hv-test,console_ring,hv/core/console_ring.c))
$(eval $(call hv-test,rate_limit,hv/core/rate_limit.c,-lpthread))
$(eval $(call hv-test,option,hv/core/option.c hv/core/format.c))
$(eval $(call hv-test,boot_memory,tests/hv/machine.c $(addprefix hv/core/,boot_memory.c boot_info.c format.c)))
$(eval $(call hv-test,multiboot,tests/hv/low_memory.c hv/arch/x86_64/multiboot.c hv/core/boot_info.c hv/core/format.c))
$(eval $(call hv-test,acpi_interrupts,hv/arch/x86_64/acpi_interrupts.c))
$(eval $(call hv-test,acpi_fixed,hv/arch/x86_64/acpi_fixed.c))
$(eval $(call hv-test,irq_vectors,hv/arch/x86_64/irq_vectors.c))

# Grants between two domains, whose page tables are arrays.
$(eval $(call hv-test,grant,$(addprefix tests/hv/,machine.c no_tables.c) $(addprefix hv/core/,grant_entry.c grant_mapping.c grant_map.c \
    grant_copy.c grant_transfer.c grant_table.c domain_memory.c domain_table.c buddy.c frame.c),-lpthread))
EXTRA_tests/hv/test_grant.c += -Ihv/arch/x86_64

# Performance counters, on the processor of pmu_processor.c.
PMU_C := hv/core/format.c $(addprefix hv/arch/x86_64/,pmu_machine.c pmu_counters.c pmu_page.c)
$(eval $(call hv-test,pmu,tests/hv/pmu_processor.c $(PMU_C)))
$(eval $(call hv-test,pmu_vcpu,$(addprefix tests/hv/,pmu_processor.c machine.c no_tables.c) $(PMU_C) \
    $(addprefix hv/core/,frame.c option.c) $(addprefix hv/arch/x86_64/,pmu.c pmu_vcpu.c)))
EXTRA_tests/hv/test_pmu_vcpu.c += -Ihv/arch/x86_64

# A guest's side of them, on that.
$(eval $(call hv-test,counters,$(addprefix tests/hv/,pmu_processor.c machine.c no_tables.c) $(PMU_C) \
    $(addprefix guest/,counters.c counters_list.c lib/text.c) $(addprefix hv/core/,frame.c option.c) $(addprefix hv/arch/x86_64/,pmu.c pmu_vcpu.c)))
EXTRA_tests/hv/test_counters.c += -Ihv/arch/x86_64

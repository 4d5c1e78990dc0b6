/* SPDX-License-Identifier: MIT */
/* libFuzzer's entry for one kind of input of the hypervisor: FUZZ_ONE is its function. */
#include "tests/fuzz/fuzz_hv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FUZZ_ONE(data, size);
    return 0;
}

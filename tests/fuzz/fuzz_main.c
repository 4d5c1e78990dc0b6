/* SPDX-License-Identifier: MIT */
/* libFuzzer's entry for one layout. */
#include <stddef.h>
#include <stdint.h>

#include "rings/layout.h"

void R(fuzz_one)(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    R(fuzz_one)(data, size);
    return 0;
}

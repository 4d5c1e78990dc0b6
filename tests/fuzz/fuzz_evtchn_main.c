/* SPDX-License-Identifier: MIT */
/* libFuzzer's entry for evtchn/. */
#include "tests/fuzz/fuzz_evtchn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_evtchn_one(data, size);
    return 0;
}

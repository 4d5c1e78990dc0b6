/* SPDX-License-Identifier: MIT */
/* Both halves of evtchn/ on a hostile guest's memory: what one input does. */
#ifndef TESTS_FUZZ_FUZZ_EVTCHN_H
#define TESTS_FUZZ_FUZZ_EVTCHN_H

#include <stddef.h>
#include <stdint.h>

void fuzz_evtchn_one(const uint8_t *data, size_t size);

#endif

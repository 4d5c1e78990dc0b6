/* SPDX-License-Identifier: MIT */
/* What the parts of the hypervisor under test find around them, and what they must not do. */
#ifndef TESTS_HV_MACHINE_H
#define TESTS_HV_MACHINE_H

#include <stdbool.h>

#include "tests/unit/tap.h"

/* Does this panic? Whatever is checked ends there, with its locks held: start anew afterwards. */
#define PANICS(statement)                                                            \
    (machine_panic_expected = true, setjmp(machine_panicked) == 0                    \
                                        ? ((void)(statement), machine_calm(), false) \
                                        : (machine_calm(), true))

extern jmp_buf machine_panicked;
extern bool machine_panic_expected;
void machine_calm(void);

/* Fresh memory, and a frame table of free frames: [0, frames). with_contents: can be mapped. */
void machine_start(uint64_t frames, bool with_contents);
void machine_end(void);

#endif

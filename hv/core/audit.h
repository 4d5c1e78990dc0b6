/* SPDX-License-Identifier: MIT */
/* Does the frame table say what is? Recounted from owners, page tables and roots. */
#ifndef HV_AUDIT_H
#define HV_AUDIT_H

#include "hv/core/types.h"

/* How many things are wrong; each is logged. All vcpus stand still. */
uint64_t audit_frames(void);

/* For arch_audit_*: a reference, that is a use too. */
void audit_count(mfn_t m, bool used);

/* The end of a run: recounts if option `audit` says so, and says what it found. */
void audit_at_end(void);

#endif

/* SPDX-License-Identifier: MIT */
/* FPU and extended state: Intel SDM volume 1, chapter 13. Saved and loaded with the vcpu, never
 * lazily: registers of another guest are not left lying around. */
#ifndef X86_FPU_H
#define X86_FPU_H

#include "hv/core/types.h"

struct vcpu;

/* What this CPU has; the same on all. */
void fpu_init(void);

/* Memory for a vcpu, with the registers as after a reset. false: none. */
bool fpu_init_vcpu(struct vcpu *v);

void fpu_free_vcpu(struct vcpu *v);

void fpu_save(struct vcpu *v);
void fpu_load(const struct vcpu *v);

/* The guest's CR0.TS: its next use of the FPU is an exception. v runs here. */
void fpu_set_task_switched(struct vcpu *v, bool on);

/* What may be in XCR0; 0: there is no XSAVE. */
extern uint64_t fpu_features;

/* From and to a vcpu_guest_context: 512 bytes as FXSAVE has them; and as after a reset. v does not
 * run. */
void fpu_import(struct vcpu *v, const void *image);
void fpu_export(const struct vcpu *v, void *image);
void fpu_reset(struct vcpu *v);

/* For XSETBV. false: not allowed. v runs here. */
bool fpu_set_xcr0(struct vcpu *v, uint64_t value);

#endif

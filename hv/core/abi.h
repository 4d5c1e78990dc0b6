/* SPDX-License-Identifier: MIT */
/*
 * The guest's side of every interface: Debian's libxen-dev headers, in their latest form.
 *
 * As the tools see them, because a hypervisor reads and writes the control interfaces too, and
 * registers by all their names. Error numbers are XEN_E..., returned negative.
 */
#ifndef HV_ABI_H
#define HV_ABI_H

#include <stddef.h>
#include <stdint.h>

#define __XEN_TOOLS__ 1
#include <xen/xen.h>
#include <xen/errno.h>

/* Linux's number; between parts of the hypervisor only: what a long operation returns when it has
 * come to a good place to be continued from. */
#define XEN_ERESTART 85

#endif

/* SPDX-License-Identifier: MIT */
/*
 * The public ABI, from libxen-dev's headers, in the one interface version that this library speaks:
 * the latest that 4.17's headers know. As the tools see them, because the control domain is a guest
 * too. Every file includes the headers through here, so that no two see different structures.
 */
#ifndef GUEST_XEN_H
#define GUEST_XEN_H

#include <stdint.h>

#define __XEN_TOOLS__ 1

#include <xen/xen.h>
#include <xen/errno.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#endif

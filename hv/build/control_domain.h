/* SPDX-License-Identifier: MIT */
/* The first domain: made by the hypervisor of the boot loader's modules, kernel and ramdisk. */
#ifndef BUILD_CONTROL_DOMAIN_H
#define BUILD_CONTROL_DOMAIN_H

/* Its vcpu 0 is runnable afterwards. Ends the machine with a message if it cannot be made. */
void control_domain_build(void);

#endif

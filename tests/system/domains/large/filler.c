/* SPDX-License-Identifier: MIT */
/* Two megabytes that make a kernel's image as large as one that does something. */
#define FILLER_SIZE (2UL << 20)

__attribute__((used)) static const unsigned char filler[FILLER_SIZE] = {[FILLER_SIZE - 1] = 1};

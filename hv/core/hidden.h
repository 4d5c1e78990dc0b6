/* SPDX-License-Identifier: MIT */
/* Included before all else: everything is in one image, so that no access goes by a table. */
#pragma GCC visibility push(hidden)

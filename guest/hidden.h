/* SPDX-License-Identifier: MIT */
/*
 * Included before everything (guest/module.mk): an image is linked as a whole, so a symbol declared
 * in one file and defined in another is reached directly, not through a table. -fvisibility=hidden
 * says so of definitions only.
 */
#pragma GCC visibility push(hidden)

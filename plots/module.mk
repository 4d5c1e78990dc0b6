# SPDX-License-Identifier: MIT
TESTS += plots/test/figures

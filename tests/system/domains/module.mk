# SPDX-License-Identifier: MIT
# Many domains: control domains that test, and the domains that they start.

$(eval $(call guest-image,hello,tests/system/domains/hello.c))

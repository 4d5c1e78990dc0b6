#!/bin/sh
# SPDX-License-Identifier: MIT
# deps.sh LIST: installs the Debian packages in LIST (a name a line, # for comments) that are
# missing. With nothing missing it does nothing. Where it may not or cannot install, it prints what
# is missing and exits with 1.
set -u
list=$1
wanted=$(sed 's/#.*//' "$list" | tr -s ' \n' ' ')

give_up() {
    echo "deps: $1" >&2
    echo "deps: missing packages (Debian names): $missing" >&2
    exit 1
}

missing=$wanted
command -v dpkg-query >/dev/null 2>&1 || give_up "this is not a Debian system; install these by its own means"

missing=
for package in $wanted; do
    status=$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)
    [ "$status" = installed ] || missing="$missing $package"
done
missing=${missing# }
[ -z "$missing" ] && exit 0

command -v apt-get >/dev/null 2>&1 || give_up "apt-get is not here"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || give_up "not root, and sudo is not here"
    # A terminal can ask for a password; without one only a password-less sudo works.
    if [ -t 0 ]; then as_root="sudo"; else as_root="sudo -n"; fi
    $as_root true 2>/dev/null || give_up "not root, and sudo refuses"
fi

echo "deps: installing $missing"
install() {
    $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends $missing </dev/null
}
# The package lists may be missing or old on a fresh machine: refresh them once if need be.
install >/dev/null 2>&1 && exit 0
$as_root apt-get update -q </dev/null || give_up "apt-get update failed"
install || give_up "apt-get install failed"

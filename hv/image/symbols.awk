# SPDX-License-Identifier: MIT
# From `nm -n`: a line for each function, its address and its name, and zeros up to what hv.lds.S
# keeps for them. See hv/arch/x86_64/show.c.
BEGIN { room = 65536 }
$2 ~ /^[tT]$/ && $3 !~ /^\.|^(image_start|text_end)$/ {
    line = $1 " " $3 "\n"
    printf "%s", line
    used += length(line)
}
END {
    if (used >= room) {
        print "symbols.awk: " used " bytes of names, room for " room > "/dev/stderr"
        exit 1
    }
    for (; used < room; used++)
        printf "%c", 0
}

# SPDX-License-Identifier: MIT
# From `nm -n`: the addresses and names of functions, as assembly. See hv/arch/x86_64/show.c.
$2 ~ /^[tT]$/ && $3 !~ /^\.|^(image_start|text_end)$/ {
    addresses = addresses "    .quad 0x" $1 ", 8f + " offset "\n"
    names = names "    .asciz \"" $3 "\"\n"
    offset += length($3) + 1
    count++
}
BEGIN { offset = 0; count = 0 }
END {
    print "    .section .symbols, \"a\""
    print "    .balign 8"
    print "    .globl symbols, symbol_count"
    print "symbol_count:"
    print "    .quad " count
    print "symbols:"
    printf "%s", addresses
    print "8:"
    printf "%s", names
    print "    .section .note.GNU-stack, \"\", @progbits"
}

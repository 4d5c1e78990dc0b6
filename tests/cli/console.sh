# SPDX-License-Identifier: MIT
# What machines made up for tests say: lines of bench/domains/result.h and control.c.

# ended NAME LINE...: what a domain says, and its end with the checksum
ended() {
    local name=$1 sum=$((0x811c9dc5)) line i lines=0
    shift
    for line; do
        echo "[$name] $line"
        lines=$((lines + 1))
        for ((i = 0; i < ${#line}; i++)); do
            sum=$(((sum ^ $(printf %d "'${line:i:1}")) * 0x01000193 & 0xffffffff))
        done
        sum=$(((sum ^ 10) * 0x01000193 & 0xffffffff))
    done
    echo "[$name] @ end $lines $sum"
}

# end_of_ring NAME ELAPSED: one end of a ring (bench/domains/ring.c)
end_of_ring() {
    ended "$1" '@ number requests 1000' "@ number elapsed $2" '@ number running 400000' '@ number tells 500' \
        '@ number sleeps 250' '@ number events 500' '@ number clock 55'
}

# ring_points ELAPSED: a boot with a layout's five policies
ring_points() {
    local point
    echo '(hv) a hypervisor'
    for point in 0 1 2 3 4; do
        echo "@ point $point"
        end_of_ring back "$1"
        echo '# back: ended: power off'
        end_of_ring front "$1"
        echo "@ good $point"
    done
    echo '@ over'
}

# SPDX-License-Identifier: MIT
# Two metrics of each notification policy against offered load: data for load.gp.
#
# Prints scale_x (thousand requests/s), silent_x (without labels), scale_wakes, scale_cpu (µs),
# name[i], blank[i], line styles i and, index i - 1 of each, $wakes and $cpu (x y lo hi).

BEGIN {
    rows = read_table("t", ENVIRON["summary"])
    if (rows < 0)
        fail("cannot read " ENVIRON["summary"])
    for (r = 1; r <= rows; r++)
        plottable += kept[r] = cell["t", r, "load"] + 0 > 0 && meets("t", r, ENVIRON["where"]) &&
                               (metric("t", r, "wakes_per_request") != "" ||
                                metric("t", r, "cpu_back_ns_per_request") > 0)
    if (!plottable)
        fail("no row of " ENVIRON["summary"] " has a load, and wake-ups or CPU time" \
             (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))

    slice("t", rows, "policy", "policy load kind", "transport threshold coalesce_n coalesce_ns spin_ns")
    read_styles(ENVIRON["styles"])
    collect()
    print_data("wakes", "wakes_per_request", 1, 0)
    print "scale_wakes = " quote(scale("y", 0, most, LINEAR_SPAN, 5))
    print_data("cpu", "cpu_back_ns_per_request", 1000, 1)
    print "scale_cpu = " quote(least == "" ? "set yrange [0:1]; " : scale("y", least, most, LINEAR_SPAN, 5))
    print "scale_x = " quote(x_scale(xs, nx, 1000))
    print "silent_x = " quote(silent(x_scale(xs, nx, 1000)))

    print "others = " quote(others)
    print_caption(statistics_text("t", rows) "; " \
                  slice_text("subject batch req_size rsp_size entries fronts") parameters() \
                  "; wake-ups and CPU time of the back end. " ENVIRON["caption"], ENVIRON["width"])
}

function collect(    r, p, v)
{
    for (r = 1; r <= rows; r++) {
        if (!kept[r])
            continue
        p = cell["t", r, "policy"]
        if (!(p in number)) {
            number[p] = ++series
            name[series] = p
            sample[series] = r
        }
        v = cell["t", r, "load"]
        row[number[p], v] = r
        if (!(v in seen)) {
            seen[v] = 1
            xs[++nx] = v
        }
    }
    sort(xs, nx)
    printf "series = %d\narray name[%d]\narray blank[%d]\nall = ''\n", series, series, series
    for (p = 1; p <= series; p++) {
        printf "name[%d] = %s\nall = all.' %d'\n", p, quote(name[p]), p
        print_style(p, name[p], "policy")
    }
}

# The policies' own parameters, where they have any.
function parameters(    s, text)
{
    for (s = 1; s <= series; s++) {
        text = text own(s, "threshold", "threshold ") own(s, "coalesce_n", "after ")
        text = text own(s, "coalesce_ns", "or ") own(s, "spin_ns", "spins ")
    }
    return text
}

function own(s, a, lead,    v)
{
    v = cell["t", sample[s], a]
    if (!is_number(v) || (a == "threshold" && v == 1))
        return ""
    return (a == "coalesce_ns" ? " " : "; " name[s] " ") lead (a ~ /_ns$/ ? time(v) : v)
}

function print_data(block, y, unit, logarithmic,    p, k, r, v, lo, hi)
{
    least = most = ""
    print "$" block " << END_OF_POINTS"
    for (p = 1; p <= series; p++) {
        for (k = 1; k <= nx; k++) {
            if (!((p, xs[k]) in row))
                continue
            r = row[p, xs[k]]
            v = metric("t", r, y)
            if (v == "" || (logarithmic && v <= 0))
                continue
            v /= unit
            lo = bound("t", r, y, "lo") / unit
            hi = bound("t", r, y, "hi") / unit
            if (logarithmic && lo <= 0)
                lo = v
            printf "%.9g %.9g %.9g %.9g\n", xs[k] / 1000, v, lo, hi
            if (least == "" || lo < least)
                least = lo
            if (hi > most)
                most = hi
            drawn++
        }
        # A policy without the metric keeps its place among the indices.
        print "NaN NaN NaN NaN\n\n"
    }
    print "END_OF_POINTS"
}

# SPDX-License-Identifier: MIT
# A metric of each subject against one axis of a sweep: data for sweep.gp.
#
# Environment, besides table.awk's: x (candidate axes, the first that varies is drawn), y (metric),
# unit (that y is shown in). Prints
#   x_axis, measure, clock, scale_x, silent_x (without labels), scale_y
#   name[i], line styles i, $points index i - 1 (x y lo hi), i in 1..series
#   layouts, peers, raws, best     lists of i; best: the layouts that lead at some x

BEGIN {
    rows = read_table("t", ENVIRON["summary"])
    if (rows < 0)
        fail("cannot read " ENVIRON["summary"])
    y = ENVIRON["y"]
    for (r = 1; r <= rows; r++)
        plottable += kept[r] = metric("t", r, y) > 0 && meets("t", r, ENVIRON["where"])
    if (!plottable)
        fail("no row of " ENVIRON["summary"] " has a " y " above 0" \
             (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))

    x = choose_axis(ENVIRON["x"])
    slice("t", rows, "subject", "subject kind " x, has_axis("transport") ? "transport policy" : "")
    read_styles(ENVIRON["styles"])
    collect()
    find_best()
    print_series()

    printf "x_axis = %s\nmeasure = %s\nclock = %s\nothers = %s\n", quote(x), quote(fixed["measure"]),
        quote(clock_of("t", rows)), quote(others)
    print "scale_x = " quote(x_scale(xs, nx, 1))
    print "silent_x = " quote(silent(x_scale(xs, nx, 1)))
    print "scale_y = " quote(scale("y", least, most, LINEAR_SPAN, TALL))
    print_caption(clauses(statistics_text("t", rows),
                          slice_text((has_axis("transport") ? "measure " : "") \
                                     "transport machine policy events batch req_size rsp_size entries fronts")) ". " \
                  ENVIRON["caption"], ENVIRON["width"])
}

# The first candidate that takes more than one value, else the first.
function choose_axis(candidates,    a, n, i, r, first)
{
    n = split(candidates, a, " ")
    for (i = 1; i <= n; i++) {
        first = ""
        for (r = 1; r <= rows; r++) {
            if (!kept[r] || !is_number(cell["t", r, a[i]]))
                continue
            if (first == "")
                first = cell["t", r, a[i]]
            else if (cell["t", r, a[i]] != first)
                return a[i]
        }
    }
    return a[1]
}

# Series in the order of the data, and the x values that they have.
function collect(    r, s, v)
{
    for (r = 1; r <= rows; r++) {
        if (!kept[r])
            continue
        # Only a limit may lie at no place of the axis.
        s = cell["t", r, "subject"]
        if (!is_number(cell["t", r, x]) && cell["t", r, "kind"] != "raw")
            continue
        if (!(s in number)) {
            number[s] = ++series
            name[series] = s
            kind[series] = cell["t", r, "kind"]
        }
        v = cell["t", r, x]
        if (!((number[s], v) in row))
            count[number[s]]++
        row[number[s], v] = r
        if (is_number(v) && !(v in seen)) {
            seen[v] = 1
            xs[++nx] = v
        }
    }
    if (!nx)
        xs[++nx] = 1
    sort(xs, nx)
}

# Of the layouts, those that lead at some x; the three that lead most often if there are more.
function find_best(    i, k, s, v, leader, lead, wins, pick)
{
    for (k = 1; k <= nx; k++) {
        leader = 0
        for (s = 1; s <= series; s++) {
            if (kind[s] != "layout" || !((s, xs[k]) in row))
                continue
            v = metric("t", row[s, xs[k]], y)
            if (!leader || v > lead) {
                leader = s
                lead = v
            }
        }
        wins[leader]++
    }
    for (i = 1; i <= 3; i++) {
        pick = 0
        for (s = 1; s <= series; s++)
            if (wins[s] > 0 && (!pick || wins[s] > wins[pick]))
                pick = s
        if (pick)
            list["best"] = list["best"] " " pick
        wins[pick] = 0
    }
}

function print_point(at, r,    v, lo, hi)
{
    v = metric("t", r, y) / unit
    lo = bound("t", r, y, "lo") / unit
    hi = bound("t", r, y, "hi") / unit
    if (lo <= 0)
        lo = v
    printf "%.9g %.9g %.9g %.9g\n", at, v, lo, hi
    if (least == "" || lo < least)
        least = lo
    if (hi > most)
        most = hi
}

function print_series(    s, k, at)
{
    unit = ENVIRON["unit"]
    printf "series = %d\narray name[%d]\narray blank[%d]\n", series, series, series
    for (s = 1; s <= series; s++) {
        printf "name[%d] = %s\n", s, quote(name[s])
        print_style(s, name[s], kind[s])
        list[kind[s]] = list[kind[s]] " " s
    }
    print "$points << END_OF_POINTS"
    for (s = 1; s <= series; s++) {
        if (count[s] == 1 && kind[s] == "raw") {
            # A limit that was taken once holds all along the axis.
            for (k in xs)
                at = (s, xs[k]) in row ? xs[k] : at
            at = (s, "NA") in row ? "NA" : at
            print_point(xs[1] / 2, row[s, at])
            print_point(xs[nx] * 2, row[s, at])
        } else {
            for (k = 1; k <= nx; k++) {
                if (!((s, xs[k]) in row))
                    continue
                # With a single x the series stand side by side around its tic.
                at = nx == 1 && series > 1 ? xs[k] * 2 ^ (1.6 * ((s - 1) / (series - 1) - 0.5)) : xs[k]
                print_point(at, row[s, xs[k]])
            }
        }
        print "\n"
    }
    print "END_OF_POINTS"
    printf "layouts = %s\npeers = %s\nraws = %s\nbest = %s\n", quote(list["layout"]), quote(list["peer"]),
        quote(list["raw"]), quote(list["best"])
}

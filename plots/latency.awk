# SPDX-License-Identifier: MIT
# Latency distributions of each subject: data for latency.gp.
#
# The curves are the histograms in `hists` (index.csv names them; .hgrm text: value, percentile as a
# fraction, count), which hold all repetitions together. The marks are the summary's medians over
# repetitions of p50, p90, p99 and p99.9. Prints
#   measure, clock, unit, scale_y, layouts, peers, raws, best (the layouts that lead at a mark)
#   name[i], blank[i], line styles i and, index i - 1 of each, $lines (x y) and $points (x y lo hi),
#   where x = 1 / (1 - p)

BEGIN {
    MARKS = split("p50_ns p90_ns p99_ns p999_ns", mark, " ")
    split("2 10 100 1000", mark_x, " ")
    X_MAX = 1000 # p99.9
    US_FROM = 10000

    index_path = ENVIRON["hists"] "/index.csv"
    rows = read_table("i", index_path)
    if (rows < 0)
        fail("cannot read " index_path)
    summary_rows = read_table("t", ENVIRON["summary"])
    for (r = 1; r <= rows; r++)
        plottable += kept[r] = meets("i", r, ENVIRON["where"])
    if (!plottable)
        fail("no histogram in " index_path (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))
    # A summary that was narrowed down to what is to be drawn narrows down the histograms, too.
    for (r = 1; r <= rows; r++)
        summarised += kept[r] && summary_row(r)
    for (r = 1; r <= rows && summarised; r++)
        kept[r] = kept[r] && summary_row(r)
    slice("i", rows, "subject", "subject kind", has_axis("transport") ? "transport policy" : "")
    read_styles(ENVIRON["styles"])
    choose_unit()
    print "$lines << END_OF_POINTS"
    for (r = 1; r <= rows; r++)
        if (kept[r])
            read_curve(r)
    print "END_OF_POINTS"
    if (!series)
        fail("no histogram with values in " ENVIRON["hists"])
    print_points()
    print_series()

    print "scale_y = " quote(scale("y", least, most, 1, TALL))
    printf "measure = %s\nclock = %s\nothers = %s\n", quote(fixed["measure"]), quote(clock_of("i", rows)), quote(others)
    # The statistics are the summary's: count the repetitions of the rows that were found there.
    split("", kept)
    for (s = 1; s <= series; s++)
        if (joined[s])
            kept[joined[s]] = 1
    print_caption(clauses("Lines: all repetitions. Marks: " lower_first(statistics_text("t", summary_rows)),
                          slice_text((has_axis("transport") ? "measure " : "") \
                                     "transport machine policy events batch req_size rsp_size entries fronts load")) ". " \
                  ENVIRON["caption"], ENVIRON["width"])
}

function lower_first(text)
{
    return tolower(substr(text, 1, 1)) substr(text, 2)
}

# µs where every median is some of them.
function choose_unit(    r, t)
{
    unit = clock_of("i", rows) == "instructions" ? 1 : 1000
    for (r = 1; r <= rows; r++) {
        t = kept[r] ? summary_row(r) : 0
        if (t && metric("t", t, mark[1]) < US_FROM)
            unit = 1
    }
    print "unit = " quote(unit == 1 ? "ns" : "µs")
}

function extent(v)
{
    if (least == "" || v < least)
        least = v
    if (v > most)
        most = v
}

# Prints one histogram's curve. One that cannot be read, or is empty, is no series.
function read_curve(r,    path, i, n)
{
    path = cell["i", r, "file"]
    sub(/.*\//, "", path)
    path = ENVIRON["hists"] "/" path
    n = read_histogram(path, X_MAX)
    if (!n) {
        others = others (others == "" ? "" : "; ") "unreadable " path
        return
    }
    name[++series] = cell["i", r, "subject"]
    kind[series] = cell["i", r, "kind"]
    joined[series] = summary_row(r)
    for (i = 1; i <= n; i++) {
        if (hist_value[i] <= 0)
            continue
        printf "%.6g %.9g\n", hist_x[i], hist_value[i] / unit
        extent(hist_value[i] / unit)
    }
    print "\n"
}

# The summary's row with the same axes as a row of the index; 0 if there is none.
function summary_row(r,    t, i, same)
{
    for (t = 1; t <= summary_rows; t++) {
        same = 1
        for (i = 1; same && i <= AXES; i++)
            same = cell["t", t, axis[i]] "" == cell["i", r, axis[i]] ""
        if (same)
            return t
    }
    return 0
}

function print_points(    s, m, v, lo, hi)
{
    print "$points << END_OF_POINTS"
    for (s = 1; s <= series; s++) {
        for (m = 1; m <= MARKS; m++) {
            v = joined[s] ? metric("t", joined[s], mark[m]) : ""
            if (v == "" || v <= 0)
                continue
            v /= unit
            lo = bound("t", joined[s], mark[m], "lo") / unit
            hi = bound("t", joined[s], mark[m], "hi") / unit
            if (lo <= 0)
                lo = v
            printf "%s %.9g %.9g %.9g\n", mark_x[m], v, lo, hi
            extent(lo)
            extent(hi)
            if (kind[s] == "layout" && (!leader[m] || v < lead[m])) {
                leader[m] = s
                lead[m] = v
            }
        }
        print "NaN NaN NaN NaN\n\n"
    }
    print "END_OF_POINTS"
}

function print_series(    s, m, list)
{
    printf "series = %d\narray name[%d]\narray blank[%d]\n", series, series, series
    for (s = 1; s <= series; s++) {
        printf "name[%d] = %s\n", s, quote(name[s])
        print_style(s, name[s], kind[s])
        list[kind[s]] = list[kind[s]] " " s
    }
    for (m = 1; m <= MARKS; m++)
        if (leader[m] && !index(list["best"] " ", " " leader[m] " "))
            list["best"] = list["best"] " " leader[m]
    printf "layouts = %s\npeers = %s\nraws = %s\nbest = %s\n", quote(list["layout"]), quote(list["peer"]),
        quote(list["raw"]), quote(list["best"])
}

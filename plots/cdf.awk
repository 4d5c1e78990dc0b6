# SPDX-License-Identifier: MIT
# Distributions of dispatch latency by scheduler, a panel a number of hogs: data for wakeup.gp.
#
# The curves are the histograms in `hists` (index.csv names them; .hgrm text: value, percentile as a
# fraction), which hold all repetitions together. The marks are the summary's medians over repetitions
# of p50, p90 and p99. Prints
#   panels, hogs[p], scale_x, silent_x (without labels)
#   $linesP (x y, µs and 1 / (1 - p)) and $pointsP (x y lo hi, of x), index i - 1 for series i;
#   $predictedP likewise, curves of the simulator's predictions
#   name[i], line styles i, all

BEGIN {
    Y_MAX = 1000 # p99.9
    MARKS = split("p50_ns p90_ns p99_ns", mark, " ")
    split("2 10 100", mark_y, " ")
    PANELS_MAX = 4

    index_path = ENVIRON["hists"] "/index.csv"
    summary_rows = read_table("s", ENVIRON["summary"])
    rows = read_table("t", index_path)
    if (rows < 0)
        fail("cannot read " index_path)
    name_series("t", rows)
    for (r = 1; r <= rows; r++)
        plottable += kept[r] = !(("t", r) in predicts) && meets("t", r, ENVIRON["where"])
    if (!plottable)
        fail("no histogram in " index_path (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))
    slice_series("t", rows, "hogs")
    read_styles(ENVIRON["styles"])
    choose_panels()
    for (r = 1; r <= rows; r++)
        if (kept[r] && cell["t", r, "hogs"] in panel_of)
            read_curve(panel_of[cell["t", r, "hogs"]], r)
    if (!series)
        fail("no histogram with values in " ENVIRON["hists"])
    for (p = 1; p <= panels; p++)
        print_panel(p)
    print_scale()
    print_numbered()
    print "others = " quote(others)
    print_caption(clauses(clauses(statistics(), prediction_text()), world_text()) ". " ENVIRON["caption"], ENVIRON["width"])
}

# All numbers of hogs; of too many the first, the last and some between.
function choose_panels(    r, v, n, i, k, seen, left)
{
    for (r = 1; r <= rows; r++) {
        if (kept[r] && !(cell["t", r, "hogs"] in seen)) {
            seen[cell["t", r, "hogs"]] = 1
            v[++n] = cell["t", r, "hogs"]
        }
    }
    sort(v, n)
    panels = n < PANELS_MAX ? n : PANELS_MAX
    printf "panels = %d\narray hogs[%d]\n", panels, panels
    for (i = 1; i <= panels; i++) {
        k = panels == 1 ? 1 : 1 + int((n - 1) * (i - 1) / (panels - 1) + 0.5)
        panel_of[v[k]] = i
        printf "hogs[%d] = %s\n", i, quote(phrase("hogs", v[k]))
    }
    for (i = 1; i <= n; i++)
        if (!(v[i] in panel_of))
            left = left (left == "" ? "" : ", ") v[i]
    if (left != "")
        others = others (others == "" ? "" : "; ") "hogs " left
}

function read_curve(p, r,    s, q)
{
    s = number_of(cell["t", r, "series"])
    curve[p, s] = curve[p, s] curve_text(r)
    read_marks(p, s, r)
    q = prediction("t", r)
    if (q)
        pale[p, s] = pale[p, s] curve_text(q)
}

function curve_text(r,    path, i, n, v, text)
{
    path = cell["t", r, "file"]
    sub(/.*\//, "", path)
    path = ENVIRON["hists"] "/" path
    n = read_histogram(path, Y_MAX)
    if (!n)
        others = others (others == "" ? "" : "; ") "unreadable " path
    for (i = 1; i <= n; i++) {
        v = hist_value[i] / 1000
        text = text sprintf("%.9g %.6g\n", v, hist_x[i])
        if (least == "" || v < least)
            least = v
        if (v > most)
            most = v
    }
    return text
}

function print_panel(p,    s)
{
    printf "$lines%d << END_OF_LINES\n", p
    for (s = 1; s <= series; s++)
        printf "%sNaN NaN\n\n\n", curve[p, s]
    printf "END_OF_LINES\n$predicted%d << END_OF_LINES\n", p
    for (s = 1; s <= series; s++)
        printf "%sNaN NaN\n\n\n", pale[p, s]
    printf "END_OF_LINES\n$points%d << END_OF_POINTS\n", p
    for (s = 1; s <= series; s++)
        printf "%sNaN NaN NaN NaN\n\n\n", marks[p, s]
    print "END_OF_POINTS"
}

# The summary's medians over repetitions of a curve's percentiles, and their intervals.
function read_marks(p, s, of,    r, m, v)
{
    for (r = 1; r <= summary_rows; r++) {
        if (!same_axes(r, of))
            continue
        for (m = 1; m <= MARKS; m++) {
            v = metric("s", r, mark[m])
            if (v > 0)
                marks[p, s] = marks[p, s] sprintf("%.9g %d %.9g %.9g\n", v / 1000, mark_y[m],
                                                  bound("s", r, mark[m], "lo") / 1000,
                                                  bound("s", r, mark[m], "hi") / 1000)
        }
    }
}

function same_axes(r, of,    i)
{
    for (i = 1; i <= AXES; i++)
        if (cell["s", r, axis[i]] "" != cell["t", of, axis[i]] "")
            return 0
    return 1
}

# Whole decades, labelled as times.
function print_scale(    k, tics)
{
    for (k = floor(log10(least)); k <= floor(log10(most)) + 1; k++)
        tics = tics (tics == "" ? "" : ", ") sprintf("\"%s\" %.9g", k < 0 ? 10 ^ (k + 3) " ns" : k < 3 ? 10 ^ k " µs" : \
                                                     k < 6 ? 10 ^ (k - 3) " ms" : 10 ^ (k - 6) " s", 10 ^ k)
    tics = sprintf("set logscale x; set xrange [%.9g:%.9g]; set xtics (%s); ", least * 0.7, most * 2.5, tics)
    print "scale_x = " quote(tics)
    print "silent_x = " quote(silent(tics))
}

# What lines and marks are. All repetitions of the summary's rows are in them.
function statistics(    r, n, exact)
{
    exact = 1
    for (r = 1; r <= rows; r++)
        if (kept[r])
            exact = exact && is_exact("t", r)
    for (r = 1; r <= summary_rows; r++)
        if (cell["s", r, "n"] + 0 > n)
            n = cell["s", r, "n"] + 0
    if (exact && n > 1)
        return "The same in " n " repetitions"
    if (n == 1)
        return "One repetition, no intervals"
    return "Lines: " (n == "" ? "the repetitions" : numbered(n, "repetition")) \
           " together. Marks: their medians, bars: bootstrap 95 % intervals"
}

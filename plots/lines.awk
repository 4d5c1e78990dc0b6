# SPDX-License-Identifier: MIT
# Metrics against an axis, a panel each: data for panels.gp. What a series is, scheduler.awk or policy.awk says.
#
# Environment, besides table.awk's: panels, each `y|x|where|unit|x unit|free`, blanks between them. y is a
# metric, or with x = window the beginning of those that end in a length of time; x an axis or another
# metric; where
# is what the panel is restricted to ("axis=value,axis=value" or -); values are shown in units of
# `unit` and `x unit`; `free`, which may be left out, is an axis that is not fixed: of rows that differ
# in it, a series shows the last. Prints
#   clock, panels, panel p:  scale_x[p], silent_x[p] (without labels), scale_y[p]
#   $linesP (x y), $pointsP (x y lo hi), index i - 1 of each for series i; name[i], line styles i, all
#   $predictedP (x y), likewise, of the simulator's predictions
# A series that lies at no place of the axis is level all along it, with a single mark. A panel whose
# shows[p] is 0 has nothing to show.

BEGIN {
    WINDOWS = split("10ms 30ms 100ms 300ms 1s 3s 10s", window, " ")
    split("10 30 100 300 1000 3000 10000", window_ms, " ")
    LABELS = 5 # that fit a panel's height

    rows = read_table("t", ENVIRON["summary"])
    if (rows < 0)
        fail("cannot read " ENVIRON["summary"])
    name_series("t", rows)
    read_styles(ENVIRON["styles"])
    panels = split(ENVIRON["panels"], spec, " ")
    for (p = 1; p <= panels; p++)
        collect(p)
    if (!series)
        fail("no row of " ENVIRON["summary"] " has what this figure shows" \
             (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))
    print "clock = " quote(clocks ~ /,/ ? "" : clocks)
    printf "panels = %d\narray scale_x[%d]\narray silent_x[%d]\narray scale_y[%d]\narray shows[%d]\n", panels, panels, panels, panels, panels
    for (p = 1; p <= panels; p++) {
        printf "shows[%d] = %d\n", p, (nx[p] > 0)
        if (nx[p])
            print_panel(p)
    }
    print_numbered()
    print "others = " quote(all_others)
    print_caption(clauses(clauses(common_statistics(), prediction_text()), caption_text()) ". " ENVIRON["caption"], ENVIRON["width"])
}

# Does a row have any of the panel's values?
function has_value(p, r,    k)
{
    if (x[p] != "window")
        return value(p, r, "") != ""
    for (k = 1; k <= WINDOWS; k++)
        if (value(p, r, window[k]) != "")
            return 1
    return 0
}

# The metric of a row, or its bound; at a window, if there are any.
function value(p, r, at, side,    m, v)
{
    m = y[p] (at == "" ? "" : "_" at)
    v = side == "" ? metric("t", r, m) : bound("t", r, m, side)
    if (v == "")
        return ""
    return v / unit[p]
}

function collect(p,    part, restricted, r, s, k)
{
    split(spec[p], part, "|")
    split("", fixed)
    y[p] = part[1]
    x[p] = part[2]
    unit[p] = part[4]
    x_unit[p] = part[5]
    nx[p] = 0 # untouched, gawk 5.2 takes it for what sort() counted for another panel
    restricted = part[3] == "-" ? "" : part[3]
    gsub(/,/, " ", restricted)
    for (r = 1; r <= rows; r++)
        kept[r] = !(("t", r) in predicts) && meets("t", r, ENVIRON["where"]) && meets("t", r, restricted) && has_value(p, r)
    slice_series("t", rows, x[p] " " part[6])
    for (r = 1; r <= rows; r++) {
        if (!kept[r])
            continue
        s = number_of(cell["t", r, "series"])
        if (x[p] == "window")
            for (k = 1; k <= WINDOWS; k++)
                place(p, s, window_ms[k], r, window[k])
        else
            place(p, s, cell["t", r, x[p]], r, "")
    }
    sort_places(p)
    if (!nx[p])
        return
    statistics[p] = statistics_text("t", rows)
    world[p] = world_text()
    if (!index("," clocks ",", "," clock_of("t", rows) ","))
        clocks = clocks (clocks == "" ? "" : ",") clock_of("t", rows)
    # What one panel leaves out may be what another one shows.
    if (others != "" && restricted == "")
        all_others = all_others (all_others == "" ? "" : "; ") others
}

function place(p, s, at, r, suffix,    v, q)
{
    v = value(p, r, suffix)
    if (v == "" || v <= 0)
        return
    if (!is_number(at))
        at = "level"
    at_row[p, s, at] = r
    at_suffix[p, at] = suffix
    q = prediction("t", r)
    if (q && value(p, q, suffix) > 0)
        at_predicted[p, s, at] = q
    if (at == "level" || (p, at) in seen_x)
        return
    seen_x[p, at] = 1
    xs[p, ++nx[p]] = at
}

function sort_places(p,    k, v)
{
    for (k = 1; k <= nx[p]; k++)
        v[k] = xs[p, k]
    sort(v, nx[p])
    for (k = 1; k <= nx[p]; k++)
        xs[p, k] = v[k]
}

function extent(v)
{
    if (least == "" || v < least)
        least = v
    if (v > most)
        most = v
}

function print_panel(p,    s, k, v, lo, hi, at, first, last, line, point, places, level, pale)
{
    least = most = ""
    first = xs[p, 1] / x_unit[p]
    last = xs[p, nx[p]] / x_unit[p]
    for (s = 1; s <= series; s++) {
        if ((p, s, "level") in at_row) {
            v = value(p, at_row[p, s, "level"], at_suffix[p, "level"])
            line = line sprintf("%.9g %.9g\n%.9g %.9g\n", first / 2, v, last * 2, v)
            # One mark, to tell it by, each series at a place of its own.
            level++
            point = point sprintf("%.9g %.9g %.9g %.9g\n", first * (last / first) ^ (level / 6 + 0.07), v, v, v)
            extent(v)
        }
        for (k = 1; k <= nx[p]; k++) {
            at = xs[p, k]
            if (!((p, s, at) in at_row))
                continue
            v = value(p, at_row[p, s, at], at_suffix[p, at])
            lo = value(p, at_row[p, s, at], at_suffix[p, at], "lo")
            hi = value(p, at_row[p, s, at], at_suffix[p, at], "hi")
            if (lo <= 0)
                lo = v
            line = line sprintf("%.9g %.9g\n", at / x_unit[p], v)
            point = point sprintf("%.9g %.9g %.9g %.9g\n", at / x_unit[p], v, lo, hi)
            extent(lo)
            extent(hi)
            if ((p, s, at) in at_predicted) {
                v = value(p, at_predicted[p, s, at], at_suffix[p, at])
                pale = pale sprintf("%.9g %.9g\n", at / x_unit[p], v)
                extent(v)
            }
        }
        # A series that the panel lacks keeps its place among the indices.
        line = line "NaN NaN\n\n\n"
        pale = pale "NaN NaN\n\n\n"
        point = point "NaN NaN NaN NaN\n\n\n"
    }
    printf "$lines%d << END_OF_LINES\n%sEND_OF_LINES\n", p, line
    printf "$predicted%d << END_OF_LINES\n%sEND_OF_LINES\n", p, pale
    printf "$points%d << END_OF_POINTS\n%sEND_OF_POINTS\n", p, point
    for (k = 1; k <= nx[p]; k++)
        places[k] = xs[p, k]
    at = is_metric(x[p]) ? scale("x", first, last, 1, LABELS) : x_scale(places, nx[p], x_unit[p])
    printf "scale_x[%d] = %s\n", p, quote(at)
    printf "silent_x[%d] = %s\n", p, quote(silent(at))
    printf "scale_y[%d] = %s\n", p, quote(scale("y", least, most, LINEAR_SPAN, LABELS))
}

function is_metric(name,    i)
{
    for (i = 1; i <= columns["t"]; i++)
        if (column["t", i] == name "_lo")
            return 1
    return 0
}

# What all panels' worlds have in common, and then what each has of its own.
function caption_text(    p, i, n, term, common, own, text)
{
    n = split(world[some_panel()], term, ", ")
    for (i = 1; i <= n; i++)
        if (in_all(term[i]))
            common = common (common == "" ? "" : ", ") term[i]
    for (p = 1; p <= panels; p++) {
        n = split(world[p], term, ", ")
        own = common_statistics() == "" ? statistics[p] : ""
        for (i = 1; i <= n; i++)
            if (!in_all(term[i]))
                own = own (own == "" ? "" : ", ") term[i]
        if (own != "")
            text = text (text common == "" ? "" : "; ") "(" substr("abcdef", p, 1) ") " own
    }
    return common text
}

# One that shows something.
function some_panel(    p)
{
    for (p = 1; p < panels && !nx[p]; p++)
        continue
    return p
}

# What points and bars are, if they are the same in all panels.
function common_statistics(    p, one)
{
    one = statistics[some_panel()]
    for (p = 1; p <= panels; p++)
        if (nx[p] && statistics[p] != one)
            return ""
    return one
}

function in_all(term,    p)
{
    for (p = 1; p <= panels; p++)
        if (nx[p] && !index(", " world[p] ",", ", " term ","))
            return 0
    return 1
}

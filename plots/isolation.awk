# SPDX-License-Identifier: MIT
# What a domain that makes trouble does to a ring, a row a kind of trouble, a panel a metric, a mark a
# scheduler: data for isolation.gp.
#
# Environment, besides table.awk's: panels, the metrics. Prints
#   troubles, row_name[j]                          in the order of the data
#   panels, scale_panel[p]                         the x axes
#   series, name[i], blank[i], all, line styles i  schedulers
#   $points (x row lo hi), index (p - 1) * series + i - 1

BEGIN {
    SPREAD = 0.75 # of a row's height, over which the marks of its series lie
    ROOM = 4      # labels that fit a panel's width
    panels = split(ENVIRON["panels"], measure, " ")
    rows = read_table("t", ENVIRON["summary"])
    if (rows < 0)
        fail("cannot read " ENVIRON["summary"])
    name_series("t", rows)
    read_styles(ENVIRON["styles"])
    for (r = 1; r <= rows; r++)
        kept[r] = meets("t", r, ENVIRON["where"]) && metric("t", r, measure[1]) != ""
    slice_series("t", rows, "beside")
    for (r = 1; r <= rows; r++)
        if (kept[r])
            take(r)
    if (!series)
        fail("no row of " ENVIRON["summary"] " has what this figure shows" \
             (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))
    print_rows()
    print "$points << END_OF_POINTS"
    for (p = 1; p <= panels; p++)
        print_points(measure[p])
    print "END_OF_POINTS"
    printf "panels = %d\narray scale_panel[%d]\n", panels, panels
    for (p = 1; p <= panels; p++)
        printf "scale_panel[%d] = %s\n", p, quote(scale_of[p])
    print_numbered()
    print "others = " quote(others)
    print_caption(clauses(clauses(statistics_text("t", rows), "rows: what a third domain does"), world_text()) ". " ENVIRON["caption"], ENVIRON["width"])
}

function take(r,    trouble)
{
    trouble = cell["t", r, "beside"]
    if (!(trouble in place)) {
        row[++troubles] = trouble
        place[trouble] = troubles
    }
    at[place[trouble], number_of(cell["t", r, "series"])] = r
}

function print_rows(    j)
{
    printf "troubles = %d\narray row_name[%d]\n", troubles, troubles
    for (j = 1; j <= troubles; j++)
        printf "row_name[%d] = %s\n", j, quote(row[j])
}

# 1, which is a ring alone, lies in each panel. The first is of what is left, a part of it; where it
# is more, a little.
function print_points(m,    i, j, lo, hi, least, most)
{
    least = most = 1
    for (i = 1; i <= series; i++) {
        for (j = 1; j <= troubles; j++) {
            if (!((j, i) in at))
                continue
            lo = bound("t", at[j, i], m, "lo")
            hi = bound("t", at[j, i], m, "hi")
            least = lo < least ? lo : least
            most = hi > most ? hi : most
            printf "%.9g %.4g %.9g %.9g\n", metric("t", at[j, i], m),
                j + (i - (series + 1) / 2) * SPREAD / series, lo, hi
        }
        print "NaN NaN NaN NaN\n\n"
    }
    scale_of[++scaled] = m == "isolation" ? scale("x", 0, most, 1, ROOM) \
                                          : scale("x", least / 1.2, most * 1.2, LINEAR_SPAN, ROOM)
}

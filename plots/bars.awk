# SPDX-License-Identifier: MIT
# Operations of a guest on each hypervisor, in instructions: data for path-length.gp.
#
# Prints
#   operations, row_name[j]              operations, in the order of the data
#   series, all, name[i], blank[i], line styles i    hypervisors
#   logarithmic, scale_x                 whether the values span more than bars can show
#   $bars                                row value, index i - 1

BEGIN {
    METRIC = "instructions"
    BARS_SPAN = 50 # beside the longest bar the shortest is still seen
    count = read_table("t", ENVIRON["summary"])
    if (count < 0)
        fail("cannot read " ENVIRON["summary"])
    read_styles(ENVIRON["styles"])
    for (r = 1; r <= count; r++)
        if (meets("t", r, ENVIRON["where"]) && metric("t", r, METRIC) != "")
            take(cell["t", r, "subject"], cell["t", r, "hypervisor"], metric("t", r, METRIC), cell["t", r, "n"])
    if (!rows)
        fail("no row of " ENVIRON["summary"] " has " METRIC \
             (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))
    print_arrays()
    print_caption("Instructions an operation" (series == 1 ? " on " shown[1] : "") ", entry and exit included, as the guest counts them; " boots() \
                  ". " ENVIRON["caption"], ENVIRON["width"])
}

function take(operation, hypervisor, v, n)
{
    if (!(operation in place)) {
        row[++rows] = operation
        place[operation] = rows
    }
    if (!(hypervisor in order)) {
        shown[++series] = hypervisor
        order[hypervisor] = series
    }
    value[place[operation], order[hypervisor]] = v
    most = v > most ? v : most
    least = least == "" || v < least ? v : least
    least_boots = least_boots == "" || n < least_boots ? n : least_boots
}

function boots()
{
    return least_boots == 1 ? "one boot" : "the same in " least_boots " boots"
}

function print_arrays(    i, j)
{
    printf "operations = %d\narray row_name[%d]\n", rows, rows
    for (j = 1; j <= rows; j++)
        printf "row_name[%d] = %s\n", j, quote(row[j])
    logarithmic = least > 0 && most / least > BARS_SPAN
    printf "series = %d\narray name[%d]\narray blank[%d]\nall = ''\n", series, series, series
    for (i = 1; i <= series; i++) {
        printf "name[%d] = %s\nall = all.' %d'\n", i, quote(shown[i]), i
        if (!(shown[i] in style_colour))
            invent_style(shown[i], "")
        # The key's sample of a bar is a thick line without mark. Marks differ in grey, too: filled and open.
        printf "blank[%d] = %d\nset style line %d lc rgb '%s' lw %s dt solid pt %d ps MARK\n", i,
            (logarithmic && i % 2 == 0 ? 5 : 0), i, style_colour[shown[i]], (logarithmic ? "MARK_LINE" : "THICK"),
            (logarithmic ? (i % 2 ? 7 : 4) : 0)
    }
    printf "logarithmic = %d\nscale_x = %s\n$bars << END_OF_BARS\n", logarithmic,
        quote(logarithmic ? scale("x", least / 1.3, most * 10, 1, 6) : scale("x", 0, most * 1.08, 10, 6))
    for (i = 1; i <= series; i++) {
        for (j = 1; j <= rows; j++)
            if ((j, i) in value)
                printf "%d %.9g \"%.0f\"\n", j, value[j, i], value[j, i]
            else
                print "NaN NaN \"\""
        print "\n"
    }
    print "END_OF_BARS"
}

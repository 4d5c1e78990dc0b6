# SPDX-License-Identifier: MIT
# What every figure's data preparation shares, second half: how series look, where tics go, and how
# the caption breaks into lines.

# Styles by name, from the table; what a newcomer may still take is left in taken[].
function read_styles(path,    line, f, got)
{
    while ((got = (getline line < path)) > 0) {
        if (line ~ /^#/ || split(line, f, " ") != 4)
            continue
        style_colour[f[1]] = f[2]
        style_point[f[1]] = f[3]
        style_dash[f[1]] = f[4]
        taken[f[2], f[3]] = 1
    }
    close(path)
    if (got < 0)
        fail("no table of styles at " path)
}

# A style for a name that the table lacks: of its kind's colours and all point types, the first pair
# that nothing has. Once all are taken (some 80 layouts), they are given out again.
function invent_style(name, kind,    colours, colour, nc, points, point, np, p, c, dashes, dash, nd)
{
    if (kind == "peer")
        colours = "#000000"
    else if (kind == "raw")
        colours = "#A0A0A0"
    else
        colours = "#E69F00 #0072B2 #009E73 #D55E00 #56B4E9 #CC79A7"
    nc = split(colours, colour, " ")
    np = split("6 15 14 10 1 2 4 8 12 13 3 5 9 11 7", point, " ")
    nd = split("1,1 2,1 5,1 1,2 3,1,1,1 2,2", dash, " ")
    for (p = 1; p <= np; p++)
        for (c = 1; c <= nc; c++)
            if (!((colour[c], point[(p + c - 2) % np + 1]) in taken)) {
                style_colour[name] = colour[c]
                style_point[name] = kind == "raw" ? 0 : point[(p + c - 2) % np + 1]
                style_dash[name] = dash[invented++ % nd + 1]
                taken[style_colour[name], style_point[name]] = 1
                return
            }
    style_colour[name] = colour[invented % nc + 1]
    style_point[name] = point[invented % np + 1]
    style_dash[name] = dash[invented++ % nd + 1]
}

# Line style i for the series; sizes and dashes are in the terminal's units, so gnuplot computes them
# from the variables of style.gp.
function print_style(i, name, kind,    f, n, k, dash)
{
    if (!(name in style_colour))
        invent_style(name, kind)
    dash = "solid"
    if (style_dash[name] != "0") {
        n = split(style_dash[name], f, ",")
        dash = ""
        for (k = 1; k <= n; k++)
            dash = dash (k == 1 ? "(" : ",") f[k] "*DASH"
        dash = dash ")"
    }
    printf "set style line %d lc rgb '%s' lw %s dt %s pt %d ps MARK\n", i, style_colour[name],
        (kind == "raw" ? "THICK" : "THIN"), dash, style_point[name]
    # The filled shape behind an open mark; crosses have none (a mark of type 0 is a dot, hidden).
    printf "blank[%d] = %d\n", i, (style_point[name] >= 4 && style_point[name] % 2 == 0 ? style_point[name] + 1 : 0)
}

# Numbers series in the order in which they come.
function number_of(text)
{
    if (!(text in series_number)) {
        series_number[text] = ++series
        series_name[series] = text
    }
    return series_number[text]
}

# Those: their names and line styles, and wide pale lines for what is `predicted` of them.
function print_numbered(    s)
{
    printf "series = %d\narray name[%d]\narray blank[%d]\nall = ''\n", series, series, series
    for (s = 1; s <= series; s++) {
        printf "name[%d] = %s\nall = all.' %d'\n", s, quote(series_name[s]), s
        print_style(s, series_name[s], "")
        if (predicted)
            printf "set style line %d lc rgb '#B0%s' lw THICK dt solid\n", 100 + s, substr(style_colour[series_name[s]], 2)
    }
    if (predicted)
        print "predictions = " series
}

function log10(x)
{
    return log(x) / log(10)
}

function floor(x)
{
    return x >= 0 || x == int(x) ? int(x) : int(x) - 1
}

# A labelled tic; from 10000 on with a suffix (of multiples of 1024, a binary one), below 0.001 with an exponent, so that labels stay narrow.
function tic(at)
{
    if (at > 0 && at < 0.00099)
        return sprintf("\"%ge%d\" %.9g", at / 10 ^ floor(log10(at * 1.0000001)), floor(log10(at * 1.0000001)), at)
    if (at >= 9999 && at % 1024 == 0)
        return sprintf("\"%gKi\" %.9g", at / 1024, at)
    if (at >= 999999)
        return sprintf("\"%gM\" %.9g", at / 1e6, at)
    return at >= 9999 ? sprintf("\"%gk\" %.9g", at / 1e3, at) : sprintf("%.9g", at)
}

# The same axis without labels, for a panel above another.
function silent(text)
{
    gsub(/"[^"]*"/, "\"\"", text)
    return "set format x ''; " text
}

# Range and tics of an axis ("x" or "y") over lo..hi, as a string that gnuplot evaluates. Logarithmic
# where the values span more than LINEAR_SPAN or more than the caller's, else linear from 0; `room` is
# how many labels fit. A logarithmic axis is labelled at 1, 2 and 5 of each decade while there is room
# for that, else at decades, the rest marked.
function scale(name, lo, hi, span, room,    tics, k, m, step, at, mantissas, mantissa, n, first, last)
{
    if (lo <= 0 || hi / lo < span) {
        if (hi <= 0)
            hi = 1
        step = 10 ^ floor(log10(hi / room))
        while (hi * 1.08 / step > room)
            step *= substr(sprintf("%e", step), 1, 1) == 2 ? 2.5 : 2
        for (at = 0; at <= hi * 1.08; at += step)
            tics = tics (tics == "" ? "" : ", ") tic(at)
        return sprintf("unset logscale %s; set %srange [0:%.9g]; set %stics (%s); ", name, name,
                       hi * 1.08, name, tics)
    }
    lo *= 0.85
    hi *= 1.18
    if (hi / lo < NARROW) {
        # Too narrow for 1, 2 and 5 of a decade: steps as on a linear axis.
        step = 10 ^ floor(log10((hi - lo) / room))
        while ((hi - lo) / step > room)
            step *= substr(sprintf("%e", step), 1, 1) == 2 ? 2.5 : 2
        for (k = floor(lo / step) + 1; k * step <= hi; k++)
            tics = tics (tics == "" ? "" : ", ") tic(k * step)
        return sprintf("set logscale %s; set %srange [%.9g:%.9g]; set %stics (%s); ", name, name, lo, hi, name, tics)
    }
    first = floor(log10(lo))
    last = floor(log10(hi))
    mantissas = "1 1.5 2 3 4 5 6 8,1 2 3 5,1 2 5,1 3,1"
    n = split(mantissas, density, ",")
    for (k = 1; k <= n; k++) {
        m = split(density[k], mantissa, " ")
        if (m * log10(hi / lo) <= room)
            break
    }
    n = m
    step = 1
    while ((last - first) / step > room)
        step++
    for (k = first; k <= last; k++) {
        for (m = 1; m <= n; m++) {
            at = mantissa[m] * 10 ^ k
            if (at >= lo && at <= hi && (n > 1 || k % step == 0))
                tics = tics (tics == "" ? "" : ", ") tic(at)
        }
        for (m = 2; n <= 2 && step == 1 && m <= 9; m++) {
            at = m * 10 ^ k
            if (at >= lo && at <= hi && !(n == 2 && m == 3))
                tics = tics (tics == "" ? "" : ", ") sprintf("\"\" %.9g 1", at)
        }
    }
    return sprintf("set logscale %s; set %srange [%.9g:%.9g]; set %stics (%s); ", name, name, lo, hi,
                   name, tics)
}

# The x axis: logarithmic over the values v[1..n] in order, with a tic at each while they fit.
function x_scale(v, n, unit,    i, tics, lo, hi, room, near, labelled)
{
    if (n == 0)
        return "unset logscale x; set xrange [0:1]; unset xtics; " \
               "set label 4 \"not measured\" at graph 0.5, 0.5 center; "
    lo = v[1]
    hi = v[n]
    room = n <= 9
    for (i = 2; i <= n; i++)
        if (v[i] / v[i - 1] < 1.3)
            room = 0
    if (!room)
        return scale("x", lo / unit, hi / unit, 1, 8)
    for (i = 1; i <= n; i++) {
        # Where labels would touch, the second one is left out.
        near = i > 1 && log(v[i] / labelled) < 0.075 * log(hi / lo)
        tics = tics (i == 1 ? "" : ", ") (near ? sprintf("\"\" %.9g", v[i] / unit) : tic(v[i] / unit))
        if (!near)
            labelled = v[i]
    }
    if (n == 1)
        return sprintf("set logscale x; set xrange [%.9g:%.9g]; set xtics (%s); ", lo / unit / 2,
                       lo / unit * 2, tics)
    return sprintf("set logscale x; set xrange [%.9g:%.9g]; set xtics (%s); ",
                   lo / unit / (hi / lo) ^ 0.035, hi / unit * (hi / lo) ^ 0.035, tics)
}

# The width of a text in units of its font size, from the common sans-serif faces' widths. The widest
# of them (DejaVu Sans) sets the numbers: a caption that a narrower face leaves short is fine, one that
# leaves the picture is not.
function text_width(text,    i, c, w)
{
    for (i = 1; i <= length(text); i++) {
        c = substr(text, i, 1)
        if (c ~ /[ijlI.,:;'|!()\[\] ]/)
            w += 0.34
        else if (c ~ /[frt\/-]/)
            w += 0.38
        else if (c ~ /[mwMW@%]/)
            w += 0.92
        else if (c ~ /[A-Z]/)
            w += 0.68
        else if (c !~ /[\200-\277]/)
            w += 0.58
    }
    return w * CAPTION_FIT
}

# As much of a text as fits, in whole UTF-8 characters (awk counts bytes in the C locale).
function chop(text, width)
{
    while (text_width(text) > width) {
        while (substr(text, length(text)) ~ /[\200-\277]/)
            text = substr(text, 1, length(text) - 1)
        text = substr(text, 1, length(text) - 1)
    }
    return text
}

# Breaks the caption into lines that fit `width` font sizes, at most CAPTION_LINES of them; what is
# left over ends in an ellipsis. Prints caption_lines and caption_line[].
function print_caption(text, width,    word, n, i, line, lines, out, w)
{
    gsub(/[ \t\r\n]+/, " ", text)
    text = toupper(substr(text, 1, 1)) substr(text, 2)
    n = split(text, word, " ")
    for (i = 1; i <= n; i++) {
        w = chop(word[i], width)
        if (line != "" && text_width(line " " w) > width) {
            out[++lines] = line
            line = ""
        }
        line = line (line == "" ? "" : " ") w
    }
    if (line != "")
        out[++lines] = line
    if (lines > CAPTION_LINES) {
        lines = CAPTION_LINES
        line = chop(out[lines], width - 1)
        sub(/[ ,;.]*$/, "", line)
        out[lines] = line "\342\200\246"
    }
    printf "caption_lines = %d\narray caption_line[%d]\n", lines, lines + 1
    for (i = 1; i <= lines; i++)
        printf "caption_line[%d] = %s\n", i, quote(out[i])
}

BEGIN {
    NARROW = 2.5    # a logarithmic axis that holds hardly a power of two
    LINEAR_SPAN = 3 # a wider range of values is drawn on a logarithmic axis
    TALL = 7        # labels that fit a panel's height
    CAPTION_LINES = 7
    CAPTION_FIT = 1.03
}

# SPDX-License-Identifier: MIT
# What every figure's data preparation shares: reading a summary, choosing the slice of a sweep that
# two dimensions can show, and printing gnuplot text.
#
# The programs here run in BEGIN, under any awk. They take their input from the environment, where
# nothing needs a second layer of quoting:
#
#   summary  summary/<experiment>.csv        caption  one line on the environment
#   hists    hist/<experiment>/              where    "axis=value axis=value", may be empty
#   styles   the table of styles             width    of the caption, in points
#
# and write commands that gnuplot loads. A figure that cannot be drawn is one command: failure = '...'.

# A gnuplot expression for a string: single quotes interpret nothing, so only they are taken out.
# (Two doubled quotes in a row are more than gnuplot 5.4 can read.)
function quote(text)
{
    gsub(/'/, "'.\"'\".'", text)
    return "'" text "'"
}

function fail(text)
{
    print "failure = " quote(text)
    exit
}

# There is nothing to be drawn, and nothing wrong.
function nothing(text)
{
    print "nothing = 1"
    fail(text)
}

function is_number(text)
{
    return text ~ /^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$/
}

# Orders axis values: as numbers where both are, else as text.
function before(a, b)
{
    return is_number(a) && is_number(b) ? a + 0 < b + 0 : a "" < b ""
}

# Reads a CSV with a header line into cell[table, row, column name] and column[table, i]; the formats
# that are read here quote nothing. What stands before the column n is axes (of an index of histograms,
# all): axis[i], i in 1..AXES. Returns the number of rows, -1 if there is no such file.
function read_table(table, path,    line, field, n, i, rows, got)
{
    rows = -1
    while ((got = (getline line < path)) > 0) {
        sub(/\r$/, "", line)
        if (line == "")
            continue
        n = split(line, field, ",")
        if (++rows == 0) {
            columns[table] = n
            for (i = 1; i <= n; i++)
                column[table, i] = field[i]
            find_axes(table)
        }
        for (i = 1; rows > 0 && i <= n; i++)
            cell[table, rows, column[table, i]] = field[i]
    }
    close(path)
    return rows
}

function find_axes(table,    i, name)
{
    AXES = 0
    for (i = 1; i <= columns[table] && column[table, i] != "n"; i++) {
        name = column[table, i]
        if (name != "experiment" && name != "file")
            axis[++AXES] = name
    }
}

function has_axis(name,    i)
{
    for (i = 1; i <= AXES; i++)
        if (axis[i] == name)
            return 1
    return 0
}

# Reads a histogram (.hgrm text: value, percentile as a fraction, count) up to where 1 / (1 - percentile) is
# `most`, or to where it has fewer values than that resolves: hist_value[i], hist_x[i], and how many they are.
function read_histogram(path, most,    line, f, got, n, i, total, count)
{
    while ((got = (getline line < path)) > 0) {
        if (split(line, f, " ") < 3 || !is_number(f[1]) || !is_number(f[2]))
            continue
        hist_value[++n] = f[1]
        hist_x[n] = f[2] < 1 ? 1 / (1 - f[2]) : 2 * most + f[3]
        count[n] = total = f[3]
    }
    close(path)
    for (i = 1; i <= n; i++) {
        if (hist_x[i] > total)
            hist_x[i] = total
        if (hist_x[i] <= most)
            continue
        # The picture ends before this line: the value there is still the last one, if that has so many.
        if (i > 1 && count[i - 1] >= total * (1 - 1 / most))
            hist_value[i] = hist_value[i - 1]
        hist_x[i] = most
        n = i
    }
    return n + 0
}

# The table's row counts as data only with all of `where` met.
function meets(table, row, where,    term, n, i, pair)
{
    n = split(where, term, " ")
    for (i = 1; i <= n; i++) {
        split(term[i], pair, "=")
        if (cell[table, row, pair[1]] "" != pair[2] "")
            return 0
    }
    return 1
}

# Whether any row of a series that is still kept has this value on this axis.
function series_has(table, rows, of, name, a, value,    r)
{
    for (r = 1; r <= rows; r++)
        if (kept[r] && cell[table, r, of] == name && cell[table, r, a] == value)
            return 1
    return 0
}

# The value of an axis that most kept rows of a series have (of "" for all; raw limits do not vote
# then, unless they are all there is); of equals the smallest. "" if there are none.
function commonest(table, rows, of, name, a,    r, v, votes, best, pass)
{
    for (pass = 1; pass <= 2; pass++) {
        for (r = 1; r <= rows; r++) {
            if (!kept[r] || (of != "" && cell[table, r, of] != name))
                continue
            if (pass == 1 && of == "" && cell[table, r, "kind"] == "raw")
                continue
            votes[cell[table, r, a]]++
        }
        best = ""
        for (v in votes)
            if (best == "" || votes[v] > votes[best] || (votes[v] == votes[best] && before(v, best)))
                best = v
        if (best != "")
            break
    }
    return best
}

# Fixes every axis but those in `free`: kept[] loses all rows that lie elsewhere. A series that has
# no row at the common value keeps its own commonest one instead. Sets
#   fixed[axis]  the common value
#   others       what else the data holds, for the reader of the terminal
#   exceptions   series that stand at another value, for the caption
#   of_schedulers  whether anything of it is a scheduler's
# `implied` names axes whose value follows from the series and so needs no mention.
function slice(table, rows, of, free, implied,    a, i, r, s, n, name, seen, value, own, at, list)
{
    others = exceptions = ""
    implied_axes = implied
    of_schedulers = 0
    for (r = 1; r <= rows; r++)
        of_schedulers = of_schedulers || (kept[r] && cell[table, r, "kind"] == "scheduler")
    for (i = 1; i <= AXES; i++) {
        a = axis[i]
        if (index(" " free " ", " " a " "))
            continue
        fixed[a] = value = commonest(table, rows, "", "", a)
        list = ""
        n = 0
        split("", seen)
        for (r = 1; r <= rows; r++) {
            if (!kept[r])
                continue
            name = cell[table, r, of]
            if (!(("name", name) in seen)) {
                seen["name", name] = 1
                at[++n] = name
            }
        }
        for (s = 1; s <= n; s++) {
            name = at[s]
            own = value
            if (!series_has(table, rows, of, name, a, value)) {
                own = commonest(table, rows, of, name, a)
                if (own != "NA" && value != "NA" && !index(" platform clock " implied " ", " " a " ") &&
                    !is_raw(table, rows, of, name) && phrase(a, own) != "")
                    exceptions = exceptions ", " name ": " phrase(a, own)
            }
            for (r = 1; r <= rows; r++) {
                if (!kept[r] || cell[table, r, of] != name || cell[table, r, a] == own)
                    continue
                kept[r] = 0
                if (!((a, cell[table, r, a]) in seen)) {
                    seen[a, cell[table, r, a]] = 1
                    list = list (list == "" ? "" : ", ") cell[table, r, a]
                }
            }
        }
        if (list != "")
            others = others (others == "" ? "" : "; ") a " " list
    }
    sub(/^, /, "", exceptions)
}

function is_raw(table, rows, of, name,    r)
{
    for (r = 1; r <= rows; r++)
        if (kept[r] && cell[table, r, of] == name)
            return cell[table, r, "kind"] == "raw"
    return 0
}

function time(ns)
{
    ns += 0
    return ns < 1000 ? ns " ns" : ns < 1e6 ? ns / 1000 " µs" : ns < 1e9 ? ns / 1e6 " ms" : ns / 1e9 " s"
}

function numbered(value, noun)
{
    return value " " noun (value == 1 ? "" : "s")
}

# A value of an axis as a caption says it; "" for what needs no mention. An axis that is not known here
# is said by its name.
function phrase(a, value)
{
    if (value == "NA" || value == "")
        return ""
    if (a == "machine")
        return value == "sim" ? "simulated" : "on " value
    if (a == "pmu")
        return value == "here" ? "" : "events of " value
    if (a == "measure" && value == "counters") # which is what the figure says
        return ""
    if (a == "measure" || a == "transport" || a == "subject" || a == "kind")
        return value
    if (a == "policy")
        return fixed["transport"] == "busy-poll" ? "" : value
    if (a == "cpus")
        return numbered(value, "CPU")
    if (a == "events")
        return "events by " value
    if (a == "batch" || a == "threshold" || a == "beside")
        return a " " value
    if (a == "req_size")
        return value "-byte " (fixed["measure"] == "one-way" ? "elements" : "requests")
    if (a == "rsp_size")
        return fixed["measure"] == "one-way" ? "" : value "-byte responses"
    if (a == "entries")
        return value " entries"
    if (a == "fronts")
        return numbered(value, "front end")
    if (a == "coalesce_n")
        return "after " value
    if (a == "load")
        return value (has_axis("wakers") ? " jobs/s each" : of_schedulers ? " jobs/s" : " requests/s")
    if (a == "requests" || a == "ports")
        return numbered(value, substr(a, 1, length(a) - 1))
    if (a == "hot")
        return numbered(value, "hot port")
    if (a == "again")
        return value == "on" ? "hot ports are sent to again" : ""
    if (a == "pending")
        return value " pending"
    if (a == "priorities")
        return value == 1 ? "" : value " priorities"
    if (a == "burst")
        return value " sends a serve"
    if (a == "serve_ns")
        return time(value) " of work a serve"
    if (a == "hogs" || a == "wakers")
        return numbered(value, substr(a, 1, length(a) - 1))
    if (a == "mix")
        return value == "hogs" ? "" : value == "poisson" ? "Poisson arrivals" : value
    if (a == "weights")
        return value " weights"
    if (a == "warp")
        return value == "on" ? "warped" : ""
    if (a == "service")
        return value == "constant" ? "" : value " service"
    if (a == "service_ns")
        return time(value) " of work a " (fixed["measure"] == "offered" ? "request" : "job")
    if (a == "think_ns")
        return time(value) " between jobs"
    if (a == "window")
        return numbered(value, "request") " in flight a client"
    if (a == "params" || a == "workload")
        return value == "none" ? "" : value
    if (a == "switch_ns")
        return time(value) " a switch"
    if (a == "allowance_ns")
        return "C = " time(value)
    if (a == "slice_ms")
        return "turns of " time(value * 1e6)
    if (a == "warmup_ms")
        return value == 0 ? "" : time(value * 1e6) " of warm-up"
    if (a == "span_ms")
        return "over " time(value * 1e6)
    if (a == "row")
        return value " in a row"
    return said_by_name(a, value)
}

function said_by_name(a, value)
{
    if (sub(/_ns$/, "", a))
        value = time(value)
    else if (sub(/_ms$/, "", a))
        value = time(value * 1e6)
    gsub(/_/, " ", a)
    return a " " value
}

# The fixed axes as a caption says them: those named in `list`, in this order, and then all others that
# slice() was not told to be implied. The platform is said by what stands before the environment, or by the
# axis `machine`; what is measured, by the labels.
function slice_text(list,    a, n, i, text)
{
    n = split(list, a, " ")
    for (i = 1; i <= n; i++)
        text = with_part(text, a[i])
    for (i = 1; i <= AXES; i++)
        if (!index(" platform clock subject kind measure " implied_axes " " list " ", " " axis[i] " "))
            text = with_part(text, axis[i])
    return text (exceptions == "" ? "" : " (" exceptions ")")
}

function with_part(text, a,    part)
{
    part = a in fixed && !(a == "fronts" && fixed[a] == 1) ? phrase(a, fixed[a]) : ""
    return text (text == "" || part == "" ? "" : ", ") part
}

# The parts of a caption that there are, joined.
function clauses(a, b)
{
    return a (a == "" || b == "" ? "" : "; ") b
}

# Is every repetition of a row the same number, or a fault?
function is_exact(table, row)
{
    return cell[table, row, "clock"] == "instructions" || (has_axis("machine") && cell[table, row, "clock"] == "simulated-ns")
}

# What the points and their bars are, from the repetitions behind them (column n).
function statistics_text(table, rows,    r, n, least, most, exact)
{
    exact = 1
    for (r = 1; r <= rows; r++) {
        n = cell[table, r, "n"]
        if (!kept[r] || !is_number(n))
            continue
        if (least == "" || n + 0 < least)
            least = n + 0
        if (n + 0 > most)
            most = n + 0
        exact = exact && is_exact(table, r)
    }
    if (most == "")
        return "Medians, bars: 95 % intervals"
    if (most == 1)
        return "One repetition, no intervals"
    n = (least == most ? most : least " to " most) " repetitions"
    return exact ? "The same in " n : "Medians of " n ", bars: bootstrap 95 % intervals"
}

# The clock that the rows of a figure have, "" if there are several.
function clock_of(table, rows,    r, clock)
{
    for (r = 1; r <= rows; r++)
        if (kept[r]) {
            if (clock != "" && clock != cell[table, r, "clock"])
                return ""
            clock = cell[table, r, "clock"]
        }
    return clock
}

# A metric's value, "" where it is not available; its bounds fall back to the value itself.
function metric(table, row, name,    v)
{
    v = cell[table, row, name]
    return is_number(v) ? v + 0 : ""
}

function bound(table, row, name, side,    v)
{
    v = cell[table, row, name "_" side]
    return is_number(v) ? v + 0 : metric(table, row, name)
}

# Sorts v[1..n] by before().
function sort(v, n,    i, j, t)
{
    for (i = 2; i <= n; i++) {
        t = v[i]
        for (j = i - 1; j >= 1 && before(t, v[j]); j--)
            v[j + 1] = v[j]
        v[j + 1] = t
    }
}

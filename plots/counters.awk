# SPDX-License-Identifier: MIT
# Counters per request of each subject, a panel a counter: data for counters.gp.
#
# Hardware counters where any is available, software events otherwise. A counter that is not
# available, or is 0 throughout, has no panel: the caption says so. Several batch sizes are several
# marks on a subject's row. Prints
#   subjects, subject[j], subject_y[j], foot      rows from the top, peers set off from layouts
#   panels, title[p], unit[p], scale_panel[p]
#   series, name[i], blank[i], line styles i      the batch sizes
#   $points                                       x y lo hi, index (p - 1) * series + i - 1

BEGIN {
    NOT_COUNTERS = " tells wakes sleeps cpu_ns cpu_front_ns cpu_back_ns "
    SOFTWARE = "(task_clock|cpu_clock|context_switch|cpu_migration|page_fault|minor_fault|major_fault|" \
               "alignment_fault|emulation_fault|cgroup_switch|bpf_output|(^|_)sw_|_sw$)"
    BATCHES = 3 # marks that a row has room for
    ROOM = 3    # labels that fit a panel's width

    rows = read_table("t", ENVIRON["summary"])
    if (rows < 0)
        fail("cannot read " ENVIRON["summary"])
    for (r = 1; r <= rows; r++)
        plottable += kept[r] = meets("t", r, ENVIRON["where"])
    choose_counters()
    if (!counters && plottable)
        nothing("no counter of " ENVIRON["summary"] " is available" \
                (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))
    if (!counters)
        fail("no row of " ENVIRON["summary"] " has a counter" \
             (ENVIRON["where"] == "" ? "" : " where " ENVIRON["where"]))

    slice("t", rows, "subject", "subject kind batch", "transport")
    choose_batches()
    collect_subjects()
    read_styles(ENVIRON["styles"])
    print "$points << END_OF_POINTS"
    for (c = 1; c <= counters; c++)
        print_panel(counter[c])
    # Counters that are 0 at every point are worth a picture only where there is no other.
    for (c = 1; c <= counters && !panels; c++) {
        even_zero = 1
        print_panel(counter[c])
    }
    print "END_OF_POINTS"
    if (!even_zero && zeros != "")
        zeros = "; none counted: " zeros
    print_batches()
    printf "panels = %d\nothers = %s\n", panels, quote(others)
    print_caption(statistics_text("t", rows) "; counters of both sides, " \
                  slice_text("measure transport batch req_size rsp_size entries fronts load") \
                  (even_zero ? "" : zeros) (missing == "" ? "" : "; not available: " missing) ". " \
                  ENVIRON["caption"], ENVIRON["width"])
}

# Which metrics are counters, in the order of the columns; counter[] the ones to draw.
function choose_counters(    i, m, r, n, soft, hard, s, h, got)
{
    for (i = 1; i <= columns["t"]; i++) {
        m = column["t", i]
        if (m !~ /_per_request$/)
            continue
        sub(/_per_request$/, "", m)
        if (index(NOT_COUNTERS, " " m " "))
            continue
        got = 0
        for (r = 1; r <= rows && !got; r++)
            got = kept[r] && metric("t", r, m "_per_request") != ""
        if (!got)
            missing = missing (missing == "" ? "" : ", ") label(m)
        else if (m ~ SOFTWARE)
            soft[++s] = m
        else
            hard[++h] = m
    }
    counters = h ? h : s
    for (n = 1; n <= counters; n++)
        counter[n] = h ? hard[n] : soft[n]
}

# A counter's name as people write it.
function label(m,    word, n, i)
{
    sub(/^perf_+/, "", m)
    sub(/^_*(count_)?(hw|sw)_/, "", m)
    gsub(/_+/, " ", m)
    sub(/^ /, "", m)
    sub(/ $/, "", m)
    n = split(m, word, " ")
    m = ""
    for (i = 1; i <= n; i++)
        m = m (i == 1 ? "" : " ") (word[i] ~ /^(l[123][di]?|llc|[di]?tlb)$/ ? toupper(word[i]) : word[i])
    return m
}

# The batch sizes; of too many the first, the middle and the last.
function choose_batches(    r, v, n, all, i, seen)
{
    for (r = 1; r <= rows; r++) {
        v = cell["t", r, "batch"]
        if (kept[r] && !(v in seen) && is_number(v)) {
            seen[v] = 1
            all[++n] = v
        }
    }
    if (!n)
        all[++n] = "NA"
    sort(all, n)
    for (i = 1; i <= n; i++) {
        if (n <= BATCHES || i == 1 || i == int((n + 1) / 2) || i == n)
            batch[++batches] = all[i]
        else
            others = others (others ~ /batch/ ? ", " : (others == "" ? "" : "; ") "batch ") all[i]
    }
    if (batches == 1)
        fixed["batch"] = batch[1]
}

# Rows of the panels: subjects in the order of the data, kind after kind.
function collect_subjects(    k, r, s, y)
{
    split("layout peer raw", kinds, " ")
    for (k = 1; k <= 3; k++) {
        if (y && subjects)
            y += 0.4
        for (r = 1; r <= rows; r++) {
            s = cell["t", r, "subject"]
            if (!kept[r] || cell["t", r, "kind"] != kinds[k])
                continue
            at[s, cell["t", r, "batch"]] = r
            if (s in place || !counted(r))
                continue
            subject[++subjects] = s
            place[s] = y++
        }
    }
    printf "subjects = %d\narray subject[%d]\narray subject_y[%d]\n", subjects, subjects, subjects
    for (k = 1; k <= subjects; k++)
        printf "subject[%d] = %s\nsubject_y[%d] = %g\n", k, quote(subject[k]), k, place[subject[k]]
    print "foot = " place[subject[subjects]]
}

# Whether the row has any of the counters.
function counted(r,    c)
{
    for (c = 1; c <= counters; c++)
        if (metric("t", r, counter[c] "_per_request") != "")
            return 1
    return 0
}

function print_panel(m,    b, j, r, v, lo, hi, least, most, unit, per)
{
    for (r = 1; r <= rows; r++)
        if (kept[r] && bound("t", r, m "_per_request", "hi") > most)
            most = bound("t", r, m "_per_request", "hi")
    if (most <= 0 && !even_zero) {
        zeros = zeros (zeros == "" ? "" : ", ") label(m)
        return
    }
    # Rare events are counted per million requests, so that the axis has readable numbers.
    unit = most > 0 && most < 0.01 ? 1e-6 : 1
    per = unit == 1 ? "per request" : "per M requests"
    if (m ~ /(task|cpu)_clock/)
        per = "ns " per
    most = 0
    panels++
    for (b = 1; b <= batches; b++) {
        for (j = 1; j <= subjects; j++) {
            # A raw limit may have no batch size: it goes with the first.
            r = at[subject[j], batch[b]]
            if (!r && b == 1)
                r = at[subject[j], "NA"]
            v = r ? metric("t", r, m "_per_request") : ""
            if (v == "")
                continue
            v /= unit
            lo = bound("t", r, m "_per_request", "lo") / unit
            hi = bound("t", r, m "_per_request", "hi") / unit
            printf "%.9g %.4g %.9g %.9g\n", v, place[subject[j]] + (b - (batches + 1) / 2) * 0.22, lo, hi
            if (least == "" || lo < least)
                least = lo
            if (hi > most)
                most = hi
        }
        print "NaN NaN NaN NaN\n\n"
    }
    panel_title[panels] = label(m)
    panel_unit[panels] = per
    panel_scale[panels] = scale("x", least, most, 10, ROOM)
}

function print_batches(    b, p, look)
{
    # Small batches light and open, large ones dark and filled; a single one is dark.
    split(batches == 1 ? "#0072B2 5" : "#E69F00 6 #0072B2 5 #000000 9", look, " ")
    printf "array title[%d]\narray unit[%d]\narray scale_panel[%d]\n", panels, panels, panels
    for (p = 1; p <= panels; p++)
        printf "title[%d] = %s\nunit[%d] = %s\nscale_panel[%d] = %s\n", p, quote(panel_title[p]), p,
            quote(panel_unit[p]), p, quote(panel_scale[p])
    printf "series = %d\narray name[%d]\narray blank[%d]\n", batches, batches, batches
    for (b = 1; b <= batches; b++) {
        printf "name[%d] = %s\nblank[%d] = %d\n", b, quote(phrase("batch", batch[b])), b, look[2 * b] == 6 ? 7 : 0
        printf "set style line %d lc rgb '%s' lw THIN dt solid pt %d ps MARK\n", b, look[2 * b - 1], look[2 * b]
    }
}

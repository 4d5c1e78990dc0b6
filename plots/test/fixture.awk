# SPDX-License-Identifier: MIT
# Writes a small run in the format that the runner writes: summary/e.csv of an experiment `e`.
#
# -v kind=sweep     3 layouts, one of them unknown to the table of styles, 2 peers, a raw limit;
#                   batch 1, 8, 64; 8- and 16-byte elements; counters in software
# -v kind=load      policies against offered load
# -v kind=latency   as sweep at batch 1, with hist/e/index.csv and a histogram each in `hists`
# -v crowd=1        more newcomers, enough for a second panel; one peer has two front ends
# -v n=1            one repetition: no intervals
# -v hardware=1     hardware counters too

BEGIN {
    if (n == "")
        n = 7
    axes = "experiment,platform,clock,subject,kind,measure,transport,policy,batch,req_size,rsp_size," \
           "entries,fronts,load,threshold,coalesce_n,coalesce_ns,spin_ns"
    metrics = split("throughput p50_ns p90_ns p99_ns p999_ns wakes_per_request cpu_back_ns_per_request " \
                    "cycles_per_request l1d_misses_per_request task_clock_per_request " \
                    "page_faults_per_request", metric, " ")
    line = axes ",n"
    for (m = 1; m <= metrics; m++)
        line = line "," metric[m] "," metric[m] "_lo," metric[m] "_hi"
    print line
    if (kind == "latency")
        print "file," axes > (hists "/index.csv")
    if (kind == "load")
        load()
    else
        sweep()
}

function sweep(    subjects, subject, pair, s, b, batches, batch, size)
{
    subjects = split("xen:layout brand_new:layout cached:layout ck-spsc:peer it's-new:peer " \
                     (crowd ? "newer:layout newest:layout dpdk-spsc:peer new-peer:peer " : "") "raw-x:raw", subject, " ")
    batches = kind == "latency" ? 1 : split("1 8 64", batch, " ")
    batch[1] = 1
    for (s = 1; s <= subjects; s++) {
        split(subject[s], pair, ":")
        for (size = 8; size <= (kind == "latency" ? 8 : 16); size += 8) {
            for (b = 1; b <= batches; b++) {
                split("", value)
                # One value is missing, and the 8-byte sweep has a point more: it is the one drawn.
                if (!(pair[1] == "cached" && batch[b] == 8 && size == 16))
                    value["throughput"] = s * 1e7 * (1 + b) * 8 / size
                value["task_clock_per_request"] = 10 * s * b
                value["page_faults_per_request"] = 0
                if (hardware)
                    value["cycles_per_request"] = 100 * s * b
                value["p50_ns"] = 100 * s
                value["p90_ns"] = 110 * s
                value["p99_ns"] = 200 * s
                value["p999_ns"] = 900 * s
                point(pair[1], pair[2], kind == "latency" ? "round-trip" : "one-way", "busy-poll", "poll",
                      batch[b], pair[2] == "raw" ? "NA" : size, "NA")
                if (kind == "latency")
                    histogram(pair[1], s)
            }
        }
    }
}

function load(    policies, policy, p, l)
{
    policies = split("always poll brand-new", policy, " ")
    for (p = 1; p <= policies; p++)
        for (l = 1000; l <= 1000000; l *= 10) {
            split("", value)
            value["wakes_per_request"] = p == 2 ? 0 : 2000 / l
            if (!(p == 3 && l == 1000))
                value["cpu_back_ns_per_request"] = 1e9 / l
            point("xen", "layout", "offered-load", p == 2 ? "busy-poll" : "eventfd", policy[p], 1, 64, l)
        }
}

function point(subject, kind_, measure, transport, policy, batch, size, load_,    m, v)
{
    at = "e,native,tsc," subject "," kind_ "," measure "," transport "," policy "," batch "," size ",16," \
         "256," (subject == "dpdk-spsc" ? 2 : 1) "," load_ ",NA,NA,NA,NA"
    line = at "," n
    for (m = 1; m <= metrics; m++) {
        if (!(metric[m] in value)) {
            line = line ",NA,NA,NA"
            continue
        }
        v = value[metric[m]]
        line = line sprintf(",%.6f,%.6f,%.6f", v, n == 1 ? v : v * 0.9, n == 1 ? v : v * 1.2)
    }
    print line
}

# 10000 values, of which one is far out; its place is past the picture's end at p99.9.
function histogram(subject, s,    path)
{
    path = hists "/h" s ".hgrm"
    print "h" s ".hgrm," at > (hists "/index.csv")
    print "       Value     Percentile TotalCount 1/(1-Percentile)\n" > path
    printf "%12.3f %.12f %10d %14.2f\n", 90 * s, 0, 1, 1 > path
    printf "%12.3f %.12f %10d %14.2f\n", 100 * s, 0.5, 5000, 2 > path
    printf "%12.3f %.12f %10d %14.2f\n", 200 * s, 0.99, 9900, 100 > path
    printf "%12.3f %.12f %10d %14.2f\n", 9000 * s, 0.9999, 9999, 10000 > path
    printf "%12.3f %.12f %10d\n", 1000000 * s, 1, 10000 > path
    print "#[Mean    =            1, StdDeviation   =            0]" > path
    close(path)
}

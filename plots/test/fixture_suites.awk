# SPDX-License-Identifier: MIT
# Writes a small run of the suite `sim`, `evtchn`, `icount` or `domains` in the format that the runner writes, for one figure:
#
# -v kind=share       two schemes of weights
# -v kind=scale       fairness on 16 processors, instructions on one
# -v kind=allowance   three allowances, and a scheduler without
# -v kind=wakeup      1 to 64 hogs, with hist/e/index.csv and a histogram each in `hists`;
#                     with -v crowd=1 also 128
# -v kind=evtchn      two ABIs: sends and scans by ports and by pending ports, waits
# -v kind=crowd       one to 128 domains, with two lengths of turns
# -v kind=turns, shares  two schedulers, on a machine and as simulated: the second one's turns are not
# -v kind=rings       two layouts between domains on two machines, of which one counts instructions; an axis
#                     that no caption knows
# -v kind=batching    four notification policies, of which one holds back 4 or 16 requests and one sends no events
# -v kind=isolation   two kinds of trouble for two schedulers, of which one was not measured beside the second
# -v kind=events      three ABIs, an event alone by ports and behind hot ports
# -v kind=start       two domains of a row, in instructions and in time
# -v kind=path-length two operations on two hypervisors, of which one lacks one

BEGIN {
    if (kind == "evtchn") {
        evtchn()
        exit
    }
    if (kind == "path-length") {
        print "experiment,platform,clock,subject,kind,hypervisor,n,instructions,instructions_lo,instructions_hi"
        print "e,qemu-icount,instructions,null-hypercall,operation,ringside,3,69,69,69"
        print "e,qemu-icount,instructions,yield,operation,ringside,3,637.02,637.02,637.02"
        print "e,xen-icount,instructions,yield,operation,xen,3,1914.61,1914.61,1914.61"
        exit
    }
    if (kind == "batching") {
        batching()
        exit
    }
    if (kind == "isolation") {
        print "experiment,platform,clock,subject,kind,measure,machine,beside,span_ms,n,isolation,delay,stall"
        print "e,qemu-icount,instructions,bvt,scheduler,isolation,qemu-icount,hog,100,2,0.5,1.01,325"
        print "e,qemu-icount,instructions,rr,scheduler,isolation,qemu-icount,hog,100,2,0.001,1400,1400"
        print "e,qemu-icount,instructions,bvt,scheduler,isolation,qemu-icount,flood,100,2,0.47,8,9.7"
        exit
    }
    if (kind == "events") {
        events()
        exit
    }
    if (kind == "start") {
        starts()
        exit
    }
    if (kind == "rings") {
        rings()
        exit
    }
    if (kind == "turns" || kind == "shares") {
        predicted_points()
        exit
    }
    if (kind == "crowd") {
        crowd_points()
        exit
    }
    axes = "experiment,platform,clock,subject,kind,measure,mix,cpus,hogs,wakers,warp,allowance_ns,weights"
    metrics = split("throughput p50_ns p90_ns p99_ns busy unfairness share_error_10ms share_error_1s " \
                    "instructions_per_decision", metric, " ")
    line = axes ",n"
    for (m = 1; m <= metrics; m++)
        line = line "," metric[m] "," metric[m] "_lo," metric[m] "_hi"
    print line
    if (kind == "wakeup")
        print "file," axes > (hists "/index.csv")
    for (s = 1; s <= 4; s++) {
        subject = s == 1 || s == 2 ? "bvt" : s == 3 ? "credit" : "newest"
        warp = s == 1 ? "off" : s == 2 ? "on" : "NA"
        if (kind == "share")
            share()
        else if (kind == "scale")
            scale_points()
        else if (kind == "allowance")
            allowance()
        else
            wakeup()
    }
}

function share(    w)
{
    for (w = 1; w <= 2; w++) {
        split("", value)
        value["share_error_10ms"] = 0.4
        value["share_error_1s"] = 0.001 * s * w
        point("simulated", "poisson", 1, 8, 4, "NA", w == 1 ? "equal" : "linear")
    }
}

function rings(    m, s, b)
{
    print "experiment,platform,clock,subject,kind,measure,machine,cpus,policy,events,batch,entries,requests,ports,hogs," \
          "warp,novelty_ms,n,throughput,throughput_lo,throughput_hi"
    for (m = 1; m <= 2; m++)
        for (s = 1; s <= 2; s++)
            for (b = 1; b <= 64; b *= 64)
                print "e," (m == 1 ? "qemu-icount,instructions," : "qemu-tcg,tsc,") (s == 1 ? "xen" : "lamport") ",layout,throughput," \
                    (m == 1 ? "qemu-icount,1," : "qemu-tcg,2,") "event-index,2l," b ",256,4000,NA,NA,NA,30," (m == 1 ? 2 : 7) "," \
                    s * b * 1e6 "," s * b * 1e6 "," s * b * (m == 1 ? 1 : 1.2) * 1e6
}

function events(    s, abi, urgent, hot, again, ports)
{
    print "experiment,platform,clock,subject,kind,measure,machine,cpus,ports,hot,again,urgent,n,p50_ns,p50_ns_lo,p50_ns_hi," \
          "rank_max,rank_max_lo,rank_max_hi"
    split("flat fifo fifo newest", abi, " ")
    split("off off on off", urgent, " ")
    for (s = 1; s <= 4; s++) {
        for (ports = 1; s != 3 && ports <= 1000; ports *= 1000)
            print "e,qemu-icount,instructions," abi[s] ",abi,events,qemu-icount,1," ports ",NA,NA,NA,2,3000,3000,3000,NA,NA,NA"
        for (hot = 1; hot <= 32; hot *= 32)
            for (again = 0; again < 2; again++)
                print "e,qemu-icount,instructions," abi[s] ",abi,order,qemu-icount,1,NA," hot "," (again ? "on" : "off") "," urgent[s] \
                    ",2," 2000 * s ",NA,NA," hot + s "," hot + s "," hot + s
    }
}

function starts(    m, row, u, until)
{
    print "experiment,platform,clock,subject,kind,measure,machine,row,until,n,start_ns,start_ns_lo,start_ns_hi"
    split("created built main-program", until, " ")
    for (m = 1; m <= 2; m++)
        for (row = 1; row <= 100; row *= 100)
            for (u = 1; u <= 3; u++)
                print "e," (m == 1 ? "qemu-icount,instructions,bvt,scheduler,start,qemu-icount," : "qemu-tcg,tsc,bvt,scheduler,start,qemu-tcg,") \
                    row "," until[u] ",2," 1e5 * m * u "," 1e5 * m * u "," 1e5 * m * u
}

function batching(    s, n, load, cpu, policy, part)
{
    print "experiment,platform,clock,subject,kind,measure,machine,cpus,policy,events,entries,coalesce_n,coalesce_ns,requests,load," \
          "service_ns,n,p99_ns,p99_ns_lo,p99_ns_hi,cpu_ns_per_request,cpu_ns_per_request_lo,cpu_ns_per_request_hi," \
          "requests_per_event,requests_per_event_lo,requests_per_event_hi"
    n = split("always poll newest coalesce,4,200000 coalesce,16,200000", policy, " ")
    for (s = 1; s <= n; s++)
        for (load = 20000; load <= 50000; load += 30000) {
            cpu = 1000 * (10 - s)
            split(policy[s] ",NA,NA", part, ",")
            print "e,qemu-icount,instructions,xen,layout,offered,qemu-icount,1," part[1] ",2l,256," part[2] "," part[3] ",500," \
                load ",2000,1," 7000 * s "," 7000 * s "," 7000 * s "," cpu "," cpu "," cpu \
                (part[1] == "poll" ? ",NA,NA,NA" : "," s "," s "," s)
        }
}

# What is simulated is a tenth more.
function predicted_points(    s, m, slice, w, v)
{
    print "experiment,platform,clock,subject,kind,measure,machine,hogs,weights,slice_ms,n," \
          "switches_per_s,switches_per_s_lo,switches_per_s_hi,share_error_100ms,share_error_100ms_lo,share_error_100ms_hi," \
          "share_error_1s,share_error_1s_lo,share_error_1s_hi"
    for (s = 1; s <= 2; s++)
        for (m = 1; m <= 3 - s; m++)
            for (w = kind == "turns" ? 2 : 1; w <= 2; w++)
                for (slice = 1; slice <= (kind == "turns" ? 16 : 1); slice *= 4) {
                    v = s * (m == 1 ? 1 : 1.1)
                    print "e," (m == 1 ? "qemu-icount,instructions," : "sim,simulated-ns,") (s == 1 ? "bvt" : "credit") \
                        ",scheduler,x," (m == 1 ? "qemu-icount" : "sim") ",7," (w == 1 ? "equal" : "linear") "," slice ",2," \
                        800 * v / slice "," 800 * v / slice "," 800 * v / slice "," v * slice / 100 "," v * slice / 100 "," \
                        v * slice / 100 "," v * slice / 1000 "," v * slice / 1000 "," v * slice / 1000
                }
}

# One domain alone has nothing to lose.
function crowd_points(    s, d, slice)
{
    print "experiment,platform,clock,subject,kind,measure,machine,hogs,slice_ms,n,lost,lost_lo,lost_hi,switch_ns,switch_ns_lo,switch_ns_hi"
    for (s = 1; s <= 2; s++)
        for (slice = 5; slice <= 50; slice *= 10)
            for (d = 1; d <= 128; d *= 8)
                print "e,qemu-icount,instructions," (s == 1 ? "bvt" : "rr") ",scheduler,scale,qemu-icount," d "," slice ",2," \
                    (d == 1 ? ",,,,," : sprintf("%.9g,%.9g,%.9g,%d,%d,%d", d / 1e6, d / 1e6, d / 1e6, 1000 + d, 1000 + d, 1000 + d))
}

function scale_points(    d)
{
    for (d = 1; d <= 3; d++) {
        split("", value)
        value["unfairness"] = s * 10 ^ (d - 6) * 2
        point("simulated", "poisson", 16, substr("112  1008 9984 ", 5 * d - 4, 5) + 0, 16, "NA", "equal")
        split("", value)
        value["instructions_per_decision"] = 100 * s * d
        point("instructions", "hogs", 1, 10 ^ d, "NA", "NA", "equal")
    }
}

function allowance(    a)
{
    for (a = 1e5; a <= (s <= 2 ? 1e7 : 1e5); a *= 10) {
        split("", value)
        value["p99_ns"] = s <= 2 ? a * s : 30000
        value["throughput"] = 1e9 / a
        value["busy"] = 0.5 + s / 10
        point("simulated", "closed-loop", 1, 4, 5, s <= 2 ? a : "NA", "equal")
    }
}

function wakeup(    n, i, h, hogs)
{
    n = split("1 4 16 64" (crowd ? " 128" : ""), hogs, " ")
    for (i = 1; i <= n; i++) {
        h = hogs[i]
        split("", value)
        value["p50_ns"] = 2000 * s
        value["p90_ns"] = 20000 * s * h
        value["p99_ns"] = 200000 * s * h
        point("simulated", "poisson", 1, h, 4, "NA", "equal")
        histogram(h)
    }
}

function point(measure, mix, cpus, hogs, wakers, allowance_, weights,    m, v)
{
    at = "e,sim,simulated-ns," subject ",scheduler," measure "," mix "," cpus "," hogs "," wakers "," warp "," \
         allowance_ "," weights
    line = at ",7"
    for (m = 1; m <= metrics; m++) {
        if (!(metric[m] in value)) {
            line = line ",NA,NA,NA"
            continue
        }
        v = value[metric[m]]
        line = line sprintf(",%.9f,%.9f,%.9f", v, v * 0.9, v * 1.2)
    }
    print line
}

function histogram(h,    path)
{
    path = hists "/h" ++written ".hgrm"
    print "h" written ".hgrm," at > (hists "/index.csv")
    print "       Value     Percentile TotalCount 1/(1-Percentile)\n" > path
    printf "%12.3f %.12f %10d %14.2f\n", 2000 * s, 0, 1, 1 > path
    printf "%12.3f %.12f %10d %14.2f\n", 20000 * s * h, 0.9, 9000, 10 > path
    printf "%12.3f %.12f %10d %14.2f\n", 900000 * s * h, 0.9999, 9999, 10000 > path
    printf "%12.3f %.12f %10d\n", 1000000 * s * h, 1, 10000 > path
    close(path)
}

function evtchn(    s, k, n, ports)
{
    print "experiment,platform,clock,subject,kind,measure,ports,pending,priorities,burst,serve_ns,n," \
          "event_ns,event_ns_lo,event_ns_hi,worst_wait,worst_wait_lo,worst_wait_hi"
    n = split("8 64 512 1024 131072", ports, " ")
    for (s = 1; s <= 2; s++) {
        subject = s == 1 ? "fifo" : "newest"
        for (k = 1; k <= n; k++) {
            event("send-idle", ports[k], "1,1,NA,NA", 30 * s, "")
            event("scan", ports[k], "1,1,NA,NA", (s == 1 && k == n ? 10 : 40) * s, "")
            event("order", ports[k], "NA,1,4,NA", "", ports[k])
        }
        for (k = 4; k <= 64; k *= 4)
            event("scan", ports[n], k ",1,NA,NA", 20 * s / k, "")
    }
}

function event(measure, ports, rest, ns, wait)
{
    printf "e,native,tsc,%s,abi,%s,%d,%s,7", subject, measure, ports, rest
    printf ns == "" ? ",NA,NA,NA" : ",%g,%g,%g", ns, ns * 0.9, ns * 1.2
    printf wait == "" ? ",NA,NA,NA\n" : ",%g,%g,%g\n", wait, wait, wait
}

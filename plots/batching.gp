# SPDX-License-Identifier: MIT
# batching: requests for each event, latency and CPU time by notification policy, against offered load;
# and at one load what a request costs against how long the slowest take.

figure = 'batching'
if (!exists("root")) root = 'plots'
series_of = 'policy'
panel_specs = 'requests_per_event|load|-|1|1000 p99_ns|load|-|1|1000 cpu_ns_per_request|load|-|1|1000 ' . \
              'cpu_ns_per_request|p99_ns|load=50000|1|1'
headings = '(a)_batching (b)_99th_percentile_of_latency (c)_CPU_time_of_both_ends (d)_the_trade-off_at_50_k_requests/s'
y_labels = 'Requests/event p99_(ns) CPU/request_(ns) CPU/request_(ns)'
x_labels = '- - Offered_load_(k_requests/s) 99th_percentile_of_latency_(ns)'
load root.'/panels.gp'

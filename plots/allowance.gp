# SPDX-License-Identifier: MIT
# allowance: what the context-switch allowance of BVT does to latency and throughput.

figure = 'allowance'
if (!exists("root")) root = 'plots'
panel_specs = 'p99_ns|allowance_ns|-|1e3|1e6 throughput|allowance_ns|-|1e3|1e6 busy|allowance_ns|-|0.01|1e6'
headings = '(a)_dispatch_latency,_99th_percentile (b)_requests_answered (c)_work_of_all_domains'
y_labels = 'µs k_requests/s %_of_CPU_time'
x_labels = '- - Context-switch_allowance_(ms)'
load root.'/panels.gp'

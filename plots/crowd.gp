# SPDX-License-Identifier: MIT
# crowd: what domains that compute get done together, and what each switch takes them, by how many they are.

figure = 'crowd'
if (!exists("root")) root = 'plots'
panel_specs = 'hog_work|domains|slice_ms=5|0.01|1 hog_work|domains|slice_ms=50|0.01|1 switch_ns|domains|slice_ms=5|1|1'
headings = '(a)_work_of_all_domains,_turns_of_5_ms (b)_turns_of_50_ms (c)_a_switch,_turns_of_5_ms'
y_labels = '%_of_CPU_time %_of_CPU_time Instructions'
x_labels = '- - Domains'
load root.'/panels.gp'

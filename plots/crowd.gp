# SPDX-License-Identifier: MIT
# crowd: what domains that compute lose to each other, and what each switch takes, by how many they are.

figure = 'crowd'
if (!exists("root")) root = 'plots'
panel_specs = 'lost|domains|slice_ms=5|1e-6|1 lost|domains|slice_ms=50|1e-6|1 switch_ns|domains|slice_ms=5|1|1'
headings = '(a)_lost_with_turns_of_5_ms (b)_with_turns_of_50_ms (c)_a_switch,_turns_of_5_ms'
y_labels = 'µs/s µs/s Instructions'
x_labels = '- - Domains'
load root.'/panels.gp'

# SPDX-License-Identifier: MIT
# turns: what longer turns of domains that compute save in switches and cost in shares.

figure = 'turns'
if (!exists("root")) root = 'plots'
panel_specs = 'switches_per_s|slice_ms|-|1|1 share_error_100ms|slice_ms|-|0.01|1 share_error_1s|slice_ms|-|0.01|1'
headings = '(a)_switches (b)_share_error,_windows_of_100_ms (c)_share_error,_windows_of_1_s'
y_labels = '1/s %_of_service %_of_service'
x_labels = '- - Context-switch_allowance,_or_length_of_a_turn_(ms)'
load root.'/panels.gp'

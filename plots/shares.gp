# SPDX-License-Identifier: MIT
# shares: share error of domains that compute, in the hypervisor, against the length of time looked at.

figure = 'shares'
if (!exists("root")) root = 'plots'
panel_specs = 'share_error|window|weights=equal|0.01|1000 share_error|window|weights=linear|0.01|1000'
headings = '(a)_equal_weights (b)_weights_64,_128,_192_...'
y_labels = 'Share_error_(%) Share_error_(%)'
x_labels = '- Window_(s)'
load root.'/panels.gp'

# SPDX-License-Identifier: MIT
# share: share error of domains that always want to run, against the length of time looked at.

figure = 'share'
if (!exists("root")) root = 'plots'
panel_specs = 'share_error|window|weights=equal|1|1000 share_error|window|weights=linear|1|1000'
headings = '(a)_equal_weights (b)_weights_of_64_to_512'
y_labels = 'Share_error Share_error'
x_labels = '- Window_(s)'
load root.'/panels.gp'

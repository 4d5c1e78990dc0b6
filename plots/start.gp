# SPDX-License-Identifier: MIT
# start: from the request for a domain until it is created, built, at its first instruction and in its
# main program, against its place in a row of domains, in instructions and in time, and on Xen.

figure = 'start'
if (!exists("root")) root = 'plots'
# Time is that of the truest machine that there is.
timed = system("for m in bare-metal qemu-kvm; do grep -q \",$m,\" '".summary."' && break; m=qemu-tcg; done; echo $m")
panel_specs = 'start_ns|row|machine=qemu-icount|1e6|1 start_ns|row|machine='.timed.'|1e6|1 '. \
    'start_ns|row|machine=xen-icount|1e6|1'
headings = '(a)_instructions (b)_time (c)_instructions_on_Xen'
y_labels = 'M_instructions ms M_instructions'
x_labels = '- - Place_in_the_row'
load root.'/panels.gp'

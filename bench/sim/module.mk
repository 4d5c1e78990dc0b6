# SPDX-License-Identifier: MIT
# The scheduler simulator. SIM_C is what a program links, with SCHED_C, to use sim.h.

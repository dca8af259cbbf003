"""How fast calls are rated here, and in how much memory, against the goals: `make bench`.

A module per question: whole (the command, end to end), prefixes (numbers to deck rows), curve (more and more calls),
reference_data (a catalogue compiled and opened), small (a file of a hundred calls), stages (where the time goes).
What is compared has its baseline in the same run, in turn with ours, so that ratios hold on a machine of any speed.
Where start-up or memory matters, it runs in a process of its own. Files come from a seed, and go after the step that
needs them.
"""

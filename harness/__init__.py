"""The machine: loads, plans, executes and judges. It knows no actor by name."""

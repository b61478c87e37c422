"""Plan, execute, judge. Knows actors only through their contract, and no report at all."""

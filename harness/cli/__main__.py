"""`python -m harness.cli` is `swf`."""

from harness.cli import main

main()

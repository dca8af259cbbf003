"""`python -m callmeter.cli`."""

from callmeter.cli import main

main()

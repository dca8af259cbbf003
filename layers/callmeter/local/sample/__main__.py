"""Write the sample month, or the generated parts of rates/."""

import argparse
import re
from pathlib import Path

from callmeter.local.sample import write_rates, write_sample


def main() -> None:
    """Read the arguments, write what they ask for. Exit 2 where they make no sense."""
    parser = argparse.ArgumentParser(prog="python -m callmeter.local.sample", description=__doc__)
    parser.add_argument("--out", type=Path, metavar="FILE.csv", help="write the sample month here")
    parser.add_argument("--rates", type=Path, metavar="DIR", help="(re)write the generated files of rates/")
    parser.add_argument("--seed", type=int, default=1, help="another seed is another month (default 1)")
    parser.add_argument("--calls", type=int, default=5000, help="lines in the file (default 5000)")
    parser.add_argument("--month", default="2026-10", metavar="YYYY-MM", help="default 2026-10")
    options = parser.parse_args()
    if not options.out and not options.rates:
        parser.error("say what to write: --out FILE.csv, --rates DIR, or both")
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", options.month):
        parser.error(f'--month "{options.month}" is not a month; write it as 2026-10')
    if options.rates:
        write_rates(options.rates)
    if options.out:
        try:
            write_sample(options.out, seed=options.seed, calls=options.calls, month=options.month)
        except (OSError, ValueError) as error:
            parser.error(str(error))


if __name__ == "__main__":
    main()

"""The sample month, the sample rates/, and the benchmark's files, all from a seed.

python -m callmeter.local.sample --out FILE.csv [--seed N] [--calls 5000] [--month 2026-10]
python -m callmeter.local.sample --rates DIR
"""

from callmeter.local.sample.bench import write_bench
from callmeter.local.sample.calls import write_sample
from callmeter.local.sample.rates import write_rates

__all__ = ["write_bench", "write_rates", "write_sample"]

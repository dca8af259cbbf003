"""The command line.

Exit 0: done (rejects included); 1: something could not be done; 2: usage, or a broken catalogue.
"""

import sys

import click

from callmeter.cli import operate, pull, rate, rates, rejects, rerate, shown, sources, start, sync, ucrm
from callmeter.errors import BrokenCatalogue, CallmeterError, UsageError


@click.group(epilog=start.EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="callmeter")
def cli() -> None:
    """Rate VoIP calls, and bill them."""


for module_commands in (
    (rate.rate, rate.quote, rejects.rejects, rates.rates, sources.sources),
    (operate.local, operate.bill, operate.link, rerate.rerate, rerate.withdraw, rerate.simulate, rerate.status),
    (pull.pull, sync.sync, ucrm.ucrm),
    (start.init, start.completion),
):
    for command in module_commands:
        cli.add_command(command)


def main() -> None:
    """Run the command line; every failure is one clear message and an exit code."""
    try:
        code = cli(standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        code = 2
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenCatalogue as error:
        shown.print_problems(error)
        code = 2
    except UsageError as error:
        shown.complain(str(error))
        code = 2
    except CallmeterError as error:
        shown.complain(str(error))
        code = 1
    except OSError as error:
        shown.complain(f"{error.filename or 'the system'}: {error.strerror or error}")
        code = 1
    sys.exit(code if isinstance(code, int) else 0)

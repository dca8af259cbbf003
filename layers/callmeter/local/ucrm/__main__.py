"""The stand-in as a program: prints its URL and serves until it is told to end (Ctrl-C or SIGTERM)."""

import signal
import threading
from pathlib import Path

import click

from callmeter.local.ucrm.service import UcrmStandin
from callmeter.ucrm import exact_json


@click.command(help="A stand-in for UCRM on 127.0.0.1, strict about its documented API.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="a free one")
@click.option("--state", "state_file", type=click.Path(dir_okay=False, path_type=Path), required=True)
@click.option("--key", required=True, help="The app key callers must send; it may write.")
@click.option("--read-key", help="A second app key that may only read.")
@click.option("--seed", "seed_file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(port: int, state_file: Path, key: str, read_key: str | None, seed_file: Path | None) -> None:
    try:
        seeds = None if seed_file is None else exact_json.loads(seed_file.read_bytes())
        standin = UcrmStandin(state_file, key, read_key=read_key, port=port, seeds=seeds)
    except OSError as wrong:
        raise click.ClickException(f"cannot serve on port {port} with state {state_file}: {wrong}") from wrong
    except (ValueError, TypeError, KeyError, AttributeError) as wrong:
        raise click.ClickException(f"{seed_file or state_file} cannot be read: {wrong}") from wrong
    end = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: end.set())
    with standin:
        click.echo(f"UCRM stand-in: {standin.url}")
        end.wait()


if __name__ == "__main__":
    main()

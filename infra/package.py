"""infra/*.yaml + functions/ + layers/ -> build/: what deploy.py uploads.

build/sam.json         chalice's template merged with ours; its CodeUri and ContentUri name the zips beside it
build/deployment.zip   the functions
build/callmeter.zip    layer: callmeter and what it imports (Lambda's platform, infra/requirements-lambda.txt)
build/typst.zip        layer: typst, for bill alone
build/callmeter-plugin.zip   the plugin for UISP CRM, as the CRM takes it

The same input gives the same bytes. With --local the layers hold no libraries: on one machine the emulator's
workers see those of the environment it runs in. Why so: infra/decisions/0001-packaging-and-emulator.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parent.parent
PYTHON_VERSION = "3.13"
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64")
LIMIT_BYTES = 250 * 1024 * 1024  # unzipped, a function with its layers
FUNCTION = "deployment.zip"
LAYERS = ("callmeter.zip", "typst.zip")
NOT_SHIPPED = ("__pycache__", "*.pyc", "local", "tests", "page", "deployments")

Template = dict[str, dict[str, Any]]


def join_templates(folder: Path) -> Template:
    """The sections of all YAML files of a folder as one template; a name that is there twice is an error."""
    joined: Template = {}
    for path in sorted(folder.glob("*.yaml")):
        for section, entries in yaml_parse(path.read_text(encoding="utf-8")).items():
            known = joined.setdefault(section, {})
            if twice := sorted(known.keys() & entries.keys()):
                raise SystemExit(f"{path.name}: {section} {', '.join(twice)} stands in another file too")
            known.update(entries)
    return joined


def package_functions(out: Path) -> None:
    """Write out/sam.json and out/deployment.zip. Chalice works on a copy: it keeps a cache in its project."""
    infra = out / "infra.json"
    infra.write_text(json.dumps(join_templates(ROOT / "infra")), encoding="utf-8")
    project = out / "functions"
    shutil.copytree(ROOT / "functions", project, ignore=shutil.ignore_patterns(*NOT_SHIPPED))
    layers = os.pathsep.join(filter(None, [str(ROOT / "layers"), os.environ.get("PYTHONPATH")]))
    chalice = [sys.executable, "-c", "from chalice.cli import main; main()"]
    done = subprocess.run(  # noqa: S603
        [*chalice, "package", "--stage", "prod", "--merge-template", str(infra), str(out / "chalice")],
        cwd=project,
        env={"AWS_DEFAULT_REGION": "eu-west-1", **os.environ, "PYTHONPATH": layers},
        capture_output=True,
        text=True,
    )
    is_made = (out / "chalice" / "sam.json").is_file()  # chalice ends with 0 where app.py cannot be imported
    if done.returncode or not is_made or "Could not install" in done.stdout + done.stderr:
        raise SystemExit(f"chalice could not package functions/:\n{done.stdout}{done.stderr}".rstrip())
    shutil.copy(out / "chalice" / "sam.json", out)
    with zipfile.ZipFile(out / "chalice" / FUNCTION) as made:
        made.extractall(out / "deployment")
    write_zip(out / "deployment", out / FUNCTION)


def package_callmeter_layer(out: Path) -> None:
    """Write out/callmeter.zip with the package alone; libraries already in out/callmeter/ go with it."""
    shutil.copytree(
        ROOT / "layers" / "callmeter",
        out / "callmeter" / "python" / "callmeter",
        ignore=shutil.ignore_patterns(*NOT_SHIPPED),
    )
    write_zip(out / "callmeter", out / "callmeter.zip")


def package_local_layers(out: Path) -> None:
    """The layers without libraries."""
    note = out / "typst" / "python" / "README"
    note.parent.mkdir(parents=True)
    note.write_text("On one machine typst comes with the environment.\n", encoding="utf-8")
    write_zip(out / "typst", out / "typst.zip")
    package_callmeter_layer(out)


def package_lambda_layers(out: Path) -> None:
    """The layers as Lambda needs them."""
    install(ROOT / "infra" / "requirements-lambda.txt", out / "callmeter" / "python")
    install(ROOT / "infra" / "requirements-typst.txt", out / "typst" / "python")
    write_zip(out / "typst", out / "typst.zip")
    package_callmeter_layer(out)


def install(requirements: Path, target: Path) -> None:
    """Put the wheels of Lambda's platform, checked by hash, into a folder."""
    platforms = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--no-deps",
        "--require-hashes",
    ]
    command += [
        "--only-binary=:all:",
        "--implementation",
        "cp",
        "--python-version",
        PYTHON_VERSION,
        *platforms,
    ]
    command += ["--target", str(target), "--requirement", str(requirements)]
    if subprocess.run(command).returncode:  # noqa: S603
        raise SystemExit(f"pip could not install {requirements.name} for Lambda (see above)")
    shutil.rmtree(target / "bin", ignore_errors=True)


def package_plugin(out: Path) -> None:
    """Write out/callmeter-plugin.zip: manifest.json lies at its top, as the CRM wants it."""
    write_zip(ROOT / "infra" / "ucrm" / "plugin", out / "callmeter-plugin.zip")


def write_zip(folder: Path, path: Path) -> None:
    """Zip a folder so that the same files give the same bytes: sorted, one date, one mode."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for file in files(folder):
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)


def files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def unzipped_bytes(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(entry.file_size for entry in archive.infolist())


def check_sizes(out: Path) -> str:
    """A table of sizes against Lambda's limit; an error where a function and its layers are over it."""
    names = (FUNCTION, *LAYERS)
    unzipped = {name: unzipped_bytes(out / name) for name in names}
    rows = [(name, unzipped[name], (out / name).stat().st_size) for name in names]
    total = sum(unzipped.values())
    rows.append(("bill: all three", total, sum(row[2] for row in rows)))
    rows.append(("others: without typst", total - unzipped["typst.zip"], sum(row[2] for row in rows[:2])))
    lines = [f"{'':24}{'unzipped':>12}{'zipped':>12}{'of 250 MB':>12}"]
    lines += [f"{name:24}{mb(full):>12}{mb(packed):>12}{full / LIMIT_BYTES:>12.1%}" for name, full, packed in rows]
    if total > LIMIT_BYTES:
        raise SystemExit("\n".join([*lines, "Lambda takes at most 250 MB: leave something out of the layers."]))
    return "\n".join(lines)


def mb(size: int) -> str:
    return f"{size / 1024 / 1024:.2f} MB"


def package(out: Path, package_layers: Callable[[Path], None]) -> str:
    """Empty the folder and fill it; answers the table of sizes."""
    if out.exists() and any(out.iterdir()) and not (out / "infra.json").exists():
        raise SystemExit(f"{out} holds something else than a package: choose another folder, or empty it first.")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    package_functions(out)
    package_layers(out)
    package_plugin(out)
    return check_sizes(out)


def main() -> None:
    parser = argparse.ArgumentParser(description="Package functions, layers and template for deploy.py.")
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="folder to write to; emptied first")
    parser.add_argument("--local", action="store_true", help="leave out libraries, for the emulator on this machine")
    arguments = parser.parse_args()
    layers = package_local_layers if arguments.local else package_lambda_layers
    print(package(arguments.out.resolve(), layers))  # noqa: T201


if __name__ == "__main__":
    main()

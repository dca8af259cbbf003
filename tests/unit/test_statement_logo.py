"""operator.toml, [billing.look] logo: read beside it, and refused where it would stop statements."""

import base64
import struct
import zlib
from pathlib import Path

import pytest

from callmeter.catalogue.files import MOST_LOGO_BYTES, read_operator
from callmeter.errors import BrokenCatalogue

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="3" height="1"><rect width="3" height="1"/></svg>'


def png() -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    parts = ((b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0\0")), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def operator_toml(folder: Path, logo: str, content: bytes | None) -> Path:
    path = folder / "operator.toml"
    look = f'[billing.look]\naccent = "#123456"\n  logo = "{logo}"\n'
    path.write_text(f'country = "GB"\ntimezone = "Europe/London"\ncurrency = "GBP"\n{look}')
    if content is not None:
        (folder / logo).write_bytes(content)
    return path


@pytest.mark.parametrize(("logo", "content"), [("logo.svg", SVG), ("logo.png", png())])
def test_a_logo_becomes_part_of_the_operators_look(tmp_path: Path, logo: str, content: bytes) -> None:
    look = read_operator(operator_toml(tmp_path, logo, content), "operator.toml").billing.look
    assert base64.b64decode(look.image) == content
    assert look.accent == "#123456"


@pytest.mark.parametrize(
    ("logo", "content", "problem"),
    [
        ("logo.svg", None, "logo.svg is not there [no-logo] (Put the file beside operator.toml.)"),
        ("logo.png", png()[:-4], "logo.png is not what its name says, or is cut off [bad-logo]"),
        ("logo.png", SVG, "logo.png is not what its name says, or is cut off [bad-logo]"),
        ("logo.jpg", png(), "logo.jpg is not what its name says, or is cut off [bad-logo]"),
        ("logo.svg", SVG[:-3], "logo.svg is not what its name says, or is cut off [bad-logo]"),
        ("logo.svg", SVG + b" " * MOST_LOGO_BYTES, f"has {len(SVG) + MOST_LOGO_BYTES} bytes [bad-logo]"),
    ],
)
def test_a_logo_that_would_stop_statements_is_refused(
    tmp_path: Path, logo: str, content: bytes | None, problem: str
) -> None:
    with pytest.raises(BrokenCatalogue) as refused:
        read_operator(operator_toml(tmp_path, logo, content), "operator.toml")
    (found,) = refused.value.problems
    assert problem.partition(" (")[0] in str(found)
    assert (found.line, found.column) == (6, 3)


def test_an_unknown_key_of_the_look_lists_the_known_ones(tmp_path: Path) -> None:
    path = operator_toml(tmp_path, "logo.svg", SVG)
    path.write_text(path.read_text() + 'colour = "red"\n')
    with pytest.raises(BrokenCatalogue) as refused:
        read_operator(path, "operator.toml")
    assert "The keys are: accent, logo, footer." in str(refused.value.problems[0])

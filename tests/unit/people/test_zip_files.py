"""A ZIP file that is put together from its parts is one that everybody can read."""

import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from io import SEEK_CUR, BytesIO
from pathlib import Path
from zipfile import ZipFile as Reader

from lrs.people.zip_files import Method, Packing, Stretch, ZipEntry, ZipFile

MADE = datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)


def packed(name: str, content: bytes, method: Method = Method.DEFLATED) -> tuple[ZipEntry, bytes]:
    if method is Method.AS_IS:
        size = len(content)
        return ZipEntry(name, method, size, size, zlib.crc32(content)), content
    packing = Packing()
    for start in range(0, len(content), 100):
        packing.add(content[start : start + 100])
    data = packing.finish()
    return ZipEntry(name, method, packing.size, len(data), packing.crc), data


def joined(parts: Iterable[bytes | Stretch], data: Sequence[bytes]) -> bytes:
    return b"".join(
        part if isinstance(part, bytes) else data[part.entry][part.start : part.start + part.length]
        for part in parts
    )


CONTENTS = {"größe.txt": b"text " * 500, "empty": b"", "data/raw": bytes(range(256))}


def small() -> tuple[ZipFile, list[bytes]]:
    made = [
        packed(name, content, Method.AS_IS if name == "data/raw" else Method.DEFLATED)
        for name, content in CONTENTS.items()
    ]
    return ZipFile([entry for entry, _ in made], MADE), [data for _, data in made]


def check_read(content: bytes) -> None:
    with Reader(BytesIO(content)) as reader:
        assert reader.testzip() is None
        assert {name: reader.read(name) for name in reader.namelist()} == CONTENTS
        assert {each.date_time for each in reader.infolist()} == {(2026, 3, 4, 5, 6, 8)}


def test_a_file_is_read_and_has_the_size_that_was_told() -> None:
    file, data = small()
    whole = joined(file.parts(), data)
    assert len(whole) == file.size
    check_read(whole)


def test_a_file_can_be_had_from_any_place_on() -> None:
    file, data = small()
    whole = joined(file.parts(), data)
    for first in (0, 1, 35, 60, 200, len(whole) // 2, len(whole) - 1, len(whole)):
        assert joined(file.parts(first), data) == whole[first:]


def test_files_beyond_four_gibibytes_and_those_behind_them_are_found(tmp_path: Path) -> None:
    size = 2**32 + 5
    large = ZipEntry("large", Method.AS_IS, size, size, 0)
    behind, data = packed("behind", b"here it is")
    file = ZipFile([large, behind], MADE)
    path = tmp_path / "large.zip"
    with path.open("wb") as written:
        for part in file.parts():
            if isinstance(part, bytes):
                written.write(part)
            elif part.entry == 1:
                written.write(data)
            else:
                # A hole in the file stands for what is large.
                written.seek(part.length, SEEK_CUR)
    assert path.stat().st_size == file.size
    with Reader(path) as reader:
        assert reader.getinfo("large").file_size == size
        assert reader.read("behind") == b"here it is"


def test_many_files_are_all_found() -> None:
    count = 66_000
    entries = [ZipEntry(f"{number}", Method.AS_IS, 0, 0, 0) for number in range(count)]
    whole = joined(ZipFile(entries, MADE).parts(), [b""] * count)
    with Reader(BytesIO(whole)) as reader:
        assert len(reader.namelist()) == count

"""Open recordings that are plain, compressed, in a zip archive, or in another Unicode encoding.

The content decides how a file is read, not its name. A recording in a zip archive has the path of
the archive followed by its own: `data.zip/ls20/a.jsonl`.
"""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import lzma
import sys
import zipfile
import zlib
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, cast

from arcworld.errors import ArcworldError
from arcworld.recordings.grids import short

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BUFFER = 1 << 20
MAX_LAYERS = 3
"""Limit on nested compression; more is an attack or a mistake."""
MAX_MEMBERS = 100_000
"""Limit on the files in a zip archive."""
_OPENERS: dict[str, tuple[bytes, Any]] = {
    "gzip": (b"\x1f\x8b", lambda file: gzip.GzipFile(fileobj=file)),
    "zstd": (b"\x28\xb5\x2f\xfd", zstd.ZstdFile),
    "bzip2": (b"BZh", bz2.BZ2File),
    "xz": (b"\xfd7zXZ\x00", lzma.LZMAFile),
    "zip": (b"PK\x03\x04", None),
}
_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"{\0\0\0", "utf-32-le"),
    (b"\0\0\0{", "utf-32-be"),
    (b"{\0", "utf-16-le"),
    (b"\0{", "utf-16-be"),
)
"""First bytes of text that is not UTF-8, with or without a byte order mark; longest first."""


class DamagedError(ArcworldError):
    """Compressed or encoded data cannot be read to its end; the message says what was found."""


@contextmanager
def open_text(path: Path) -> Generator[io.BufferedReader]:
    """Open a file or a zip member as a stream of decompressed UTF-8 bytes.

    Rows before a damaged part can still be read.

    Raises:
        DamagedError: the data is cut off, damaged or encrypted, or its text cannot be decoded.
        OSError: the file cannot be opened or read.
    """
    kind = "compressed"
    try:
        with ExitStack() as stack:
            file = _open_binary(path, stack)
            for _ in range(MAX_LAYERS):
                layer = _kind(file.peek(8)[:8])
                if layer is None:
                    break
                kind = layer
                file = _decompressed(file, layer, stack)
            yield _in_utf8(file)
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError, zstd.ZstdError) as error:
        raise _damaged(kind, error) from None
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise _damaged("zip", error) from None
    except UnicodeError as error:
        raise DamagedError(
            f"found text that cannot be decoded ({short(str(error))}); expected UTF-8;"
            " save the file as UTF-8"
        ) from None
    except OSError as error:
        if error.errno is None:  # the bz2 module reports damaged data as a plain OSError
            raise _damaged(kind, error) from None
        raise


def _damaged(kind: str, error: Exception) -> DamagedError:
    remedy = "restore it, or unpack the rows before the damage"
    if kind == "gzip":
        remedy += " (zcat FILE > NAME.jsonl)"
    found = f"found {kind} data that is cut off or damaged ({short(str(error))})"
    return DamagedError(f"{found}; expected a whole {kind} file; {remedy}")


def _open_binary(path: Path, stack: ExitStack) -> io.BufferedReader:
    inside = member(path)
    if inside is None:
        return cast(io.BufferedReader, stack.enter_context(path.open("rb", BUFFER)))
    archive, name = inside
    return _buffered(stack.enter_context(_open_zip(archive, stack).open(name)))


def _open_zip(file: Path | IO[bytes], stack: ExitStack) -> zipfile.ZipFile:
    return stack.enter_context(zipfile.ZipFile(file))


def _decompressed(file: io.BufferedReader, kind: str, stack: ExitStack) -> io.BufferedReader:
    if kind != "zip":
        return _buffered(_OPENERS[kind][1](file))
    archive = _open_zip(file, stack)
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if len(names) != 1:
        raise DamagedError(
            f"found a zip archive of {len(names)} files; expected one recording; give the archive"
            " as a data set, or name one of its files (ARCHIVE.zip/NAME)"
        )
    return _buffered(stack.enter_context(archive.open(names[0])))


def _buffered(file: Any) -> io.BufferedReader:
    return io.BufferedReader(_Pieces(file), BUFFER)


class _Pieces(io.RawIOBase):
    """Reads a decompressor piece by piece, so that rows before a damaged part are still read."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        piece = self.file.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


def _kind(head: bytes) -> str | None:
    for kind, (magic, _) in _OPENERS.items():
        if head.startswith(magic):
            return kind
    return None


def _in_utf8(file: io.BufferedReader) -> io.BufferedReader:
    head = file.peek(4)[:4]
    for mark, encoding in _ENCODINGS:
        if head.startswith(mark):
            return io.BufferedReader(_Recoded(file, encoding), BUFFER)
    return file


class _Recoded(io.RawIOBase):
    """Reads text of another encoding as UTF-8."""

    def __init__(self, file: io.BufferedReader, encoding: str) -> None:
        self.file = file
        self.decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self.rest:
            piece = self.file.read1(BUFFER)
            text = self.decoder.decode(piece, final=not piece)
            self.rest = text.encode("utf-8", "surrogatepass")
            if not piece:
                break
        piece, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def member(path: Path) -> tuple[Path, str] | None:
    """Return (archive, name inside it) if a path leads into a zip archive, else None."""
    if ".zip" not in str(path).lower():
        return None
    for parent in path.parents:
        if parent.suffix.lower() == ".zip" and parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return None


def file_of(path: Path) -> Path:
    """Return the file on disk for a path: the archive, if the path leads into one."""
    inside = member(path)
    return path if inside is None else inside[0]


def zip_names(path: Path) -> list[str]:
    """Return the names of the files in a zip archive, sorted.

    Raises:
        DamagedError: the file is not a whole zip archive, or holds too many files.
        OSError: the file cannot be opened.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise _damaged("zip", error) from None
    if len(infos) > MAX_MEMBERS:
        raise DamagedError(
            f"found {len(infos):,} files in a zip archive; expected at most {MAX_MEMBERS:,};"
            " unpack it"
        )
    return sorted(info.filename for info in infos if not info.is_dir())


def read_file(path: Path, limit: int) -> bytes | None:
    """Return the first `limit` decompressed bytes of a file or zip member; None if unreadable."""
    if member(path) is None and not path.is_file():
        return None
    try:
        with open_text(path) as file:
            return file.read(limit)
    except (OSError, KeyError, DamagedError):
        return None

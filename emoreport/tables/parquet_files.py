"""What all Parquet files of readings share: a description with a digest, and plain errors."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from emoreport.errors import StoredReadingsError

REMEDY: Final = "analyse_with_overwrite"
MAX_ROWS: Final = 12_000_000
"""Rows that are read: a day at 138 frames a second. A few bytes can claim, and hold, billions."""
_FACTS_KEY: Final = b"emoreport"
_DIGEST_KEY: Final = b"emoreport.sha256"
"""Parquet checks its pages but not its footer, which holds the facts."""


def schema_metadata(facts: Mapping[str, object]) -> dict[bytes, bytes]:
    """Metadata of an Arrow schema that hold `facts`, JSON values, and their digest."""
    text = json.dumps(facts, allow_nan=False).encode()
    return {_FACTS_KEY: text, _DIGEST_KEY: hashlib.sha256(text).hexdigest().encode()}


def schema_facts(schema: Any) -> Mapping[str, Any]:  # noqa: ANN401 - pyarrow has no types
    """Facts from an Arrow schema's metadata; empty if another program left them out.

    Raises
    ------
    ValueError, TypeError
        When they are damaged.
    """
    metadata = schema.metadata or {}
    stored = metadata.get(_FACTS_KEY)
    if stored is None:
        return {}
    if hashlib.sha256(stored).hexdigest().encode() != metadata.get(_DIGEST_KEY):
        raise ValueError("its description is damaged")
    facts = json.loads(stored)
    if not isinstance(facts, dict):
        raise TypeError("its description is not a table of facts")
    return facts


@contextmanager
def telling_damage(path: Path) -> Iterator[None]:
    """Turn whatever reading the file raises into a `StoredReadingsError` that names it."""
    import pyarrow as pa

    try:
        yield
    except FileNotFoundError as error:
        raise StoredReadingsError("readings.missing", remedy=REMEDY, file=path) from error
    except pa.ArrowException as error:
        raise StoredReadingsError(
            "readings.damaged", error=error, remedy=REMEDY, file=path
        ) from error
    except OSError as error:
        raise StoredReadingsError(
            "file.unreadable", error=error, remedy=REMEDY, file=path
        ) from error
    except (
        *(ValueError, TypeError, KeyError, IndexError),
        *(OverflowError, MemoryError, RecursionError),
    ) as error:
        raise StoredReadingsError(
            "readings.not_readings", error=error, remedy=REMEDY, file=path
        ) from error


def write_described(
    stream: BinaryIO, arrays: Sequence[Any], names: Sequence[str], facts: Mapping[str, object]
) -> None:
    """Write Arrow arrays as a Parquet file that says of itself what `facts` hold.

    Raises
    ------
    OSError
        When the stream cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    content = pa.Table.from_arrays(arrays, names=list(names), metadata=schema_metadata(facts))
    pq.write_table(content, stream, compression="zstd", write_page_checksum=True)


def read_table(path: Path, *, most_rows: int = MAX_ROWS) -> Any:  # noqa: ANN401 - pyarrow has no types
    """Content of a Parquet file of readings; what is wrong is raised as it comes."""
    import pyarrow.parquet as pq

    if path.exists() and not path.is_file():
        raise OSError("it is no regular file")
    with path.open("rb") as stream:
        file = pq.ParquetFile(stream, page_checksum_verification=True)
        # What is deeper in the footer is not asked for: of a damaged one Arrow aborts.
        if file.metadata.num_rows > most_rows:
            raise ValueError(f"it claims {file.metadata.num_rows} rows")
        content = file.read()
    content.validate(full=True)
    return content


@contextmanager
def described(
    path: Path, content: str, layout: int, otherwise: str, *, most_rows: int = MAX_ROWS
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Read a file of `write_described`: its table and its facts; what is wrong inside is told.

    Parameters
    ----------
    path
        The file.
    content, layout
        What its facts must say.
    otherwise
        What is said where they do not.
    most_rows
        A file that claims more rows is damaged.

    Raises
    ------
    StoredReadingsError
        When the file is damaged or something else, also when the body finds it to be.
    """
    with telling_damage(path):
        table = read_table(path, most_rows=most_rows)
        facts = schema_facts(table.schema)
        if facts.get("content") != content or facts.get("layout") != layout:
            raise ValueError(otherwise)
        yield table, facts

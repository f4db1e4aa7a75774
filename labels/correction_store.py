"""Where corrections are kept: one table in a database that SQLAlchemy reaches.

The service writes it (``service.corrections``), ``stance labels import --corrections`` reads it.
Nothing is kept but what ``Correction`` names: no address, no user, no surrounding text.
"""

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from pathlib import Path

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    insert,
    select,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from labels.corrections import Correction, StoreError

CONNECT_SECONDS = 5

_metadata = MetaData()
_table = Table(
    "stance_corrections",
    _metadata,
    Column("id", String(32), primary_key=True),
    Column("stored_at", DateTime(timezone=True), nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String(3), nullable=False),
    Column("labels_given", JSON, nullable=False),
    Column("labels_right", JSON, nullable=False),
    Column("model_version", String(100), nullable=False),
    Column("note", Text, nullable=False),
)


class CorrectionStore:
    """The corrections of one database; safe to share by threads."""

    def __init__(self, url: str) -> None:
        """Prepare to reach ``url``, a SQLAlchemy URL; nothing is connected yet.

        Raises
        ------
        StoreError
            If it is no such URL, or its driver is not installed.
        """
        wait = {"connect_timeout": CONNECT_SECONDS} if url.startswith("postgresql") else {}
        # SQLite's connections are not kept: one that was opened before the file was replaced would
        # never reach the new one.
        pool = NullPool if url.startswith("sqlite") else None
        try:
            # A connection that the server has closed meanwhile is noticed and replaced.
            self._engine = create_engine(url, pool_pre_ping=True, connect_args=wait, poolclass=pool)
        except (ArgumentError, ImportError, ValueError) as error:
            kind = url.partition(":")[0]
            raise StoreError(
                f"corrections: {kind!r} begins no database URL that can be used here "
                f"({type(error).__name__}); expected e.g. sqlite:///corrections.db, or with the "
                "extra 'postgresql' installed postgresql+psycopg://user@host/database"
            ) from None
        self._is_prepared = False
        self._file = self._engine.url.database if pool is not None else None
        self._was_there = _exists(self._file)

    def add(self, correction: Correction) -> str:
        """Store one correction, all of it or nothing, and return its id.

        Raises
        ------
        StoreError
            If the database cannot be reached or written, or its file, which was there, is gone.
        """
        # SQLite would begin a new one, perhaps where a disk is not mounted for the moment: what it
        # took would be hidden when the disk is back.
        if self._was_there and not _exists(self._file):
            raise StoreError("the correction was not stored (the database's file is gone)")
        if not self._is_prepared:
            # Another process may be making the table; if it is missing, the next line tells.
            with suppress(SQLAlchemyError):
                _metadata.create_all(self._engine)
        correction_id = secrets.token_urlsafe(12)
        row = {
            "id": correction_id,
            "stored_at": correction.stored_at,
            "text": correction.text,
            "language": correction.language,
            "labels_given": list(correction.given),
            "labels_right": list(correction.right),
            "model_version": correction.model_version,
            "note": correction.note,
        }
        try:
            with self._engine.begin() as connection:
                connection.execute(insert(_table).values(row))
        except SQLAlchemyError as error:
            raise StoreError(f"the correction was not stored ({_reason(error)})") from None
        self._is_prepared = True
        self._was_there = _exists(self._file)
        return correction_id

    def read(self) -> Sequence[Correction]:
        """Return all corrections in the order in which they came.

        Raises
        ------
        StoreError
            If the database cannot be reached or holds none.
        """
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(select(_table).order_by(_table.c.stored_at)).all()
        except SQLAlchemyError as error:
            raise StoreError(
                f"corrections cannot be read from {self._engine.url!r} ({type(error).__name__})"
            ) from None
        return [
            Correction(
                text=row.text,
                language=row.language,
                given=tuple(row.labels_given),
                right=tuple(row.labels_right),
                model_version=row.model_version,
                # SQLite keeps no time zone; what is stored is always UTC.
                stored_at=row.stored_at
                if row.stored_at.tzinfo
                else row.stored_at.replace(tzinfo=UTC),
                note=row.note,
            )
            for row in rows
        ]

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _exists(file: str | None) -> bool:
    # Path.exists raises where the folder may not be read.
    return file is not None and os.path.exists(file)  # noqa: PTH110


def _reason(error: SQLAlchemyError) -> str:
    """Return the database's code of an error; its message may repeat what was to be stored."""
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None)
    return code or type(error).__name__


def open_store(url_or_file: str) -> CorrectionStore:
    """Return the store of a database URL, or of an SQLite file that exists.

    Raises
    ------
    StoreError
        If it is neither.
    """
    if "://" in url_or_file:
        return CorrectionStore(url_or_file)
    path = Path(url_or_file)
    if not path.is_file():
        raise StoreError(f"{path}: no such file; expected an SQLite file or a database URL")
    return CorrectionStore(f"sqlite:///{path.absolute()}")

"""What services pass along while a transaction of theirs is open; SQLAlchemy stays in this room."""

from sqlalchemy.ext.asyncio import AsyncConnection as Transaction

__all__ = ["Transaction"]

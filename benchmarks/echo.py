"""What ``benchmarks/load.py`` compares with: FastAPI as anyone writes it, answering the request."""

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Item(BaseModel):
    """The fields of ``POST /classify``."""

    text: str
    id: str | None = None
    language: str | None = None
    evidence: bool = False


@app.post("/classify")
async def echo(item: Item) -> Item:
    """Return what was sent."""
    return item

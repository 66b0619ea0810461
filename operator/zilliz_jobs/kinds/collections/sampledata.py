"""The sample data that comes with the operator: invented, and the same at every run, so that it can be written twice.

Films of one genre have vectors near one another, so that a first vector search finds something that makes sense.
"""

from __future__ import annotations

from math import sin, sqrt
from typing import Any

from zilliz_jobs.api.collectionjobs import Dataset

DIMENSION = 8
GENRES = ("Adventure", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Science fiction", "Western")
FIRST = (
    "The Silent", "The Last", "A Distant", "The Golden", "Beneath the", "Beyond the", "The Broken", "A Borrowed",
    "The Hidden", "Return to the", "The Paper", "Letters from the",
)  # fmt: skip
SECOND = (
    "Harbour",
    "Mountain",
    "Orchard",
    "Station",
    "Winter",
    "Garden",
    "Horizon",
    "Lighthouse",
    "River",
    "Archive",
)


def rows(dataset: Dataset) -> list[dict[str, Any]]:
    """The rows of a data set, by their fixed keys."""
    match dataset:
        case Dataset.FILMS:
            return [_film(number) for number in range(len(FIRST) * len(SECOND))]


def schema(dataset: Dataset) -> dict[str, Any]:
    """The schema of its collection, in the cloud's words (documented: Create Collection)."""
    match dataset:
        case Dataset.FILMS:
            return {
                "autoId": False,
                "enableDynamicField": False,
                "fields": [
                    {"fieldName": "id", "dataType": "Int64", "isPrimary": True},
                    {"fieldName": "title", "dataType": "VarChar", "elementTypeParams": {"max_length": "64"}},
                    {"fieldName": "year", "dataType": "Int64"},
                    {"fieldName": "genre", "dataType": "VarChar", "elementTypeParams": {"max_length": "32"}},
                    {"fieldName": "vector", "dataType": "FloatVector", "elementTypeParams": {"dim": str(DIMENSION)}},
                ],
            }


INDEX = ({"fieldName": "vector", "indexName": "vector", "metricType": "COSINE", "indexType": "AUTOINDEX"},)


def _film(number: int) -> dict[str, Any]:
    genre = number % len(GENRES)
    return {
        "id": number,
        "title": f"{FIRST[number // len(SECOND)]} {SECOND[number % len(SECOND)]}",
        "year": 1930 + (number * 37) % 95,
        "genre": GENRES[genre],
        "vector": _vector(genre, number),
    }


def _vector(genre: int, number: int) -> list[float]:
    """A unit vector close to the axis of the genre."""
    raw = [0.25 * sin(number * (axis + 1)) + (1.0 if axis == genre else 0.0) for axis in range(DIMENSION)]
    length = sqrt(sum(x * x for x in raw))
    return [round(x / length, 6) for x in raw]

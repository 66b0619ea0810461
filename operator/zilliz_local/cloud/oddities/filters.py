"""A cloud that pays no heed to what a list was asked for."""

from .oddity import Given, Oddity


def _without(*names: str) -> Oddity:
    def given(asked: Given) -> Given:
        return {name: value for name, value in asked.items() if name not in names}

    return Oddity(f"ignores_{names[0]}", f"`{'`, `'.join(names)}` of a request counts for nothing", given=given)


def _small_pages(asked: Given) -> Given:
    return asked | {"pageSize": 10} if "pageSize" in asked else asked


def _unsaid(data: object) -> object:
    told = ("pageSize", "currentPage")
    return {k: v for k, v in data.items() if k not in told} if isinstance(data, dict) else data


FILTERS = (
    _without("dbName"),
    _without("collectionName"),
    _without("type"),
    _without("status"),
    _without("creationMethod", "backupType", "start", "end"),
    Oddity("small_pages", "ten rows on a page, whatever was asked for, and the answer says so", given=_small_pages),
    Oddity("small_pages_unsaid", "the same, and the answer does not say so", given=_small_pages, data=_unsaid),
)

"""Base of every record that also has a JSON form: snake_case in Python, camelCase on the wire.

Unknown fields are errors, so that a misspelt switch in a test fails at once instead of doing nothing.
"""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Camel(BaseModel):
    """Frozen record, readable by either spelling, dumped in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

    def wire(self) -> dict[str, object]:
        """The JSON form."""
        return self.model_dump(by_alias=True, mode="json")

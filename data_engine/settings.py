"""The frozen base class of the blocks of a corpus' YAML, and the types that several blocks share.

The blocks themselves are in `data_engine.corpus`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue

#: A share of a whole, from 0 to 1.
Share = Annotated[float, Field(ge=0, le=1)]
#: Lower case letters, digits and underscores: part of asset keys, table paths and partition names.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Settings(BaseModel):
    """A block of a corpus' YAML: frozen, without unknown keys, its docstrings shown wherever the schema is."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    former_names: ClassVar[Mapping[str, str]] = {}
    """Names that fields had in earlier versions; a YAML file that still has them is read on."""

    @model_validator(mode="before")
    @classmethod
    def _take_former_names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        taken = dict(value)
        for former, name in cls.former_names.items():
            if former in taken and name in taken:
                raise ValueError(f"{former} is the former name of {name}, and both are given; remove {former}")
            if former in taken:
                taken[name] = taken.pop(former)
        return taken

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the block, in which former names are marked as deprecated."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        for former, name in cls.former_names.items():
            schema["properties"][former] = {**schema["properties"][name], "deprecated": True}
        return schema


def _off_is_none(value: Any) -> Any:
    if value is True:
        raise ValueError("on says no number; give a similarity above 0 and at most 1, or off")
    return None if value is False else value


#: A similarity at and above which something counts as a duplicate; off or null looks for none.
Similarity = Annotated[
    Annotated[float, Field(gt=0, le=1)] | None,
    BeforeValidator(_off_is_none),
    WithJsonSchema(
        {"type": ["number", "boolean", "null"], "exclusiveMinimum": 0, "maximum": 1, "not": {"const": True}}
    ),
]

"""The frozen base class of the blocks of a corpus' YAML, and the types that several blocks share.

The blocks themselves are in `data_engine.corpus`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

#: A share of a whole, from 0 to 1.
Share = Annotated[float, Field(ge=0, le=1)]
#: Lower case letters, digits and underscores: part of asset keys, table paths and partition names.
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Settings(BaseModel):
    """A block of a corpus' YAML: frozen, without unknown keys, its docstrings shown wherever the schema is."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True)

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
    def __get_pydantic_json_schema__(cls, core: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The schema of the block, in which former names are marked as deprecated."""
        schema = handler.resolve_ref_schema(handler(core))
        for former, name in cls.former_names.items():
            schema["properties"][former] = {**schema["properties"][name], "deprecated": True}
        return schema


@dataclass(frozen=True)
class OneOf:
    """Marks a text as a name of a registry, so that the registry stays the only list of its names.

    Used as `Annotated[str, OneOf("Which ... it is.", _meanings)]`. A value that is no such name is refused; the JSON
    schema lists the names, by which `dg check yaml` marks the line, and tells what each means. The registry is asked
    only then: a default value does not import it.
    """

    what: str
    """The choice that the value makes, in a sentence that the schema shows before the meanings."""
    meanings: Callable[[], Mapping[str, str]]
    """Gives the names in the order in which they are shown, with what each means (no capital letter, no full stop)."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The schema of the text, with the check behind it."""
        return core_schema.with_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The JSON schema of the text, with the names and their meanings."""
        return {**handler(schema), "enum": list(self.meanings()), "description": self.description}

    @property
    def description(self) -> str:
        """The choice, and what each name means."""
        return " ".join([self.what, *(f"{name}: {meaning}." for name, meaning in self.meanings().items())])

    def _checked(self, value: str, info: ValidationInfo) -> str:
        names = tuple(self.meanings())
        if value not in names:
            raise ValueError(f"{info.field_name} is {value!r}, which does not exist; use one of {', '.join(names)}")
        return value


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

"""Settings: where values come from, what is refused, and in which words."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import (
    AliasChoices,
    AliasPath,
    AnyUrl,
    BaseModel,
    Field,
    SecretBytes,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode, SettingsConfigDict

from fastnfurious.core.errors import SettingsError
from fastnfurious.core.settings import FastNFuriousSettings, SettingDescription, Settings


class Flavour(StrEnum):
    """Two choices."""

    PLAIN = "plain"
    SALTED = "salted"


class Server(BaseModel):
    """A nested group."""

    host: str = "localhost"
    port: int = Field(80, ge=1, le=65535, description="Port of the shop.")
    password: SecretStr | None = None


class ShopSettings(Settings):
    """One field of each kind."""

    model_config = SettingsConfigDict(env_prefix="SHOP_", env_nested_delimiter="__")

    flavour: Flavour = Field(Flavour.PLAIN, description="Taste.")
    colour: Literal["red", "blue"] = Field("red", description="Looks.")
    open: bool = Field(True, description="Whether anybody may come in.")
    stock: int = Field(3, ge=0, description="Pieces in the shop.")
    rate: float = Field(0.5, gt=0, le=1, description="Share of buyers.")
    tags: list[str] = Field(["a"], description="Labels.")
    sizes: list[int] | None = Field(None, description="Sizes.")
    prices: dict[str, int] = Field({}, description="Prices.")
    site: AnyUrl | None = Field(None, description="Site.")
    token: SecretStr | None = Field(None, description="Secret.")
    database: str = Field("sqlite://", description="Address with a password inside.")
    server: Server = Field(Server(), description="Nested.")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Run every test in an empty folder, with an environment that sets nothing."""
    monkeypatch.chdir(tmp_path)
    with patch.dict(os.environ, clear=True):
        yield


def fault_of(settings: type[Settings], **environment: str) -> str:
    """Return the one fault that an environment leads to, as a sentence."""
    os.environ.update(environment)
    with pytest.raises(SettingsError) as caught:
        settings.load()
    [fault] = caught.value.faults
    return str(fault)


def row(settings: Settings, variable: str) -> SettingDescription:
    """Return the explained row of one variable."""
    return next(row for row in settings.explain() if row.variable == variable)


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("SHOP_FLAVOUR", "sweet", "one of plain, salted"),
        ("SHOP_COLOUR", "green", "one of red, blue"),
        ("SHOP_OPEN", "maybe", "true or false (also 1 or 0, yes or no, on or off)"),
        ("SHOP_STOCK", "many", "a whole number of at least 0"),
        ("SHOP_STOCK", "-1", "a whole number of at least 0"),
        ("SHOP_RATE", "2", "a number greater than 0 and of at most 1"),
        ("SHOP_SIZES", "1,x", "item 2 has to be a whole number"),
        ("SHOP_SIZES", '[1, "x"]', "item 2 has to be a whole number"),
        ("SHOP_PRICES", "tea=1,milk=x", "'milk' has to be a whole number"),
        ("SHOP_SITE", "shop", "a URL (or leave it unset)"),
        ("SHOP_SERVER__PORT", "0", "a whole number from 1 to 65535"),
    ],
)
def test_a_fault_names_the_variable_the_value_and_what_is_accepted(
    variable: str, value: str, accepted: str
) -> None:
    """The sentence holds everything that is needed to put the variable right."""
    expected = f"{variable}={value!r} is not accepted: {accepted}"
    assert fault_of(ShopSettings, **{variable: value}) == expected


@pytest.mark.parametrize("value", ["[", '["a"', "{"])
def test_a_list_that_is_begun_as_json_has_to_be_json(value: str) -> None:
    """A bracket that is never closed is not taken for an item."""
    fault = fault_of(ShopSettings, SHOP_TAGS=value)
    assert fault.endswith('a JSON list such as ["a", "b"], or items separated by commas')


@pytest.mark.parametrize("value", ["tea", "{", "tea=1,milk"])
def test_a_mapping_that_is_neither_json_nor_pairs_is_refused(value: str) -> None:
    """Text without a name and a value says what a mapping looks like."""
    fault = fault_of(ShopSettings, SHOP_PRICES=value)
    assert fault.endswith(
        'a JSON object such as {"a": "b"}, or name=value pairs separated by commas'
    )


class Mixed(Settings):
    """Values with several shapes."""

    pair: tuple[int, bool] = (1, True)
    either: int | list[int] = 1
    nested: None | dict[str, list[int]] = None


@pytest.mark.parametrize(
    ("variable", "value", "accepted"),
    [
        ("PAIR", "1,x", "item 2 has to be true or false (also 1 or 0, yes or no, on or off)"),
        ("EITHER", "[1, false, []]", "a whole number or a JSON list such as"),
        ("NESTED", '{"a": [1, "x"]}', "'a', item 2 has to be a whole number"),
    ],
)
def test_the_faulty_part_of_a_value_is_named(variable: str, value: str, accepted: str) -> None:
    """Inside a value, the position of the fault is told."""
    fault = fault_of(Mixed, **{variable: value})
    assert fault.startswith(f"{variable}={value!r} is not accepted: {accepted}")


def test_the_file_is_read_like_the_environment(tmp_path: Path) -> None:
    """Lists and mappings are written in the same ways, and faults name the same variable."""
    (tmp_path / ".env").write_text('SHOP_TAGS=a,b\nSHOP_PRICES="tea=1"\n')
    settings = ShopSettings.load()
    assert (settings.tags, settings.prices) == (["a", "b"], {"tea": 1})
    (tmp_path / ".env").write_text("SHOP_STOCK=x\n")
    assert fault_of(ShopSettings).startswith("SHOP_STOCK='x' is not accepted")


def test_every_fault_is_listed_at_once() -> None:
    """Three wrong variables need one start, not three."""
    os.environ.update(SHOP_STOCK="x", SHOP_OPEN="x", SHOP_TAGS="[")
    with pytest.raises(SettingsError) as caught:
        ShopSettings.load()
    assert {fault.variable for fault in caught.value.faults} == {
        "SHOP_STOCK",
        "SHOP_OPEN",
        "SHOP_TAGS",
    }


@pytest.mark.parametrize(
    ("text", "tags"),
    [("a,b", ["a", "b"]), (" a , ,b,", ["a", "b"]), ('["a, b"]', ["a, b"]), ("5", ["5"])],
)
def test_lists_are_read_from_json_and_from_commas(text: str, tags: list[str]) -> None:
    """Both ways of writing a list give the same list."""
    os.environ["SHOP_TAGS"] = text
    assert ShopSettings.load().tags == tags


@given(st.lists(st.from_regex(r"[a-z0-9_.-]+", fullmatch=True)))
def test_any_list_survives_both_spellings(tags: list[str]) -> None:
    """What is written as JSON or with commas is read back unchanged."""
    with patch.dict(os.environ, {"SHOP_TAGS": json.dumps(tags)}):
        assert ShopSettings.load().tags == tags
    with patch.dict(os.environ, {"SHOP_TAGS": ",".join(tags) or "[]"}):
        assert ShopSettings.load().tags == tags


@pytest.mark.parametrize("text", ["tea=1,milk=2", '{"tea": 1, "milk": 2}', "tea = 1, milk = 2"])
def test_mappings_are_read_from_json_and_from_pairs(text: str) -> None:
    """Both ways of writing a mapping give the same mapping."""
    os.environ["SHOP_PRICES"] = text
    assert ShopSettings.load().prices == {"tea": 1, "milk": 2}


def test_optional_lists_are_read_too() -> None:
    """A list that may be unset is written like any other."""
    os.environ["SHOP_SIZES"] = "1,2"
    assert ShopSettings.load().sizes == [1, 2]


def test_text_that_may_be_a_list_stays_text_and_undecoded_fields_are_left_alone() -> None:
    """Only fields that can be nothing but a collection are split."""

    class Loose(Settings):
        either: list[str] | str = "x"
        raw: Annotated[list[str], NoDecode] = []

        @field_validator("raw", mode="before")
        @classmethod
        def split(cls, value: object) -> object:
            return value.split(";") if isinstance(value, str) else value

    os.environ.update(EITHER="a,b", RAW="a;b")
    loaded = Loose.load()
    assert (loaded.either, loaded.raw) == ("a,b", ["a", "b"])


def test_nested_lists_are_read_from_commas() -> None:
    """A list inside a nested model is written like one at the top."""

    class Inner(BaseModel):
        tags: list[str] = []

    class Outer(Settings):
        model_config = {"env_nested_delimiter": "__"}
        inner: Inner = Inner()

    os.environ["INNER__TAGS"] = "a,b"
    assert Outer.load().inner.tags == ["a", "b"]


def test_a_missing_required_setting_says_what_to_set() -> None:
    """A required variable that is absent is named with what it takes."""

    class Needy(Settings):
        port: int = Field(ge=1, le=9)

    assert fault_of(Needy) == "PORT is not set: a whole number from 1 to 9"


def test_a_missing_part_of_a_nested_model_is_named() -> None:
    """The variable of the nested field is named, not that of the group."""

    class Inner(BaseModel):
        port: int
        host: str

    class Outer(Settings):
        model_config = {"env_nested_delimiter": "__"}
        inner: Inner

    assert fault_of(Outer, INNER__HOST="here") == "INNER__PORT is not set: a whole number"


def test_a_nested_model_without_a_delimiter_names_the_part_inside() -> None:
    """With one variable for the whole model, the part is named in words."""

    class Inner(BaseModel):
        port: int = 1

    class Outer(Settings):
        inner: Inner | None = None

    assert fault_of(Outer, INNER='{"port": "x"}') == (
        """INNER='{"port": "x"}' is not accepted: 'port' has to be a whole number"""
    )
    assert fault_of(Outer, INNER="x").endswith("a JSON object (or leave it unset)")
    assert [row.variable for row in Outer.describe()] == ["INNER"]


def test_a_validators_own_words_are_shown() -> None:
    """What a validator says reaches the reader without pydantic's prefix."""

    class Even(Settings):
        number: int = 2

        @field_validator("number")
        @classmethod
        def even(cls, value: int) -> int:
            if value % 2:
                raise ValueError(f"{value} is odd; take an even number")
            return value

    assert fault_of(Even, NUMBER="3").endswith("not accepted: 3 is odd; take an even number")


def test_a_validator_of_the_whole_class_is_named_by_its_prefix() -> None:
    """Settings that contradict each other are a fault of the group."""

    class Pair(Settings):
        model_config = {"env_prefix": "PAIR_"}
        low: int = 1
        high: int = 2

        @model_validator(mode="after")
        def ordered(self) -> Pair:
            if self.low > self.high:
                raise ValueError("PAIR_LOW is above PAIR_HIGH")
            return self

    assert fault_of(Pair, PAIR_LOW="5") == "PAIR_* do not fit together: PAIR_LOW is above PAIR_HIGH"


def test_a_type_that_json_cannot_describe_gets_pydantics_own_words() -> None:
    """Without better words, those of the validation are shown."""

    class Odd:
        pass

    class Strange(Settings):
        model_config = {"arbitrary_types_allowed": True}
        odd: Odd = Odd()
        number: int = 1

    assert fault_of(Strange, NUMBER="x").endswith(
        "input should be a valid integer, unable to parse string as an integer"
    )


SECRET = "hunter2-secret"


@pytest.mark.parametrize(
    "settings",
    [
        type("Plain", (Settings,), {"__annotations__": {"key": SecretStr}}),
        type("Maybe", (Settings,), {"__annotations__": {"key": SecretStr | None}}),
        type("Bytes", (Settings,), {"__annotations__": {"key": SecretBytes}}),
        type("Many", (Settings,), {"__annotations__": {"key": list[SecretStr]}}),
        type("Nested", (Settings,), {"__annotations__": {"key": Server}}),
        type("Named", (Settings,), {"__annotations__": {"key": dict[str, SecretStr]}}),
    ],
    ids=lambda settings: settings.__name__,
)
def test_a_secret_that_is_refused_is_never_shown(settings: type[Settings]) -> None:
    """Neither the message nor anything reachable from the error holds the secret."""

    class Strict(settings):  # type: ignore[valid-type,misc]
        @field_validator("key", mode="before")
        @classmethod
        def refuse(cls, value: object) -> object:
            raise ValueError(f"{value} is no key")

    os.environ["KEY"] = SECRET
    with pytest.raises(SettingsError) as caught:
        Strict.load()
    error = caught.value
    assert error.__context__ is None and error.__cause__ is None
    assert SECRET not in str(error) + repr(error) + repr(error.faults)
    assert error.faults[0].value == "**********"


def test_secrets_are_masked_in_repr_and_explanations() -> None:
    """A loaded secret shows as a mask, wherever the settings are shown."""
    os.environ.update(SHOP_TOKEN=SECRET, SHOP_SERVER__PASSWORD=SECRET)
    settings = ShopSettings.load()
    assert settings.token is not None and settings.token.get_secret_value() == SECRET
    shown = repr(settings) + str(settings) + repr(settings.explain())
    assert SECRET not in shown
    assert row(settings, "SHOP_TOKEN").value == "**********"
    assert row(settings, "SHOP_SERVER__PASSWORD").value == "**********"


def test_a_secret_that_is_not_set_shows_as_empty() -> None:
    """A mask means that there is something to mask."""
    assert row(ShopSettings.load(), "SHOP_TOKEN").value == ""


def test_secrets_that_were_left_as_text_are_masked_too() -> None:
    """A union of secret and text counts as a secret."""

    class Either(Settings):
        key: SecretStr | str = "x"

    assert row(Either.load(key="open"), "KEY").value == "**********"


def test_passwords_inside_addresses_are_masked() -> None:
    """An address is shown, its password is not."""
    os.environ["SHOP_DATABASE"] = f"postgresql://shop:{SECRET}@db/shop"
    settings = ShopSettings.load()
    assert settings.database.count(SECRET) == 1
    assert row(settings, "SHOP_DATABASE").value == "postgresql://shop:**********@db/shop"
    assert SECRET not in repr(settings)


def test_a_wrong_address_is_shown_without_its_password() -> None:
    """A fault masks the password of an address as well."""

    class Short(Settings):
        address: str = Field("", max_length=5)

    fault = fault_of(Short, ADDRESS=f"redis://:{SECRET}@cache")
    assert fault == (
        "ADDRESS='redis://:**********@cache' is not accepted: text of 0 to 5 characters"
    )


def test_every_source_is_named_and_the_strongest_wins(tmp_path: Path) -> None:
    """An argument beats the environment, which beats the file, which beats the default."""
    (tmp_path / "shop.env").write_text("SHOP_STOCK=5\nSHOP_RATE=0.25\nSHOP_OPEN=no\nSHOP_TAGS=\n")
    os.environ.update(ENV_FILE="shop.env", SHOP_RATE="0.75", SHOP_OPEN="yes", SHOP_COLOUR="")
    settings = ShopSettings.load(open=False)
    shown = {row.variable: (row.value, row.source) for row in settings.explain()}
    assert shown["SHOP_OPEN"] == ("false", "argument")
    assert shown["SHOP_RATE"] == ("0.75", "environment")
    assert shown["SHOP_STOCK"] == ("5", "shop.env")
    assert shown["SHOP_COLOUR"] == ("red", "default")
    assert shown["SHOP_TAGS"] == ('["a"]', "default")


def test_a_refused_argument_is_shown_in_place_of_the_environment() -> None:
    """The value that was refused is shown, not the one that it replaced."""
    os.environ["SHOP_STOCK"] = "7"
    with pytest.raises(SettingsError, match="SHOP_STOCK='-1' is not accepted"):
        ShopSettings.load(stock=-1)
    os.environ.clear()
    with pytest.raises(SettingsError, match="SHOP_STOCK='-1' is not accepted"):
        ShopSettings.load(stock=-1)


def test_an_argument_that_does_not_exist_is_refused() -> None:
    """A slip in a keyword is the programmer's, and is named."""
    with pytest.raises(TypeError, match="ShopSettings has no setting 'stok'; did you mean 'stock'"):
        ShopSettings.load(stok=1)
    with pytest.raises(TypeError, match="no setting 'xyz'$"):
        ShopSettings.load(xyz=1)


def test_a_file_that_was_asked_for_and_is_missing_is_an_error() -> None:
    """A misspelt file name must not quietly start with the defaults."""
    assert fault_of(ShopSettings, ENV_FILE="prod.env") == (
        "ENV_FILE='prod.env' is not accepted: there is no such file; name a readable file, "
        "or unset ENV_FILE to read .env where there is one"
    )


def test_a_folder_or_foreign_encoding_is_an_error(tmp_path: Path) -> None:
    """What cannot be read as text is named, with the reason."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "latin").write_bytes(b"NAME=caf\xe9")
    assert "cannot be read (is a directory)" in fault_of(ShopSettings, ENV_FILE="folder")
    assert "not text in UTF-8" in fault_of(ShopSettings, ENV_FILE="latin")


def test_a_default_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    """A .env that is there is meant to be read."""
    (tmp_path / ".env").write_bytes(b"\xff")
    assert fault_of(ShopSettings) == (
        ".env fails: it is not text in UTF-8: make it a readable text file"
    )


def test_no_file_or_a_folder_called_env_is_fine(tmp_path: Path) -> None:
    """Without ENV_FILE nothing has to be there."""
    ShopSettings.load()
    (tmp_path / ".env").mkdir()
    ShopSettings.load()


def test_a_line_that_sets_nothing_is_an_error_without_its_text(tmp_path: Path) -> None:
    """The line is named by its number, as it may hold a secret."""
    (tmp_path / ".env").write_text(f"SHOP_STOCK=1\nKEY='{SECRET}\n")
    fault = fault_of(ShopSettings)
    assert fault == ".env, line 2, cannot be read: expected NAME=value"


def test_a_byte_order_mark_is_ignored(tmp_path: Path) -> None:
    """Some editors put one at the start of a file."""
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfSHOP_STOCK=9")
    settings = ShopSettings.load()
    assert (settings.stock, row(settings, "SHOP_STOCK").source) == (9, ".env")


@pytest.mark.parametrize(
    "slip", ["SHOP_STOKC", "SHOP_STOC", "SHOP_STOCKS", "SHOP_STOVK", "shop_stokc"]
)
def test_a_misspelt_variable_in_the_file_is_reported(tmp_path: Path, slip: str) -> None:
    """A variable that sets nothing, and is one slip away from one that would, is no accident."""
    (tmp_path / ".env").write_text(f"{slip}=1\n")
    assert fault_of(ShopSettings) == f"{slip} in .env sets nothing: did you mean SHOP_STOCK?"


@pytest.mark.parametrize(
    "name",
    ["SHOP_STOCK1", "SHOP_BLOCKS", "SHOP_STOCKING", "UNRELATED", "SHOP_SOTKC", "SHOP_TSOKC", "X"],
)
def test_other_variables_in_the_file_are_nobodys_business(tmp_path: Path, name: str) -> None:
    """The file may serve other programs too."""
    (tmp_path / ".env").write_text(f"{name}=1\n")
    ShopSettings.load()


def test_a_variable_of_another_settings_class_is_no_slip(tmp_path: Path) -> None:
    """Two names that are alike may both be right."""

    class Neighbour(Settings):
        shop_stocks: int = 1

    (tmp_path / ".env").write_text("SHOP_STOCKS=1\n")
    ShopSettings.load()
    assert Neighbour.load().shop_stocks == 1


def test_numbered_and_very_short_names_are_no_slips(tmp_path: Path) -> None:
    """HOST2 beside HOST1 is a numbering, and short words are alike by chance."""

    class Numbered(Settings):
        shop_1: str = ""
        host: str = ""

    (tmp_path / ".env").write_text("SHOP_2=x\nPOST=x\n")
    Numbered.load()


def test_a_slip_beside_the_right_variable_is_left_alone(tmp_path: Path) -> None:
    """With the right one set, the other may be meant for something else."""
    (tmp_path / ".env").write_text("SHOP_STOCK=1\nSHOP_STOCKS=2\n")
    assert ShopSettings.load().stock == 1


def test_names_that_differ_by_case_only_contradict_each_other(tmp_path: Path) -> None:
    """Which of the two would win is an accident, so neither does."""
    assert fault_of(ShopSettings, SHOP_STOCK="1", shop_stock="2") == (
        "SHOP_STOCK has several values, under names that differ by case: "
        "SHOP_STOCK, shop_stock: keep one of them"
    )
    os.environ.clear()
    (tmp_path / ".env").write_text("SHOP_STOCK=1\nShop_Stock=2\n")
    assert "Shop_Stock" in fault_of(ShopSettings)


def test_names_that_differ_by_case_with_one_value_are_fine() -> None:
    """Two names for one value do not contradict each other."""
    os.environ.update(SHOP_STOCK="1", shop_stock="1")
    assert ShopSettings.load().stock == 1


class Aliased(Settings):
    """Fields that go by names of others' choosing."""

    model_config = {"env_prefix": "MY_"}

    endpoint: str = Field("", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    name: str = Field("", max_length=3, validation_alias=AliasChoices("OTEL_SERVICE_NAME", "NAME"))
    first: str = Field("", validation_alias=AliasPath("PARTS", 0))


def test_aliases_are_the_variables_that_are_shown_and_read() -> None:
    """A standard variable is read under its standard name, without the prefix."""
    assert [row.variable for row in Aliased.describe()] == [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_SERVICE_NAME",
        "PARTS",
    ]
    os.environ.update(OTEL_EXPORTER_OTLP_ENDPOINT="http://c", NAME="me", PARTS='["x"]')
    settings = Aliased.load()
    assert (settings.endpoint, settings.name, settings.first) == ("http://c", "me", "x")
    assert row(settings, "OTEL_SERVICE_NAME").source == "environment"
    assert Aliased.variable("endpoint") == "OTEL_EXPORTER_OTLP_ENDPOINT"
    assert ShopSettings.variable("server") == "SHOP_SERVER"


def test_aliased_fields_can_be_given_by_their_own_names() -> None:
    """Code says ``endpoint=``, whatever the variable is called."""
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "http://environment"
    settings = Aliased.load(endpoint="http://argument", name="me")
    assert (settings.endpoint, settings.name) == ("http://argument", "me")
    assert row(settings, "OTEL_EXPORTER_OTLP_ENDPOINT").source == "argument"


def test_a_fault_names_the_alias_that_was_used() -> None:
    """The variable that was set is named, not another that would do as well."""
    assert fault_of(Aliased, NAME="long") == (
        "NAME='long' is not accepted: text of 0 to 3 characters"
    )


def test_classes_that_read_by_name_too_say_so() -> None:
    """The name with the prefix counts as a variable when pydantic reads it."""

    class Both(Settings):
        model_config = SettingsConfigDict(env_prefix="MY_", populate_by_name=True)
        endpoint: int = Field(1, validation_alias="ENDPOINT")

    assert fault_of(Both, MY_ENDPOINT="x") == "MY_ENDPOINT='x' is not accepted: a whole number"


def test_descriptions_hold_type_default_and_meaning() -> None:
    """The table of settings is complete without reading any value."""
    rows = {row.variable: row for row in ShopSettings.describe()}
    assert rows["SHOP_FLAVOUR"] == SettingDescription(
        "SHOP_FLAVOUR", "plain | salted", "plain", "Taste.", secret=False
    )
    assert rows["SHOP_SIZES"].type == "list[int] | None"
    assert rows["SHOP_PRICES"].default == "{}"
    assert rows["SHOP_SERVER__PORT"].description == "Port of the shop."
    assert rows["SHOP_SERVER__PASSWORD"].secret


def test_defaults_are_described_where_they_are_known() -> None:
    """Required settings have none, and a computed default is said to be one."""

    class Various(Settings):
        needed: int
        made: list[str] = Field(default_factory=lambda: ["x"])
        derived: str = Field(default_factory=lambda data: str(data["needed"]))

    assert [row.default for row in Various.describe()] == [
        None,
        '["x"]',
        "depends on other settings",
    ]


def test_nested_defaults_are_explained_even_when_the_group_is_not_set() -> None:
    """A group that is absent has empty rows in place of an error."""

    class Outer(Settings):
        model_config = {"env_nested_delimiter": "__"}
        server: Server | None = None

    assert [row.value for row in Outer.load().explain()] == ["", "", ""]


def test_settings_given_directly_count_as_arguments() -> None:
    """A class that is called, not loaded, knows where its values came from too."""
    os.environ["SHOP_STOCK"] = "8"
    assert row(ShopSettings(stock=4), "SHOP_STOCK").source == "argument"


def test_settings_cannot_be_changed() -> None:
    """What was read at start-up holds for the life of the process."""
    settings = FastNFuriousSettings.load()
    with pytest.raises(ValueError, match="frozen"):
        settings.service_name = "other"  # type: ignore[misc]


def test_validators_may_look_at_other_fields() -> None:
    """A fault from a validator with context is told like any other."""

    class Linked(Settings):
        low: int = 1
        high: int = 2

        @field_validator("high")
        @classmethod
        def above(cls, value: int, info: ValidationInfo) -> int:
            if value < info.data["low"]:
                raise AssertionError("HIGH is below LOW")
            return value

    assert fault_of(Linked, HIGH="0") == "HIGH='0' is not accepted: HIGH is below LOW"


def test_unknown_arguments_can_be_forbidden() -> None:
    """A class that forbids extras names the variable of the file that it does not know."""

    class Closed(Settings):
        model_config = {"env_prefix": "CLOSED_", "extra": "forbid"}
        port: int = 1

    Path(".env").write_text("CLOSED_OTHER=1\n")
    assert fault_of(Closed).startswith("CLOSED_* do not fit together: ")


def any_value() -> st.SearchStrategy[str]:
    """Return any text that an environment variable can hold."""
    return st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


@given(st.sampled_from([row.variable for row in ShopSettings.describe()]), any_value())
def test_no_value_leads_to_anything_but_settings_or_their_error(variable: str, value: str) -> None:
    """Whatever a variable holds, start-up ends in settings or in a sentence that names it."""
    with patch.dict(os.environ, {variable: value}):
        try:
            ShopSettings.load().explain()
        except SettingsError as error:
            assert {fault.variable for fault in error.faults} == {variable}


def test_environment_names_are_matched_whatever_their_case() -> None:
    """A variable in small letters is read as well."""
    os.environ["shop_stock"] = "6"
    settings: Any = ShopSettings.load()
    assert (settings.stock, row(settings, "SHOP_STOCK").source) == (6, "environment")

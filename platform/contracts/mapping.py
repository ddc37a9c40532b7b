"""A mapping: where a producer's records have what gold needs.

Belongs here: what a mapping can say. Not here: the stream that is made of it (`mapped_events`), the mapping of one
producer (its own file beside this one).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from contracts.paths import names_of_path
from contracts.stream import Csv
from contracts.times import TimeForm


@dataclass(frozen=True)
class Constant:
    """The same text for every event."""

    text: str


Path = str | tuple[str, ...]
"""A field of a record, with dots between names. Of several, the first one with a value counts."""
Source = Path | Constant
NOT_SENT: Path = ()
ACTIONS = (
    *("product_view", "list_view", "list_click", "add_to_cart", "remove_from_cart", "checkout_step"),
    *("transaction", "refund"),
)
"""What people do with products, in the words of Snowplow's e-commerce plug-in."""


@dataclass(frozen=True)
class DateAndTime:
    """A date and a time of day in two fields. They are read as one text, with a blank in between."""

    date: str
    time: str


@dataclass(frozen=True, kw_only=True)
class Items:
    """The fields of an order's lines.

    `path` is the list of lines, and the fields are within a line. Without `path`, each record is one line itself.

    Raises `ValueError` if no field is named.
    """

    path: str | None = None
    product_id: str | None = None
    product_name: str | None = None
    product_category: str | None = None
    unit_price: str | None = None
    quantity: str | None = None

    def __post_init__(self) -> None:
        if not any(source for name, source in vars(self).items() if name != "path"):
            raise ValueError("Items: name at least one field of a line")


@dataclass(frozen=True, kw_only=True)
class EventMapping:
    """Where a producer's records have the columns of a `MappedEvent`; what is left out is null.

    `time` is the form of `event_at`; None means ISO 8601. `value` is what the record adds to its order; if it is left
    out, it is the sum of the items. `properties` is an object to keep as JSON, or several fields, which become an
    object with the last names of their paths. `views`, `conversions` and `refunds` are names of events, and `actions`
    maps names of events to `ACTIONS`. With `session_of_person`, a session's id is unique only for one person.
    `delimiter`, `encoding` and `decimal_comma` are for CSV.

    Raises `ValueError` for amounts without a currency, for names of events that are one text, for a name that is both a
    conversion and a refund, for an unknown action, and for two properties with the same name.
    """

    event_name: Source
    event_at: Path | DateAndTime
    time: TimeForm | None = None
    event_id: Path = NOT_SENT
    user_id: Path = NOT_SENT
    anonymous_id: Path = NOT_SENT
    session_id: Path = NOT_SENT
    session_of_person: bool = False
    device_platform: Source = NOT_SENT
    channel: Source = NOT_SENT
    category: Source = NOT_SENT
    page_path: Source = NOT_SENT
    product_id: Source = NOT_SENT
    order_id: Path = NOT_SENT
    value: Path = NOT_SENT
    currency: Source = NOT_SENT
    items: Items | None = None
    properties: Path = NOT_SENT
    views: Sequence[str] = ()
    conversions: Sequence[str] = ()
    refunds: Sequence[str] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal_comma: bool = False

    def __post_init__(self) -> None:
        if (self.value or self.items) and not self.currency:
            raise ValueError('EventMapping: amounts need a currency: a field, or one for all as Constant("EUR")')
        for kind in ("views", "conversions", "refunds"):
            if isinstance(names := getattr(self, kind), str):
                raise ValueError(f"EventMapping: {kind} are names in parentheses: ({names!r},)")
        if both := {*self.conversions} & {*self.refunds}:
            raise ValueError(f"EventMapping: events that are conversions and refunds: {', '.join(sorted(both))}")
        if unknown := {*self.actions.values()} - {*ACTIONS}:
            raise ValueError(f"EventMapping: no actions: {', '.join(sorted(unknown))}; there are {', '.join(ACTIONS)}")
        if len(self.named_properties) < len(self.properties) and not isinstance(self.properties, str):
            raise ValueError(f"EventMapping: two properties have the same last name: {', '.join(self.properties)}")

    @property
    def named_properties(self) -> dict[str, str]:
        """The paths of several properties by name."""
        return {} if isinstance(self.properties, str) else {_last_name(path): path for path in self.properties}

    @property
    def csv(self) -> Csv | None:
        """CSV whose header has the fields that no event can lack; None if these have no single name in a header."""
        at = (self.event_at.date, self.event_at.time) if isinstance(self.event_at, DateAndTime) else (self.event_at,)
        sources = [source for source in (self.event_name, *at) if not isinstance(source, Constant)]
        paths = [names_of_path(source) for source in sources if isinstance(source, str)]
        names = tuple(names[0] for names in paths if len(names) == 1)
        return Csv(names, self.delimiter, self.encoding) if len(names) == len(sources) else None


def _last_name(path: str) -> str:
    return names_of_path(path)[-1]

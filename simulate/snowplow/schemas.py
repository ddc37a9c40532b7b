"""The self-describing JSON of enriched events: contexts, unstructured events and derived contexts.

Templates belong here, and the values that only they have; `records` adds the other columns that they name.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from simulate import dice, text
from simulate.snowplow import vocabulary
from simulate.snowplow.vocabulary import DEVICES, EVENT_KINDS, PAGE, SCREEN, WEB

CORE = "iglu:com.snowplowanalytics.snowplow"
SHOP = f"{CORE}.ecommerce"
APP = "iglu:com.snowplowanalytics.mobile"


def _entity(schema: str, data: str) -> str:
    return f'{{"schema":"{schema}","data":{data}}}'


def _contexts(*entities: str) -> str:
    return _entity(f"{CORE}/contexts/jsonschema/1-0-0", f"[{','.join(entities)}]")


def _unstructured(schema: str, data: str) -> str:
    return _entity(f"{CORE}/unstruct_event/jsonschema/1-0-0", _entity(schema, data))


def _action(kind: str) -> str:
    return _unstructured(f"{SHOP}/snowplow_ecommerce_action/jsonschema/1-0-2", f'{{"type":"{kind}"}}')


def _product(prefix: str = "") -> str:
    names = ("product", "category", "price", "quantity")
    product, category, price, quantity = (f"<{prefix}{name}>" for name in names)
    return _entity(
        f"{SHOP}/product/jsonschema/1-0-0",
        f'{{"id":"{product}","name":"Product {product}","category":"{category}","price":{price},'
        f'"quantity":{quantity},"currency":"<currency>"}}',
    )


WEB_PAGE = _entity(f"{CORE}/web_page/jsonschema/1-0-0", '{"id":"<page_id>"}')
TIMING = _entity(
    "iglu:org.w3/PerformanceTiming/jsonschema/1-0-0",
    '{"navigationStart":<sent>,"requestStart":<sent>,"domComplete":<sent>,"chromeFirstPaint":null}',
)
SHOP_PAGE = _entity(f"{SHOP}/page/jsonschema/1-0-0", '{"type":"product","language":"en"}')
CART_ENTITY = _entity(
    f"{SHOP}/cart/jsonschema/1-0-0", '{"cart_id":"<visit>","total_value":<in_cart>,"currency":"<currency>"}'
)
CHECKOUT_STEP = f"{SHOP}/checkout_step/jsonschema/1-0-0"
TRANSACTION = _entity(
    f"{SHOP}/transaction/jsonschema/1-0-0",
    '{"transaction_id":"T-<order>","revenue":<revenue>,"currency":"<currency>","payment_method":"card",'
    '"total_quantity":<pieces>,"shipping":<shipped_for>,"tax":null,"discount_amount":0}',
)
REFUND_ENTITY = _entity(
    f"{SHOP}/refund/jsonschema/1-0-0",
    '{"transaction_id":"T-<order>","currency":"<currency>","refund_amount":<refunded>,"refund_reason":"too small"}',
)
CLIENT_SESSION = _entity(
    f"{CORE}/client_session/jsonschema/1-0-2",
    '{"userId":"<install>","sessionId":"<visit>","sessionIndex":<visits>,"previousSessionId":null,'
    '"storageMechanism":"LOCAL_STORAGE"}',
)
PHONE = _entity(
    f"{CORE}/mobile_context/jsonschema/1-0-3",
    '{"osType":"android","osVersion":"14","deviceManufacturer":"Google","deviceModel":"Pixel 8","networkType":"wifi"}',
)
POSITION = _entity(
    f"{CORE}/geolocation_context/jsonschema/1-1-0", '{"latitude":<latitude>,"longitude":<longitude>,"bearing":null}'
)
VERSION = _entity(f"{APP}/application/jsonschema/1-0-0", '{"version":"3.1.0","build":"310"}')
ON_SCREEN = _entity(f"{APP}/screen/jsonschema/1-0-0", '{"id":"<page_id>","name":"Café <category>"}')

TIMED_PAGE, LATER_SCREEN = len(EVENT_KINDS), len(EVENT_KINDS) + 1  # variants of PAGE and SCREEN
ON_PAGE = _contexts(WEB_PAGE)
IN_APP = _contexts(CLIENT_SESSION, PHONE, POSITION, VERSION, ON_SCREEN)
CONTEXTS: Mapping[int, str] = {
    **{event: ON_PAGE if kind.platform == WEB else IN_APP for event, kind in enumerate(EVENT_KINDS)},
    vocabulary.SHIPPED: "",
    TIMED_PAGE: _contexts(WEB_PAGE, TIMING),
    LATER_SCREEN: IN_APP,
    vocabulary.PRODUCT: _contexts(WEB_PAGE, SHOP_PAGE, _product()),
    vocabulary.CART: _contexts(WEB_PAGE, _product(), CART_ENTITY),
    vocabulary.REMOVAL: _contexts(WEB_PAGE, _product(), CART_ENTITY),
    vocabulary.CHECKOUT: _contexts(WEB_PAGE, CART_ENTITY, _entity(CHECKOUT_STEP, '{"step":1}')),
    vocabulary.DELIVERY: _contexts(
        WEB_PAGE, CART_ENTITY, _entity(CHECKOUT_STEP, '{"step":2,"shipping_postcode":"<zipcode>"}')
    ),
    vocabulary.SALE: _contexts(WEB_PAGE, TRANSACTION, _product(), _product("other_")),
    vocabulary.REFUND: _contexts(WEB_PAGE, REFUND_ENTITY),
}
"""By event or variant."""

SCREEN_VIEW = f"{APP}/screen_view/jsonschema/1-0-0"
APPLICATION_ERROR = f"{CORE}/application_error/jsonschema/1-0-2"
EVENTS: Mapping[int, str] = {
    vocabulary.LINK: _unstructured(
        f"{CORE}/link_click/jsonschema/1-0-1",
        '{"targetUrl":"https://partner.example/<product>","elementId":"","elementClasses":["out","\\"new\\""]}',
    ),
    **{event: _action(action) for event, action in vocabulary.ACTIONS.items()},
    SCREEN: _unstructured(SCREEN_VIEW, '{"name":"Café <category>","id":"<page_id>"}'),
    LATER_SCREEN: _unstructured(
        SCREEN_VIEW, '{"name":"Café <category>","id":"<page_id>","previousName":"Café <other_category>"}'
    ),
    vocabulary.SHIPPED: _unstructured(
        "iglu:com.example.shop/order_shipped/jsonschema/2-0-1", '{"parcelCount":<quantity>,"carrierCode":null}'
    ),
    vocabulary.CONSENT_ASKED: _unstructured(
        f"{CORE}/cmp_visible/jsonschema/1-0-0", '{"elapsedTime":<tenths_of_seconds>}'
    ),
    vocabulary.CONSENT: _unstructured(
        f"{CORE}/consent_preferences/jsonschema/1-0-0",
        '{"eventType":"<choice>","basisForProcessing":"consent","consentUrl":"https://shop.example/privacy",'
        '"consentVersion":"2.0","consentScopes":[<scopes>],"domainsApplied":["shop.example"],"gdprApplies":true}',
    ),
    vocabulary.VITALS: _unstructured(
        f"{CORE}/web_vitals/jsonschema/1-0-0",
        '{"lcp":<lcp>,"fcp":<fcp>,"fid":null,"inp":<inp>,"cls":<cls>,"ttfb":<fcp>,"navigationType":"navigate"}',
    ),
    vocabulary.ERROR: _unstructured(
        APPLICATION_ERROR,
        '{"programmingLanguage":"JAVASCRIPT","message":"product is undefined","exceptionName":"TypeError",'
        '"isFatal":false,"lineNumber":<line>}',
    ),
    vocabulary.CRASH: _unstructured(
        APPLICATION_ERROR,
        '{"programmingLanguage":"KOTLIN","message":"no view","exceptionName":"IllegalStateException",'
        '"className":"example.shop.Basket","isFatal":true}',
    ),
}
"""By event or variant; others are no self-describing events."""

_CHOICES = pl.Series(["allow_all", "allow_all", "allow_selected", "deny_all"])
_SCOPES = pl.Series(['"necessary","statistics","ads"'] * 2 + ['"necessary","statistics"', '"necessary"'])
VALUES: Mapping[str, pl.Expr] = {
    "choice": dice.pick(_CHOICES, "choice"),
    "scopes": dice.pick(_SCOPES, "choice"),
    "tenths_of_seconds": text.money(10 * (3 + dice.below(40, "dialog", "id"))),
    "lcp": 600 + dice.below(4_000, "lcp", "id"),
    "fcp": 200 + dice.below(400, "fcp", "id"),
    "inp": 20 + dice.below(400, "inp", "id"),
    "cls": text.money(dice.below(40, "cls", "id")),
    "line": 1 + dice.below(900, "line", "id"),
}
"""Columns that are made for the rows of the templates that name them."""


def _found_out(model: int, classified: bool) -> str:
    """The contexts that enrichment adds for a device: the user agent taken apart, and, if classified, its class."""
    family, version, system, kind = (
        DEVICES[name][model] for name in ("br_family", "br_version", "os_family", "dvce_type")
    )
    is_bot = model >= vocabulary.BOT
    agent = f'{{"useragentFamily":"{family}","useragentMajor":"{version.partition(".")[0]}","osFamily":"{system}"}}'
    entities = [_entity(f"{CORE}/ua_parser_context/jsonschema/1-0-0", agent)]
    if classified:
        listed, reason = ("SPIDER_OR_ROBOT", "FAILED_UA_INCLUDE") if is_bot else ("BROWSER", "PASSED_ALL")
        robot = (
            f'{{"spiderOrRobot":{str(is_bot).lower()},"category":"{listed}","reason":"{reason}",'
            f'"primaryImpact":"{"UNKNOWN" if is_bot else "NONE"}"}}'
        )
        device = "Robot" if is_bot else "Phone" if kind == "Mobile" else "Desktop"
        kinds = f'"deviceClass":"{device}","agentClass":"{"Robot" if is_bot else "Browser"}","agentName":"{family}"'
        entities.append(_entity("iglu:com.iab.snowplow/spiders_and_robots/jsonschema/1-0-0", robot))
        entities.append(_entity("iglu:nl.basjes/yauaa_context/jsonschema/1-0-4", f"{{{kinds}}}"))
    return _contexts(*entities)


_MODELS = len(DEVICES["useragent"])
FOUND_OUT = pl.Series([_found_out(model, classified) for classified in (False, True) for model in range(_MODELS)])


def add_entities(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `contexts` and `unstruct_event`. Each template is filled for its own rows only."""
    event = pl.col("event")
    timed = (event == PAGE) & dice.chance(0.1, "timed", "id")
    later = (event == SCREEN) & (pl.col("view") > 1)
    variant = pl.when(timed).then(TIMED_PAGE).when(later).then(LATER_SCREEN).otherwise(event)
    parts = rows.with_columns(variant=variant).with_row_index("row").partition_by("variant", as_dict=True)
    filled = [_filled(part, CONTEXTS[number], EVENTS.get(number, "")) for (number,), part in parts.items()]
    found = (
        pl.concat(filled).sort("row").drop("row") if filled else _filled(rows.with_row_index("row"), "", "").drop("row")
    )
    return rows.hstack(found)


def _filled(rows: pl.DataFrame, contexts: str, event: str) -> pl.DataFrame:
    values = (value.alias(name) for name, value in VALUES.items() if f"<{name}>" in event)
    empty = pl.lit(None, pl.String)
    return rows.with_columns(values).select(
        "row",
        contexts=text.fill(contexts) if contexts else empty,
        unstruct_event=text.fill(event) if event else empty,
    )


def derived() -> pl.Expr:
    """The derived contexts: what enrichment found out about the device, whose row is `model`."""
    of_visitor = dice.chance(0.3, "classified", "browser")
    classified = pl.when("bot").then(dice.chance(0.5, "classified")).otherwise(of_visitor)
    return pl.when(pl.col("platform") == WEB).then(pl.lit(FOUND_OUT).gather(pl.col("model") + _MODELS * classified))

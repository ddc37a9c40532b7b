"""The self-describing JSON of enriched events: contexts, unstructured events and derived contexts.

Templates belong here; `records` adds the columns that they name.
"""

from __future__ import annotations

import polars as pl

from simulate import dice, text
from simulate.snowplow.vocabulary import CART, DEVICES, LINK, MOBILE, PAGE, SCREEN, SHIPPED, WEB

CORE = "iglu:com.snowplowanalytics.snowplow"
SHOP = "iglu:com.snowplowanalytics.snowplow.ecommerce"


def _entity(schema: str, data: str) -> str:
    return f'{{"schema":"{schema}","data":{data}}}'


def _contexts(*entities: str) -> str:
    return _entity(f"{CORE}/contexts/jsonschema/1-0-0", f"[{','.join(entities)}]")


def _unstructured(schema: str, data: str) -> str:
    return _entity(f"{CORE}/unstruct_event/jsonschema/1-0-0", _entity(schema, data))


WEB_PAGE = _entity(f"{CORE}/web_page/jsonschema/1-0-0", '{"id":"<page_id>"}')
TIMING = _entity(
    "iglu:org.w3/PerformanceTiming/jsonschema/1-0-0",
    '{"navigationStart":<sent>,"requestStart":<sent>,"domComplete":<sent>,"chromeFirstPaint":null}',
)
PRODUCT = _entity(
    f"{SHOP}/product/jsonschema/1-0-0",
    '{"id":"<product>","category":"<category>","price":<price>,"quantity":<quantity>,"currency":"<currency>"}',
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

ON_PAGE, ON_TIMED_PAGE, ON_PRODUCT = _contexts(WEB_PAGE), _contexts(WEB_PAGE, TIMING), _contexts(WEB_PAGE, PRODUCT)
IN_APP = _contexts(CLIENT_SESSION, PHONE, POSITION)

LINK_CLICK = _unstructured(
    f"{CORE}/link_click/jsonschema/1-0-1",
    '{"targetUrl":"https://partner.example/<product>","elementId":"","elementClasses":["out","\\"new\\""]}',
)
ADD_TO_CART = _unstructured(f"{SHOP}/snowplow_ecommerce_action/jsonschema/1-0-2", '{"type":"add_to_cart"}')
SCREEN_VIEW = _unstructured(
    "iglu:com.snowplowanalytics.mobile/screen_view/jsonschema/1-0-0", '{"name":"Café <category>","id":"<page_id>"}'
)
ORDER_SHIPPED = _unstructured(
    "iglu:com.example.shop/order_shipped/jsonschema/2-0-1", '{"parcelCount":<quantity>,"carrierCode":null}'
)


def _user_agent(family: str, version: str, system: str) -> str:
    major = version.partition(".")[0]
    agent = f'{{"useragentFamily":"{family}","useragentMajor":"{major}","osFamily":"{system}"}}'
    return _contexts(_entity(f"{CORE}/ua_parser_context/jsonschema/1-0-0", agent))


USER_AGENTS = pl.Series(map(_user_agent, DEVICES["br_family"], DEVICES["br_version"], DEVICES["os_family"]))


def contexts() -> pl.Expr:
    """The contexts: entities that describe the circumstances of the event."""
    event = pl.col("event")
    timed = (event == PAGE) & dice.chance(0.1, "timed", "id")
    of_page = pl.when(event == CART).then(text.fill(ON_PRODUCT)).when(timed).then(text.fill(ON_TIMED_PAGE))
    of_web = of_page.otherwise(text.fill(ON_PAGE))
    in_app = pl.when(pl.col("platform") == MOBILE).then(text.fill(IN_APP))
    return pl.when(pl.col("platform") == WEB).then(of_web).otherwise(in_app)


def unstructured() -> pl.Expr:
    """The data of an event that has its own schema."""
    templates = {LINK: LINK_CLICK, CART: ADD_TO_CART, SCREEN: SCREEN_VIEW, SHIPPED: ORDER_SHIPPED}
    return pl.coalesce(pl.when(pl.col("event") == event).then(text.fill(templates[event])) for event in templates)


def derived() -> pl.Expr:
    """The derived contexts: what enrichment found out about the device, whose row is `model`."""
    return pl.when(pl.col("platform") == WEB).then(pl.lit(USER_AGENTS).gather("model"))

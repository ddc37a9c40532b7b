"""The snowplow stream: enriched events of Snowplow trackers on web sites, apps and servers."""

from __future__ import annotations

from typing import Annotated

import pandera.polars as pa
import polars as pl

from contracts.amounts import MONEY, MOST_MONEY, MOST_PIECES, each_in_range, money
from contracts.snowplow_fields import EnrichedFields
from contracts.stream import EnrichedTsv, Money, Personal, Stream, column

CONTEXT, EVENT = "contexts_com_snowplowanalytics", "unstruct_event_com_snowplowanalytics"
CLIENT_SESSION = f"{CONTEXT}_snowplow_client_session_1"
WEB_PAGE = f"{CONTEXT}_snowplow_web_page_1"
SCREEN, SCREEN_VIEW = f"{CONTEXT}_mobile_screen_1", f"{EVENT}_mobile_screen_view_1"
ACTION = f"{EVENT}_snowplow_ecommerce_snowplow_ecommerce_action_1"
SHOP = f"{CONTEXT}_snowplow_ecommerce"
TRANSACTION, PRODUCT, CHECKOUT = f"{SHOP}_transaction_1", f"{SHOP}_product_1", f"{SHOP}_checkout_step_1"
SHOP_CART, REFUND = f"{SHOP}_cart_1", f"{SHOP}_refund_1"
ROBOT, AGENT = "contexts_com_iab_snowplow_spiders_and_robots_1", "contexts_nl_basjes_yauaa_context_1"
CONSENT = f"{EVENT}_snowplow_consent_preferences_1"
VITALS = f"{EVENT}_snowplow_web_vitals_1"
ERROR = f"{EVENT}_snowplow_application_error_1"

SHOP_ITEM = pl.Struct(
    {
        "product_id": pl.String,
        "product_name": pl.String,
        "product_category": pl.String,
        "unit_price": MONEY,
        "quantity": pl.Int64,
        "currency": pl.String,
    }
)

MAIL_AND_CRM = "com_getvero com_iterable com_mailchimp com_mailgun com_mandrill com_marketo com_olark com_sendgrid"
PERSONAL_ENTITIES = (  # fields of these may hold addresses, emails, places, or what a person typed
    f"{CONTEXT}_snowplow_geolocation_context_1",
    f"{CONTEXT}_snowplow_change_form_1",
    *(f"{EVENT}_snowplow_{form}_form_1" for form in ("change", "focus", "submit")),
    f"{EVENT}_snowplow_identify_1",
    f"{CONTEXT}_snowplow_pii_transformation_1",
    *(f"{CHECKOUT}.{kind}_{part}" for kind in ("billing", "shipping") for part in ("full_address", "postcode")),
    f"{SHOP}_user_1",
    "contexts_com_clearbit_enrichment_*",
    "contexts_com_google_analytics_cookies_1",
    "contexts_com_google_analytics_private_1",
    "contexts_com_google_tag_manager_server_side_user_data_1",
    "contexts_com_mparticle_snowplow_pushregistration_event_1",
    "contexts_com_segment_context_1",
    "contexts_com_segment_traits_1",
    "contexts_io_snowplow_ecomm_location_1",
    "contexts_org_ietf_http_cookie_1",
    "contexts_org_ietf_http_header_1",
    "unstruct_event_com_callrail_*",
    *(f"unstruct_event_{vendor}_*" for vendor in MAIL_AND_CRM.split()),
    "unstruct_event_com_urbanairship_connect_*",
    "unstruct_event_com_zendesk_snowplow_*",
)


class SnowplowEvent(EnrichedFields):
    """One row per enriched event; columns are named as in Snowplow's analytics SDKs."""

    contexts: str = column(
        "contexts", json=True, description="All contexts as one JSON object: arrays of entities by column name"
    )
    unstruct_event: str = column(
        "unstruct_event", json=True, description="The event's own data as a JSON object: one object by column name"
    )
    contexts_com_snowplowanalytics_snowplow_web_page_1: str = column(
        "contexts_com_snowplowanalytics_snowplow_web_page_1", json=True, description="Id of the page view"
    )
    contexts_com_snowplowanalytics_snowplow_client_session_1: str = column(
        CLIENT_SESSION, json=True, description="Session of the mobile tracker"
    )
    contexts_com_snowplowanalytics_snowplow_mobile_context_1: str = column(
        "contexts_com_snowplowanalytics_snowplow_mobile_context_1", json=True, description="Mobile device"
    )
    contexts_com_snowplowanalytics_snowplow_desktop_context_1: str = column(
        "contexts_com_snowplowanalytics_snowplow_desktop_context_1", json=True, description="Desktop computer"
    )
    contexts_com_snowplowanalytics_snowplow_ua_parser_context_1: str = column(
        "contexts_com_snowplowanalytics_snowplow_ua_parser_context_1", json=True, description="User agent, taken apart"
    )
    contexts_com_snowplowanalytics_snowplow_consent_document_1: str = column(
        "contexts_com_snowplowanalytics_snowplow_consent_document_1", json=True, description="Document consented to"
    )
    contexts_com_snowplowanalytics_snowplow_consent_withdrawn_1: str = column(
        "contexts_com_snowplowanalytics_snowplow_consent_withdrawn_1", json=True, description="Consent withdrawn"
    )
    contexts_org_w3_performance_timing_1: str = column(
        "contexts_org_w3_performance_timing_1", json=True, description="How long the page took to load"
    )
    contexts_com_optimizely_visitor_1: str = column(
        "contexts_com_optimizely_visitor_1", json=True, description="Optimizely: visitor"
    )
    contexts_com_optimizely_state_1: str = column(
        "contexts_com_optimizely_state_1", json=True, description="Optimizely: experiment's state"
    )
    contexts_com_optimizely_variation_1: str = column(
        "contexts_com_optimizely_variation_1", json=True, description="Optimizely: variation"
    )
    contexts_com_optimizely_optimizelyx_summary_1: str = column(
        "contexts_com_optimizely_optimizelyx_summary_1", json=True, description="Optimizely X: experiment and variation"
    )
    contexts_com_segment_screen_1: str = column(
        "contexts_com_segment_screen_1", json=True, description="Segment: screen"
    )
    contexts_com_mparticle_snowplow_session_context_1: str = column(
        "contexts_com_mparticle_snowplow_session_context_1", json=True, description="mParticle: session"
    )
    unstruct_event_com_snowplowanalytics_snowplow_link_click_1: str = column(
        "unstruct_event_com_snowplowanalytics_snowplow_link_click_1", json=True, description="A link was followed"
    )
    unstruct_event_com_snowplowanalytics_snowplow_ecommerce_snowplow_ecommerce_action_1: str = column(
        ACTION,
        json=True,
        description="A step in a shop: product view, cart, checkout, transaction",
    )
    contexts_com_snowplowanalytics_snowplow_ecommerce_transaction_1: str = column(
        TRANSACTION, json=True, description="The shop's order"
    )
    contexts_com_snowplowanalytics_snowplow_ecommerce_product_1: str = column(
        "contexts_com_snowplowanalytics_snowplow_ecommerce_product_1", json=True, description="Products in a shop"
    )
    client_session_user_id: str = column(f"{CLIENT_SESSION}.userId", description="The mobile tracker's id of the app")
    client_session_id: str = column(f"{CLIENT_SESSION}.sessionId", description="The mobile tracker's id of the session")
    ecommerce_action: str = column(f"{ACTION}.type", description="Shop: product_view, add_to_cart, transaction, ...")
    ecommerce_list: str = column(f"{ACTION}.name", description="Shop: the action's name, such as that of a list")
    ecommerce_products: Annotated[pl.List, SHOP_ITEM] = column(
        PRODUCT,
        each={
            "product_id": "id",
            "product_name": "name",
            "product_category": "category",
            "unit_price": "price",
            "quantity": "quantity",
            "currency": "currency",
        },
        description="Shop: all products of the event, in the order sent",
    )
    ecommerce_cart_id: str = column(f"{SHOP_CART}.cart_id", description="Shop: the cart's id")
    ecommerce_cart_value: Money = money(
        f"{SHOP_CART}.total_value", description="Shop: the cart's value after the action, in ecommerce_cart_currency"
    )
    ecommerce_cart_currency: str = column(
        f"{SHOP_CART}.currency", description="Shop: ISO 4217 code of the cart's value"
    )
    ecommerce_checkout_step: int = column(f"{CHECKOUT}.step", description="Shop: number of the checkout's step")
    ecommerce_transaction_id: str = column(f"{TRANSACTION}.transaction_id", description="Shop: order id")
    ecommerce_revenue: Money = money(f"{TRANSACTION}.revenue", description="Shop: total, in ecommerce_currency")
    ecommerce_currency: str = column(f"{TRANSACTION}.currency", description="Shop: ISO 4217 code")
    ecommerce_tax: Money = money(f"{TRANSACTION}.tax", description="Shop: tax of the order")
    ecommerce_shipping: Money = money(f"{TRANSACTION}.shipping", description="Shop: shipping of the order")
    ecommerce_discount: Money = money(f"{TRANSACTION}.discount_amount", description="Shop: discount of the order")
    ecommerce_refund_id: str = column(f"{REFUND}.transaction_id", description="Shop: id of the order refunded")
    ecommerce_refund_amount: Money = money(
        f"{REFUND}.refund_amount", description="Shop: amount refunded, in ecommerce_refund_currency"
    )
    ecommerce_refund_currency: str = column(f"{REFUND}.currency", description="Shop: ISO 4217 code of the refund")
    ecommerce_page_type: str = column(f"{SHOP}_page_1.type", description="Shop: kind of page, such as product or cart")
    view_id: str = column(
        (f"{WEB_PAGE}.id", f"{SCREEN_VIEW}.id", f"{SCREEN}.id"),
        description="Id of the page view or screen view that the event belongs to",
    )
    screen_name: str = column((f"{SCREEN_VIEW}.name", f"{SCREEN}.name"), description="Name of the app's screen")
    screen_previous_name: str = column(f"{SCREEN_VIEW}.previousName", description="Name of the screen before")
    app_version: str = column(f"{CONTEXT}_mobile_application_1.version", description="Version of the app")
    iab_is_bot: bool = column(f"{ROBOT}.spiderOrRobot", description="Whether IAB's list of bots has the user agent")
    iab_category: str = column(f"{ROBOT}.category", description="IAB's category: BROWSER, SPIDER_OR_ROBOT, ...")
    yauaa_device_class: str = column(f"{AGENT}.deviceClass", description="YAUAA: Desktop, Phone, Robot, ...")
    yauaa_agent_class: str = column(f"{AGENT}.agentClass", description="YAUAA: Browser, Robot, ...")
    yauaa_agent_name: str = column(f"{AGENT}.agentName", description="YAUAA: name of the browser or bot")
    consent_event: str = column(f"{CONSENT}.eventType", description="Consent: allow_all, allow_selected, deny_all, ...")
    consent_basis: str = column(f"{CONSENT}.basisForProcessing", description="Consent: legal basis of the processing")
    consent_version: str = column(f"{CONSENT}.consentVersion", description="Consent: version of the document")
    consent_scopes: str = column(
        f"{CONSENT}.consentScopes", json=True, description="Consent: scopes accepted, as a JSON array"
    )
    consent_gdpr_applies: bool = column(f"{CONSENT}.gdprApplies", description="Consent: whether the GDPR applies")
    cmp_elapsed_seconds: float = column(
        f"{EVENT}_snowplow_cmp_visible_1.elapsedTime", description="Time until the consent dialog was shown, seconds"
    )
    vitals_lcp: float = column(f"{VITALS}.lcp", description="Web vitals: largest contentful paint, ms")
    vitals_fcp: float = column(f"{VITALS}.fcp", description="Web vitals: first contentful paint, ms")
    vitals_fid: float = column(f"{VITALS}.fid", description="Web vitals: first input delay, ms")
    vitals_inp: float = column(f"{VITALS}.inp", description="Web vitals: interaction to next paint, ms")
    vitals_cls: float = column(f"{VITALS}.cls", description="Web vitals: cumulative layout shift")
    vitals_ttfb: float = column(f"{VITALS}.ttfb", description="Web vitals: time to first byte, ms")
    vitals_navigation_type: str = column(f"{VITALS}.navigationType", description="Web vitals: kind of navigation")
    error_message: str = column(f"{ERROR}.message", free_text=True, description="Application error: message")
    error_class: str = column(f"{ERROR}.className", description="Application error: class where it happened")
    error_exception: str = column(f"{ERROR}.exceptionName", description="Application error: name of the exception")
    error_language: str = column(f"{ERROR}.programmingLanguage", description="Application error: programming language")
    error_is_fatal: bool = column(f"{ERROR}.isFatal", description="Application error: whether the app ended")

    @pa.check("ecommerce_products", name=f"quantity is from {-MOST_PIECES} to {MOST_PIECES}")
    def quantities(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return each_in_range(data, "quantity", -MOST_PIECES, MOST_PIECES)

    @pa.check("ecommerce_products", name=f"unit price is from {-MOST_MONEY} to {MOST_MONEY}")
    def prices(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return each_in_range(data, "unit_price", -MOST_MONEY, MOST_MONEY)


SNOWPLOW = Stream(
    name="snowplow",
    version="2.1.1",
    owner="team:web-analytics",
    description="Enriched events of Snowplow trackers on web sites, apps and servers",
    identity_space="site",
    model=SnowplowEvent,
    decoding=(EnrichedTsv(),),
    key=("event_id",),
    fingerprint="event_fingerprint",
    volatile=(
        "etl_tstamp",
        "collector_tstamp",
        "dvce_sent_tstamp",
        "derived_tstamp",
        "v_collector",
        "v_etl",
        "etl_tags",
    ),
    dropped=dict.fromkeys(("geo_zipcode", "geo_latitude", "geo_longitude", *PERSONAL_ENTITIES), Personal.DROP),
)

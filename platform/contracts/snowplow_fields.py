"""The fields that every enriched event of Snowplow has: 128 of its 131, all but those that hold entities.

Belongs here: columns of single fields, and the envelope's columns. Not here: columns of entities and of self-describing
events (`snowplow`).
"""

from __future__ import annotations

import polars as pl

from contracts.amounts import money, pieces
from contracts.stream import Envelope, Instant, Money, Personal, column

PLATFORMS = {"web": "web", "mob": "mobile", "app": "mobile", "pc": "desktop", "srv": "backend"}


class EnrichedFields(Envelope):
    """The envelope, and the fields of an enriched event as Snowplow's analytics SDKs name them."""

    event_id: str = column("event_id", nullable=False, description="The tracker's or collector's id of the event")
    event_name: str = column("event_name", description="page_view, link_click, transaction, ...")
    event_at: Instant = column(
        compute=pl.coalesce(
            "true_tstamp",
            "derived_tstamp",
            pl.col("collector_tstamp") - (pl.col("dvce_sent_tstamp") - pl.col("dvce_created_tstamp")),
            "collector_tstamp",
        ),
        nullable=False,
        description="The best time there is of the event: true, derived, corrected for the device's clock, collected",
    )
    user_id: str = column(
        "user_id", personal=Personal.HASH_EMAILS, description="The business's id of the user; hashed if an email"
    )
    anonymous_id: str = column(
        compute=pl.coalesce("domain_userid", "client_session_user_id"),
        description="The first-party cookie's id, else the mobile tracker's; never the collector's cookie",
    )
    session_id: str = column(
        compute=pl.coalesce("domain_sessionid", "client_session_id"),
        description="The web tracker's visit, else the mobile tracker's session",
    )
    device_platform: str = column(
        compute=pl.col("platform").replace(PLATFORMS), description="web, mobile, desktop, backend, or Snowplow's code"
    )
    app_id: str = column("app_id", description="The site or app")
    platform: str = column("platform", description="Snowplow's code of the platform: web, mob, pc, srv, app, ...")
    etl_tstamp: Instant = column("etl_tstamp", description="When enrichment began")
    collector_tstamp: Instant = column("collector_tstamp", nullable=False, description="When the collector received it")
    dvce_created_tstamp: Instant = column("dvce_created_tstamp", description="When it happened by the device's clock")
    event: str = column("event", description="The kind of event: page_view, struct, unstruct, transaction, ...")
    txn_id: int = column("txn_id", description="The tracker's number of the request")
    name_tracker: str = column("name_tracker", description="The tracker's namespace")
    v_tracker: str = column("v_tracker", description="The tracker's version")
    v_collector: str = column("v_collector", description="The collector's version")
    v_etl: str = column("v_etl", description="The enrichment's version")
    user_ipaddress: str = column("user_ipaddress", personal=Personal.HASH, description="Keyed hash of the IP address")
    user_fingerprint: str = column(
        "user_fingerprint", personal=Personal.HASH, description="Keyed hash of the browser's fingerprint"
    )
    domain_userid: str = column("domain_userid", description="First-party cookie's id")
    domain_sessionidx: int = column("domain_sessionidx", description="Number of the visit of this cookie")
    network_userid: str = column("network_userid", description="Id of the collector's cookie; no identity")
    geo_country: str = column("geo_country", description="ISO 3166-1 code of the country, by IP address")
    geo_region: str = column("geo_region", description="Code of the region, by IP address")
    geo_city: str = column("geo_city", description="City, by IP address")
    geo_region_name: str = column("geo_region_name", description="Name of the region, by IP address")
    ip_isp: str = column("ip_isp", description="The visitor's internet provider")
    ip_organization: str = column("ip_organization", description="The organization that the IP address belongs to")
    ip_domain: str = column("ip_domain", description="The domain that the IP address belongs to")
    ip_netspeed: str = column("ip_netspeed", description="Kind of connection, by IP address")
    page_url: str = column("page_url", description="The page's URL")
    page_title: str = column("page_title", free_text=True, description="The page's title")
    page_referrer: str = column("page_referrer", description="The referrer's URL")
    page_urlscheme: str = column("page_urlscheme", description="Scheme of the page's URL")
    page_urlhost: str = column("page_urlhost", description="Host of the page's URL")
    page_urlport: int = column("page_urlport", description="Port of the page's URL")
    page_urlpath: str = column("page_urlpath", description="Path of the page's URL")
    page_urlquery: str = column("page_urlquery", description="Query of the page's URL")
    page_urlfragment: str = column("page_urlfragment", description="Fragment of the page's URL")
    refr_urlscheme: str = column("refr_urlscheme", description="Scheme of the referrer's URL")
    refr_urlhost: str = column("refr_urlhost", description="Host of the referrer's URL")
    refr_urlport: int = column("refr_urlport", description="Port of the referrer's URL")
    refr_urlpath: str = column("refr_urlpath", description="Path of the referrer's URL")
    refr_urlquery: str = column("refr_urlquery", description="Query of the referrer's URL")
    refr_urlfragment: str = column("refr_urlfragment", description="Fragment of the referrer's URL")
    refr_medium: str = column("refr_medium", description="Kind of referrer: search, social, internal, ...")
    refr_source: str = column("refr_source", description="Name of the referrer, if known")
    refr_term: str = column("refr_term", free_text=True, description="Keywords of a search that led here")
    mkt_medium: str = column("mkt_medium", description="The campaign's medium: cpc, email, ...")
    mkt_source: str = column("mkt_source", description="The campaign's source")
    mkt_term: str = column("mkt_term", description="The campaign's keywords")
    mkt_content: str = column("mkt_content", description="The campaign's content or id of the ad")
    mkt_campaign: str = column("mkt_campaign", description="The campaign")
    se_category: str = column("se_category", description="Structured event: category")
    se_action: str = column("se_action", description="Structured event: action")
    se_label: str = column("se_label", description="Structured event: label")
    se_property: str = column("se_property", description="Structured event: property")
    se_value: float = column("se_value", description="Structured event: value")
    tr_orderid: str = column("tr_orderid", description="Transaction: order id")
    tr_affiliation: str = column("tr_affiliation", description="Transaction: affiliation, such as the channel")
    tr_total: Money = money("tr_total", description="Transaction: total, in tr_currency")
    tr_tax: Money = money("tr_tax", description="Transaction: tax within the total, in tr_currency")
    tr_shipping: Money = money("tr_shipping", description="Transaction: shipping within the total, in tr_currency")
    tr_city: str = column("tr_city", description="Transaction: city delivered to")
    tr_state: str = column("tr_state", description="Transaction: state delivered to")
    tr_country: str = column("tr_country", description="Transaction: country delivered to")
    ti_orderid: str = column("ti_orderid", description="Transaction item: order id")
    ti_sku: str = column("ti_sku", description="Transaction item: product's SKU")
    ti_name: str = column("ti_name", description="Transaction item: product's name")
    ti_category: str = column("ti_category", description="Transaction item: product's category")
    ti_price: Money = money("ti_price", description="Transaction item: price of one piece, in ti_currency")
    ti_quantity: int = pieces("ti_quantity", description="Transaction item: pieces")
    pp_xoffset_min: int = column("pp_xoffset_min", description="Page ping: least horizontal scroll, pixels")
    pp_xoffset_max: int = column("pp_xoffset_max", description="Page ping: greatest horizontal scroll, pixels")
    pp_yoffset_min: int = column("pp_yoffset_min", description="Page ping: least vertical scroll, pixels")
    pp_yoffset_max: int = column("pp_yoffset_max", description="Page ping: greatest vertical scroll, pixels")
    useragent: str = column("useragent", description="The browser's user agent")
    br_name: str = column("br_name", description="Browser and version")
    br_family: str = column("br_family", description="Family of the browser")
    br_version: str = column("br_version", description="Version of the browser")
    br_type: str = column("br_type", description="Kind of browser")
    br_renderengine: str = column("br_renderengine", description="The browser's rendering engine")
    br_lang: str = column("br_lang", description="Language that the browser is set to")
    br_features_pdf: bool = column("br_features_pdf", description="Whether the browser shows PDF")
    br_features_flash: bool = column("br_features_flash", description="Whether the browser has Flash")
    br_features_java: bool = column("br_features_java", description="Whether the browser has Java")
    br_features_director: bool = column("br_features_director", description="Whether the browser has Director")
    br_features_quicktime: bool = column("br_features_quicktime", description="Whether the browser has QuickTime")
    br_features_realplayer: bool = column("br_features_realplayer", description="Whether the browser has RealPlayer")
    br_features_windowsmedia: bool = column(
        "br_features_windowsmedia", description="Whether the browser has Windows Media"
    )
    br_features_gears: bool = column("br_features_gears", description="Whether the browser has Google Gears")
    br_features_silverlight: bool = column("br_features_silverlight", description="Whether the browser has Silverlight")
    br_cookies: bool = column("br_cookies", description="Whether the browser takes cookies")
    br_colordepth: str = column("br_colordepth", description="Bits of colour")
    br_viewwidth: int = column("br_viewwidth", description="Width of the viewport, pixels")
    br_viewheight: int = column("br_viewheight", description="Height of the viewport, pixels")
    os_name: str = column("os_name", description="Operating system")
    os_family: str = column("os_family", description="Family of the operating system")
    os_manufacturer: str = column("os_manufacturer", description="Maker of the operating system")
    os_timezone: str = column("os_timezone", description="Time zone that the device is set to")
    dvce_type: str = column("dvce_type", description="Kind of device")
    dvce_ismobile: bool = column("dvce_ismobile", description="Whether the device is mobile")
    dvce_screenwidth: int = column("dvce_screenwidth", description="Width of the screen, pixels")
    dvce_screenheight: int = column("dvce_screenheight", description="Height of the screen, pixels")
    doc_charset: str = column("doc_charset", description="The page's character encoding")
    doc_width: int = column("doc_width", description="The page's width, pixels")
    doc_height: int = column("doc_height", description="The page's height, pixels")
    tr_currency: str = column("tr_currency", description="Transaction: ISO 4217 code")
    tr_total_base: Money = money("tr_total_base", description="Transaction: total, in base_currency")
    tr_tax_base: Money = money("tr_tax_base", description="Transaction: tax, in base_currency")
    tr_shipping_base: Money = money("tr_shipping_base", description="Transaction: shipping, in base_currency")
    ti_currency: str = column("ti_currency", description="Transaction item: ISO 4217 code")
    ti_price_base: Money = money("ti_price_base", description="Transaction item: price, in base_currency")
    base_currency: str = column("base_currency", description="ISO 4217 code of the reporting currency")
    amounts_rounded: bool = column(
        rounded=True, description="Whether an amount of the transaction or of its item was rounded to 6 decimals"
    )
    geo_timezone: str = column("geo_timezone", description="Time zone, by IP address")
    mkt_clickid: str = column("mkt_clickid", description="The ad network's id of the click")
    mkt_network: str = column("mkt_network", description="The ad network")
    etl_tags: str = column("etl_tags", description="Tags of the enrichment")
    dvce_sent_tstamp: Instant = column("dvce_sent_tstamp", description="When it was sent by the device's clock")
    refr_domain_userid: str = column("refr_domain_userid", description="Cookie's id on the site that linked here")
    refr_device_tstamp: Instant = column("refr_device_tstamp", description="When that site's link was followed")
    domain_sessionid: str = column("domain_sessionid", description="The web tracker's id of the visit")
    derived_tstamp: Instant = column(
        "derived_tstamp", description="Time of the event with the device's clock corrected"
    )
    event_vendor: str = column("event_vendor", description="Who defined the event")
    event_format: str = column("event_format", description="Format of the event's schema")
    event_version: str = column("event_version", description="Version of the event's schema")
    event_fingerprint: str = column("event_fingerprint", description="Hash of what makes two events the same")
    true_tstamp: Instant = column("true_tstamp", description="The exact time of the event, where the tracker knows it")

"""Snowplow's enriched format: 131 tab-separated fields a line, no header, an empty text for null.

The order of fields and how a line is parsed belong here. What fields hold does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import polars as pl

from simulate.stream import Corruption, Record

_NAMES = """
    app_id platform etl_tstamp collector_tstamp dvce_created_tstamp event event_id txn_id name_tracker v_tracker
    v_collector v_etl user_id user_ipaddress user_fingerprint domain_userid domain_sessionidx network_userid
    geo_country geo_region geo_city geo_zipcode geo_latitude geo_longitude geo_region_name ip_isp ip_organization
    ip_domain ip_netspeed page_url page_title page_referrer page_urlscheme page_urlhost page_urlport page_urlpath
    page_urlquery page_urlfragment refr_urlscheme refr_urlhost refr_urlport refr_urlpath refr_urlquery
    refr_urlfragment refr_medium refr_source refr_term mkt_medium mkt_source mkt_term mkt_content mkt_campaign
    contexts se_category se_action se_label se_property se_value unstruct_event tr_orderid tr_affiliation tr_total
    tr_tax tr_shipping tr_city tr_state tr_country ti_orderid ti_sku ti_name ti_category ti_price ti_quantity
    pp_xoffset_min pp_xoffset_max pp_yoffset_min pp_yoffset_max useragent br_name br_family br_version br_type
    br_renderengine br_lang br_features_pdf br_features_flash br_features_java br_features_director
    br_features_quicktime br_features_realplayer br_features_windowsmedia br_features_gears br_features_silverlight
    br_cookies br_colordepth br_viewwidth br_viewheight os_name os_family os_manufacturer os_timezone dvce_type
    dvce_ismobile dvce_screenwidth dvce_screenheight doc_charset doc_width doc_height tr_currency tr_total_base
    tr_tax_base tr_shipping_base ti_currency ti_price_base base_currency geo_timezone mkt_clickid mkt_network
    etl_tags dvce_sent_tstamp refr_domain_userid refr_device_tstamp derived_contexts domain_sessionid derived_tstamp
    event_vendor event_name event_format event_version event_fingerprint true_tstamp
"""
FIELDS = tuple(_NAMES.split())
COLLECTION = ("etl_tstamp", "collector_tstamp", "dvce_sent_tstamp")  # times of sending and collecting, not of the event
STAMP = "%Y-%m-%d %H:%M:%S.%f"


def enriched_line(values: Mapping[str, pl.Expr]) -> pl.Expr:
    """A line from the expressions of its fields. Fields without an expression and null values are empty.

    Raises ValueError for a name that is no field.
    """
    unknown = values.keys() - set(FIELDS)
    if unknown:
        raise ValueError(f"fields: expected names of the 131 fields, found {sorted(unknown)}")
    pieces: list[pl.Expr] = []
    text = ""
    for place, name in enumerate(FIELDS):
        text += "\t" if place else ""
        if name in values:
            pieces += [pl.lit(text), values[name]]
            text = ""
    return pl.concat_str([*pieces, pl.lit(text)], ignore_nulls=True)


@dataclass(frozen=True)
class EnrichedTsv:
    """Satisfies `stream.Format`. A record is a dict of texts by field name, and a path is a field name."""

    corruptions: Sequence[Corruption]

    def parse(self, line: str) -> Record:
        """See `Format`."""
        return dict(zip(FIELDS, line.split("\t"), strict=True))

    def dump(self, record: Record) -> bytes:
        """See `Format`."""
        return "\t".join(record.values()).encode()

    def redelivered(self, line: str, random: Random) -> bytes:
        """Half of the time the same bytes, else as if the tracker had sent it again minutes later."""
        record = self.parse(line)
        timed_by_collector = not record["derived_tstamp"] and not record["true_tstamp"]
        if random.getrandbits(1) or timed_by_collector:
            return line.encode()
        later = timedelta(seconds=random.randrange(1, 600))
        for name in COLLECTION:
            if record[name]:
                record[name] = (datetime.fromisoformat(record[name]) + later).strftime(STAMP)
        return self.dump(record)

    def plant(self, record: Record, path: str, value: str) -> bool:
        """See `Format`."""
        present = bool(record[path])
        if present:
            record[path] = value
        return present

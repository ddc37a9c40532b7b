"""For every gold table, its columns and the function that computes the rows it must hold."""

from __future__ import annotations

from collections.abc import Callable, Collection

from figures import engagement, funnels, orders, people, quality, sessions, stream_figures, views
from figures.events import World

Figure = Callable[[World], Collection[tuple[object, ...]]]
"""Computes the rows that a table must hold."""

UNBOUNDED = {"marts.fct_events", "mobile.events", "mobile.orders", "my_schema.bene"}
"""Tables that hold the events of all dates, also of dates after the as-of date."""

TABLES: dict[str, tuple[str, Figure]] = {
    "marts.fct_events": (
        "stream, identity_space, event_id, event_name, event_at, event_date, event_sequence, user_id, anonymous_id,"
        " session_id, device_platform, channel, category, is_view, is_conversion, conversion_value, currency, order_id,"
        " product_id, entity_id, country, city, is_bot",
        stream_figures.fct_events,
    ),
    "marts.daily_active_users": (
        "event_date, device_platform, dau, wau, mau, dau_mau_ratio, new_users, returning_users, resurrected_users,"
        " churned_users",
        engagement.daily_active_users,
    ),
    "marts.retention_cohorts": (
        "cohort_period, cohort_date, period_number, cohort_users, retained_users, retention_rate,"
        " retained_users_unbounded, retention_rate_unbounded",
        engagement.retention_cohorts,
    ),
    "marts.user_identities": (
        "identity_space, id_type, id, person_id, linked_at, first_seen_at, last_seen_at, active_days, events",
        engagement.user_identities,
    ),
    "marts.fct_sessions": (
        "identity_space, person_id, session_id, started_at, ended_at, session_date, duration_seconds, events, is_cut,"
        " events_after_cut, views, conversions, is_converted, is_engaged, is_bounce, is_bot, channel, device_platform,"
        " journey, page_views, engaged_seconds, first_page, last_page, landing_host, landing_path, landing_query,"
        " app_id, referrer_host, utm_source, utm_medium, utm_campaign, utm_term, utm_content, country, region, city,"
        " device, browser, operating_system, language, channel_group",
        sessions.fct_sessions,
    ),
    "marts.fct_page_views": (
        "identity_space, view_id, person_id, session_id, index_in_session, viewed_at, viewed_date, page, page_title,"
        " app_id, referrer_host, utm_source, utm_medium, utm_campaign, utm_term, utm_content, country, region, city,"
        " device, browser, operating_system, language, engaged_seconds, scroll_depth, is_bot",
        views.fct_page_views,
    ),
    "marts.consent_choices": (
        "event_date, app_id, choice, consent_version, choices, ids",
        quality.consent_choices,
    ),
    "marts.web_vitals": (
        "event_date, app_id, page_host, page_path, vital, measurements, p75, rating, good, needs_improvement, poor",
        quality.web_vitals,
    ),
    "marts.app_errors": (
        "event_date, app_id, app_version, programming_language, error_name, errors, fatal_errors, ids",
        quality.app_errors,
    ),
    "marts.conversion_journeys": (
        "identity_space, place, journey, sessions, share, converted_sessions, conversion_rate",
        sessions.conversion_journeys,
    ),
    "marts.funnel_steps": (
        "funnel, stream, step, event_name, users, drop_off, step_rate, overall_rate",
        funnels.funnel_steps,
    ),
    "marts.conversion_insights": (
        "funnel, funnel_date, is_window_over, dimension, dimension_value, step, users, drop_off, step_rate,"
        " overall_rate, average_seconds",
        funnels.conversion_insights,
    ),
    "marts.fct_orders": (
        "order_id, customer_id, country, session_id, channel, ordered_at, ordered_date, last_event_at, events,"
        " order_status, currency, order_total, is_completed, revenue, is_first_order, days_since_previous_order",
        orders.fct_orders,
    ),
    "marts.fct_order_items": (
        "order_id, line_number, product_id, currency, unit_price, quantity, line_total, revenue",
        orders.fct_order_items,
    ),
    "marts.dim_customers": (
        "customer_id, customer_email, country, first_seen_at, last_seen_at, events, orders, completed_orders,"
        " first_order_at, last_order_at",
        orders.dim_customers,
    ),
    "marts.customer_history": (
        "customer_id, version, customer_email, country, valid_from, valid_to",
        orders.customer_history,
    ),
    "analytics.analytics_customer_summary": (
        "customer_id, currency, recency, frequency, monetary, first_order_at, last_order_at, recency_score,"
        " frequency_score, monetary_score, rfm_tier, customer_orders, segment, is_active",
        orders.analytics_customer_summary,
    ),
    "marts.user_profiles": (
        "identity_space, person_id, first_seen_at, last_seen_at, active_days, events, views, sessions, conversions,"
        " favourite_device_platform, favourite_channel, favourite_category, completed_orders, first_order_at,"
        " last_order_at, segment, is_active_customer, currency, lifetime_value, recency_score, frequency_score,"
        " monetary_score, rfm_tier, first_channel, last_channel, first_channel_group, last_channel_group,"
        " first_country, last_country, first_device, last_device, first_landing_page, last_landing_page",
        people.user_profiles,
    ),
    "marts.attribution_credits": (
        "stream, purchase_id, channel, touchpoints, first_touch_weight, first_touch_value, last_touch_weight,"
        " last_touch_value, linear_weight, linear_value, position_based_weight, position_based_value",
        people.attribution_credits,
    ),
    "marts.attribution": (
        "purchased_date, channel, currency, touchpoints, purchases, first_touch_purchases, first_touch_value,"
        " last_touch_purchases, last_touch_value, linear_purchases, linear_value, position_based_purchases,"
        " position_based_value",
        people.attribution,
    ),
    "marts.conversion_funnel": (
        "product_id, category, views, add_to_carts, purchases, view_to_cart_event_ratio, cart_to_purchase_event_ratio,"
        " view_to_purchase_event_ratio",
        stream_figures.conversion_funnel,
    ),
    "marts.hourly_revenue": (
        "hour_at, event_date, currency, transactions, units_sold, revenue",
        stream_figures.hourly_revenue,
    ),
    "marts.top_products": (
        "category, place, product_id, views, add_to_carts, purchases, units_sold, revenue",
        stream_figures.top_products,
    ),
    "marts.category_performance": (
        "event_date, category, events, page_views, searches, add_to_carts, remove_from_carts, purchases",
        stream_figures.category_performance,
    ),
    "marts.user_activity": ("event_date, users, sessions, events", stream_figures.user_activity),
    "mobile.users": ("user_id, os_user, city, latitude, longitude", stream_figures.mobile_users),
    "mobile.events": ("event_id, user_id, event_name, event_timestamp", stream_figures.mobile_events),
    "mobile.orders": (
        "order_id, user_id, order_type, status, payment_method, created_at",
        stream_figures.mobile_orders,
    ),
    "mobile.purchase_counts": (
        "user_id, hour_at, daily, hourly_purchase_count, daily_purchase_count, purchases_last_60m",
        stream_figures.purchase_counts,
    ),
    "my_schema.bene": (
        "user_id, event_type, description, entity_type, entity_id, session_id, props ->> 'device', occurred_at,"
        " username",
        stream_figures.web_events,
    ),
    "marts.content_preferences": (
        "entity_type, entity_id, interactions, users, sessions, share, recent_interactions, previous_interactions,"
        " trend",
        stream_figures.content_preferences,
    ),
    "marts.member_preferences": ("user_id, entity_type, interactions, share, place", stream_figures.member_preferences),
}

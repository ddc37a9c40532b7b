"""For every gold table, its columns and the function that computes the rows it must hold."""

from __future__ import annotations

from collections.abc import Callable, Collection

from figures import (
    engagement,
    funnels,
    orders,
    people,
    purchases,
    quality,
    recommendations,
    sessions,
    shops,
    stream_figures,
    views,
)
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
        "event_date, identity_space, device_platform, app_id, dau, wau, mau, dau_mau_ratio, new_users, returning_users,"
        " resurrected_users, churned_users",
        engagement.daily_active_users,
    ),
    "marts.retention_cohorts": (
        "identity_space, cohort_period, cohort_date, period_number, cohort_users, retained_users, retention_rate,"
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
        "funnel, stream, identity_space, step, event_name, step_name, users, drop_off, step_rate, overall_rate",
        funnels.funnel_steps,
    ),
    "marts.conversion_insights": (
        "funnel, identity_space, funnel_date, is_window_over, dimension, dimension_value, step, step_name, users,"
        " drop_off, step_rate, overall_rate, average_seconds, cost, cost_currency, cost_per_user",
        funnels.conversion_insights,
    ),
    "marts.fct_orders": (
        "order_id, customer_id, country, session_id, channel, ordered_at, ordered_date, last_event_at, events,"
        " order_status, currency, order_total, is_completed, revenue, refunds, net_revenue, is_refunded,"
        " is_first_order, days_since_previous_order",
        orders.fct_orders,
    ),
    "marts.fct_order_items": (
        "order_id, line_number, product_id, currency, unit_price, quantity, line_total, revenue",
        orders.fct_order_items,
    ),
    "marts.fct_purchases": (
        "stream, identity_space, purchase_id, order_id, person_id, purchased_at, purchased_date, currency,"
        " gross_revenue, refunds, net_revenue, is_refunded",
        purchases.fct_purchases,
    ),
    "marts.fct_refunds": (
        "stream, identity_space, refund_id, purchase_id, order_id, person_id, refunded_at, refunded_date, currency,"
        " refund_value, is_of_purchase, is_whole",
        purchases.fct_refunds,
    ),
    "marts.fct_purchase_items": (
        "stream, identity_space, purchase_id, refund_id, line_number, person_id, booked_at, product_id,"
        " product_category, currency, unit_price, quantity, line_total",
        purchases.fct_purchase_items,
    ),
    "marts.daily_revenue": (
        "revenue_date, stream, identity_space, currency, purchases, refund_count, gross_revenue, refunds, net_revenue",
        purchases.daily_revenue,
    ),
    "marts.daily_product_revenue": (
        "revenue_date, stream, identity_space, product_id, currency, units_sold, units_refunded, gross_revenue,"
        " refunds, net_revenue",
        purchases.daily_product_revenue,
    ),
    "marts.product_interactions": (
        "event_date, stream, identity_space, product_id, product_category, interactions, product_views, list_views,"
        " list_clicks, add_to_carts, remove_from_carts, checkout_steps, transactions, refunds, view_to_cart_ratio,"
        " cart_to_transaction_ratio",
        shops.product_interactions,
    ),
    "marts.cart_abandonment": (
        "started_date, stream, identity_space, kind, sessions, purchased, abandoned, abandonment_rate",
        shops.cart_abandonment,
    ),
    "marts.buyer_cohorts": (
        "identity_space, currency, cohort_month, month_number, customers, repeat_customers, repeat_purchase_rate,"
        " average_days_to_second, buyers, buyer_share, purchases, net_revenue, revenue_so_far, lifetime_value",
        shops.buyer_cohorts,
    ),
    "marts.rfm_limits": (
        "identity_space, currency, measure, score, customers, lowest, highest",
        shops.rfm_limits,
    ),
    "marts.dim_customers": (
        "identity_space, customer_id, customer_email, country, first_seen_at, last_seen_at, events, orders,"
        " completed_orders, first_order_at, last_order_at",
        orders.dim_customers,
    ),
    "marts.customer_history": (
        "customer_id, version, customer_email, country, valid_from, valid_to",
        orders.customer_history,
    ),
    "analytics.analytics_customer_summary": (
        "identity_space, customer_id, currency, recency, frequency, monetary, first_order_at, last_order_at,"
        " recency_score, frequency_score, monetary_score, rfm_tier, customer_orders, segment, is_active",
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
        "purchased_date, channel, currency, channel_group, touchpoints, purchases, cost, first_touch_purchases,"
        " first_touch_value, first_touch_cost_per_purchase, first_touch_return_on_ad_spend, last_touch_purchases,"
        " last_touch_value, last_touch_cost_per_purchase, last_touch_return_on_ad_spend, linear_purchases,"
        " linear_value, linear_cost_per_purchase, linear_return_on_ad_spend, position_based_purchases,"
        " position_based_value, position_based_cost_per_purchase, position_based_return_on_ad_spend",
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
    "marts.content_recommendations": (
        "entity_type, entity_id, place, recommended_type, recommended_id, members, support, confidence, lift",
        recommendations.content_recommendations,
    ),
    "marts.member_recommendations": (
        "user_id, place, entity_type, entity_id, leads, lift",
        recommendations.member_recommendations,
    ),
    "marts.member_preferences": ("user_id, entity_type, interactions, share, place", stream_figures.member_preferences),
}

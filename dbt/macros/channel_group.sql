{#-
    The group of a channel, by the rules of Google Analytics 4's default channel group, in their order. All arguments are
    in lower case; `category` is the source's in the seed `source_categories`. Two rules are Snowplow's words for the same:
    `search` is an organic search, and a referrer of an `unknown` kind is a referral.
    https://support.google.com/analytics/answer/9756891
-#}
{% macro channel_group(source, medium, campaign, category) -%}
    {%- set is_paid -%}
        ({{ medium }} like '%cp%' or {{ medium }} in ('ppc', 'retargeting') or {{ medium }} like 'paid%')
    {%- endset -%}
    {%- set is_shopping -%}
        ({{ category }} = 'shopping' or {{ names_a_shop(campaign) }})
    {%- endset -%}
    {%- set email = "('email', 'e-mail', 'e_mail', 'e mail')" -%}
    case
        when coalesce({{ source }}, '(direct)') = '(direct)' and coalesce({{ medium }}, '(none)') in ('(none)', '(not set)')
            then 'Direct'
        when {{ campaign }} like '%cross-network%' then 'Cross-network'
        when {{ is_shopping }} and {{ is_paid }} then 'Paid Shopping'
        when {{ category }} = 'search' and {{ is_paid }} then 'Paid Search'
        when {{ category }} = 'social' and {{ is_paid }} then 'Paid Social'
        when {{ category }} = 'video' and {{ is_paid }} then 'Paid Video'
        when {{ medium }} in ('display', 'banner', 'expandable', 'interstitial', 'cpm') then 'Display'
        when {{ is_paid }} then 'Paid Other'
        when {{ is_shopping }} then 'Organic Shopping'
        when {{ category }} = 'social'
            or {{ medium }} in ('social', 'social-network', 'social-media', 'sm', 'social network', 'social media')
            then 'Organic Social'
        when {{ category }} = 'video' or {{ medium }} like '%video%' then 'Organic Video'
        when {{ category }} = 'search' or {{ medium }} in ('organic', 'search') then 'Organic Search'
        when {{ medium }} in ('referral', 'app', 'link', 'unknown') then 'Referral'
        when {{ source }} in {{ email }} or {{ medium }} in {{ email }} then 'Email'
        when {{ medium }} = 'affiliate' then 'Affiliates'
        when {{ medium }} = 'audio' then 'Audio'
        when {{ source }} = 'sms' or {{ medium }} = 'sms' then 'SMS'
        when {{ medium }} like '%push'
            or {{ medium }} like '%mobile%'
            or {{ medium }} like '%notification%'
            or {{ source }} = 'firebase'
            then 'Mobile Push Notifications'
        else 'Unassigned'
    end
{%- endmacro %}


{#-
    Condition: a campaign is about a shop: it has `shopping`, or a `shop` that no letter but e comes before, so that
    `workshop` is none. Warehouses write regular expressions differently. So `<` takes the place of `shop`, x that of all
    letters but e, and a `<` after an x goes.
-#}
{% macro names_a_shop(campaign) -%}
    {%- set marked = "replace(replace(" ~ campaign ~ ", '<', '-'), 'shop', '<p')" -%}
    {%- set letters = 'abcdfghijklmnopqrstuvwxyz' -%}
    {{ campaign }} like '%shopping%'
        or replace(translate({{ marked }}, '{{ letters }}', '{{ 'x' * (letters | length) }}'), 'x<', 'x') like '%<%'
{%- endmacro %}

{#- Price times quantity. The types hold every price and quantity that the contracts accept, and their product. -#}
{% macro line_value(price, quantity) -%}
    cast(cast({{ price }} as decimal(24,6)) * cast({{ quantity }} as decimal(7,0)) as decimal(38,6))
{%- endmacro %}


{#- The currencies that have other than two decimals (ISO 4217), by number of decimals. -#}
{% macro currencies_by_decimals() %}
    {{ return({
        0: [
            'BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF',
            'XOF', 'XPF',
        ],
        3: ['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'],
        4: ['CLF', 'UYW'],
    }) }}
{% endmacro %}


{#- The entry of `values` for a currency's number of decimals (0, 2, 3 or 4); null for a null currency. -#}
{% macro by_currency(currency, values) -%}
    case
        {%- for decimals, codes in currencies_by_decimals().items() %}
        when upper({{ currency }}) in ('{{ codes | join("', '") }}') then {{ values[decimals] }}
        {%- endfor %}
        when {{ currency }} is not null then {{ values[2] }}
    end
{%- endmacro %}


{#- An amount for readers: rounded to the decimals of its currency, half away from zero. -#}
{% macro shown_amount(amount, currency) -%}
    {%- set values = {} -%}
    {%- for decimals in [0, 2, 3, 4] -%}
        {%- do values.update({decimals: 'cast(round(' ~ amount ~ ', ' ~ decimals ~ ') as decimal(38,6))'}) -%}
    {%- endfor -%}
    coalesce({{ by_currency(currency, values) }}, cast({{ amount }} as decimal(38,6)))
{%- endmacro %}

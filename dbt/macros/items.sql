{#-
    An order's items as rows. Three macros work together:
        select t.event_id, {{ item_line_number() }}, {{ item_field('quantity', 'bigint') }}
        from t {{ flatten_items('t.items') }}
    A row without items gives no row. Line numbers begin with 1, in the order sent.
-#}
{% macro flatten_items(items) %}{{ return(adapter.dispatch('flatten_items')(items)) }}{% endmacro %}

{% macro default__flatten_items(items) -%}
    cross join unnest({{ items }}) with ordinality as flattened (item, line_number)
{%- endmacro %}

{% macro snowflake__flatten_items(items) -%}
    , lateral flatten(input => {{ items }}) as flattened
{%- endmacro %}

{% macro redshift__flatten_items(items) -%}
    , {{ items }} as item at line_index
{%- endmacro %}


{% macro item_line_number() %}{{ return(adapter.dispatch('item_line_number')()) }}{% endmacro %}

{% macro default__item_line_number() -%}
    cast(flattened.line_number as bigint)
{%- endmacro %}

{% macro snowflake__item_line_number() -%}
    cast(flattened.index + 1 as bigint)
{%- endmacro %}

{% macro redshift__item_line_number() -%}
    cast(line_index + 1 as bigint)
{%- endmacro %}


{% macro item_field(field, data_type) %}{{ return(adapter.dispatch('item_field')(field, data_type)) }}{% endmacro %}

{% macro default__item_field(field, data_type) -%}
    cast(flattened.item.{{ field }} as {{ data_type }})
{%- endmacro %}

{% macro snowflake__item_field(field, data_type) -%}
    cast(flattened.value:{{ field }} as {{ data_type }})
{%- endmacro %}

{% macro redshift__item_field(field, data_type) -%}
    cast(item.{{ field }} as {{ redshift_type(data_type) }})
{%- endmacro %}

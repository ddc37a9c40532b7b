{#-
    A hash of several values. Each value is written with its length, so that ('a', 'bc') and ('ab', 'c') have different
    hashes, and null differs from every text. The varchar has a size because Redshift cuts it at 256 bytes without one.
-#}
{% macro surrogate_key(expressions) -%}
    {%- set parts = [] -%}
    {%- for expression in expressions -%}
        {%- set text = 'cast(' ~ expression ~ ' as varchar(65535))' -%}
        {%- do parts.append("coalesce(cast(length(" ~ text ~ ") as varchar(65535)) || ':' || " ~ text ~ ", '-')") -%}
    {%- endfor -%}
    md5({{ parts | join(' || ') }})
{%- endmacro %}

{#-
    Hash of several values. Each is written with its length, so that ('a', 'bc') and ('ab', 'c') differ, and null
    differs from every text. The width is explicit because a bare varchar cuts at 256 characters on Redshift.
-#}
{% macro surrogate_key(expressions) -%}
    {%- set parts = [] -%}
    {%- for expression in expressions -%}
        {%- set text = 'cast(' ~ expression ~ ' as varchar(65535))' -%}
        {%- do parts.append("coalesce(cast(length(" ~ text ~ ") as varchar(65535)) || ':' || " ~ text ~ ", '-')") -%}
    {%- endfor -%}
    md5({{ parts | join(' || ') }})
{%- endmacro %}

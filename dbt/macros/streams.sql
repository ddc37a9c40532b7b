{#- The list of streams in gold: one staging model a line. Models that look across streams read all of these. -#}
{% macro streams() %}
    {{ return([
        'stg_snowplow',
        'stg_mobile',
        'stg_web',
        'stg_clickstream',
        'stg_commerce',
    ]) }}
{% endmacro %}

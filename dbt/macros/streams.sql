{#- The staging models of the streams that gold has: one line each. The models that look across streams read these. -#}
{% macro streams() %}
    {{ return([
        'stg_snowplow',
        'stg_mobile',
        'stg_web',
        'stg_clickstream',
        'stg_commerce',
    ]) }}
{% endmacro %}

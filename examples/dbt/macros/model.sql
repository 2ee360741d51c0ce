{# A model of sqlml's: `config(materialized='model', options={'model_type': ..., 'input_label_cols': [...]})`.
   It is trained where its query, its options or its rows changed, and always with --full-refresh. #}
{% materialization model, adapter="duckdb" %}
  {%- set words = {'replace': true} if should_full_refresh() else {'if_stale': true} -%}
  {%- set options = dict(config.require('options'), **words) -%}

  {{ run_hooks(pre_hooks, inside_transaction=False) }}
  {{ run_hooks(pre_hooks, inside_transaction=True) }}

  {% call statement('main', fetch_result=True) -%}
    SELECT trained.model, trained.version, trained.seconds, coalesce(trained.reason, 'full refresh') AS reason
    FROM (SELECT ml_train({{ sqlml_literal(this | string) }}, {{ sqlml_literal(compiled_code) }}, {{ sqlml_literal(options) }}) AS trained)
  {%- endcall %}
  {%- set row = load_result('main')['data'][0] -%}
  {{ log('model ' ~ row[0] ~ ' version ' ~ row[1] ~ ': ' ~ row[3], info=true) }}

  {{ run_hooks(post_hooks, inside_transaction=True) }}
  {{ adapter.commit() }}
  {{ run_hooks(post_hooks, inside_transaction=False) }}
  {{ return({'relations': []}) }}
{% endmaterialization %}

{# A value of a configuration as SQL. #}
{% macro sqlml_literal(value) %}
  {%- if value is none -%} NULL
  {%- elif value is boolean -%} {{ value | string | lower }}
  {%- elif value is string -%} '{{ value | replace("'", "''") }}'
  {%- elif value is mapping -%}
    { {%- for key, item in value.items() -%} '{{ key }}': {{ sqlml_literal(item) }}{{ ', ' if not loop.last }} {%- endfor -%} }
  {%- elif value is iterable -%}
    [ {%- for item in value -%} {{ sqlml_literal(item) }}{{ ', ' if not loop.last }} {%- endfor -%} ]
  {%- else -%} {{ value }}
  {%- endif -%}
{% endmacro %}

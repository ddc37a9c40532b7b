"""What Snowflake and Redshift would reject in a statement that their stand-ins accept.

A statement has to parse in the dialect, use none of the constructs that it lacks, and call only functions that it is
known to have. Look a new function up in the manual, then add it here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import ParseError

Rule = Callable[[exp.Expression], bool]

# The functions by sqlglot's names, which may differ from the dialect's: group_concat is LISTAGG, pad LPAD, lower_hex
# LOWER of TO_HEX or HEX_ENCODE, j_s_o_n_object OBJECT_CONSTRUCT_KEEP_NULL, json_extract_scalar JSON_EXTRACT_PATH_TEXT,
# regexp_like the operator ~.
COMMON = {"abs", "and", "avg", "case", "cast", "coalesce", "count", "cume_dist", "date_add", "datediff", "first_value"}
COMMON |= {"date_trunc", "dense_rank", "extract", "floor", "greatest", "group_concat", "if", "json_extract_scalar"}
COMMON |= {"lag", "last_value", "lead", "least", "left", "length", "lower", "lower_hex", "max", "md5", "min", "nullif"}
COMMON |= {"or", "pad", "percent_rank", "percentile_cont", "power", "rank", "replace", "right", "round", "row_number"}
COMMON |= {"split_part", "sqrt", "str_position", "substring", "sum", "timestamp_trunc", "translate", "trim", "upper"}
FUNCTIONS = {
    "snowflake": COMMON | {"convert_timezone", "explode", "j_s_o_n_object", "json_extract", "to_boolean", "try_cast"},
    "redshift": COMMON | {"json_extract_array_element_text", "object", "regexp_like", "ts_or_ds_add", "ts_or_ds_diff"},
}


def _of(*kinds: type[exp.Expression]) -> Rule:
    return lambda node: isinstance(node, kinds)


def _bare(node: exp.Expression) -> bool:
    kinds = (exp.DataType.Type.VARCHAR, exp.DataType.Type.TEXT, exp.DataType.Type.DECIMAL)
    return isinstance(node, exp.DataType) and node.this in kinds and not node.expressions


def _frameless(node: exp.Expression) -> bool:
    """An aggregate over ordered rows, without ROWS BETWEEN."""
    aggregate = node.this.this if isinstance(node.this, (exp.IgnoreNulls, exp.RespectNulls)) else node.this
    ranking = (exp.RowNumber, exp.Lag, exp.Lead, exp.CumeDist, exp.Rank, exp.DenseRank, exp.PercentRank, exp.Ntile)
    ordered = isinstance(node, exp.Window) and node.args.get("order") and not node.args.get("spec")
    return (
        bool(ordered)
        and isinstance(aggregate, (exp.AggFunc, exp.FirstValue, exp.LastValue))
        and not isinstance(aggregate, ranking)
    )


def _distinct_over(node: exp.Expression) -> bool:
    return isinstance(node, exp.Window) and node.find(exp.Distinct) is not None


def _ranged(node: exp.Expression) -> bool:
    return isinstance(node, exp.WindowSpec) and node.args.get("kind", "").upper() != "ROWS"


def _distinct_on(node: exp.Expression) -> bool:
    return isinstance(node, exp.Distinct) and node.args.get("on") is not None


def _grouped_by_all(node: exp.Expression) -> bool:
    return isinstance(node, exp.Group) and bool(node.args.get("all"))


def _reserved(node: exp.Expression) -> bool:
    words = Redshift.Generator.RESERVED_KEYWORDS
    return isinstance(node, exp.Identifier) and not node.args.get("quoted") and node.name.lower() in words


def _rows_of_values(node: exp.Expression) -> bool:
    return isinstance(node, exp.Values) and not isinstance(node.parent, exp.Insert)


EVERYWHERE: dict[str, Rule] = {
    "FILTER (WHERE …)": _of(exp.Filter),
    "DISTINCT ON": _distinct_on,
    "a lambda": _of(exp.Lambda),
    "an array or struct type": lambda node: isinstance(node, exp.DataType) and bool(node.args.get("nested")),
    "a window of RANGE or GROUPS": _ranged,
    "SELECT * without or with other columns": lambda node: (
        isinstance(node, exp.Star) and any(node.args.get(part) for part in ("except_", "replace", "rename"))
    ),
}
DENIED: dict[str, dict[str, Rule]] = {
    "snowflake": {
        **EVERYWHERE,
        "AT TIME ZONE": _of(exp.AtTimeZone),
        "UNNEST": _of(exp.Unnest),
    },
    "redshift": {
        **EVERYWHERE,
        "GROUP BY ALL": _grouped_by_all,
        "IS DISTINCT FROM": _of(exp.NullSafeEQ, exp.NullSafeNEQ),
        "LATERAL or UNNEST": _of(exp.Lateral, exp.Unnest),
        "VALUES as a table": _rows_of_values,
        "a reserved word as a name": _reserved,
        "PostgreSQL's JSON operators": _of(exp.JSONBExtract, exp.JSONBExtractScalar, exp.JSONBContains),
        "an aggregate over ordered rows without a frame": _frameless,
        "DISTINCT in a window": _distinct_over,
        "varchar or decimal without a size": _bare,
    },
}


def objections(sql: str, dialect: str) -> list[str]:
    """What the dialect would reject in a text of statements."""
    try:
        statements = [statement for statement in sqlglot.parse(sql, read=dialect) if statement]
    except ParseError as error:
        return [f"does not parse: {error}"]
    return sorted({objection for statement in statements for objection in _objections(statement, dialect)})


def _objections(statement: exp.Expression, dialect: str) -> Iterator[str]:
    if isinstance(statement, exp.Command):
        yield f"not understood: {statement.sql()[:80]}"
    for node in statement.walk():
        yield from (name for name, rule in DENIED[dialect].items() if rule(node))
        if isinstance(node, exp.Func):
            name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
            if name not in FUNCTIONS[dialect]:
                yield f"function {name}"

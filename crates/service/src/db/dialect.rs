//! Where SQLite and PostgreSQL truly differ: the words of DDL, and how a set of rows comes in as one parameter.

use std::borrow::Cow;

use super::Engine;

/// Translates one DDL statement, written with `TEXT`, `BIGINT` and `BYTEA`.
///
/// PostgreSQL gets `COLLATE "C"` on every text column: ids sort by bytes there as they do on SQLite. SQLite gets
/// `STRICT` tables, so that a wrong type is an error there too. A table that is all key, or nearly, ends with
/// `WITHOUT ROWID`, or SQLite would keep all of it twice; PostgreSQL has no such thing.
pub(super) fn ddl(engine: Engine, sql: &str) -> String {
    match engine {
        Engine::Postgres => {
            replace_word(sql.trim_end().trim_end_matches(KEYED), "TEXT", "TEXT COLLATE \"C\"")
        }
        Engine::Sqlite => {
            let typed = replace_word(&replace_word(sql, "BIGINT", "INTEGER"), "BYTEA", "BLOB");
            if typed.trim_start().starts_with("CREATE TABLE") {
                let comma = if typed.trim_end().ends_with(KEYED) { "," } else { "" };
                format!("{}{comma} STRICT", typed.trim_end())
            } else {
                typed
            }
        }
    }
}

const KEYED: &str = " WITHOUT ROWID";

/// A statement as PostgreSQL takes it. Sets of rows are written as SQLite reads them: a JSON array as one text
/// parameter, `FROM json_each($2) AS r`, whose fields are `r.value->>'name'`; bytes come in as `unhex(r.value->>'name')`.
/// So a set of any size is one statement with one plan. A set that rows are changed by is read first:
/// `WITH changes AS MATERIALIZED (SELECT … FROM json_each($2) AS r) UPDATE t SET … FROM changes WHERE …`. Joined as it
/// is, SQLite goes through the table and reads the whole set anew for each row.
pub(super) fn postgres(sql: &str) -> Cow<'_, str> {
    if !sql.contains(JSON_EACH) {
        return Cow::Borrowed(sql);
    }
    let sql = around(sql, JSON_EACH, "jsonb_array_elements(CAST(CAST(", " AS TEXT) AS JSONB))");
    Cow::Owned(around(&sql, "unhex(", "decode(", ", 'hex')"))
}

const JSON_EACH: &str = "json_each(";

/// Puts other words around the arguments of every call of a function; its arguments hold no brackets.
fn around(sql: &str, call: &str, before: &str, after: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some((head, tail)) = rest.split_once(call) {
        let (arguments, tail) = tail.split_once(')').unwrap_or((tail, ""));
        out.push_str(head);
        out.push_str(before);
        out.push_str(arguments);
        out.push_str(after);
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The single statements of a migration: separated by a semicolon at the end of a line; comment lines dropped.
pub(super) fn statements(sql: &str) -> Vec<String> {
    let code: Vec<&str> = sql.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    code.join("\n")
        .split(";\n")
        .map(|s| s.trim().trim_end_matches(';').to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}

fn replace_word(sql: &str, word: &str, with: &str) -> String {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut out = String::with_capacity(sql.len() + 64);
    let mut rest = sql;
    while let Some(at) = rest.find(word) {
        let (before, tail) = rest.split_at(at);
        let after = tail.strip_prefix(word).unwrap_or(tail);
        let alone = !before.ends_with(is_word) && !after.starts_with(is_word);
        out.push_str(before);
        out.push_str(if alone { with } else { word });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_translated_as_whole_words() {
        let sql = "CREATE TABLE t (a TEXT NOT NULL, CONTEXT BIGINT, b BYTEA)";
        assert_eq!(
            ddl(Engine::Postgres, sql),
            "CREATE TABLE t (a TEXT COLLATE \"C\" NOT NULL, CONTEXT BIGINT, b BYTEA)"
        );
        assert_eq!(
            ddl(Engine::Sqlite, sql),
            "CREATE TABLE t (a TEXT NOT NULL, CONTEXT INTEGER, b BLOB) STRICT"
        );
    }

    #[test]
    fn a_table_that_is_all_key_is_kept_once() {
        let sql = "CREATE TABLE t (a BIGINT PRIMARY KEY) WITHOUT ROWID";
        assert_eq!(ddl(Engine::Postgres, sql), "CREATE TABLE t (a BIGINT PRIMARY KEY)");
        assert_eq!(ddl(Engine::Sqlite, sql), "CREATE TABLE t (a INTEGER PRIMARY KEY) WITHOUT ROWID, STRICT");
    }

    #[test]
    fn a_set_of_rows_is_one_parameter_on_both() {
        assert_eq!(postgres("SELECT $1"), "SELECT $1");
        assert_eq!(
            postgres(
                "INSERT INTO t (a, b) SELECT r.value->>'a', unhex(r.value->>'b') FROM json_each($2) AS r"
            ),
            "INSERT INTO t (a, b) SELECT r.value->>'a', decode(r.value->>'b', 'hex') \
             FROM jsonb_array_elements(CAST(CAST($2 AS TEXT) AS JSONB)) AS r"
        );
    }

    #[test]
    fn a_migration_is_cut_into_statements() {
        assert_eq!(
            statements("-- why;\nCREATE TABLE a (x TEXT);\n\nCREATE INDEX i ON a (x);\n"),
            ["CREATE TABLE a (x TEXT)", "CREATE INDEX i ON a (x)"]
        );
    }
}

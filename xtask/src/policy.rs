//! Licences, banned crates and sources of all dependencies (but those of tests), against `deny.toml`.
//!
//! These are the offline parts of `cargo deny check bans licenses sources`, done here so that a machine without
//! cargo-deny checks them too; where it is installed it runs as well, on the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::failure::{Context, Failure, Outcome};
use crate::metadata::{Metadata, Package};
use crate::toolchain;

/// The part of `deny.toml` that is checked here.
struct Policy {
    licenses: BTreeSet<String>,
    banned: BTreeSet<String>,
}

/// Checks everything that is built into a program; answers with a summary or with every problem.
///
/// # Errors
/// When `deny.toml` or the graph cannot be read.
pub fn check() -> Outcome<Result<String, Vec<String>>> {
    let path = toolchain::root().join("deny.toml");
    let text = fs::read_to_string(&path).context(format!("reading {}", path.display()))?;
    let policy = Policy::parse(&text)?;
    let shipped = Metadata::read_shipped()?;
    let mut packages = Metadata::read()?.packages;
    packages.retain(|package| shipped.contains(&(package.name.clone(), package.version.clone())));
    let count = packages.len();
    if count != shipped.len() {
        return Err(Failure::new(format!("{} packages are built, {count} are described", shipped.len())));
    }
    let problems = policy.problems(&packages);
    Ok(if problems.is_empty() { Ok(format!("{count} packages within deny.toml")) } else { Err(problems) })
}

impl Policy {
    fn parse(text: &str) -> Outcome<Self> {
        let table: toml::Table = text.parse().context("deny.toml")?;
        let list = |section: &str, key: &str| -> Outcome<&Vec<toml::Value>> {
            let found = table.get(section).and_then(|value| value.get(key)).and_then(toml::Value::as_array);
            found.ok_or_else(|| Failure::new(format!("deny.toml has no list {section}.{key}")))
        };
        let licenses = list("licenses", "allow")?.iter().filter_map(|value| Some(value.as_str()?.to_owned()));
        let banned = list("bans", "deny")?.iter();
        let banned =
            banned.filter_map(|value| Some(value.get("crate").unwrap_or(value).as_str()?.to_owned()));
        Ok(Self { licenses: licenses.collect(), banned: banned.collect() })
    }

    fn problems(&self, packages: &[Package]) -> Vec<String> {
        let mut problems = Vec::new();
        let mut sources: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for package in packages {
            let Package { name, version, .. } = package;
            if self.banned.contains(name) {
                problems.push(format!("{name} {version} is banned"));
            }
            match &package.license {
                Some(expression) if allows(expression, &self.licenses) => {}
                Some(expression) => {
                    problems.push(format!("{name} {version}: licence {expression} is not allowed"));
                }
                None => problems.push(format!("{name} {version} names no licence")),
            }
            if let Some(source) = &package.source {
                sources.entry(name).or_default().insert(source);
                if !source.starts_with("registry+") {
                    problems.push(format!("{name} {version} does not come from the registry: {source}"));
                }
            }
        }
        for (name, sources) in sources.into_iter().filter(|(_, sources)| sources.len() > 1) {
            problems.push(format!("{name} comes from several sources: {sources:?}"));
        }
        problems
    }
}

/// Whether an SPDX expression can be met with the allowed licences: `OR` leaves a choice, `AND` does not, and an
/// exception (`A WITH B`) is listed as a whole. The old form `A/B` means `A OR B`.
fn allows(expression: &str, allowed: &BTreeSet<String>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut parser = Parser { tokens: &tokens, allowed };
    let result = parser.any_of();
    // What is left over was not understood, and what is not understood is not allowed.
    result == Some(true) && parser.tokens.is_empty()
}

/// Each method reads one level of the grammar; `None` means that the expression is malformed.
struct Parser<'a> {
    tokens: &'a [&'a str],
    allowed: &'a BTreeSet<String>,
}

impl Parser<'_> {
    fn next_is(&mut self, word: &str) -> bool {
        let matches = self.tokens.first().is_some_and(|token| *token == word);
        if matches {
            self.tokens = self.tokens.get(1..).unwrap_or_default();
        }
        matches
    }

    fn any_of(&mut self) -> Option<bool> {
        let mut result = self.all_of()?;
        while self.next_is("OR") {
            result |= self.all_of()?;
        }
        Some(result)
    }

    fn all_of(&mut self) -> Option<bool> {
        let mut result = self.one()?;
        while self.next_is("AND") {
            result &= self.one()?;
        }
        Some(result)
    }

    fn one(&mut self) -> Option<bool> {
        if self.next_is("(") {
            let result = self.any_of()?;
            return self.next_is(")").then_some(result);
        }
        let (name, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        if self.next_is("WITH") {
            let (exception, rest) = self.tokens.split_first()?;
            self.tokens = rest;
            return Some(self.allowed.contains(&format!("{name} WITH {exception}")));
        }
        Some(self.allowed.contains(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "[licenses]\nallow = [\"MIT\", \"Apache-2.0\", \"Apache-2.0 WITH LLVM-exception\"]\n\
        [bans]\ndeny = [{ crate = \"openssl\", reason = \"one cryptography library\" }, \"chrono\"]\n";

    #[test]
    fn a_licence_expression_is_allowed_when_some_choice_meets_it() {
        let allowed = Policy::parse(POLICY).unwrap().licenses;
        for (expression, want) in [
            ("MIT", true),
            ("GPL-3.0", false),
            ("MIT OR GPL-3.0", true),
            ("GPL-3.0/MIT", true),
            ("MIT AND GPL-3.0", false),
            ("(MIT OR GPL-3.0) AND Apache-2.0", true),
            ("MIT OR GPL-3.0 AND LGPL-3.0", true),
            ("GPL-3.0 OR MIT AND LGPL-3.0", false),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("MIT WITH LLVM-exception", false),
            ("(MIT", false),
            ("MIT Apache-2.0", false),
            ("", false),
        ] {
            assert_eq!(allows(expression, &allowed), want, "{expression:?}");
        }
    }

    #[test]
    fn each_kind_of_breach_is_reported() {
        let policy = Policy::parse(POLICY).unwrap();
        let package = |name: &str, license: Option<&str>, source: &str| Package {
            name: name.into(),
            version: "1.0.0".into(),
            license: license.map(str::to_owned),
            source: Some(source.into()),
            ..Package::default()
        };
        let good = package("serde", Some("MIT"), "registry+index");
        assert_eq!(policy.problems(std::slice::from_ref(&good)), Vec::<String>::new());
        for (bad, want) in [
            (package("openssl", Some("MIT"), "registry+index"), "banned"),
            (package("chrono", Some("MIT"), "registry+index"), "banned"),
            (package("a", Some("GPL-3.0"), "registry+index"), "not allowed"),
            (package("b", None, "registry+index"), "no licence"),
            (package("c", Some("MIT"), "git+somewhere"), "not come from the registry"),
            (package("serde", Some("MIT"), "registry+elsewhere"), "several sources"),
        ] {
            let problems = policy.problems(&[good.clone(), bad]);
            assert!(problems.len() == 1 && problems[0].contains(want), "{want}: {problems:?}");
        }
    }
}

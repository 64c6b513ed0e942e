//! The walls between the crates, checked on the graph of every kind of dependency with all features.
//!
//! Card numbers have types in one crate. What that crate cannot be reached from cannot hold one by accident.

use crate::failure::Outcome;
use crate::metadata::Metadata;

/// The one home of card numbers, security codes and bank account numbers.
const ACCOUNT_DATA: &str = "onfile-account-data";
/// Helpers of tests: in no program.
const TESTING: &str = "onfile-testing";
/// The processes that handle them.
const MAY_REACH_ACCOUNT_DATA: [&str; 2] = ["onfile-vault", "onfile-sandbox"];

/// The arrows: each of our crates, and the ones of ours that it may depend on. Everything else is forbidden.
const ARROWS: [(&str, &[&str]); 10] = [
    ("onfile-core", &[]),
    (ACCOUNT_DATA, &["onfile-core"]),
    ("onfile-connectors", &["onfile-core"]),
    ("onfile-service", &["onfile-core", TESTING]),
    (TESTING, &["onfile-core", "onfile-service"]),
    ("onfile-vault", &["onfile-core", ACCOUNT_DATA, "onfile-service", TESTING]),
    ("onfile-sandbox", &["onfile-core", ACCOUNT_DATA, "onfile-service", TESTING]),
    ("onfile-server", &["onfile-core", "onfile-connectors", "onfile-service", TESTING]),
    ("onfile-bench", &["onfile-core"]),
    ("xtask", &[]),
];

/// Crates of rules: they compute, and have no way to send or store anything.
const PURE: [&str; 3] = ["onfile-core", ACCOUNT_DATA, "onfile-connectors"];
/// What would give them one.
const IO: [&str; 9] =
    ["tokio", "hyper", "axum", "reqwest", "rusqlite", "tokio-postgres", "rustls", "tracing", "socket2"];

/// What the walled types must not even be able to name: a derived `Serialize` is how a number gets into a log.
const NOT_BESIDE_ACCOUNT_DATA: [&str; 3] = ["serde", "serde_json", "tracing"];

/// Checks the workspace; answers with a summary or with every violation.
///
/// # Errors
/// When cargo cannot describe the workspace.
pub fn check() -> Outcome<Result<String, Vec<String>>> {
    let metadata = Metadata::read()?;
    let problems = violations(&metadata);
    let count = metadata.own().count();
    Ok(if problems.is_empty() { Ok(format!("{count} crates, every arrow as drawn")) } else { Err(problems) })
}

fn violations(metadata: &Metadata) -> Vec<String> {
    let mut problems = Vec::new();
    for package in metadata.own() {
        let name = package.name.as_str();
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            problems.push(format!("{name} has no row in the table of arrows"));
            continue;
        };
        for (other, _) in ARROWS.iter().filter(|(other, _)| package.declared.contains(*other)) {
            if !allowed.contains(other) {
                problems.push(format!("{name} must not depend on {other}"));
            }
        }
        if package.shipped.contains(TESTING) {
            problems.push(format!("{name} may use {TESTING} in tests only"));
        }
        if name != ACCOUNT_DATA
            && !MAY_REACH_ACCOUNT_DATA.contains(&name)
            && let Some(path) = metadata.path(name, ACCOUNT_DATA)
        {
            problems.push(format!("{name} reaches card numbers: {}", path.join(" -> ")));
        }
        if PURE.contains(&name) {
            problems.extend(
                IO.iter().filter_map(|target| metadata.path(name, target)).map(|path| {
                    format!("{name} must not be able to do input or output: {}", path.join(" -> "))
                }),
            );
        }
        if name == ACCOUNT_DATA {
            // Its tests know a serialiser, to show that it does not take these types.
            let named = NOT_BESIDE_ACCOUNT_DATA.iter().filter(|target| package.shipped.contains(**target));
            problems.extend(named.map(|target| format!("{name} must not know {target}")));
        }
    }
    for required in [ACCOUNT_DATA, "onfile-server", "onfile-vault"] {
        // A renamed crate must not slip out from under its rule.
        if !metadata.own().any(|package| package.name == required) {
            problems.push(format!("there is no crate {required}: the rules name one that does not exist"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::metadata::Package;

    /// A crate and what it depends on.
    type Arrow = (&'static str, &'static [&'static str]);

    fn graph(arrows: &[Arrow]) -> Metadata {
        let mut metadata = Metadata::default();
        for (name, targets) in arrows {
            let declared: BTreeSet<String> = targets.iter().map(|target| (*target).to_owned()).collect();
            metadata.edges.insert((*name).to_owned(), declared.clone());
            let ours = name.starts_with("onfile-") || *name == "xtask";
            let source = (!ours).then(|| "registry".to_owned());
            // In this made-up graph helpers of tests are used in tests, everything else everywhere.
            let shipped = declared.iter().filter(|target| *target != TESTING).cloned().collect();
            let name = (*name).to_owned();
            metadata.packages.push(Package { name, source, declared, shipped, ..Package::default() });
        }
        metadata
    }

    #[test]
    fn the_arrows_as_drawn_are_no_violation() {
        assert_eq!(violations(&graph(&ARROWS)), Vec::<String>::new());
    }

    #[test]
    fn each_way_through_a_wall_is_found() {
        let cases: [(&[Arrow], &str); 8] = [
            (&[("onfile-server", &[ACCOUNT_DATA])], "onfile-server must not depend on onfile-account-data"),
            (&[("onfile-server", &[ACCOUNT_DATA])], "onfile-server reaches card numbers"),
            (
                &[("onfile-server", &["helper"]), ("helper", &[ACCOUNT_DATA])],
                "onfile-server -> helper -> onfile-account-data",
            ),
            (&[("onfile-bench", &["onfile-vault"])], "onfile-bench must not depend on onfile-vault"),
            (
                &[("onfile-connectors", &["onfile-service"])],
                "onfile-connectors must not depend on onfile-service",
            ),
            (&[("onfile-core", &["jiff"]), ("jiff", &["tokio"])], "onfile-core -> jiff -> tokio"),
            (&[(ACCOUNT_DATA, &["onfile-core", "serde"])], "onfile-account-data must not know serde"),
            (&[("onfile-extra", &[])], "onfile-extra has no row"),
        ];
        for (changes, want) in cases {
            let kept = ARROWS.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
            let arrows: Vec<_> = kept.chain(changes).copied().collect();
            let problems = violations(&graph(&arrows));
            assert!(problems.iter().any(|problem| problem.contains(want)), "{want}: {problems:?}");
        }
    }

    #[test]
    fn helpers_of_tests_are_in_no_program() {
        let mut metadata = graph(&ARROWS);
        let server = metadata.packages.iter_mut().find(|package| package.name == "onfile-server").unwrap();
        server.shipped.insert(TESTING.to_owned());
        assert_eq!(violations(&metadata), ["onfile-server may use onfile-testing in tests only"]);
    }

    #[test]
    fn a_walled_crate_that_is_renamed_is_noticed() {
        let arrows: Vec<_> = ARROWS.iter().filter(|(name, _)| *name != ACCOUNT_DATA).copied().collect();
        let problems = violations(&graph(&arrows));
        assert!(problems.iter().any(|problem| problem.contains("there is no crate onfile-account-data")));
    }
}

//! What cargo knows about the packages: the input of the checks of the crate graph.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::failure::{Context, Failure, Outcome};
use crate::{process, toolchain};

/// One package of the graph, ours or a dependency.
#[derive(Debug, Clone, Default)]
pub struct Package {
    /// As in its manifest.
    pub name: String,
    /// Where it comes from; `None` for our own.
    pub source: Option<String>,
    /// Whether the manifest says in a sentence what it is for.
    pub described: bool,
    /// Names of the cargo features that the manifest declares.
    pub features: Vec<String>,
    /// Dependencies of every kind (normal, build, dev) and for every platform, by package name.
    pub declared: BTreeSet<String>,
    /// Those among them that are not for tests alone.
    pub shipped: BTreeSet<String>,
}

/// All packages, and which package depends on which.
#[derive(Debug, Default)]
pub struct Metadata {
    /// Every package that is built on this platform with all features.
    pub packages: Vec<Package>,
    /// By name; for our own packages also what other platforms would add.
    pub edges: BTreeMap<String, BTreeSet<String>>,
}

impl Metadata {
    /// Asks cargo, without the network: what is locked and used on this platform was fetched by the build.
    ///
    /// # Errors
    /// When cargo fails.
    pub fn read() -> Outcome<Self> {
        let version = process::output(toolchain::cargo().args(["-vV"]))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.ok_or_else(|| Failure::new("`cargo -vV` names no host"))?;
        let mut command = toolchain::cargo();
        command.args(["metadata", "--format-version", "1", "--offline", "--all-features"]);
        let printed = process::output(command.args(["--filter-platform", host]))?;
        let json: Value = serde_json::from_str(&printed).context("output of `cargo metadata`")?;
        Self::parse(&json).ok_or_else(|| Failure::new("`cargo metadata` printed something unexpected"))
    }

    fn parse(json: &Value) -> Option<Self> {
        let mut names = BTreeMap::new();
        let mut all = BTreeMap::new();
        for value in json.get("packages")?.as_array()? {
            let package = parse_package(value)?;
            names.insert(value.get("id")?.as_str()?, package.name.clone());
            all.insert(value.get("id")?.as_str()?, package);
        }
        let mut metadata = Self::default();
        for node in json.get("resolve")?.get("nodes")?.as_array()? {
            let id = node.get("id")?.as_str()?;
            let package = all.remove(id)?;
            let edges = metadata.edges.entry(package.name.clone()).or_default();
            for dependency in node.get("dependencies")?.as_array()? {
                edges.insert(names.get(dependency.as_str()?)?.clone());
            }
            if package.source.is_none() {
                edges.extend(package.declared.iter().cloned());
            }
            metadata.packages.push(package);
        }
        Some(metadata)
    }

    /// Our own packages.
    pub fn own(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.source.is_none())
    }

    /// The shortest way from one package to another, both included; `None` when there is none.
    pub fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut seen = BTreeSet::from([from.to_owned()]);
        let mut paths = std::collections::VecDeque::from([vec![from.to_owned()]]);
        while let Some(path) = paths.pop_front() {
            for next in path.last().and_then(|last| self.edges.get(last)).into_iter().flatten() {
                let mut longer = path.clone();
                longer.push(next.clone());
                if next == to {
                    return Some(longer);
                }
                if seen.insert(next.clone()) {
                    paths.push_back(longer);
                }
            }
        }
        None
    }
}

fn parse_package(value: &Value) -> Option<Package> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let dependencies = value.get("dependencies")?.as_array()?;
    let names = |with_dev: bool| {
        let chosen = dependencies
            .iter()
            .filter(move |entry| with_dev || entry.get("kind").and_then(Value::as_str) != Some("dev"));
        chosen.filter_map(|entry| entry.get("name")?.as_str().map(str::to_owned)).collect()
    };
    Some(Package {
        name: text("name")?,
        source: text("source"),
        described: text("description").is_some_and(|description| !description.trim().is_empty()),
        features: value.get("features")?.as_object()?.keys().cloned().collect(),
        declared: names(true),
        shipped: names(false),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dev_and_platform_dependencies_of_our_own_count() {
        let package = |name: &str, source: Option<&str>, dependencies: &[(&str, Option<&str>)]| {
            let dependencies: Vec<_> =
                dependencies.iter().map(|(name, kind)| json!({"name": name, "kind": kind})).collect();
            json!({"id": name, "name": name, "source": source,
                "description": "", "features": {}, "dependencies": dependencies})
        };
        let json = json!({
            "packages": [
                package("ours", None, &[("hidden", Some("dev")), ("plain", None), ("made", Some("build"))]),
                package("theirs", Some("registry"), &[("unused", None)]),
            ],
            "resolve": {"nodes": [
                {"id": "ours", "dependencies": ["theirs"]},
                {"id": "theirs", "dependencies": []},
            ]},
        });
        let metadata = Metadata::parse(&json).unwrap();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
        assert_eq!(metadata.edges["ours"], names(&["hidden", "made", "plain", "theirs"]));
        assert_eq!(metadata.packages[0].shipped, names(&["made", "plain"]));
        assert!(metadata.edges["theirs"].is_empty());
        assert_eq!(metadata.own().count(), 1);
        assert!(!metadata.packages[0].described);
    }

    #[test]
    fn the_shortest_path_is_found_and_circles_end() {
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("d", "e"), ("c", "e")];
        let mut metadata = Metadata::default();
        for (from, to) in edges {
            metadata.edges.entry(from.into()).or_default().insert(to.into());
        }
        assert_eq!(metadata.path("a", "e").unwrap().join(" "), "a d e");
        assert_eq!(metadata.path("a", "a").unwrap().join(" "), "a b c a");
        assert_eq!(metadata.path("e", "a"), None);
    }
}

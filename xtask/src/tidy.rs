//! Limits that only ever get tighter: length of files, leftover words, features of our own, migrations.
//!
//! Length of functions is clippy's (`too-many-lines-threshold` in clippy.toml).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::failure::{Context, Outcome};
use crate::metadata::Metadata;
use crate::{process, toolchain};

/// A source file longer than this has two subjects.
const FILE_LINES_MAX: usize = 600;
/// What the checks read.
const TEXT_ENDINGS: [&str; 10] = ["rs", "toml", "md", "py", "sql", "css", "js", "ts", "html", "yml"];
/// Written in pieces, so that this file passes its own check.
const FORBIDDEN: [(&str, &str); 5] = [
    (concat!("TO", "DO"), "finish it, or write down in the documentation that it is missing"),
    (concat!("FIX", "ME"), "fix it"),
    (concat!("XX", "X"), "say what is meant"),
    (concat!("dbg", "!("), "a debugging aid"),
    (concat!("#[al", "low("), "use #[expect(lint, reason = \"…\")]"),
];
/// The inner form of the last.
const FORBIDDEN_INNER: (&str, &str) = (concat!("#![al", "low("), "use #![expect(lint, reason = \"…\")]");

/// Checks every file that git knows or would add; answers with a summary or with every problem.
///
/// # Errors
/// When git or cargo fails or a file cannot be read.
pub fn check() -> Outcome<Result<String, Vec<String>>> {
    let root = toolchain::root();
    let git = |args: &[&str]| process::output(Command::new("git").current_dir(&root).args(args));
    let listed = git(&["ls-files", "--cached", "--others", "--exclude-standard", "-z"])?;
    let files: Vec<&str> = listed.split('\0').filter(|path| root.join(path).is_file()).collect();
    let mut problems = Vec::new();
    for path in files.iter().filter(|path| is_text(path)) {
        let text = fs::read_to_string(root.join(path)).context(format!("reading {path}"))?;
        problems.extend(text_problems(path, &text));
    }
    for package in Metadata::read()?.own() {
        if !package.described {
            problems.push(format!("{}: the manifest has no description", package.name));
        }
        for feature in &package.features {
            problems
                .push(format!("{}: cargo feature {feature}; one build is tested and shipped", package.name));
        }
    }
    problems.extend(numbering_problems(&files));
    // A released migration has run somewhere. Without a release yet there is no tag, and git says so by failing.
    if let Ok(tag) = git(&["describe", "--tags", "--abbrev=0"]) {
        let changed = git(&["diff", "--name-status", tag.trim(), "--"])?;
        problems.extend(released_problems(tag.trim(), &changed));
    }
    let count = files.len();
    Ok(if problems.is_empty() { Ok(format!("{count} files in order")) } else { Err(problems) })
}

fn is_text(path: &str) -> bool {
    let ending = Path::new(path).extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| TEXT_ENDINGS.contains(&ending))
}

fn text_problems(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES_MAX && Path::new(path).extension().is_some_and(|ending| ending == "rs") {
        problems.push(format!("{path}: {lines} lines, more than {FILE_LINES_MAX}"));
    }
    for (number, line) in text.lines().enumerate() {
        for (word, advice) in FORBIDDEN.iter().chain([&FORBIDDEN_INNER]) {
            if has_word(line, word) {
                problems.push(format!("{path}:{}: {word}: {advice}", number + 1));
            }
        }
    }
    problems
}

/// Whether the word stands in the line, and not merely within a longer one.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + word.len()..]);
        let joined = |neighbour: Option<char>| neighbour.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let open_ended = word.ends_with('(');
        !joined(before.chars().next_back()) && (open_ended || !joined(after.chars().next()))
    })
}

/// Migrations are numbered from 1 without gaps or doubles in each folder: `0001_what.sql`.
fn numbering_problems(files: &[&str]) -> Vec<String> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in files.iter().filter(|path| is_migration(path)) {
        if let Some((folder, name)) = path.rsplit_once('/') {
            folders.entry(folder).or_default().push(name);
        }
    }
    let mut problems = Vec::new();
    for (folder, mut names) in folders {
        names.sort_unstable();
        for (index, name) in names.iter().enumerate() {
            let wanted = format!("{:04}_", index + 1);
            if !name.starts_with(&wanted) {
                problems.push(format!("{folder}/{name}: a name beginning with {wanted} was expected here"));
            }
        }
    }
    problems
}

fn is_migration(path: &str) -> bool {
    let is_sql = Path::new(path).extension().is_some_and(|ending| ending == "sql");
    is_sql && Path::new(path).components().any(|part| part.as_os_str() == "migrations")
}

/// `changed` is what `git diff --name-status` prints: a letter and a path for each file since the last release.
fn released_problems(tag: &str, changed: &str) -> Vec<String> {
    let entries = changed.lines().filter_map(|line| line.split_once('\t'));
    let touched =
        entries.filter(|(status, path)| !status.starts_with('A') && path.split('\t').any(is_migration));
    touched
        .map(|(_, path)| format!("{path}: released with {tag}; add a migration instead of changing one"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftover_words_are_found_as_words() {
        for (index, (word, _)) in FORBIDDEN.iter().enumerate() {
            assert_eq!(text_problems("a.rs", &format!("// {word} later")).len(), 1, "{index}");
        }
        let harmless = format!("let {0}S_left = \"PHOTO{0}\"; #![expect(x)]", FORBIDDEN[0].0);
        assert_eq!(text_problems("a.rs", &harmless), Vec::<String>::new());
    }

    #[test]
    fn only_sources_are_limited_in_length() {
        let long = "\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(text_problems("a.rs", &long).len(), 1);
        assert_eq!(text_problems("a.md", &long).len(), 0);
        assert_eq!(text_problems("a.rs", &long[1..]).len(), 0);
    }

    #[test]
    fn migrations_are_numbered_without_gaps_or_doubles() {
        for (names, problems) in [
            (&["m/migrations/0001_a.sql", "m/migrations/0002_b.sql"][..], 0),
            (&["m/migrations/0001_a.sql", "n/migrations/0001_b.sql"], 0),
            (&["m/migrations/0001_a.sql", "m/migrations/0003_b.sql"], 1),
            (&["m/migrations/0001_a.sql", "m/migrations/0001_b.sql"], 1),
            (&["m/migrations/first.sql"], 1),
            (&["m/queries/first.sql"], 0),
        ] {
            assert_eq!(numbering_problems(names).len(), problems, "{names:?}");
        }
    }

    #[test]
    fn a_released_migration_may_not_change() {
        let changed = "A\tc/migrations/0003_new.sql\nM\tc/migrations/0001_old.sql\nM\tREADME.md\n\
            R100\tc/migrations/0002_a.sql\tc/migrations/0002_b.sql\n";
        assert_eq!(released_problems("v1.0.0", changed).len(), 2);
    }
}

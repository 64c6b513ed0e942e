//! How a process ends: with its error on standard error, masked, and a status that scripts can read.

use std::error::Error;
use std::process::ExitCode;

use crate::masked::write_stderr;

/// The longest chain of causes that is printed.
const CAUSES_MAX: usize = 16;

/// What `main` returns: success, or the error with its causes, one line each, and status 1.
pub fn run<E: Error>(outcome: Result<(), E>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in report(&error) {
                write_stderr(&line);
            }
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes, outermost first. A cause that the line before it already ends with is left out.
fn report(error: &dyn Error) -> Vec<String> {
    let mut lines = vec![format!("error: {error}")];
    let mut cause = error.source();
    while let Some(error) = cause
        && lines.len() <= CAUSES_MAX
    {
        let text = error.to_string();
        if !lines.last().is_some_and(|line| line.ends_with(&text)) {
            lines.push(format!("  because: {text}"));
        }
        cause = error.source();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn chain(texts: &[&'static str]) -> Link {
        let (text, rest) = texts.split_first().unwrap();
        Link { text, source: (!rest.is_empty()).then(|| Box::new(chain(rest))) }
    }

    #[test]
    fn every_cause_has_its_line_and_a_repeated_one_has_none() {
        let got = report(&chain(&["cannot start", "cannot start", "no such file"]));
        assert_eq!(got, ["error: cannot start", "  because: no such file"]);
    }

    #[test]
    fn an_endless_chain_ends() {
        let texts: Vec<&'static str> = ["a", "b"].into_iter().cycle().take(100).collect();
        assert_eq!(report(&chain(&texts)).len(), CAUSES_MAX + 1);
    }
}

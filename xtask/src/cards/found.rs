//! What was found in one place, each thing once.

use std::collections::BTreeMap;
use std::fmt;

/// How deep readings of readings go.
pub const LAYERS_MAX: usize = 2;
/// More findings than this in one place say nothing more.
pub const FINDINGS_MAX: usize = 1000;

/// What was undone, one upon the other, before something showed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Form([Option<&'static str>; LAYERS_MAX]);

impl Form {
    /// As it was written.
    pub const RAW: Self = Self([None; LAYERS_MAX]);

    /// One more layer; none where there may be no more.
    pub fn then(mut self, name: &'static str) -> Option<Self> {
        *self.0.iter_mut().find(|layer| layer.is_none())? = Some(name);
        Some(self)
    }

    /// How many layers that is.
    pub fn layers(self) -> usize {
        self.0.iter().flatten().count()
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.0.iter().flatten().copied().collect();
        f.write_str(if names.is_empty() { "raw".to_owned() } else { names.join(", ") }.as_str())
    }
}

/// Everything that was found in one place, in the plainest form that shows it.
#[derive(Default)]
pub struct Found(BTreeMap<String, Form>);

impl Found {
    /// Writes down a number, of which the last four digits are shown.
    pub fn number(&mut self, number: &str, form: Form) {
        self.add(format!("number ending in {}", &number[number.len().saturating_sub(4)..]), form);
    }

    /// Writes down a security code by the text before it.
    pub fn code(&mut self, context: &[u8], form: Form) {
        self.add(format!("security code after \"{}\"", context.escape_ascii()), form);
    }

    /// Writes down anything else.
    pub fn add(&mut self, what: String, form: Form) {
        if self.0.len() >= FINDINGS_MAX && !self.0.contains_key(&what) {
            return;
        }
        let plainest = self.0.entry(what).or_insert(form);
        if form.layers() < plainest.layers() {
            *plainest = form;
        }
    }

    /// What, and in which form, in the order of the text.
    pub fn all(self) -> impl Iterator<Item = (String, Form)> {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_kept_once_in_its_plainest_form() {
        let base64 = Form::RAW.then("base64").unwrap();
        let twice = base64.then("hex").unwrap();
        assert_eq!(twice.then("gzip"), None);
        let mut found = Found::default();
        for form in [twice, base64, twice] {
            found.number("4000056655665556", form);
        }
        found.code(b"\"cvc\":\"\xff", Form::RAW);
        let all: Vec<String> = found.all().map(|(what, form)| format!("{what} ({form})")).collect();
        assert_eq!(all, ["number ending in 5556 (base64)", r#"security code after "\"cvc\":\"\xff" (raw)"#]);
        assert_eq!(twice.to_string(), "base64, hex");
    }

    #[test]
    fn not_everything_is_kept_when_there_is_too_much() {
        let mut found = Found::default();
        for index in 0..2 * FINDINGS_MAX {
            found.add(index.to_string(), Form::RAW);
        }
        assert_eq!(found.all().count(), FINDINGS_MAX);
    }
}

//! What every mail has in common: a subject, a text and an HTML part that say the same, and the mask over all of them.
//!
//! HTML for mail programs has no style sheet and no script: its style stands in it. Everything that comes from a
//! merchant or a customer is escaped here, or put on one line.

use maud::{DOCTYPE, Markup, html};
use onfile_core::card_shaped::mask;
use onfile_service::lookalikes::{holds_card_number, plain};

/// The longest subject, in characters: RFC 5322 allows lines of 998.
const SUBJECT_CHARS_MAX: usize = 200;

const BODY: &str = "margin:0;padding:24px 12px;background:#f3f5f8;color:#1a2230;\
    font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
const SHEET: &str = "max-width:560px;margin:0 auto;padding:24px;background:#ffffff;border:1px solid #d5dbe5;\
    border-radius:12px";
const BRAND: &str = "margin:0 0 16px;font-weight:700;color:#4d5a6e";
const TITLE: &str = "margin:0 0 8px;font-size:22px;line-height:1.25";
const SUM: &str = "margin:0 0 16px;font-size:28px;font-weight:700";
const TEST: &str =
    "margin:0 0 16px;padding:8px 12px;background:#fff4d6;color:#5c4300;border-radius:8px;font-size:14px";
const LABEL: &str = "padding:6px 16px 6px 0;text-align:left;vertical-align:top;font-weight:400;color:#4d5a6e;\
    white-space:nowrap";
const VALUE: &str = "padding:6px 0;vertical-align:top;word-break:break-word";
const BUTTON: &str = "display:inline-block;padding:12px 20px;background:#0b4f6c;color:#ffffff;font-weight:700;\
    text-decoration:none;border-radius:8px";
const FOOT: &str = "max-width:560px;margin:16px auto 0;font-size:13px;color:#4d5a6e";
const NOT_REAL: &str = "Test mode: no real money moved.";

/// A finished mail, without its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// One line.
    pub subject: String,
    /// For reading as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// What a mail says, before it is laid out.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// Who writes.
    pub merchant: &'a str,
    /// Whether no real money moves.
    pub test_mode: bool,
    /// The line in the list of mails.
    pub subject: String,
    /// The heading.
    pub title: String,
    /// The amount, large.
    pub sum: Option<String>,
    /// Sentences.
    pub paragraphs: Vec<String>,
    /// Labels and values.
    pub facts: Vec<(&'static str, String)>,
    /// What to do.
    pub button: Option<Button>,
}

/// A link that stands out.
#[derive(Debug)]
pub struct Button {
    /// Its words.
    pub label: &'static str,
    /// Where it leads.
    pub url: String,
}

impl Sheet<'_> {
    /// Lays it out, masked.
    pub fn letter(&self) -> Letter {
        Letter {
            subject: masked(&one_line(&self.subject, SUBJECT_CHARS_MAX)),
            text: masked(&self.text()),
            html: masked(&self.html().into_string()),
        }
    }

    fn text(&self) -> String {
        let mut parts = vec![one_line(&self.title, SUBJECT_CHARS_MAX)];
        parts.extend(self.sum.clone());
        parts.extend(self.test_mode.then(|| NOT_REAL.to_owned()));
        parts.extend(self.paragraphs.iter().cloned());
        let facts: Vec<String> =
            self.facts.iter().map(|(label, value)| format!("{label}: {value}")).collect();
        if !facts.is_empty() {
            parts.push(facts.join("\n"));
        }
        if let Some(button) = &self.button {
            parts.push(format!("{}:\n{}", button.label, button.url));
        }
        parts.push(format!("-- \n{}", one_line(self.merchant, SUBJECT_CHARS_MAX)));
        parts.join("\n\n") + "\n"
    }

    fn html(&self) -> Markup {
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    title { (self.subject) }
                }
                body style=(BODY) {
                    div style=(SHEET) {
                        p style=(BRAND) { (self.merchant) }
                        @if self.test_mode { p style=(TEST) { (NOT_REAL) } }
                        h1 style=(TITLE) { (self.title) }
                        @if let Some(sum) = &self.sum { p style=(SUM) { (sum) } }
                        @for paragraph in &self.paragraphs { p style="margin:0 0 16px" { (paragraph) } }
                        @if !self.facts.is_empty() { (table(&self.facts)) }
                        @if let Some(button) = &self.button {
                            p style="margin:0" {
                                a href=(button.url) target="_blank" style=(BUTTON) { (button.label) }
                            }
                        }
                    }
                    p style=(FOOT) { "Sent by " (self.merchant) ". You get this mail because of your payments to them." }
                }
            }
        }
    }
}

fn table(facts: &[(&'static str, String)]) -> Markup {
    html! {
        table style="margin:0 0 20px;border-collapse:collapse;font-size:15px" {
            @for (label, value) in facts {
                tr { th scope="row" style=(LABEL) { (label) } td style=(VALUE) { (value) } }
            }
        }
    }
}

/// A text on one line: what would end a header's line is a space, and it is no longer than `chars_max`.
pub fn one_line(text: &str, chars_max: usize) -> String {
    text.chars().map(|c| if c.is_control() || is_line_end(c) { ' ' } else { c }).take(chars_max).collect()
}

/// The line ends that are no control characters.
fn is_line_end(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// What is shaped like a card number never leaves by mail.
fn masked(text: &str) -> String {
    let text = if holds_card_number(text) { plain(text) } else { text.into() };
    mask(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(merchant: &str, description: &str) -> Letter {
        Sheet {
            merchant,
            test_mode: true,
            subject: format!("Your receipt from {merchant}"),
            title: format!("Receipt from {merchant}"),
            sum: Some("$29.00".into()),
            paragraphs: vec!["Thank you.".into()],
            facts: vec![("For", description.to_owned())],
            button: Some(Button {
                label: "See the receipt",
                url: "https://pay.example/r?a=1&b=\"2\"".into(),
            }),
        }
        .letter()
    }

    #[test]
    fn both_parts_say_the_same() {
        let letter = sheet("Shop & Sons", "Fibre 500");
        assert_eq!(letter.subject, "Your receipt from Shop & Sons");
        assert_eq!(
            letter.text,
            "Receipt from Shop & Sons\n\n$29.00\n\nTest mode: no real money moved.\n\nThank you.\n\nFor: Fibre 500\n\n\
             See the receipt:\nhttps://pay.example/r?a=1&b=\"2\"\n\n-- \nShop & Sons\n"
        );
        for part in
            ["Shop &amp; Sons", "$29.00", "Test mode", "Thank you.", "Fibre 500", "r?a=1&amp;b=&quot;2&quot;"]
        {
            assert!(letter.html.contains(part), "{part}");
        }
    }

    #[test]
    fn names_and_words_cannot_become_markup_headers_or_further_lines() {
        for evil in [
            "<script>alert(1)</script>",
            "\"><img src=x onerror=alert(1)>",
            "Shop\r\nBcc: thief@evil.example",
            "Shop\nSubject: other",
            "Shop\u{2028}Bcc: x\u{85}y",
            "</title><style>*{display:none}</style>",
        ] {
            let letter = sheet(evil, evil);
            assert!(!letter.subject.contains(['\r', '\n', '\u{2028}', '\u{85}']), "{:?}", letter.subject);
            for markup in ["<script", "<img", "<style"] {
                assert!(!letter.html.contains(markup), "{evil:?}");
            }
        }
        assert_eq!(sheet(&"x".repeat(1_000), "").subject.chars().count(), SUBJECT_CHARS_MAX);
    }

    #[test]
    fn what_is_shaped_like_a_card_number_is_masked_everywhere() {
        let number = format!("{}{}", "40000566", "55665556");
        let letter = sheet(&number, &format!("order {number}"));
        for part in [&letter.subject, &letter.text, &letter.html] {
            assert!(!part.contains(&number), "{part}");
        }
    }
}

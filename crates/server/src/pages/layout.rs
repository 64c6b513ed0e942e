//! What every page has in common: landmarks, one heading, the skip link, the test-mode banner.

use maud::{DOCTYPE, Markup, html};

use super::assets::{CSS_PATH, ICON_PATH};

/// The frame of a page.
#[derive(Debug, Clone, Default)]
pub struct Shell<'a> {
    /// Before the merchant's name in the window's title.
    pub title: &'a str,
    /// Whose page this is, as its reader knows them.
    pub brand: &'a str,
    /// Where the brand leads; nowhere where there is no way back.
    pub home: Option<&'a str>,
    /// Says that no real money moves.
    pub test_mode: bool,
    /// For tables.
    pub wide: bool,
    /// What stands opposite the brand: who is signed in, and the way out.
    pub who: Option<Markup>,
    /// Where the page leads by itself, and after how many seconds. Works without script.
    pub refresh: Option<(u32, &'a str)>,
}

/// A whole document. `body` must hold the page's one `h1`.
pub fn document(shell: &Shell<'_>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex, nofollow";
                meta name="color-scheme" content="light dark";
                @if let Some((seconds, to)) = shell.refresh {
                    meta http-equiv="refresh" content={ (seconds) ";url=" (to) };
                }
                title { (shell.title) " – " (shell.brand) }
                link rel="stylesheet" href=(*CSS_PATH);
                link rel="icon" type="image/svg+xml" href=(ICON_PATH);
            }
            body class=[shell.wide.then_some("wide")] {
                a.skip href="#main" { "Skip to content" }
                @if shell.test_mode {
                    p.test.no-print role="note" { "Test mode. No real money moves, and only test cards work." }
                }
                header.top {
                    @match shell.home {
                        Some(home) => a.brand href=(home) { (shell.brand) },
                        None => span.brand { (shell.brand) },
                    }
                    @if let Some(who) = &shell.who { div.who { (who) } }
                }
                main #main tabindex="-1" { (body) }
                footer.foot.no-print {
                    "Cards are kept by Onfile. Card numbers never reach this site’s server."
                }
            }
        }
    }
}

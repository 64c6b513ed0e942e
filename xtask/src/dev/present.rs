//! What `dev` prints when all is ready: one line for a program, or a page for a person.

use std::io::{self, Write};
use std::process::Command;

use serde_json::{Map, Value, json};

use super::account::Demo;
use super::layout::{Layout, Ports};
use crate::failure::{Context, Outcome};

/// Everything that there is to say about a running installation.
pub struct Running {
    /// Where its data is.
    pub layout: Layout,
    /// Its addresses.
    pub ports: Ports,
    /// `sqlite` or `postgres`.
    pub database: &'static str,
    /// The demo merchant.
    pub demo: Demo,
    /// Signs a member of staff in, once.
    pub staff_link: String,
    /// Makes the next such link.
    pub staff_link_command: Command,
    /// Process ids by name, at this moment.
    pub pids: Vec<(String, u32)>,
}

impl Running {
    fn portal(&self) -> String {
        format!("{}/demo", self.ports.server_url())
    }

    fn inbox(&self) -> String {
        format!("{}/inbox", self.ports.sandbox_url())
    }
}

/// One line of JSON.
///
/// # Errors
/// When standard output is closed.
pub fn json(running: &Running) -> Outcome<()> {
    let pids: Map<String, Value> =
        running.pids.iter().map(|(name, pid)| (name.clone(), json!(pid))).collect();
    let line = json!({
        "api": running.ports.server_url(),
        "vault": running.ports.vault_url(),
        "sandbox": running.ports.sandbox_url(),
        "portal": running.portal(),
        "mail": running.ports.sandbox_url(),
        "smtp": format!("127.0.0.1:{}", running.ports.mail()),
        "secret_key": running.demo.secret_key,
        "publishable_key": running.demo.publishable_key,
        "account": running.demo.account,
        "staff_link": running.staff_link,
        "dir": running.layout.root().to_string_lossy(),
        "database": running.database,
        "pids": pids,
    });
    say(&format!("{line}\n"))
}

/// A page for a person.
///
/// # Errors
/// When standard output is closed.
pub fn text(running: &Running) -> Outcome<()> {
    say(&page(running))
}

/// A reader that is gone is an error here, not a panic: the processes are still to be ended.
fn say(text: &str) -> Outcome<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("writing to standard output")
}

fn page(running: &Running) -> String {
    let (api, key) = (running.ports.server_url(), &running.demo.secret_key);
    format!(
        "
Onfile is running.

  API        {api}
  Vault      {vault}
  Processor  {sandbox} (a stand-in: no real money moves)
  Pages      {portal}
  Mail       {inbox} (all mail ends there)
  Data       {dir} ({database})

  Secret key       {key}
  Publishable key  {publishable}
  Staff sign-in    {staff} (works once; another: {staff_command})

Try

  1. Put a customer on file:
       curl {api}/v1/customers -u {key}: -d name='Ada Lovelace'

  2. Charge a stored card with the Stripe SDK (pip install stripe):
       import stripe
       client = stripe.StripeClient(\"{key}\", base_addresses={{\"api\": \"{api}\"}})
       ada = client.v1.customers.create({{\"name\": \"Ada Lovelace\"}})
       card = client.v1.payment_methods.attach(\"pm_card_visa\", {{\"customer\": ada.id}})
       print(client.v1.payment_intents.create({{
           \"customer\": ada.id, \"payment_method\": card.id, \"amount\": 2900, \"currency\": \"usd\",
           \"off_session\": True, \"confirm\": True}}).status)

  3. Save a card as a customer would: open {portal}

Test tokens

  pm_card_visa                    pays
  pm_card_mastercard              pays
  pm_card_chargeDeclined          is declined
  pm_card_authenticationRequired  wants the customer to approve first

Ctrl-C ends everything.
",
        vault = running.ports.vault_url(),
        sandbox = running.ports.sandbox_url(),
        portal = running.portal(),
        inbox = running.inbox(),
        dir = running.layout.root().display(),
        database = running.database,
        publishable = running.demo.publishable_key,
        staff = running.staff_link,
        staff_command = command_line(&running.staff_link_command),
    )
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_page_names_what_one_needs_to_begin() {
        let running = Running {
            layout: Layout::at(Path::new("/tmp/data")).unwrap(),
            ports: Ports::from_base(5000).unwrap(),
            database: "sqlite",
            demo: Demo {
                account: "acct_1".into(),
                secret_key: "sk_test_1".into(),
                publishable_key: "pk_test_1".into(),
            },
            staff_link: "http://localhost:5000/staff/enter".into(),
            staff_link_command: Command::new("onfile"),
            pids: Vec::new(),
        };
        let shown = page(&running);
        for part in [
            "http://localhost:5000/demo",
            "http://127.0.0.1:5001",
            "http://127.0.0.1:5002/inbox",
            "sk_test_1",
            "pk_test_1",
            "pm_card_visa",
        ] {
            assert!(shown.contains(part), "{part}");
        }
    }
}

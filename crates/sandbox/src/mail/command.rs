//! One line of a client's, read as a command (RFC 5321, 4.1).

use super::MESSAGE_BYTES_MAX;
use super::session::Reply;

/// The longest path, in bytes (RFC 5321, 4.5.3.1.3).
const PATH_BYTES_MAX: usize = 256;
/// The longest local part (RFC 5321, 4.5.3.1.1).
const LOCAL_BYTES_MAX: usize = 64;

/// What a client wants.
#[derive(Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// With its extensions, or without.
    Hello { extended: bool },
    /// The sender; empty for a notice of failed delivery.
    Mail { from: &'a str },
    /// A recipient.
    Rcpt { to: &'a str },
    /// The message follows.
    Data,
    /// The transaction is forgotten.
    Rset,
    /// Nothing.
    Noop,
    /// Whether an address is known; no server tells.
    Vrfy,
    /// What there is.
    Help,
    /// The end.
    Quit,
}

/// Reads a line without its end.
///
/// # Errors
/// The answer that RFC 5321, 4.2.4 and 4.3.2 want for it.
pub fn parse(line: &[u8]) -> Result<Command<'_>, Reply> {
    let line = std::str::from_utf8(line).map_err(|_| Reply::SYNTAX)?;
    if line.chars().any(char::is_control) {
        return Err(Reply::SYNTAX);
    }
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    let rest = rest.trim_end_matches(' ');
    match verb.to_ascii_uppercase().as_str() {
        "EHLO" => hello(rest, true),
        "HELO" => hello(rest, false),
        "MAIL" => mail(rest),
        "RCPT" => rcpt(rest),
        "DATA" => alone(rest, Command::Data),
        "RSET" => alone(rest, Command::Rset),
        "QUIT" => alone(rest, Command::Quit),
        "NOOP" => Ok(Command::Noop),
        "HELP" => Ok(Command::Help),
        "VRFY" if rest.is_empty() => Err(Reply::ARGUMENTS),
        "VRFY" => Ok(Command::Vrfy),
        "EXPN" | "STARTTLS" | "AUTH" | "TURN" | "SEND" | "SOML" | "SAML" | "BDAT" => {
            Err(Reply::NOT_IMPLEMENTED)
        }
        _ => Err(Reply::SYNTAX),
    }
}

fn hello(name: &str, extended: bool) -> Result<Command<'_>, Reply> {
    if name.is_empty() || name.contains(' ') {
        Err(Reply::ARGUMENTS)
    } else {
        Ok(Command::Hello { extended })
    }
}

fn alone<'a>(rest: &str, command: Command<'a>) -> Result<Command<'a>, Reply> {
    if rest.is_empty() { Ok(command) } else { Err(Reply::ARGUMENTS) }
}

fn mail(rest: &str) -> Result<Command<'_>, Reply> {
    let (path, parameters) = path(rest, "FROM:")?;
    for parameter in parameters.split(' ').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match (name.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
            ("SIZE", size) => match size.parse::<usize>() {
                Ok(size) if size > MESSAGE_BYTES_MAX => return Err(Reply::TOO_LARGE),
                Ok(_) => {}
                Err(_) => return Err(Reply::ARGUMENTS),
            },
            ("BODY", "7BIT" | "8BITMIME") | ("SMTPUTF8", "") => {}
            ("BODY" | "SMTPUTF8", _) => return Err(Reply::ARGUMENTS),
            _ => return Err(Reply::PARAMETER),
        }
    }
    if path.is_empty() || is_mailbox(path) { Ok(Command::Mail { from: path }) } else { Err(Reply::ADDRESS) }
}

fn rcpt(rest: &str) -> Result<Command<'_>, Reply> {
    let (path, parameters) = path(rest, "TO:")?;
    if !parameters.trim().is_empty() {
        return Err(Reply::PARAMETER);
    }
    let known = is_mailbox(path) || path.eq_ignore_ascii_case("postmaster");
    if known { Ok(Command::Rcpt { to: path }) } else { Err(Reply::ADDRESS) }
}

/// What stands between the brackets, without a source route, and what stands behind them.
fn path<'a>(rest: &'a str, keyword: &str) -> Result<(&'a str, &'a str), Reply> {
    let given = rest.get(..keyword.len()).is_some_and(|start| start.eq_ignore_ascii_case(keyword));
    let rest = rest.get(keyword.len()..).filter(|_| given).and_then(|rest| rest.strip_prefix('<'));
    let rest = rest.ok_or(Reply::ARGUMENTS)?;
    let (mut quoted, mut escaped) = (false, false);
    let end = rest.char_indices().find(|(_, character)| {
        let ends = *character == '>' && !quoted;
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
        ends
    });
    let (path, parameters) = end.and_then(|(end, _)| rest.split_at_checked(end)).ok_or(Reply::ARGUMENTS)?;
    let parameters = parameters.strip_prefix('>').unwrap_or(parameters);
    if path.len() > PATH_BYTES_MAX || !(parameters.is_empty() || parameters.starts_with(' ')) {
        return Err(Reply::ARGUMENTS);
    }
    // A source route is to be ignored (RFC 5321, 4.1.1.3).
    let path = if path.starts_with('@') { path.split_once(':').map_or(path, |(_, rest)| rest) } else { path };
    Ok((path, parameters))
}

/// `local@domain`, where the local part is plain or within quotation marks.
fn is_mailbox(path: &str) -> bool {
    let Some((local, domain)) = path.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let plain = |c: char| !c.is_whitespace() && !"<>()[]\\,;:@\"".contains(c);
    let in_domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let literal = domain.starts_with('[') && domain.ends_with(']');
    local.len() <= LOCAL_BYTES_MAX
        && !local.is_empty()
        && (quoted || local.chars().all(plain))
        && !domain.is_empty()
        && !domain.starts_with('.')
        && (literal || domain.chars().all(in_domain))
}

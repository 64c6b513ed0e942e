//! Parameters that payment intents and setup intents have in common.

use onfile_connectors::SeenDeposits;
use onfile_core::currency::Currency;
use onfile_core::ids::ID_LEN_MAX;
use onfile_core::money::{AMOUNT_MAX, Amount};
use onfile_service::credentials::constant_time_eq;

use crate::model::mandate::{Acceptance, Online};
use crate::payments::Cause;
use crate::payments::requests::{IntentDetails, MetadataChange};
use crate::wire::call::Call;
use crate::wire::error::{ApiError, quoted};
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

const DESCRIPTION_MAX: usize = 1_000;
const DESCRIPTOR_MAX: usize = 22;
const EMAIL_MAX: usize = 800;
const URL_MAX: usize = 2_048;
/// The longest text of an internet address.
const IP_MAX: usize = 45;
/// The characters of a micro-deposit's descriptor code.
const CODE_LEN: usize = 6;
/// The largest micro-deposit, in cents.
const MICRO_AMOUNT_MAX: i64 = 99;
const AMOUNT_DIGITS_MAX: usize = 20;
/// The pinned version's name for them.
const ALLOWED: &str = "allowed_payment_method_types";
/// The kinds of method that an intent can be for.
const TYPES: [&str; 2] = ["card", "us_bank_account"];

impl From<MetadataPatch> for Option<MetadataChange> {
    fn from(patch: MetadataPatch) -> Self {
        if patch.clear {
            return Some(MetadataChange::Clear);
        }
        let pairs = patch.pairs.into_iter().map(|(key, value)| (key, Some(value).filter(|v| !v.is_empty())));
        let pairs: Vec<_> = pairs.collect();
        (!pairs.is_empty()).then_some(MetadataChange::Merge(pairs))
    }
}

/// `None` leaves a thing as it is, `Some(None)` clears it.
pub fn change<T>(given: Given<T>) -> Option<Option<T>> {
    match given {
        Given::Absent => None,
        Given::Unset => Some(None),
        Given::Set(value) => Some(Some(value)),
    }
}

/// What may be changed until an intent is paid.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn details(params: &mut Params) -> Result<IntentDetails, ApiError> {
    Ok(IntentDetails {
        description: change(params.text_or_unset("description", DESCRIPTION_MAX)?),
        statement_descriptor: change(descriptor(params, "statement_descriptor")?),
        statement_descriptor_suffix: change(descriptor(params, "statement_descriptor_suffix")?),
        transfer_group: change(params.text_or_unset("transfer_group", TEXT_MAX)?),
        metadata: params.metadata()?.into(),
        ..browser_details(params)?
    })
}

/// What a browser may change while it confirms.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn browser_details(params: &mut Params) -> Result<IntentDetails, ApiError> {
    let usage = params.word_or_unset("setup_future_usage", &["on_session", "off_session"])?;
    Ok(IntentDetails {
        receipt_email: change(params.text_or_unset("receipt_email", EMAIL_MAX)?),
        shipping: change(params.shipping()?),
        setup_future_usage: change(usage).map(|usage| usage.map(str::to_owned)),
        ..IntentDetails::default()
    })
}

/// What stands on the bank statement: 22 characters, one of them a letter, none that banks cannot print.
///
/// # Errors
/// Names the parameter.
pub fn descriptor(params: &mut Params, name: &str) -> Result<Given<String>, ApiError> {
    let given = params.text_or_unset(name, DESCRIPTOR_MAX)?;
    if let Given::Set(text) = &given
        && (!text.chars().any(char::is_alphabetic) || text.contains(['<', '>', '\\', '\'', '"', '*']))
    {
        let message = "The statement descriptor must contain at least one letter and none of < > \\ ' \" *.";
        return Err(ApiError::invalid(params.name(name), None, message));
    }
    Ok(given)
}

/// `currency`, which must be one that exists.
///
/// # Errors
/// Names the parameter.
pub fn currency(params: &mut Params) -> Result<Option<Currency>, ApiError> {
    let Some(text) = params.text("currency", TEXT_MAX)? else { return Ok(None) };
    let Ok(currency) = Currency::parse(&text) else {
        let message =
            format!("Invalid currency: {}. Use a three-letter code such as usd or eur.", quoted(&text));
        return Err(ApiError::invalid(params.name("currency"), None, message));
    };
    Ok(Some(currency))
}

/// An amount that can be charged in this currency.
///
/// # Errors
/// Says what is wrong with it.
pub fn check_amount(amount: i64, currency: Currency) -> Result<(), ApiError> {
    match Amount::new(amount, currency) {
        Ok(_) => Ok(()),
        Err(error) => {
            let code = match amount {
                ..=0 => "parameter_invalid_integer",
                1..=AMOUNT_MAX => "amount_too_small",
                _ => "amount_too_large",
            };
            Err(ApiError::invalid("amount", code, format!("Invalid amount: {error}.")))
        }
    }
}

/// Which kinds of method an intent takes, and how that was asked for.
#[derive(Debug)]
pub struct Types {
    /// `card`, `us_bank_account`: all that the currency allows when the caller named none.
    pub names: Vec<String>,
    /// Whether they were named as `allowed_payment_method_types`.
    pub allowed: bool,
    /// Whether they were left to us: `automatic_payment_methods[enabled]`, or nothing said of kinds.
    pub automatic: bool,
}

/// Bank accounts in the United States are debited in their own currency alone.
const BANK_CURRENCY: &str = "usd";

/// `allowed_payment_method_types`, which the pinned version has, `payment_method_types`, which it had before, and
/// `automatic_payment_methods`.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn types(params: &mut Params, currency: Option<Currency>) -> Result<Types, ApiError> {
    let mut automatic = false;
    let mut by_default = true;
    if let Some(mut group) = params.group("automatic_payment_methods")? {
        automatic = group.boolean("enabled")?.unwrap_or(false);
        by_default = automatic;
        group.word("allow_redirects", &["always", "never"])?;
        group.finish()?;
    }
    let given = |named: Given<Vec<String>>| named.value().filter(|named| !named.is_empty());
    let allowed = given(params.texts(ALLOWED, TEXT_MAX)?);
    let older = given(params.texts("payment_method_types", TEXT_MAX)?);
    let only_without = automatic.then_some("automatic_payment_methods").or(allowed.as_ref().map(|_| ALLOWED));
    if let (Some(other), Some(_)) = (only_without, &older) {
        let message = format!("You may only specify one of these parameters: {other}, payment_method_types.");
        return Err(ApiError::invalid(other, "parameters_exclusive", message));
    }
    let (name, is_allowed) = match &allowed {
        Some(_) => (ALLOWED, true),
        None => ("payment_method_types", false),
    };
    let Some(named) = allowed.or(older) else {
        let bank = by_default && currency.is_none_or(|currency| currency.as_str() == BANK_CURRENCY);
        let names = TYPES.into_iter().filter(|name| *name == "card" || bank).map(str::to_owned).collect();
        return Ok(Types { names, allowed: false, automatic: by_default });
    };
    if let Some(unknown) = named.iter().find(|name| !TYPES.contains(&name.as_str())) {
        let message = format!(
            "The payment method type \"{}\" is not available: use card or us_bank_account.",
            quoted(unknown)
        );
        return Err(ApiError::invalid(name, "payment_intent_invalid_parameter", message));
    }
    Ok(Types { names: named, allowed: is_allowed, automatic })
}

/// `payment_method`, or `payment_method_data` with a token from the vault.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn source(params: &mut Params) -> Result<Given<String>, ApiError> {
    let named = params.text_or_unset("payment_method", ID_LEN_MAX)?;
    let Some(mut data) = params.group("payment_method_data")? else { return Ok(named) };
    let kind = data.word("type", &TYPES)?.ok_or_else(|| ApiError::missing(data.name("type")))?;
    let mut group =
        data.group(kind)?.ok_or_else(|| ApiError::missing(format!("payment_method_data[{kind}][token]")))?;
    let token = group.required_text("token", ID_LEN_MAX)?;
    group.finish()?;
    data.finish()?;
    if named.is_given() {
        let message = "You may only specify one of these parameters: payment_method, payment_method_data.";
        return Err(ApiError::invalid("payment_method_data", "parameters_exclusive", message));
    }
    Ok(Given::Set(token))
}

/// Schemes whose addresses are programs or documents of their own. A browser, which may set this with a publishable
/// key, would have a merchant's page that goes there run them as its own.
const NO_RETURN: [&str; 7] = ["javascript", "vbscript", "data", "blob", "file", "about", "view-source"];

/// `return_url`: an address that a browser can be sent to, or an app's own scheme.
///
/// # Errors
/// Names the parameter.
pub fn return_url(params: &mut Params) -> Result<Option<String>, ApiError> {
    let Some(url) = params.text("return_url", URL_MAX)? else { return Ok(None) };
    let scheme_good = url.split_once("://").is_some_and(|(scheme, rest)| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let harmful = NO_RETURN.iter().any(|never| scheme.eq_ignore_ascii_case(never));
        let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(plain);
        named && !harmful && !rest.is_empty()
    });
    if scheme_good && url.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(Some(url));
    }
    let message = "Not a valid URL: return_url must be absolute, for example https://shop.example/done.";
    Err(ApiError::invalid("return_url", "url_invalid", message))
}

/// What SDKs and browsers send along and what changes nothing here: `use_stripe_sdk`, and options that say what is
/// done anyway.
///
/// # Errors
/// Names an option that would change something.
pub fn ignored(params: &mut Params) -> Result<(), ApiError> {
    params.boolean("use_stripe_sdk")?;
    let Some(mut options) = params.group("payment_method_options")? else { return Ok(()) };
    if let Some(mut bank) = options.group("us_bank_account")? {
        // Instant verification needs a service that reads customers' bank accounts; there is none.
        bank.word("verification_method", &["automatic", "microdeposits"])?;
        bank.finish()?;
    }
    if let Some(mut card) = options.group("card")? {
        card.word("request_three_d_secure", &["automatic"])?;
        card.finish()?;
    }
    options.finish()
}

/// `mandate_data`: how the customer agreed that their bank account is debited.
///
/// # Errors
/// Names the parameter that is missing or wrong.
pub fn mandate_data(params: &mut Params, cause: &Cause) -> Result<Option<Acceptance>, ApiError> {
    let Some(mut data) = params.group("mandate_data")? else { return Ok(None) };
    let missing = |params: &Params, name: &str| ApiError::missing(params.name(name));
    let group = data.group("customer_acceptance")?;
    let mut given = group.ok_or_else(|| missing(&data, "customer_acceptance"))?;
    let kind = given.word("type", &["online", "offline"])?.ok_or_else(|| missing(&given, "type"))?;
    let accepted_at = given.time("accepted_at")?;
    let online = given.group("online")?;
    if let Some(offline) = given.group("offline")? {
        offline.finish()?;
    }
    let online = match (kind, online) {
        ("online", Some(mut online)) => {
            let known = if online.boolean("infer_from_client")?.unwrap_or(false) {
                Online { ip: cause.ip.clone(), user_agent: cause.user_agent.clone() }
            } else {
                let ip = online.text("ip_address", IP_MAX)?;
                let user_agent = online.text("user_agent", TEXT_MAX)?;
                if let Some((_, name)) =
                    [(&ip, "ip_address"), (&user_agent, "user_agent")].into_iter().find(|(v, _)| v.is_none())
                {
                    return Err(missing(&online, name));
                }
                Online { ip, user_agent }
            };
            online.finish()?;
            Some(known)
        }
        ("online", None) => return Err(missing(&given, "online")),
        (_, Some(online)) => {
            online.finish()?;
            None
        }
        (_, None) => None,
    };
    given.finish()?;
    data.finish()?;
    Ok(Some(Acceptance { accepted_at, online }))
}

/// `amounts` or `descriptor_code`: what the holder of a bank account saw of micro-deposits.
///
/// # Errors
/// Names the parameter that is missing or wrong.
pub fn seen_deposits(params: &mut Params) -> Result<SeenDeposits, ApiError> {
    let code = params.text("descriptor_code", TEXT_MAX)?;
    let amounts = params.texts("amounts", AMOUNT_DIGITS_MAX)?.value();
    match (amounts, code) {
        (None, Some(code)) if code.len() == CODE_LEN && code.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            Ok(SeenDeposits::Code(code))
        }
        (None, Some(_)) => {
            let message = "The descriptor code has six characters and starts with SM.";
            let code = "payment_method_microdeposit_verification_descriptor_code_mismatch";
            Err(ApiError::invalid("descriptor_code", code, message))
        }
        (Some(texts), None) => {
            let amounts: Vec<i64> = texts.iter().filter_map(|text| text.parse().ok()).collect();
            match (texts.len(), amounts.as_slice()) {
                (2, &[one, other]) if [one, other].iter().all(|n| (1..=MICRO_AMOUNT_MAX).contains(n)) => {
                    Ok(SeenDeposits::Amounts([one, other]))
                }
                _ => {
                    let message = "You must provide exactly two microdeposit amounts, in cents from 1 to 99.";
                    let code = "payment_method_microdeposit_verification_amounts_invalid";
                    Err(ApiError::invalid("amounts", code, message))
                }
            }
        }
        (Some(_), Some(_)) => {
            let message = "You may only specify one of these parameters: amounts, descriptor_code.";
            Err(ApiError::invalid("descriptor_code", "parameters_exclusive", message))
        }
        (None, None) => Err(ApiError::missing("amounts")),
    }
}

/// Takes `client_secret`, which a browser must have and a server may send.
///
/// # Errors
/// Missing from a browser, or over-long.
pub fn client_secret(call: &mut Call) -> Result<Option<String>, ApiError> {
    let secret = call.params.text("client_secret", TEXT_MAX)?;
    if secret.is_none() && call.is_browser() {
        let message = "With a publishable key, the client_secret of the intent is required.";
        return Err(ApiError::invalid("client_secret", "parameter_missing", message));
    }
    Ok(secret)
}

/// Whether the secret that was sent is the intent's. A wrong one is answered as if there were no such intent.
pub fn secret_fits(sent: Option<&str>, own: &str) -> bool {
    sent.is_none_or(|sent| constant_time_eq(sent.as_bytes(), own.as_bytes()))
}

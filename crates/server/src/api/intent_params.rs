//! Parameters that payment intents and setup intents have in common.

use onfile_core::currency::Currency;
use onfile_core::ids::ID_LEN_MAX;
use onfile_core::money::{AMOUNT_MAX, Amount};
use onfile_service::credentials::constant_time_eq;

use crate::payments::requests::{IntentDetails, MetadataChange};
use crate::wire::call::Call;
use crate::wire::error::{ApiError, quoted};
use crate::wire::params::{Given, MetadataPatch, Params, TEXT_MAX};

const DESCRIPTION_MAX: usize = 1_000;
const DESCRIPTOR_MAX: usize = 22;
const EMAIL_MAX: usize = 800;
const URL_MAX: usize = 2_048;
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
            let code = if amount > AMOUNT_MAX { "amount_too_large" } else { "amount_too_small" };
            Err(ApiError::invalid("amount", code, format!("Invalid amount: {error}.")))
        }
    }
}

/// `payment_method_types`, and whether `automatic_payment_methods` was asked for.
///
/// # Errors
/// Names the parameter that is wrong.
pub fn types(params: &mut Params) -> Result<(Vec<String>, bool), ApiError> {
    let mut automatic = false;
    if let Some(mut group) = params.group("automatic_payment_methods")? {
        automatic = group.boolean("enabled")?.unwrap_or(false);
        group.word("allow_redirects", &["always", "never"])?;
        group.finish()?;
    }
    let named = match params.texts("payment_method_types", TEXT_MAX)? {
        Given::Set(named) if !named.is_empty() => named,
        _ => return Ok((vec!["card".to_owned()], automatic)),
    };
    if automatic {
        let message =
            "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.";
        return Err(ApiError::invalid("automatic_payment_methods", "parameters_exclusive", message));
    }
    if let Some(unknown) = named.iter().find(|name| !TYPES.contains(&name.as_str())) {
        let message = format!("The payment method type \"{}\" is not available: use card.", quoted(unknown));
        return Err(ApiError::invalid("payment_method_types", "payment_intent_invalid_parameter", message));
    }
    Ok((named, false))
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
    if let Some(mut card) = options.group("card")? {
        card.word("request_three_d_secure", &["automatic"])?;
        card.finish()?;
    }
    options.finish()
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

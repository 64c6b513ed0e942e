//! The address: `/verify/ACCOUNT_CLIENTSECRET`.

use onfile_core::ids::{AccountId, Id, PaymentIntentId, PaymentMethodId, SetupIntentId};
use onfile_core::payment::PaymentStatus;
use onfile_service::db::Tx;

use crate::model::payment_intent::PaymentIntent;
use crate::model::payment_method::PaymentMethod;
use crate::model::setup_intent::{SetupIntent, SetupStatus};
use crate::pages::layout::Shell;
use crate::pages::problem::Problem;
use crate::pages::{demo, request, widgets};
use crate::store::accounts::{self, StoredAccount};
use crate::store::objects;

/// What joins an intent's id and its secret.
const JOINT: &str = "_secret_";

/// Where the account of an intent with this client secret is verified.
pub fn path_of(account: &AccountId, client_secret: &str) -> String {
    let tail = account.as_str().split_once('_').map_or("", |(_, tail)| tail);
    format!("/verify/{tail}_{client_secret}")
}

/// What is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Debt {
    /// An account that a payment is taken from.
    Payment(PaymentIntentId),
    /// An account that is to be kept.
    Setup(SetupIntentId),
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The amounts arrive then, Unix seconds, and can be told.
    Waiting(i64),
    /// It is not known yet whether they were right.
    Checking,
    /// They were right.
    Done,
    /// It is over without that.
    Closed,
}

impl Stage {
    /// Whether amounts can be told.
    pub fn is_waiting(self) -> bool {
        matches!(self, Self::Waiting(_))
    }
}

/// A verification whose address somebody has.
#[derive(Debug)]
pub struct Opened {
    /// Whose.
    pub account: StoredAccount,
    /// Of what.
    pub debt: Debt,
    /// Its address, without the origin.
    pub path: String,
    /// How far it is.
    pub stage: Stage,
    /// The account: `STRIPE TEST BANK •••• 6789`.
    pub bank: Option<String>,
}

/// What is read of either kind of intent.
struct Read {
    debt: Debt,
    client_secret: String,
    method: Option<PaymentMethodId>,
    stage: Stage,
}

impl Opened {
    /// Finds it by the last part of its address.
    ///
    /// # Errors
    /// [`Problem::NotFound`] when there is none, and when the secret is another one.
    pub async fn find(tx: &mut Tx, link: &str) -> Result<Self, Problem> {
        let (tail, client_secret) = link.split_once('_').ok_or(Problem::NotFound)?;
        let account = AccountId::parse(&format!("{}_{tail}", AccountId::PREFIX)).ok_or(Problem::NotFound)?;
        let (id, _) = client_secret.split_once(JOINT).ok_or(Problem::NotFound)?;
        let found = match (PaymentIntentId::parse(id), SetupIntentId::parse(id)) {
            (Some(id), _) => payment(tx, &account, id).await?,
            (None, Some(id)) => setup(tx, &account, id).await?,
            (None, None) => None,
        };
        let found = found.filter(|it| request::same(client_secret, &it.client_secret));
        let Read { debt, stage, method, .. } = found.ok_or(Problem::NotFound)?;
        let method = match method {
            Some(id) => objects::load::<PaymentMethod>(tx, &account, &id).await?,
            None => None,
        };
        Ok(Self {
            path: path_of(&account, client_secret),
            account: accounts::load(tx, &account).await?.ok_or(Problem::NotFound)?,
            debt,
            stage,
            bank: method.map(|found| widgets::method_name(&found.object.details)),
        })
    }

    /// What guesses are called.
    pub fn verb(&self) -> String {
        match &self.debt {
            Debt::Payment(id) => format!("verify/{id}"),
            Debt::Setup(id) => format!("verify/{id}"),
        }
    }

    /// What goes on once it is verified.
    pub fn what(&self) -> &'static str {
        match self.debt {
            Debt::Payment(_) => "Your payment goes on from here; the bank takes a few days to settle it.",
            Debt::Setup(_) => "It can be used for payments from now on.",
        }
    }

    /// The frame of its page.
    pub fn shell(&self) -> Shell<'_> {
        let account = &self.account.account;
        Shell {
            title: "Confirm your bank account",
            brand: &account.name,
            home: (account.demo && !account.livemode).then_some(demo::HOME),
            test_mode: !account.livemode,
            ..Shell::default()
        }
    }
}

async fn payment(tx: &mut Tx, account: &AccountId, id: PaymentIntentId) -> Result<Option<Read>, Problem> {
    let Some(found) = objects::load::<PaymentIntent>(tx, account, &id).await? else { return Ok(None) };
    let it = found.object;
    let stage = match (it.status, &it.micro_deposits) {
        (PaymentStatus::RequiresAction, Some(sent)) => Stage::Waiting(sent.arrives),
        (PaymentStatus::Processing, Some(_)) => Stage::Checking,
        (PaymentStatus::Processing | PaymentStatus::Succeeded, None) => Stage::Done,
        _ => Stage::Closed,
    };
    Ok(Some(Read {
        debt: Debt::Payment(id),
        client_secret: it.client_secret,
        method: it.payment_method,
        stage,
    }))
}

async fn setup(tx: &mut Tx, account: &AccountId, id: SetupIntentId) -> Result<Option<Read>, Problem> {
    let Some(found) = objects::load::<SetupIntent>(tx, account, &id).await? else { return Ok(None) };
    let it = found.object;
    let stage = match (it.status, &it.micro_deposits) {
        (SetupStatus::RequiresAction, Some(sent)) => Stage::Waiting(sent.arrives),
        (SetupStatus::Processing, _) => Stage::Checking,
        (SetupStatus::Succeeded, _) => Stage::Done,
        _ => Stage::Closed,
    };
    Ok(Some(Read {
        debt: Debt::Setup(id),
        client_secret: it.client_secret,
        method: it.payment_method,
        stage,
    }))
}

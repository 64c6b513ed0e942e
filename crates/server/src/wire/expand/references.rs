//! Which field of which kind of object refers to which other kind.

/// A kind of object, or of a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `customer`
    Customer,
    /// `payment_method`
    PaymentMethod,
    /// `payment_intent`
    PaymentIntent,
    /// `setup_intent`
    SetupIntent,
    /// `setup_attempt`
    SetupAttempt,
    /// `charge`
    Charge,
    /// `refund`
    Refund,
    /// `balance_transaction`
    BalanceTransaction,
    /// `mandate`
    Mandate,
    /// `dispute`
    Dispute,
    /// `event`
    Event,
    /// `product`
    Product,
    /// `price`
    Price,
    /// `subscription`
    Subscription,
    /// `subscription_item`
    SubscriptionItem,
    /// `invoice`
    Invoice,
    /// `line_item`
    Line,
    /// `invoice_payment`
    InvoicePayment,
    /// `invoiceitem`
    InvoiceItem,
    /// `coupon`
    Coupon,
    /// `promotion_code`
    PromotionCode,
    /// `discount`
    Discount,
    /// `tax_rate`
    TaxRate,
    /// `test_helpers.test_clock`
    TestClock,
    /// `onfile.run`
    Run,
    /// The refunds of a charge.
    Refunds,
    /// A customer's agreements that are in force.
    Subscriptions,
    /// Where a customer is for taxes.
    Tax,
    /// What a customer has as credit for invoices, by currency.
    CreditBalance,
    /// The customer's sources, which the payment methods have replaced.
    Sources,
    /// The customer's numbers at tax offices.
    TaxIds,
    /// An object of one of several kinds.
    Any,
    /// What lets a browser pay an invoice.
    ConfirmationSecret,
    /// Something that is always there whole, and that Stripe shows only where it is asked for.
    Inline,
    /// Something that Stripe can expand and that nothing here refers to: always null.
    Nothing,
}

/// How a field refers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// It holds an id, an object, or an array of either.
    Held(Kind),
    /// It is there only where it is asked for.
    Added(Kind),
}

impl Target {
    /// To what.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Held(kind) | Self::Added(kind) => kind,
        }
    }
}

const fn held(of: Kind, field: &'static str, kind: Kind) -> (Kind, &'static str, Target) {
    (of, field, Target::Held(kind))
}

const fn added(of: Kind, field: &'static str, kind: Kind) -> (Kind, &'static str, Target) {
    (of, field, Target::Added(kind))
}

/// All of them. What holds others within it (`items`, `lines`) can be named alone, too: Stripe takes that.
pub const REFERENCES: &[(Kind, &str, Target)] = &[
    held(Kind::Customer, "invoice_settings.default_payment_method", Kind::PaymentMethod),
    held(Kind::Customer, "default_source", Kind::Nothing),
    held(Kind::Customer, "cash_balance", Kind::Nothing),
    held(Kind::Customer, "test_clock", Kind::TestClock),
    added(Kind::Customer, "subscriptions", Kind::Subscriptions),
    added(Kind::Customer, "tax", Kind::Tax),
    added(Kind::Customer, "invoice_credit_balance", Kind::CreditBalance),
    added(Kind::Customer, "sources", Kind::Sources),
    added(Kind::Customer, "tax_ids", Kind::TaxIds),
    held(Kind::Subscriptions, "data", Kind::Subscription),
    held(Kind::PaymentMethod, "customer", Kind::Customer),
    held(Kind::PaymentIntent, "application", Kind::Nothing),
    held(Kind::PaymentIntent, "customer", Kind::Customer),
    held(Kind::PaymentIntent, "payment_method", Kind::PaymentMethod),
    held(Kind::PaymentIntent, "latest_charge", Kind::Charge),
    held(Kind::PaymentIntent, "on_behalf_of", Kind::Nothing),
    held(Kind::PaymentIntent, "review", Kind::Nothing),
    held(Kind::PaymentIntent, "transfer_data.destination", Kind::Nothing),
    held(Kind::SetupIntent, "application", Kind::Nothing),
    held(Kind::SetupIntent, "customer", Kind::Customer),
    held(Kind::SetupIntent, "latest_attempt", Kind::SetupAttempt),
    held(Kind::SetupIntent, "mandate", Kind::Mandate),
    held(Kind::SetupIntent, "on_behalf_of", Kind::Nothing),
    held(Kind::SetupIntent, "payment_method", Kind::PaymentMethod),
    held(Kind::SetupIntent, "single_use_mandate", Kind::Nothing),
    held(Kind::SetupAttempt, "customer", Kind::Customer),
    held(Kind::SetupAttempt, "payment_method", Kind::PaymentMethod),
    held(Kind::SetupAttempt, "setup_intent", Kind::SetupIntent),
    held(Kind::Mandate, "payment_method", Kind::PaymentMethod),
    held(Kind::Dispute, "charge", Kind::Charge),
    held(Kind::Dispute, "payment_intent", Kind::PaymentIntent),
    held(Kind::Dispute, "balance_transactions", Kind::BalanceTransaction),
    held(Kind::Charge, "application", Kind::Nothing),
    held(Kind::Charge, "application_fee", Kind::Nothing),
    held(Kind::Charge, "balance_transaction", Kind::BalanceTransaction),
    held(Kind::Charge, "customer", Kind::Customer),
    held(Kind::Charge, "failure_balance_transaction", Kind::Nothing),
    held(Kind::Charge, "on_behalf_of", Kind::Nothing),
    held(Kind::Charge, "payment_intent", Kind::PaymentIntent),
    held(Kind::Charge, "payment_method_details.us_bank_account.mandate", Kind::Mandate),
    added(Kind::Charge, "refunds", Kind::Refunds),
    held(Kind::Charge, "review", Kind::Nothing),
    held(Kind::Charge, "source_transfer", Kind::Nothing),
    held(Kind::Charge, "transfer", Kind::Nothing),
    held(Kind::Refunds, "data", Kind::Refund),
    held(Kind::Refund, "balance_transaction", Kind::BalanceTransaction),
    held(Kind::Refund, "charge", Kind::Charge),
    held(Kind::Refund, "failure_balance_transaction", Kind::Nothing),
    held(Kind::Refund, "payment_intent", Kind::PaymentIntent),
    held(Kind::Refund, "source_transfer_reversal", Kind::Nothing),
    held(Kind::Refund, "transfer_reversal", Kind::Nothing),
    held(Kind::Product, "default_price", Kind::Price),
    held(Kind::Product, "tax_code", Kind::Nothing),
    held(Kind::Price, "product", Kind::Product),
    held(Kind::Subscription, "application", Kind::Nothing),
    held(Kind::Subscription, "customer", Kind::Customer),
    held(Kind::Subscription, "default_payment_method", Kind::PaymentMethod),
    held(Kind::Subscription, "default_source", Kind::Nothing),
    held(Kind::Subscription, "items.data", Kind::SubscriptionItem),
    held(Kind::Subscription, "items", Kind::Inline),
    held(Kind::Subscription, "latest_invoice", Kind::Invoice),
    held(Kind::Subscription, "on_behalf_of", Kind::Nothing),
    held(Kind::Subscription, "pending_setup_intent", Kind::SetupIntent),
    held(Kind::Subscription, "schedule", Kind::Nothing),
    held(Kind::Subscription, "test_clock", Kind::TestClock),
    held(Kind::SubscriptionItem, "plan.product", Kind::Product),
    held(Kind::SubscriptionItem, "plan", Kind::Inline),
    held(Kind::SubscriptionItem, "price", Kind::Price),
    held(Kind::Invoice, "account_tax_ids", Kind::Nothing),
    held(Kind::Invoice, "application", Kind::Nothing),
    added(Kind::Invoice, "confirmation_secret", Kind::ConfirmationSecret),
    held(Kind::Invoice, "customer", Kind::Customer),
    held(Kind::Invoice, "default_payment_method", Kind::PaymentMethod),
    held(Kind::Invoice, "default_source", Kind::Nothing),
    held(Kind::Invoice, "latest_revision", Kind::Nothing),
    held(Kind::Invoice, "lines.data", Kind::Line),
    held(Kind::Invoice, "lines", Kind::Inline),
    held(Kind::Invoice, "on_behalf_of", Kind::Nothing),
    held(Kind::Invoice, "parent.subscription_details.subscription", Kind::Subscription),
    held(Kind::Invoice, "payments.data", Kind::InvoicePayment),
    held(Kind::Invoice, "payments", Kind::Inline),
    held(Kind::Invoice, "test_clock", Kind::TestClock),
    held(Kind::Line, "pricing.price_details.price", Kind::Price),
    held(Kind::Line, "subscription", Kind::Subscription),
    held(Kind::InvoicePayment, "invoice", Kind::Invoice),
    held(Kind::InvoicePayment, "payment.charge", Kind::Charge),
    held(Kind::InvoicePayment, "payment.payment_intent", Kind::PaymentIntent),
    held(Kind::InvoicePayment, "payment.payment_record", Kind::Nothing),
    held(Kind::InvoiceItem, "customer", Kind::Customer),
    held(Kind::InvoiceItem, "invoice", Kind::Invoice),
    held(Kind::InvoiceItem, "test_clock", Kind::TestClock),
    held(Kind::BalanceTransaction, "source", Kind::Any),
    held(Kind::Customer, "discount.promotion_code", Kind::PromotionCode),
    held(Kind::Customer, "discount.source.coupon", Kind::Coupon),
    held(Kind::Subscription, "discounts", Kind::Discount),
    held(Kind::SubscriptionItem, "discounts", Kind::Discount),
    held(Kind::Invoice, "default_tax_rates", Kind::Inline),
    held(Kind::Invoice, "discounts", Kind::Discount),
    held(Kind::Invoice, "total_discount_amounts.discount", Kind::Discount),
    held(Kind::Invoice, "total_taxes.tax_rate_details.tax_rate", Kind::TaxRate),
    held(Kind::Line, "discount_amounts.discount", Kind::Discount),
    held(Kind::Line, "discounts", Kind::Discount),
    held(Kind::InvoiceItem, "discounts", Kind::Discount),
    held(Kind::Discount, "customer", Kind::Customer),
    held(Kind::Discount, "promotion_code", Kind::PromotionCode),
    held(Kind::Discount, "source.coupon", Kind::Coupon),
    held(Kind::PromotionCode, "customer", Kind::Customer),
    held(Kind::PromotionCode, "promotion.coupon", Kind::Coupon),
    held(Kind::PromotionCode, "restrictions.currency_options", Kind::Inline),
    held(Kind::Coupon, "applies_to", Kind::Inline),
    held(Kind::Coupon, "currency_options", Kind::Inline),
];

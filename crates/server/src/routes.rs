//! Every route of the API in one table, and the router that is made of it.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get, on, options};
use onfile_service::bodies::{BodyLimits, limited};

use crate::api::{
    account, balance, charges, coupons, customers, discounts, disputes, events, imports, invoice_items,
    invoice_payments, invoices, mandates, notices, payment_intents, payment_methods, prices, products,
    promotion_codes, refunds, runs, schedule_previews, search, setup_intents, subscription_items,
    subscriptions, tax_rates, test_clocks, webhook_deliveries, webhook_endpoints,
};
use crate::app::App;
use crate::pages;
use crate::wire::call::{Access, Handler, dispatch, past_the_wall, preflight};
use crate::wire::error::{ApiError, quoted};
use crate::wire::{document, envelope};

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// As axum writes it.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whether its body may be a file.
    pub takes_document: bool,
    handler: Handler,
}

macro_rules! route {
    ($method:literal, $path:literal, $access:ident, $handler:path) => {
        route!($method, $path, $access, $handler, false)
    };
    ($method:literal, $path:literal, $access:ident, $handler:path, $takes_document:literal) => {
        Route {
            method: $method,
            path: $path,
            access: Access::$access,
            takes_document: $takes_document,
            handler: |call| Box::pin($handler(call)),
        }
    };
}

/// The API. Tests run over this table, so that no route is left out of them.
pub const ROUTES: &[Route] = &[
    route!("GET", "/v1/account", Secret, account::retrieve),
    route!("GET", "/v1/customers/search", Secret, search::customers),
    route!("GET", "/v1/payment_intents/search", Secret, search::payment_intents),
    route!("GET", "/v1/charges/search", Secret, search::charges),
    route!("GET", "/v1/invoices/search", Secret, search::invoices),
    route!("GET", "/v1/prices/search", Secret, search::prices),
    route!("GET", "/v1/products/search", Secret, search::products),
    route!("GET", "/v1/subscriptions/search", Secret, search::subscriptions),
    route!("POST", "/v1/customers", Secret, customers::create),
    route!("GET", "/v1/customers", Secret, customers::list),
    route!("GET", "/v1/customers/{id}", Secret, customers::retrieve),
    route!("POST", "/v1/customers/{id}", Secret, customers::update),
    route!("DELETE", "/v1/customers/{id}", Secret, customers::delete),
    route!("GET", "/v1/customers/{id}/payment_methods", Secret, customers::methods),
    route!("GET", "/v1/customers/{id}/payment_methods/{method}", Secret, customers::method),
    route!("POST", "/v1/payment_methods", Secret, payment_methods::create),
    route!("GET", "/v1/payment_methods", Secret, payment_methods::list),
    route!("GET", "/v1/payment_methods/{id}", Secret, payment_methods::retrieve),
    route!("POST", "/v1/payment_methods/{id}", Secret, payment_methods::update),
    route!("POST", "/v1/payment_methods/{id}/attach", Secret, payment_methods::attach),
    route!("POST", "/v1/payment_methods/{id}/detach", Secret, payment_methods::detach),
    route!("POST", "/v1/payment_intents", Secret, payment_intents::create),
    route!("GET", "/v1/payment_intents", Secret, payment_intents::list),
    route!("GET", "/v1/payment_intents/{id}", ClientSecret, payment_intents::retrieve),
    route!("POST", "/v1/payment_intents/{id}", Secret, payment_intents::update),
    route!("POST", "/v1/payment_intents/{id}/confirm", ClientSecret, payment_intents::confirm),
    route!("POST", "/v1/payment_intents/{id}/capture", Secret, payment_intents::capture),
    route!("POST", "/v1/payment_intents/{id}/cancel", Secret, payment_intents::cancel),
    route!("POST", "/v1/setup_intents", Secret, setup_intents::create),
    route!("GET", "/v1/setup_intents", Secret, setup_intents::list),
    route!("GET", "/v1/setup_intents/{id}", ClientSecret, setup_intents::retrieve),
    route!("POST", "/v1/setup_intents/{id}", Secret, setup_intents::update),
    route!("POST", "/v1/setup_intents/{id}/confirm", ClientSecret, setup_intents::confirm),
    route!("POST", "/v1/setup_intents/{id}/cancel", Secret, setup_intents::cancel),
    route!(
        "POST",
        "/v1/payment_intents/{id}/verify_microdeposits",
        ClientSecret,
        payment_intents::verify_microdeposits
    ),
    route!(
        "POST",
        "/v1/setup_intents/{id}/verify_microdeposits",
        ClientSecret,
        setup_intents::verify_microdeposits
    ),
    route!("GET", "/v1/mandates/{id}", Secret, mandates::retrieve),
    route!("GET", "/v1/disputes", Secret, disputes::list),
    route!("GET", "/v1/disputes/{id}", Secret, disputes::retrieve),
    route!("GET", "/v1/charges", Secret, charges::list),
    route!("GET", "/v1/charges/{id}", Secret, charges::retrieve),
    route!("POST", "/v1/charges/{id}", Secret, charges::update),
    route!("POST", "/v1/charges/{id}/capture", Secret, charges::capture),
    route!("POST", "/v1/refunds", Secret, refunds::create),
    route!("GET", "/v1/refunds", Secret, refunds::list),
    route!("GET", "/v1/refunds/{id}", Secret, refunds::retrieve),
    route!("POST", "/v1/refunds/{id}", Secret, refunds::update),
    route!("POST", "/v1/refunds/{id}/cancel", Secret, refunds::cancel),
    route!("POST", "/v1/products", Secret, products::create),
    route!("GET", "/v1/products", Secret, products::list),
    route!("GET", "/v1/products/{id}", Secret, products::retrieve),
    route!("POST", "/v1/products/{id}", Secret, products::update),
    route!("DELETE", "/v1/products/{id}", Secret, products::delete),
    route!("POST", "/v1/prices", Secret, prices::create),
    route!("GET", "/v1/prices", Secret, prices::list),
    route!("GET", "/v1/prices/{id}", Secret, prices::retrieve),
    route!("POST", "/v1/prices/{id}", Secret, prices::update),
    route!("POST", "/v1/coupons", Secret, coupons::create),
    route!("GET", "/v1/coupons", Secret, coupons::list),
    route!("GET", "/v1/coupons/{id}", Secret, coupons::retrieve),
    route!("POST", "/v1/coupons/{id}", Secret, coupons::update),
    route!("DELETE", "/v1/coupons/{id}", Secret, coupons::delete),
    route!("POST", "/v1/promotion_codes", Secret, promotion_codes::create),
    route!("GET", "/v1/promotion_codes", Secret, promotion_codes::list),
    route!("GET", "/v1/promotion_codes/{id}", Secret, promotion_codes::retrieve),
    route!("POST", "/v1/promotion_codes/{id}", Secret, promotion_codes::update),
    route!("DELETE", "/v1/customers/{id}/discount", Secret, discounts::delete_of_customer),
    route!("DELETE", "/v1/subscriptions/{id}/discount", Secret, discounts::delete_of_subscription),
    route!("POST", "/v1/tax_rates", Secret, tax_rates::create),
    route!("GET", "/v1/tax_rates", Secret, tax_rates::list),
    route!("GET", "/v1/tax_rates/{id}", Secret, tax_rates::retrieve),
    route!("POST", "/v1/tax_rates/{id}", Secret, tax_rates::update),
    route!("POST", "/v1/subscriptions", Secret, subscriptions::create),
    route!("GET", "/v1/subscriptions", Secret, subscriptions::list),
    route!("GET", "/v1/subscriptions/{id}", Secret, subscriptions::retrieve),
    route!("POST", "/v1/subscriptions/{id}", Secret, subscriptions::update),
    route!("DELETE", "/v1/subscriptions/{id}", Secret, subscriptions::delete),
    route!("POST", "/v1/subscription_items", Secret, subscription_items::create),
    route!("GET", "/v1/subscription_items", Secret, subscription_items::list),
    route!("GET", "/v1/subscription_items/{id}", Secret, subscription_items::retrieve),
    route!("POST", "/v1/subscription_items/{id}", Secret, subscription_items::update),
    route!("DELETE", "/v1/subscription_items/{id}", Secret, subscription_items::delete),
    route!("POST", "/v1/invoices", Secret, invoices::create),
    route!("GET", "/v1/invoices", Secret, invoices::list),
    route!("GET", "/v1/invoices/{id}", Secret, invoices::retrieve),
    route!("POST", "/v1/invoices/{id}", Secret, invoices::update),
    route!("DELETE", "/v1/invoices/{id}", Secret, invoices::delete),
    route!("GET", "/v1/invoices/{id}/lines", Secret, invoices::lines),
    route!("POST", "/v1/invoices/{id}/finalize", Secret, invoices::finalize),
    route!("POST", "/v1/invoices/{id}/pay", Secret, invoices::pay),
    route!("POST", "/v1/invoices/{id}/void", Secret, invoices::void),
    route!("POST", "/v1/invoices/{id}/mark_uncollectible", Secret, invoices::mark_uncollectible),
    route!("POST", "/v1/invoiceitems", Secret, invoice_items::create),
    route!("GET", "/v1/invoiceitems", Secret, invoice_items::list),
    route!("GET", "/v1/invoiceitems/{id}", Secret, invoice_items::retrieve),
    route!("POST", "/v1/invoiceitems/{id}", Secret, invoice_items::update),
    route!("DELETE", "/v1/invoiceitems/{id}", Secret, invoice_items::delete),
    route!("GET", "/v1/invoice_payments", Secret, invoice_payments::list),
    route!("GET", "/v1/invoice_payments/{id}", Secret, invoice_payments::retrieve),
    route!("GET", "/v1/balance", Secret, balance::retrieve),
    route!("GET", "/v1/balance_transactions", Secret, balance::transactions),
    route!("GET", "/v1/balance_transactions/{id}", Secret, balance::transaction),
    route!("POST", "/v1/test_helpers/test_clocks", Secret, test_clocks::create),
    route!("GET", "/v1/test_helpers/test_clocks", Secret, test_clocks::list),
    route!("GET", "/v1/test_helpers/test_clocks/{id}", Secret, test_clocks::retrieve),
    route!("POST", "/v1/test_helpers/test_clocks/{id}/advance", Secret, test_clocks::advance),
    route!("POST", "/v1/onfile/runs", Secret, runs::create),
    route!("GET", "/v1/onfile/runs", Secret, runs::list),
    route!("POST", "/v1/onfile/runs/preview", Secret, runs::preview),
    route!("GET", "/v1/onfile/runs/{id}", Secret, runs::retrieve),
    route!("GET", "/v1/onfile/runs/{id}/items", Secret, runs::items),
    route!("GET", "/v1/onfile/runs/{id}/items.csv", Secret, runs::items_csv),
    route!("POST", "/v1/onfile/imports", Secret, imports::create, true),
    route!("GET", "/v1/onfile/imports", Secret, imports::list),
    route!("GET", "/v1/onfile/imports/{id}", Secret, imports::retrieve),
    route!("POST", "/v1/onfile/schedule_previews", Secret, schedule_previews::create),
    route!("GET", "/v1/events", Secret, events::list),
    route!("GET", "/v1/events/{id}", Secret, events::retrieve),
    route!("GET", "/v1/onfile/notices", Secret, notices::list),
    route!("GET", "/v1/onfile/notices/{id}", Secret, notices::retrieve),
    route!("GET", "/v1/onfile/events", Secret, events::replay),
    route!("POST", "/v1/webhook_endpoints", Secret, webhook_endpoints::create),
    route!("GET", "/v1/webhook_endpoints", Secret, webhook_endpoints::list),
    route!("GET", "/v1/webhook_endpoints/{id}", Secret, webhook_endpoints::retrieve),
    route!("POST", "/v1/webhook_endpoints/{id}", Secret, webhook_endpoints::update),
    route!("DELETE", "/v1/webhook_endpoints/{id}", Secret, webhook_endpoints::delete),
    route!("GET", "/v1/onfile/webhook_deliveries", Secret, webhook_deliveries::list),
    route!("GET", "/v1/onfile/webhook_deliveries/{id}", Secret, webhook_deliveries::retrieve),
    route!("POST", "/v1/onfile/webhook_deliveries/{id}/retry", Secret, webhook_deliveries::retry),
];

/// Everything that this process serves: the API and the pages.
pub fn router(app: Arc<App>) -> Router {
    let ids = app.ids.clone();
    let standard = BodyLimits::standard(envelope::refuse_body);
    let documents = BodyLimits { bytes_max: document::BYTES_MAX, ..standard };
    let api = limited(api(), standard).merge(limited(document_routes(), documents));
    let api = api.layer(middleware::from_fn(move |request: Request, next: Next| {
        envelope::wrap(ids.clone(), request, next)
    }));
    let pages = limited(pages::router(&app), BodyLimits::standard(envelope::refuse_body));
    // The fallback stays outside of the layers of either: it knows by the path whose it is.
    let ids = app.ids.clone();
    let nowhere = Router::new().fallback(nowhere);
    let nowhere = limited(nowhere, BodyLimits::standard(envelope::refuse_body)).layer(middleware::from_fn(
        move |request: Request, next: Next| envelope::wrap(ids.clone(), request, next),
    ));
    api.merge(pages).merge(nowhere).with_state(app)
}

fn api() -> Router<Arc<App>> {
    let mut router = Router::new().route("/health", get(health));
    for route in ROUTES.iter().filter(|route| !route.takes_document) {
        router = router.route(route.path, method_router(*route));
    }
    for path in ROUTES.iter().filter(|route| route.access == Access::ClientSecret).map(|route| route.path) {
        router = router.route(path, options(preflight));
    }
    router.method_not_allowed_fallback(no_method)
}

/// The routes with a larger body.
fn document_routes() -> Router<Arc<App>> {
    let taking = ROUTES.iter().filter(|route| route.takes_document);
    taking.fold(Router::new(), |router, route| router.route(route.path, method_router(*route)))
}

fn method_router(route: Route) -> MethodRouter<Arc<App>> {
    let filter = match route.method {
        "GET" => MethodFilter::GET,
        "DELETE" => MethodFilter::DELETE,
        _ => MethodFilter::POST,
    };
    on(filter, move |State(app): State<Arc<App>>, request: Request| {
        dispatch(app, route.access, route.handler, request)
    })
}

/// What a process without API and pages answers: whether it can work.
pub fn health_alone(app: Arc<App>) -> Router {
    Router::new().route("/health", get(health)).with_state(app)
}

/// Whether this process can work: its database answers.
async fn health(State(app): State<Arc<App>>) -> StatusCode {
    let works = match app.db.read().await {
        Ok(mut tx) => tx.query("SELECT 1 AS one", &[]).await.is_ok(),
        Err(_) => false,
    };
    if works { StatusCode::NO_CONTENT } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// What nothing is at: for programs in JSON, for people as a page. The wall stands here too, since programs that were
/// made for raw numbers send them to addresses that we do not have.
async fn nowhere(State(app): State<Arc<App>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let of_api = |version: &str| {
        path == version || path.strip_prefix(version).is_some_and(|rest| rest.starts_with('/'))
    };
    if !["/v1", "/v2"].into_iter().any(of_api) {
        return pages::not_found(&app);
    }
    let method = request.method().clone();
    if let Err(error) = past_the_wall(request).await {
        return error.into_response();
    }
    unrecognised(&method, &path)
}

/// A method that an address does not take is an address that Stripe does not know: SDKs make their error classes of the
/// status, and have none for 405.
async fn no_method(method: Method, uri: Uri) -> Response {
    unrecognised(&method, uri.path())
}

fn unrecognised(method: &Method, path: &str) -> Response {
    let message = format!("Unrecognized request URL ({method}: {}).", quoted(path));
    ApiError::new(StatusCode::NOT_FOUND, "invalid_request_error", message).into_response()
}

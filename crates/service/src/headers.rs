//! Security headers for pages.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
/// What pages never need.
const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), \
    gyroscope=(), magnetometer=(), microphone=(), midi=(), screen-wake-lock=(), serial=(), usb=()";
/// How long a browser insists on TLS after it has seen it once.
const INSIST_ON_TLS: Duration = Duration::from_hours(365 * 24);

/// What a page may do besides showing itself with its own scripts, styles and images. Each list holds sources of the
/// Content Security Policy: origins such as `https://shop.example`, or `'self'`; an empty list means nobody.
#[derive(Debug, Clone, Default)]
pub struct PagePolicy {
    /// Who may show the page in a frame.
    pub frame_ancestors: Vec<String>,
    /// What the page may show in frames.
    pub frame_src: Vec<String>,
    /// Where its forms may be sent, redirects after that included.
    pub form_action: Vec<String>,
    /// Where its scripts may send requests.
    pub connect_src: Vec<String>,
    /// What the address of the page may tell the pages it leads to.
    pub referrer: Referrer,
    /// Whether the page is served over TLS, here or by a proxy.
    pub tls: bool,
}

/// Who hears from which page somebody comes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Referrer {
    /// Nobody: for pages whose address is a secret or names a customer.
    #[default]
    Nobody,
    /// Only pages of the same origin.
    SameOrigin,
}

/// A source that cannot be put into a policy: it is empty, or has a character that would begin another source,
/// another directive or another header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a source for a content security policy")]
pub struct BadSource(pub String);

/// The finished headers of a page.
#[derive(Debug, Clone)]
pub struct PageHeaders(Vec<(HeaderName, HeaderValue)>);

impl PagePolicy {
    /// Works the headers out, once for many pages or for one answer.
    ///
    /// # Errors
    /// [`BadSource`].
    pub fn headers(&self) -> Result<PageHeaders, BadSource> {
        let policy = self.content_security_policy()?;
        let policy = HeaderValue::from_str(&policy).map_err(|_| BadSource(policy))?;
        let referrer = match self.referrer {
            Referrer::Nobody => "no-referrer",
            Referrer::SameOrigin => "same-origin",
        };
        let mut headers = vec![
            (CONTENT_SECURITY_POLICY, policy),
            (REFERRER_POLICY, HeaderValue::from_static(referrer)),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (PERMISSIONS_POLICY, HeaderValue::from_static(PERMISSIONS)),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        ];
        if self.frame_ancestors.is_empty() {
            // For browsers that do not know `frame-ancestors`. It cannot name origins, so it is left out otherwise.
            headers.push((X_FRAME_OPTIONS, HeaderValue::from_static("DENY")));
        }
        if self.tls {
            // Without `includeSubDomains`: the neighbouring names of an install belong to the merchant.
            let value = format!("max-age={}", INSIST_ON_TLS.as_secs());
            let value = HeaderValue::from_str(&value).map_err(|_| BadSource(value))?;
            headers.push((STRICT_TRANSPORT_SECURITY, value));
        }
        Ok(PageHeaders(headers))
    }

    fn content_security_policy(&self) -> Result<String, BadSource> {
        let mut policy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
            base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
                .to_owned();
        for (directive, sources) in [
            ("frame-ancestors", &self.frame_ancestors),
            ("frame-src", &self.frame_src),
            ("form-action", &self.form_action),
            ("connect-src", &self.connect_src),
        ] {
            policy.push_str("; ");
            policy.push_str(directive);
            if sources.is_empty() {
                policy.push_str(" 'none'");
            }
            for source in sources {
                if !is_source(source) {
                    return Err(BadSource(source.clone()));
                }
                policy.push(' ');
                policy.push_str(source);
            }
        }
        Ok(policy)
    }
}

/// Printable ASCII without what separates. Neither wildcards nor the keywords that undo a policy.
fn is_source(text: &str) -> bool {
    text == "'self'"
        || (!text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b";,'\"*".contains(&b)))
}

impl PageHeaders {
    /// Sets the headers that an answer does not have yet: a handler that set one knows better.
    pub fn apply(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.0 {
            if !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The router, with these headers on each of its answers.
pub fn protect<S: Clone + Send + Sync + 'static>(router: Router<S>, headers: PageHeaders) -> Router<S> {
    router.layer(middleware::from_fn_with_state(std::sync::Arc::new(headers), add))
}

async fn add(State(headers): State<std::sync::Arc<PageHeaders>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    headers.apply(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    async fn headers_of(policy: &PagePolicy, path: &str) -> HeaderMap {
        let router = Router::new()
            .route("/", get(|| async { "page" }))
            .route("/asset", get(|| async { ([(CACHE_CONTROL, "public, max-age=60")], "asset") }));
        let router = protect(router, policy.headers().unwrap());
        router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap().into_parts().0.headers
    }

    #[tokio::test]
    async fn a_page_gets_a_policy_that_allows_nothing_unsafe_and_nobody_else() {
        let headers = headers_of(&PagePolicy::default(), "/").await;
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'none'", "base-uri 'none'"]
        {
            assert!(policy.split("; ").any(|p| p == part), "{part} in {policy}");
        }
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("data:"), "{policy}");
        for (name, value) in [
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(headers[name], value, "{name}");
        }
        assert!(headers.contains_key("permissions-policy"));
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY), "plain HTTP must not promise TLS");
    }

    #[tokio::test]
    async fn what_the_caller_names_is_allowed_and_tls_is_insisted_on() {
        let policy = PagePolicy {
            frame_ancestors: vec!["https://shop.example".into(), "http://localhost:3000".into()],
            form_action: vec!["'self'".into()],
            referrer: Referrer::SameOrigin,
            tls: true,
            ..PagePolicy::default()
        };
        let headers = headers_of(&policy, "/").await;
        let sent = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(sent.contains("; frame-ancestors https://shop.example http://localhost:3000;"), "{sent}");
        assert!(sent.contains("; form-action 'self';"), "{sent}");
        assert!(!headers.contains_key(X_FRAME_OPTIONS), "it would forbid the shop");
        assert_eq!(headers[STRICT_TRANSPORT_SECURITY], "max-age=31536000");
        assert_eq!(headers[REFERRER_POLICY], "same-origin");
    }

    #[tokio::test]
    async fn a_header_that_the_handler_set_stays_and_the_fallback_is_covered() {
        let policy = PagePolicy::default();
        assert_eq!(headers_of(&policy, "/asset").await[CACHE_CONTROL], "public, max-age=60");
        assert!(headers_of(&policy, "/nowhere").await.contains_key(CONTENT_SECURITY_POLICY));
    }

    #[test]
    fn a_source_cannot_smuggle_a_directive_a_keyword_or_a_header() {
        for bad in [
            "",
            "a b",
            "a;script-src",
            "a,b",
            "'unsafe-inline'",
            "*",
            "https://*.x",
            "a\r\nset-cookie: b",
            "ä",
        ] {
            let policy = PagePolicy { frame_ancestors: vec![bad.into()], ..PagePolicy::default() };
            assert_eq!(policy.headers().unwrap_err(), BadSource(bad.into()));
        }
    }
}

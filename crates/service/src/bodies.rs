//! Limits on request bodies: so many bytes, within so much time, read before the handler runs.
//!
//! A handler behind [`limited`] finds its whole body in memory. A route that streams (an import) stays outside.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use bytes::BytesMut;
use http_body_util::BodyExt;

/// The largest body of an ordinary request.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// How long a client may take to send a body.
pub const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// How much of an overlong body is read and thrown away. A connection that is closed with bytes unread resets, and
/// the client may then never see the answer that told it why.
const DISCARD_BYTES_MAX: usize = 1024 * 1024;

/// Why a body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRefusal {
    /// Longer than [`BodyLimits::bytes_max`]: status 413.
    TooLarge,
    /// Not complete within [`BodyLimits::deadline`]: status 408.
    TooSlow,
    /// Malformed, or broken off: status 400, if anybody still listens.
    Broken,
}

/// What a body may be, and how a refusal is answered.
#[derive(Debug, Clone, Copy)]
pub struct BodyLimits {
    /// The most bytes.
    pub bytes_max: usize,
    /// The longest time from the end of the header to the end of the body.
    pub deadline: Duration,
    /// Gives the answer its shape: an API answers with an error object, a page with a page.
    pub refuse: fn(BodyRefusal) -> Response,
}

impl BodyLimits {
    /// [`BODY_BYTES_MAX`] within [`BODY_DEADLINE`].
    pub fn standard(refuse: fn(BodyRefusal) -> Response) -> Self {
        Self { bytes_max: BODY_BYTES_MAX, deadline: BODY_DEADLINE, refuse }
    }
}

/// The router, with `limits` before each of its handlers and its fallback.
pub fn limited<S: Clone + Send + Sync + 'static>(router: Router<S>, limits: BodyLimits) -> Router<S> {
    router.layer(middleware::from_fn_with_state(limits, limit))
}

async fn limit(State(limits): State<BodyLimits>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let read = tokio::time::timeout(limits.deadline, read(body, limits.bytes_max));
    match read.await.unwrap_or(Err(BodyRefusal::TooSlow)) {
        Ok(bytes) => next.run(Request::from_parts(parts, Body::from(bytes))).await,
        Err(refusal) => (limits.refuse)(refusal),
    }
}

/// Reads a body of at most `bytes_max`. One that came in a single piece is not copied.
async fn read(mut body: Body, bytes_max: usize) -> Result<Bytes, BodyRefusal> {
    let discard_max = bytes_max.saturating_add(DISCARD_BYTES_MAX);
    // The announced length, zero when there is none.
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > discard_max {
        return Err(BodyRefusal::TooLarge);
    }
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    let mut length = 0usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyRefusal::Broken)?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > discard_max {
            return Err(BodyRefusal::TooLarge);
        }
        if length > bytes_max {
            continue;
        }
        if first.is_empty() {
            first = data;
        } else {
            rest.extend_from_slice(&data);
        }
    }
    if length > bytes_max {
        return Err(BodyRefusal::TooLarge);
    }
    if rest.is_empty() {
        return Ok(first);
    }
    let mut whole = BytesMut::with_capacity(length);
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&rest);
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use axum::routing::post;
    use tower::ServiceExt;

    use super::*;

    fn refuse(refusal: BodyRefusal) -> Response {
        let status = match refusal {
            BodyRefusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            BodyRefusal::TooSlow => StatusCode::REQUEST_TIMEOUT,
            BodyRefusal::Broken => StatusCode::BAD_REQUEST,
        };
        (status, format!("{refusal:?}")).into_response()
    }

    async fn answer(body: Body) -> (StatusCode, Bytes) {
        let limits = BodyLimits { bytes_max: 8, deadline: Duration::from_millis(50), refuse };
        let router = limited(Router::new().route("/", post(|body: Bytes| async move { body })), limits);
        let response = router.oneshot(Request::post("/").body(body).unwrap()).await.unwrap();
        (response.status(), response.into_body().collect().await.unwrap().to_bytes())
    }

    /// A body of these pieces, which stays open after them when `ends` is false.
    fn pieces(pieces: &[&'static str], ends: bool) -> Body {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        for piece in pieces {
            sender.send(*piece).unwrap();
        }
        let stays_open = (!ends).then_some(sender);
        Body::new(Pieces { receiver, _stays_open: stays_open })
    }

    struct Pieces {
        receiver: tokio::sync::mpsc::UnboundedReceiver<&'static str>,
        _stays_open: Option<tokio::sync::mpsc::UnboundedSender<&'static str>>,
    }

    impl HttpBody for Pieces {
        type Data = Bytes;
        type Error = std::convert::Infallible;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            context: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
            self.receiver
                .poll_recv(context)
                .map(|piece| piece.map(|text| Ok(hyper::body::Frame::data(Bytes::from(text)))))
        }
    }

    #[tokio::test]
    async fn a_body_within_the_limits_reaches_the_handler_whole() {
        for (sent, want) in
            [(vec![], ""), (vec!["12345678"], "12345678"), (vec!["123", "45", "678"], "12345678")]
        {
            assert_eq!(answer(pieces(&sent, true)).await, (StatusCode::OK, Bytes::from(want)), "{sent:?}");
        }
        assert_eq!(answer(Body::empty()).await.0, StatusCode::OK);
    }

    #[tokio::test]
    async fn one_byte_too_many_is_refused_however_it_is_cut() {
        for sent in [vec!["123456789"], vec!["12345678", "9"], vec!["1", "23456789"]] {
            assert_eq!(answer(pieces(&sent, true)).await.0, StatusCode::PAYLOAD_TOO_LARGE, "{sent:?}");
        }
        let megabyte: &'static str = "x".repeat(DISCARD_BYTES_MAX).leak();
        let endless = [megabyte, "12345678", "9"];
        assert_eq!(answer(pieces(&endless, false)).await.0, StatusCode::PAYLOAD_TOO_LARGE, "never ends");
        let announced = Body::from(vec![b'x'; DISCARD_BYTES_MAX + 9]);
        assert_eq!(answer(announced).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_in_time_is_refused() {
        assert_eq!(
            answer(pieces(&["123"], false)).await,
            (StatusCode::REQUEST_TIMEOUT, Bytes::from("TooSlow"))
        );
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_refused() {
        struct Broken;
        impl HttpBody for Broken {
            type Data = Bytes;
            type Error = std::io::Error;
            fn poll_frame(
                self: std::pin::Pin<&mut Self>,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, Self::Error>>> {
                std::task::Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
            }
        }
        assert_eq!(answer(Body::new(Broken)).await.0, StatusCode::BAD_REQUEST);
    }
}

//! What the door adds to a request, and what it notes.

use super::*;
use crate::egress::Rule;
use crate::given_body::MAX_BYTES;
use crate::network::Network;
use crate::tenant::{Managed, Pair, Secret};
use bytes::Bytes;
use http_body_util::Full;
use source_evidence::digest::sha256_hex;
use source_evidence::journal::Seen;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A server that answers one request with `ok`, and tells what came.
async fn server() -> (Uri, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let came = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut came, mut part) = (String::new(), vec![0; 4096]);
        loop {
            let bytes = stream.read(&mut part).await.unwrap();
            came.push_str(std::str::from_utf8(&part[..bytes]).unwrap());
            let length = came.split("content-length: ").nth(1).and_then(|rest| rest.split('\r').next());
            let length = length.map_or(0, |text| text.parse().unwrap());
            if came.split_once("\r\n\r\n").is_some_and(|(_, body)| body.len() == length) || bytes == 0 {
                break;
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        came
    });
    (url, came)
}

fn rule() -> Rule {
    Rule {
        scheme: "https".into(),
        host: "api.example.com".into(),
        port: 443,
        methods: vec!["GET".into(), "POST".into()],
        path_prefixes: vec!["/v1".into()],
        headers: vec!["x-token-type".into()],
        secret: true,
    }
}

/// Sends a request as a component would; answers what came of it, what the server saw, and the journal's line.
async fn send(credentials: Credentials, method: &str, body: Vec<u8>) -> (Result<String, String>, String, Seen) {
    let (url, came) = server().await;
    let journal = Arc::new(JournalBuffer::default());
    let tenant = Tenant { upstream: Some(url), journal: Some(Arc::clone(&journal)), ..Tenant::new(credentials) };
    let policy = Policy { declared: vec![rule()], granted: vec![rule()] };
    let mut state = State::new(&tenant, policy, Transport::new(&Network::default()).unwrap());
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let request = http::Request::builder().method(method).uri("https://api.example.com/v1/x");
    let request = request.header("x-token-type", "T").body(body).unwrap();
    let sent = Box::into_pin(state.door.send_request(request, None, Box::new(async { Ok(()) }))).await;
    let answer = match sent {
        Ok((response, _)) => {
            Ok(String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap())
        }
        Err(error) => Err(format!("{error:?}")),
    };
    let came = if answer.is_ok() { came.await.unwrap() } else { String::new() };
    (answer, came, journal.take_last().await.remove(0))
}

#[tokio::test]
async fn the_journal_says_which_body_was_sent_with_a_post() {
    let statement = br#"{"statement":"select id, name from T limit 2"}"#.to_vec();
    let (answer, came, seen) = send(Credentials::None, "POST", statement.clone()).await;
    assert_eq!(answer.as_deref(), Ok("ok"));
    assert!(came.ends_with(std::str::from_utf8(&statement).unwrap()) && came.contains("x-token-type: T"), "{came}");
    assert_eq!(seen.sent_sha256, Some(sha256_hex(&statement)));
    let (_, _, seen) = send(Credentials::None, "POST", Vec::new()).await;
    assert_eq!(seen.sent_sha256, Some(sha256_hex(b"")));
    let (_, came, seen) = send(Credentials::None, "GET", Vec::new()).await;
    assert!(came.starts_with("GET /v1/x") && seen.sent_sha256.is_none() && !seen.line().contains("sent"), "{seen:?}");
}

#[tokio::test]
async fn a_body_that_is_too_long_is_not_sent_and_noted_as_that() {
    let (answer, _, seen) = send(Credentials::None, "POST", vec![b'x'; MAX_BYTES]).await;
    assert!(answer.is_ok() && seen.status == Some(200), "{answer:?}");
    let (answer, came, seen) = send(Credentials::None, "POST", vec![b'x'; MAX_BYTES + 1]).await;
    assert!(answer.unwrap_err().contains("HttpRequestBodySize") && came.is_empty());
    assert_eq!((seen.error.as_deref(), seen.status, seen.sent_sha256), (Some("HttpRequestBodySize"), None, None));
}

#[tokio::test]
async fn what_the_host_keeps_to_itself_is_added_here_and_noted_nowhere() {
    let secret = || Secret::new("canary");
    let pair = Pair { username: secret(), password: secret() };
    for (managed, header) in [
        (Managed::Bearer(secret()), "authorization: Bearer canary\r\n"),
        (Managed::Basic(pair), "authorization: Basic Y2FuYXJ5OmNhbmFyeQ==\r\n"),
    ] {
        let (_, came, seen) = send(Credentials::HostManaged(managed), "POST", b"{}".to_vec()).await;
        assert!(came.contains(header), "{came}");
        assert!(!seen.line().contains("canary") && !seen.line().contains("Y2Fu"), "{seen:?}");
    }
    for kept in [Credentials::Bearer(secret()), Credentials::Fields(vec![("api_key".into(), secret())])] {
        let (_, came, _) = send(kept, "GET", Vec::new()).await;
        assert!(!came.contains("authorization") && !came.contains("canary"), "the component adds those: {came}");
    }
}

fn request() -> http::Request<WasiBody> {
    let body = http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
    http::Request::get("https://api.example.com/v1/things").body(body).unwrap()
}

#[tokio::test]
async fn what_could_not_be_noted_is_not_let_out() {
    let policy = Policy { declared: vec![rule()], granted: vec![rule()] };
    let journal = Arc::new(JournalBuffer::default());
    let tenant = Tenant { journal: Some(Arc::clone(&journal)), ..Tenant::new(Credentials::None) };
    let mut state = State::new(&tenant, policy, Transport::new(&Network::default()).unwrap());
    assert!(state.door.prepare(&mut request()).is_ok());
    while !journal.is_full() {
        Pending::new(Arc::clone(&journal), about(&request())).failed(&HttpError::HttpResponseTimeout);
    }
    assert!(matches!(state.door.prepare(&mut request()), Err(HttpError::HttpRequestDenied)));
    assert!(tenant.meter.denied().join("").contains("for the journal"));
    // There is room again when the page is written.
    let _ = journal.take();
    assert!(state.door.prepare(&mut request()).is_ok());
}

#[test]
fn a_digest_in_a_header_from_outside_is_removed() {
    let body = || http_body_util::Empty::new().map_err(|never| match never {}).boxed_unsync();
    let claimed = http::Response::builder().header(trailer::NAME, "ab").header("x-other", "kept");
    let response = witnessed(Ok(claimed.body(body()).unwrap()), None).unwrap();
    assert!(!response.headers().contains_key(trailer::NAME) && response.headers().contains_key("x-other"));
}

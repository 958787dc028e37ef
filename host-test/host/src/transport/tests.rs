//! How long a server may take, against some that never come to an end.

use super::*;
use http_body_util::Empty;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SOON: Duration = Duration::from_millis(50);
/// What never comes is waited for so long.
const LONG: Duration = Duration::from_secs(15);

#[test]
fn a_guest_may_be_stricter_than_the_host_and_never_more_patient() {
    let seconds = |connect, first_byte, silence| {
        let [connect, first_byte, silence] = [connect, first_byte, silence].map(Duration::from_secs);
        Patience { connect, first_byte, silence }
    };
    let asked = |seconds: u64| {
        let time = Some(Duration::from_secs(seconds));
        RequestOptions { connect_timeout: time, first_byte_timeout: time, between_bytes_timeout: time }
    };
    // As docs/security.md says.
    let most = seconds(20, 120, 60);
    assert_eq!(Patience::of(&RequestOptions::default()), most);
    assert_eq!(Patience::of(&asked(36_000)), most);
    assert_eq!(Patience::of(&asked(5)), seconds(5, 5, 5));
}

/// Asks a server that answers with this and then says nothing more, at the root with this scheme.
async fn ask(scheme: &str, answer: &'static [u8], options: RequestOptions) -> Result<Response<WasiBody>, HttpError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("{scheme}://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut peer, _) = listener.accept().await.unwrap();
        peer.write_all(answer).await.unwrap();
        while peer.read(&mut [0; 4096]).await.is_ok_and(|bytes| bytes > 0) {}
    });
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let terms = Terms { options: Some(options), max_body_bytes: 1024, direct: true, in_flight: Arc::default() };
    let (transport, connections) = (Transport::new(&Network::default()).unwrap(), Connections::default());
    let sent = transport.send(&connections, Request::get(root).body(body).unwrap(), terms);
    timeout(LONG, sent).await.expect("it never ends")
}

#[tokio::test]
async fn a_server_that_falls_silent_is_given_up() {
    let defaults = RequestOptions::default;
    // In the handshake of TLS, before its answer, and within the body.
    let connect = RequestOptions { connect_timeout: Some(SOON), ..defaults() };
    let error = ask("https", b"", connect).await.err().unwrap();
    assert!(matches!(error, HttpError::ConnectionTimeout), "{error:?}");
    let first_byte = RequestOptions { first_byte_timeout: Some(SOON), ..defaults() };
    let error = ask("http", b"", first_byte).await.err().unwrap();
    assert!(matches!(error, HttpError::HttpResponseTimeout), "{error:?}");
    let silence = RequestOptions { between_bytes_timeout: Some(SOON), ..defaults() };
    let answer = ask("http", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun", silence).await.unwrap();
    let error = timeout(LONG, answer.into_body().collect()).await.expect("it never ends").err().unwrap();
    assert!(matches!(error, HttpError::ConnectionReadTimeout), "{error:?}");
}

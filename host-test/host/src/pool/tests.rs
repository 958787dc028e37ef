//! Against servers that say `ok`, in memory.

use super::*;
use crate::wire::Stream;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What never comes is waited for so long, which is not long enough for what is closed because it is idle.
const PATIENCE: Duration = IDLE.checked_div(2).unwrap();

/// How a server goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    #[default]
    Http1,
    Http2,
    /// HTTP/2: after its first answer on a connection it says that it goes away.
    GoesAway,
    /// HTTP/2: after its first answer on a connection nothing is heard of it, but the connection stays.
    FallsSilent,
}

/// Connections that end in a server, which says `ok` to each request.
#[derive(Clone, Default)]
struct Server {
    manner: Manner,
    dialled: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Server {
    fn new(manner: Manner) -> Self {
        Self { manner, ..Self::default() }
    }

    async fn dial(&self) -> Result<Dialled, BoxError> {
        self.dialled.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let (client, server) = duplex(4096);
        let (manner, ended) = (self.manner, Arc::clone(&self.ended));
        tokio::spawn(async move {
            match manner {
                Manner::Http1 => serve(server).await,
                _ => serve_http2(server, manner).await,
            }
            ended.fetch_add(1, Ordering::SeqCst);
        });
        let stream: Box<dyn Stream> = Box::new(TokioIo::new(client));
        Ok(Dialled { stream, is_http2: self.manner != Manner::Http1 })
    }

    fn dialled(&self) -> usize {
        self.dialled.load(Ordering::SeqCst)
    }

    async fn until_ended(&self, count: usize) {
        until(|| self.ended.load(Ordering::SeqCst) >= count).await;
    }
}

async fn until(holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it never comes");
}

async fn serve(mut stream: DuplexStream) {
    let mut seen = vec![0; 4096];
    while stream.read(&mut seen).await.is_ok_and(|bytes| bytes > 0) {
        tokio::task::yield_now().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
    }
}

async fn serve_http2(stream: DuplexStream, manner: Manner) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data("ok".into(), true).unwrap();
        match manner {
            Manner::GoesAway => connection.graceful_shutdown(),
            Manner::FallsSilent => {
                // It is sent while the next one is waited for, which is kept: dropped, it would be answered.
                let _next = timeout(Duration::from_millis(10), connection.accept()).await;
                return std::future::pending().await;
            }
            Manner::Http1 | Manner::Http2 => {}
        }
    }
}

fn request() -> Request<WasiBody> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    Request::get("http://server/").header("host", "server").body(body).unwrap()
}

async fn get(pool: &Arc<Pool>, server: &Server) {
    let (response, _flight) = pool.send(request(), || server.dial()).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ok");
}

#[tokio::test]
async fn there_are_as_many_connections_as_requests_at_once() {
    let (pool, server) = (Arc::new(Pool::default()), Server::default());
    for round in 0..50 {
        let mut requests = JoinSet::new();
        for _ in 0..4 {
            let (pool, server) = (Arc::clone(&pool), server.clone());
            // One after the other, each as soon as the one before has ended.
            requests.spawn(async move {
                for _ in 0..5 {
                    get(&pool, &server).await;
                }
            });
        }
        requests.join_all().await;
        assert_eq!((server.dialled(), pool.open()), (4, 4), "round {round}");
    }
}

#[tokio::test]
async fn what_is_idle_for_too_long_is_closed() {
    let (pool, server) = (Arc::new(Pool::default()), Server::default());
    get(&pool, &server).await;
    // It is kept by a task of its own.
    until(|| !pool.held().idle.is_empty()).await;
    let now = Instant::now();
    assert!(!pool.forget_old(now + IDLE / 2) && pool.open() == 1);
    assert!(pool.forget_old(now + IDLE) && pool.open() == 0);
    server.until_ended(1).await;
}

#[tokio::test]
async fn a_pool_that_is_dropped_closes_its_connections() {
    let (pool, server) = (Arc::new(Pool::default()), Server::default());
    get(&pool, &server).await;
    drop(pool);
    server.until_ended(1).await;
}

#[tokio::test]
async fn after_a_failure_nobody_waits_for_the_next_one() {
    let pool = Arc::new(Pool::default());
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut requests = JoinSet::new();
    for _ in 0..8 {
        let (pool, now, most) = (Arc::clone(&pool), Arc::clone(&now), Arc::clone(&most));
        requests.spawn(async move {
            let dial = || async {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                for _ in 0..100 {
                    tokio::task::yield_now().await;
                }
                now.fetch_sub(1, Ordering::SeqCst);
                Err("nobody is there".into())
            };
            pool.send(request(), dial).await.err().map(|error| error.to_string())
        });
    }
    let errors = requests.join_all().await;
    assert!(errors.iter().all(|error| error.as_deref() == Some("nobody is there")), "{errors:?}");
    assert_eq!(most.load(Ordering::SeqCst), 7, "all but the first at once");
    assert_eq!(pool.open(), 0);
}

#[tokio::test]
async fn what_is_given_back_after_all_were_closed_is_not_kept() {
    for manner in [Manner::Http1, Manner::Http2] {
        let (pool, server) = (Arc::new(Pool::default()), Server::new(manner));
        let (response, flight) = pool.send(request(), || server.dial()).await.unwrap();
        pool.close();
        // It was under way, and comes to its end.
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ok", "{manner:?}");
        drop(flight);
        server.until_ended(1).await;
        assert_eq!(pool.open(), 0, "{manner:?}");
        // The next turn begins anew, and keeps what it makes.
        get(&pool, &server).await;
        get(&pool, &server).await;
        assert_eq!((server.dialled(), pool.open()), (2, 1), "{manner:?}");
    }
}

#[tokio::test]
async fn what_was_being_made_when_all_were_closed_is_not_kept() {
    for manner in [Manner::Http1, Manner::Http2] {
        let (pool, server) = (Arc::new(Pool::default()), Server::new(manner));
        let (closed, wait) = oneshot::channel::<()>();
        let wait = Mutex::new(Some(wait));
        let dial = || {
            let (wait, server) = (wait.lock().unwrap().take(), server.clone());
            async move {
                wait.unwrap().await.unwrap();
                server.dial().await
            }
        };
        let closing = async {
            until(|| pool.open() == 1).await;
            pool.close();
            closed.send(()).unwrap();
        };
        let (sent, ()) = tokio::join!(pool.send(request(), dial), closing);
        let (response, _flight) = sent.unwrap();
        assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "ok", "{manner:?}");
        server.until_ended(1).await;
        assert_eq!(pool.open(), 0, "{manner:?}");
    }
}

#[tokio::test]
async fn a_server_that_goes_away_costs_a_connection_and_no_request() {
    let (pool, server) = (Arc::new(Pool::default()), Server::new(Manner::GoesAway));
    for count in 1..=3 {
        get(&pool, &server).await;
        assert_eq!(server.dialled(), count);
        server.until_ended(count).await;
    }
}

fn pinging() -> Pool {
    let soon = Duration::from_millis(20);
    Pool { pings: Pings { interval: soon, timeout: soon }, ..Pool::default() }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_found_by_who_waits_for_it() {
    let (pool, server) = (Arc::new(pinging()), Server::new(Manner::FallsSilent));
    get(&pool, &server).await;
    let sent = timeout(PATIENCE, pool.send(request(), || server.dial())).await.expect("it is never found");
    // Either it was sent in vain, or the connection was found dead before that.
    match sent {
        Err(error) => assert!(error.downcast_ref::<hyper::Error>().is_some(), "{error}"),
        Ok(_) => assert_eq!(server.dialled(), 2),
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_is_found_while_nothing_is_asked() {
    let (pool, server) = (Arc::new(pinging()), Server::new(Manner::FallsSilent));
    get(&pool, &server).await;
    until(|| pool.open() == 0).await;
    get(&pool, &server).await;
    assert_eq!(server.dialled(), 2);
}

#[test]
fn a_server_that_is_gone_is_found_before_its_connection_is_idle_for_too_long() {
    let Pings { interval, timeout } = Pings::default();
    assert!(interval + timeout < IDLE);
}

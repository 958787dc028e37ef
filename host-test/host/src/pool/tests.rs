//! Against a server that says `ok` to everything, in memory.

use super::*;
use crate::wire::Stream;
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::JoinSet;

/// Connections that end in a server, which says `ok` to each request.
#[derive(Clone, Default)]
struct Server {
    dialled: Arc<AtomicUsize>,
    ended: Arc<AtomicUsize>,
}

impl Server {
    async fn dial(&self) -> Result<Dialled, BoxError> {
        self.dialled.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let (client, server) = duplex(4096);
        let ended = Arc::clone(&self.ended);
        tokio::spawn(async move {
            serve(server).await;
            ended.fetch_add(1, Ordering::SeqCst);
        });
        let stream: Box<dyn Stream> = Box::new(TokioIo::new(client));
        Ok(Dialled { stream, is_http2: false })
    }

    fn dialled(&self) -> usize {
        self.dialled.load(Ordering::SeqCst)
    }

    async fn until_ended(&self, count: usize) {
        while self.ended.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }
}

async fn serve(mut stream: DuplexStream) {
    let mut seen = vec![0; 4096];
    while stream.read(&mut seen).await.is_ok_and(|bytes| bytes > 0) {
        tokio::task::yield_now().await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
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
    while pool.lot().idle.is_empty() {
        tokio::task::yield_now().await;
    }
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

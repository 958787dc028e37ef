//! `health` of the real component against a server that leaves requests without an answer: it is done in its own
//! time, and the host's is longer.

use crate::support::{account, block_on, plugin, simulator, tenant};
use fivetran_simulator::{Answers, Config};
use source_host::bindings::exports::compliance::source::source::{CheckSubject, HealthDepth, HealthState};
use source_host::limits::Limits;
use source_host::tenant::Tenant;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server that does not answer for users, and sends the webhooks byte by byte.
async fn silent() -> http::Uri {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let root = format!("http://{}", listener.local_addr().unwrap());
    let answers = Arc::new(Answers::new(Config { ..account(3, 1, 1, 2) }));
    tokio::spawn(async move {
        while let Ok((peer, _)) = listener.accept().await {
            tokio::spawn(answer(peer, Arc::clone(&answers)));
        }
    });
    root.parse().unwrap()
}

async fn answer(mut peer: TcpStream, answers: Arc<Answers>) {
    let mut request = vec![0; 8192];
    let length = peer.read(&mut request).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&request[..length]).into_owned();
    let Some(path) = text.split(' ').nth(1) else { return };
    if path.starts_with("/v1/users?") {
        return std::future::pending().await;
    }
    let (reply, _) = answers.get(path);
    let head =
        format!("HTTP/1.1 {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", reply.status, reply.body.len());
    let _ = peer.write_all(head.as_bytes()).await;
    if !path.starts_with("/v1/webhooks") {
        let _ = peer.write_all(&reply.body).await;
        return;
    }
    for byte in reply.body.iter() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if peer.write_all(&[*byte]).await.is_err() {
            return;
        }
    }
}

#[test]
fn what_is_not_answered_is_told_before_the_host_loses_its_patience() {
    block_on(async {
        let quiet = simulator(account(1, 1, 1, 1)).await;
        let tenant = Tenant { upstream: Some(silent().await), ..tenant(&quiet) };
        assert_eq!(tenant.limits.health, Limits::default().health);
        let (mut instance, _) = plugin().await.configured(&tenant).await.unwrap();
        let report = instance.health(HealthDepth::Coverage).await.unwrap();
        assert_eq!(report.state, HealthState::Degraded);
        let code = |kind: &str| {
            let of = |about: &CheckSubject| matches!(about, CheckSubject::Kind(id) if id == kind);
            report.checks.iter().find(|check| of(&check.about)).unwrap().code.clone()
        };
        assert_eq!(["user", "webhook"].map(code), ["no-answer-in-time"; 2]);
        assert_eq!(["group", "connection", "team"].map(code), ["reachable"; 3]);
    });
}

//! Authentication, versions, limits, cursors, scopes, quota; and what a test can read and set.

use crate::client::{Answer, LISTS, basic, serve, small};
use fivetran_simulator::{AccountSpec, Config, DEFAULT_KEY, DEFAULT_SECRET, Principal, Quota};
use http::Method;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn only_the_right_pair_opens_the_door() {
    let (simulator, client) = serve(small()).await;
    let right = basic(DEFAULT_KEY, DEFAULT_SECRET);
    let wrong = [
        None,
        Some(String::new()),
        Some(basic(DEFAULT_KEY, "wrong")),
        Some(basic(DEFAULT_SECRET, DEFAULT_KEY)),
        Some(basic(&format!("{DEFAULT_KEY}:{DEFAULT_SECRET}"), "")),
        Some(right.replace("Basic", "Bearer")),
        Some(format!("Basic {DEFAULT_KEY}:{DEFAULT_SECRET}")),
        Some("Basic %%%".into()),
        Some("Basic".into()),
    ];
    for header in wrong {
        let headers: Vec<(&str, &str)> = header.iter().map(|value| ("authorization", value.as_str())).collect();
        let answer = client.send(Method::GET, "/v1/account/info", &headers).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, "Unauthorized"), "{header:?}");
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
    assert!(simulator.journal().iter().all(|entry| !entry.authorized));
    let data = client.get("/v1/account/info").await.data();
    assert_eq!(data["account_id"], simulator.account_id());
    assert_eq!(data["user_id"], client.first_id("/v1/users").await);
    assert!(data["system_key_id"].is_null());
}

#[tokio::test]
async fn a_limit_is_a_number_from_1_to_1000_and_100_by_default() {
    let (_simulator, client) =
        serve(Config { account: AccountSpec { users: 1_500, ..small().account }, ..small() }).await;
    for (query, want) in [("", 100), ("?limit=1", 1), ("?limit=1000", 1000), ("?foo=bar", 100)] {
        let data = client.get(&format!("/v1/users{query}")).await.data();
        assert_eq!(data["items"].as_array().unwrap().len(), want, "{query}");
    }
    for text in ["0", "1001", "-1", "ten", "", "1.5", "99999999999999999999"] {
        assert_eq!(client.get(&format!("/v1/users?limit={text}")).await.status, 400, "{text}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused() {
    let (_simulator, client) = serve(small()).await;
    // Not base64; base64 of no JSON; JSON without, with a negative and with a textual skip.
    for cursor in ["***", "bm8", "e30", "eyJza2lwIjotMX0", "eyJza2lwIjoiMSJ9", ""] {
        assert_eq!(client.get(&format!("/v1/users?cursor={cursor}")).await.status, 400, "{cursor}");
    }
    let next = client.get("/v1/users?limit=1").await.data()["next_cursor"].as_str().unwrap().to_string();
    assert_eq!(next, "eyJza2lwIjoxfQ");
}

#[tokio::test]
async fn a_walk_gives_every_item_once_whatever_the_limit() {
    let (simulator, client) = serve(small()).await;
    let mut endings = HashSet::new();
    for (list, id) in LISTS {
        let want = client.walk(list, 1000).await;
        for limit in [1, 7, 100] {
            assert_eq!(client.walk(list, limit).await, want, "{list} by {limit}");
        }
        let ids: HashSet<&str> = want.iter().map(|item| item[id].as_str().unwrap()).collect();
        let kind = list.trim_start_matches("/v1/").trim_end_matches('s');
        assert_eq!(ids.len(), want.len(), "{list} repeats an id");
        if let Some(known) = simulator.inventory().get(kind) {
            assert_eq!(ids.len(), known.len(), "{list}");
        }
        endings.insert(client.get(&format!("{list}?limit=1000")).await.data().get("next_cursor").cloned());
    }
    assert_eq!(endings, HashSet::from([None, Some(Value::Null), Some("".into())]), "all ways to end occur");
}

#[tokio::test]
async fn every_item_of_a_list_has_details_that_say_the_same() {
    let (_simulator, client) = serve(small()).await;
    for (list, _) in &LISTS[1..6] {
        for item in client.walk(list, 1000).await {
            let details = client.get(&format!("{list}/{}", item["id"].as_str().unwrap())).await.data();
            for (field, value) in item.as_object().unwrap() {
                assert_eq!(&details[field], value, "{list} {field}");
            }
            assert!(item.get("config").is_none(), "{list} shows a config");
            assert_eq!(
                details.get("config").is_some(),
                matches!(*list, "/v1/destinations" | "/v1/connections"),
                "{list}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_not_there_is_404_and_says_what() {
    let (_simulator, client) = serve(small()).await;
    for (path, code) in [
        ("/v1/users/nobody_here_0", "NotFound_User"),
        ("/v1/users/nobody_here_0/groups", "NotFound_User"),
        ("/v1/teams/x/users", "NotFound_Team"),
        ("/v1/groups/x", "NotFound_Group"),
        ("/v1/groups/x/public-key", "NotFound_Group"),
        ("/v1/destinations/x", "NotFound_Destination"),
        ("/v1/connections/%F0%9F%92%A5", "NotFound_Connection"),
        ("/v1/nothing", "NotFound"),
        ("/v2/users", "NotFound"),
        ("/", "NotFound"),
    ] {
        let answer = client.get(path).await;
        assert_eq!((answer.status, answer.code().as_str()), (404, code), "{path}");
    }
    let groups = client.walk("/v1/groups", 100).await;
    let without = groups.last().unwrap()["id"].as_str().unwrap();
    assert_eq!(client.get(&format!("/v1/destinations/{without}")).await.code(), "NotFound_Destination");
}

#[tokio::test]
async fn versions_and_methods_that_do_not_exist_are_refused() {
    let (_simulator, client) = serve(small()).await;
    let pair = basic(DEFAULT_KEY, DEFAULT_SECRET);
    for (accept, status) in [
        (None, 200),
        (Some("*/*"), 200),
        (Some("application/json"), 200),
        (Some("application/json;version=1"), 200),
        (Some("application/json; version=2"), 200),
        (Some("text/html, application/json"), 200),
        (Some("application/json;version=3"), 406),
        (Some("text/html"), 406),
    ] {
        let mut headers = vec![("authorization", pair.as_str())];
        headers.extend(accept.map(|accept| ("accept", accept)));
        assert_eq!(client.send(Method::GET, "/v1/roles", &headers).await.status, status, "{accept:?}");
    }
    for method in [Method::POST, Method::PATCH, Method::DELETE, Method::PUT] {
        assert_eq!(client.send(method, "/v1/users", &[("authorization", &pair)]).await.status, 405);
    }
}

#[tokio::test]
async fn a_system_key_reads_what_its_scopes_name_and_no_more() {
    let (simulator, client) = serve(small()).await;
    let mut paths: Vec<(&str, String)> = Vec::new();
    for (scope, list, below) in [
        ("USER", "/v1/users", &["/groups", "/connections"][..]),
        ("TEAM", "/v1/teams", &["/users", "/groups", "/connections"]),
        ("DESTINATION", "/v1/groups", &["/public-key", "/service-account"]),
        ("DESTINATION", "/v1/destinations", &[]),
        ("CONNECTOR", "/v1/connections", &[]),
    ] {
        let item = format!("{list}/{}", client.first_id(list).await);
        paths.extend(below.iter().map(|below| (scope, format!("{item}{below}"))));
        paths.extend([(scope, item), (scope, list.into())]);
    }
    paths.push(("ROLES", "/v1/roles".into()));
    simulator.stop().await;
    for scope in ["USER", "TEAM", "DESTINATION", "CONNECTOR", "ROLES"] {
        let principal = Principal::SystemKey { scopes: [scope.to_string()].into() };
        let (_simulator, client) = serve(Config { principal, ..small() }).await;
        let info = client.get("/v1/account/info").await.data();
        assert!(info["user_id"].is_null() && info["system_key_id"].is_string());
        for (needed, path) in &paths {
            let answer = client.get(path).await;
            if *needed == scope {
                assert_eq!(answer.status, 200, "{path} with {scope}");
            } else {
                assert_eq!((answer.status, answer.code().as_str()), (403, "Forbidden"), "{path} with {scope}");
                assert_eq!(answer.json()["message"], format!("Access denied. Required permission: {needed}_READ"));
            }
        }
    }
}

#[tokio::test]
async fn a_spent_quota_is_429_until_it_is_lifted() {
    for (lifted_after, then) in [(Duration::from_secs(3600), 429), (Duration::ZERO, 200)] {
        let quota = Some(Quota { requests: 3, retry_after: "3600".into(), lifted_after });
        let (_simulator, client) = serve(Config { quota, ..small() }).await;
        for _ in 0..3 {
            assert_eq!(client.get("/v1/roles").await.status, 200);
        }
        let refused = client.get("/v1/roles").await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "TooManyRequests"));
        assert_eq!(refused.header("retry-after"), Some("3600"));
        assert_eq!(client.get("/v1/roles").await.status, then);
        assert_eq!(client.send(Method::GET, "/v1/roles", &[]).await.status, 401, "without a key there is no quota");
    }
}

/// Every answer to a fixed set of requests.
async fn answers(config: Config) -> Vec<(Vec<u8>, Option<String>)> {
    let (_simulator, client) = serve(config).await;
    let user = client.first_id("/v1/users").await;
    let connection = client.first_id("/v1/connections").await;
    let mut paths: Vec<String> = LISTS.iter().map(|(list, _)| format!("{list}?limit=1000")).collect();
    paths.extend([format!("/v1/users/{user}/groups"), format!("/v1/connections/{connection}"), "/v1/nothing".into()]);
    let mut all = Vec::new();
    for path in paths {
        let Answer { headers, body, .. } = client.get(&path).await;
        all.push((body, headers.get("x-request-id").map(|id| id.to_str().unwrap().into())));
    }
    all
}

#[tokio::test]
async fn the_same_seed_answers_the_same_to_the_byte_and_another_seed_does_not() {
    let want = answers(small()).await;
    assert_eq!(answers(small()).await, want);
    let ids: HashSet<_> = want.iter().map(|(_, id)| id.clone().unwrap()).collect();
    assert_eq!(ids.len(), want.len(), "each request has its own id");
    let other = answers(Config { account: AccountSpec { seed: 4, ..small().account }, ..small() }).await;
    assert!(want.iter().zip(&other).all(|(one, two)| one.1 != two.1));
    assert_ne!(want[1].0, other[1].0);
}

#[tokio::test]
async fn the_journal_tells_every_request_in_order() {
    let (simulator, client) = serve(small()).await;
    client.get("/v1/users?limit=2").await;
    client.send(Method::DELETE, "/v1/users", &[("authorization", &basic(DEFAULT_KEY, DEFAULT_SECRET))]).await;
    assert_eq!(simulator.journal().len(), 2, "it is readable while running");
    client.send(Method::GET, "/v1/roles", &[("accept", "text/html")]).await;
    let told: Vec<(String, String, u16, bool, Option<String>, usize)> = simulator
        .journal()
        .into_iter()
        .map(|entry| {
            (entry.method, entry.path_and_query, entry.status, entry.authorized, entry.accept, entry.connection)
        })
        .collect();
    let want = [
        ("GET".into(), "/v1/users?limit=2".into(), 200, true, None, 1),
        ("DELETE".into(), "/v1/users".into(), 405, true, None, 1),
        ("GET".into(), "/v1/roles".into(), 401, false, Some("text/html".into()), 1),
    ];
    assert_eq!(told, want);
    assert_eq!(simulator.connections_accepted(), 1, "connections are kept alive");
}

#[tokio::test]
async fn latency_delays_requests_and_does_not_line_them_up() {
    let (simulator, client) = serve(Config { latency: Duration::from_millis(100), ..small() }).await;
    let requests: Vec<_> = (0..16)
        .map(|number| {
            let client = client.clone();
            tokio::spawn(async move { client.get(&format!("/v1/users?limit={}", number + 1)).await.status })
        })
        .collect();
    for request in requests {
        assert_eq!(request.await.unwrap(), 200);
    }
    assert!(simulator.peak_in_flight() > 1, "one after the other");
    assert!(simulator.peak_in_flight() <= 16);
}

#[tokio::test]
async fn a_hook_changes_answers_and_the_journal_says_so() {
    let mut config = small();
    config.hook = Some(Arc::new(|request, mut reply| {
        if request.number == 2 && request.path_and_query == "/v1/roles" {
            reply.status = http::StatusCode::BAD_GATEWAY;
            reply.body = "oops".into();
        }
        reply
    }));
    let (simulator, client) = serve(config).await;
    let statuses = [
        client.get("/v1/roles").await.status,
        client.get("/v1/roles").await.status,
        client.get("/v1/roles").await.status,
    ];
    assert_eq!(statuses, [200, 502, 200]);
    assert_eq!(simulator.journal()[1].status, 502);
}

#[tokio::test]
async fn the_pair_is_not_shown() {
    let shown = format!("{:?}", small());
    assert!(!shown.contains(DEFAULT_KEY) && !shown.contains(DEFAULT_SECRET), "{shown}");
}

#[tokio::test]
async fn a_stopped_simulator_hangs_up() {
    let (simulator, _client) = serve(small()).await;
    let mut stream = tokio::net::TcpStream::connect(simulator.addr()).await.unwrap();
    stream.write_all(b"GET /v1/roles HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut bytes = [0; 1024];
    let read = stream.read(&mut bytes).await.unwrap();
    assert!(bytes[..read].starts_with(b"HTTP/1.1 401"));
    simulator.stop().await;
    let rest = stream.read_to_end(&mut Vec::new()).await;
    assert!(rest.is_err() || rest.is_ok_and(|length| length < 1024), "it goes on talking");
}

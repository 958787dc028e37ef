//! Proxies between the host and the vendor: whole collections of the host that the component itself names,
//! through a proxy that leads to the simulator.

use crate::support::network::{Secure, plugin_with};
use crate::support::{account, block_on, collect, component_file, guest, options, tenant};
use fivetran_simulator::Versions;
use source_host::bindings::compliance::source::types::Failure;
use source_host::error::Error;
use source_host::network::{Network, ProxyFrom};
use source_host::obstacle::Obstacle;
use source_host::tenant::{Secret, Tenant};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// `user:p@ss/word` as `Proxy-Authorization` has it.
const AUTHORIZATION: &str = "Basic dXNlcjpwQHNzL3dvcmQ=";

/// What a proxy saw of a request for a tunnel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asked {
    line: String,
    authorization: Option<String>,
}

/// A proxy for tunnels to one server, whatever is asked for.
struct Proxy {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Proxy {
    /// Answers with this status line instead, if it is not 200.
    async fn start(server: SocketAddr, status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                tokio::spawn(async move {
                    let mut client = BufReader::new(client);
                    let asked = read(&mut client).await;
                    seen.lock().unwrap().push(asked);
                    client.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
                    if status.starts_with("200") {
                        let mut server = TcpStream::connect(server).await.unwrap();
                        // Either side may go away at any time.
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        Self { address, asked }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn read(client: &mut BufReader<TcpStream>) -> Asked {
    let mut asked = Asked::default();
    client.read_line(&mut asked.line).await.unwrap();
    loop {
        let mut line = String::new();
        client.read_line(&mut line).await.unwrap();
        match line.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("proxy-authorization") => {
                asked.authorization = Some(value.into());
            }
            Some(_) => {}
            None => return Asked { line: asked.line.trim_end().into(), ..asked },
        }
    }
}

fn through(secure: &Secure, proxy: impl std::fmt::Display) -> Network {
    Network { proxy: ProxyFrom::Url(Secret::new(proxy.to_string())), ..secure.network() }
}

/// Nobody's upstream: the host that the component names.
fn real(secure: &Secure) -> Tenant {
    Tenant { upstream: None, ..tenant(&secure.simulator) }
}

async fn failure(network: Network, tenant: &Tenant) -> Failure {
    let plugin = plugin_with(network, &component_file()).await.unwrap();
    match collect(&plugin, tenant, options(None, None)).await.err().unwrap() {
        Error::Source(failure) => *failure,
        other => panic!("{other}"),
    }
}

#[test]
fn a_collection_goes_through_a_proxy_to_the_host_that_was_granted() {
    block_on(async {
        let secure = Secure::start("proxy", account(10, 2, 2, 10), Versions::Both).await;
        let want = collect(&secure.plugin().await, &tenant(&secure.simulator), options(None, None)).await.unwrap();
        let proxy = Proxy::start(secure.simulator.addr(), "200 Connection established").await;
        for (userinfo, authorization) in [("", None), ("user:p%40ss%2Fword@", Some(AUTHORIZATION.to_string()))] {
            let network = through(&secure, format!("http://{userinfo}{}", proxy.address));
            assert!(!format!("{network:?}").contains("p%40ss"), "{network:?}");
            let plugin = plugin_with(network, &component_file()).await.unwrap();
            let got = collect(&plugin, &real(&secure), options(None, None)).await.unwrap();
            assert!(got.lines == want.lines, "other records");
            let line = "CONNECT api.fivetran.com:443 HTTP/1.1".to_string();
            assert_eq!(proxy.asked().last(), Some(&Asked { line, authorization }));
        }
        assert_eq!(proxy.asked().len(), 2, "one connection each");
    });
}

#[test]
fn a_proxy_that_lets_nothing_through_is_named_with_what_it_wants() {
    block_on(async {
        let secure = Secure::start("proxy-refuses", account(2, 1, 1, 1), Versions::Both).await;
        let away = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let wants = Proxy::start(secure.simulator.addr(), "407 Proxy Authentication Required").await.address;
        let refuses = Proxy::start(secure.simulator.addr(), "403 Forbidden").await.address;
        let server = String::from("api.fivetran.com");
        let cases = [
            (wants, Obstacle::ProxyCredentials(wants.to_string())),
            (refuses, Obstacle::ProxyRefuses(refuses.to_string(), server)),
            (away, Obstacle::ProxyAway(away.to_string(), "Connection refused (os error 111)".into())),
        ];
        for (address, obstacle) in cases {
            let tenant = real(&secure);
            let failure = failure(through(&secure, format!("http://user:hidden@{address}")), &tenant).await;
            assert!(failure.retryable && failure.message.ends_with("failed: proxy"), "{failure:?}");
            assert!(failure.remedy.contains("The proxy that the host is set to use"), "{failure:?}");
            assert_eq!(tenant.connections.obstacle(), Some(obstacle.clone()));
            assert!(!format!("{failure:?} {obstacle} {obstacle:?}").contains("hidden"));
        }
        assert_eq!(secure.simulator.served(), 0);
    });
}

#[test]
fn a_proxy_that_opens_tls_itself_is_an_unknown_authority() {
    block_on(async {
        let secure = Secure::start("proxy-server", account(2, 1, 1, 1), Versions::Both).await;
        let other = Secure::start("proxy-mitm", account(2, 1, 1, 1), Versions::Both).await;
        let proxy = Proxy::start(other.simulator.addr(), "200 OK").await;
        let tenant = real(&secure);
        let failure = failure(through(&secure, format!("http://{}", proxy.address)), &tenant).await;
        assert!(failure.message.contains("tls-certificate"), "{failure:?}");
        let server = String::from("api.fivetran.com");
        // Both authorities bear the same name.
        let obstacle = tenant.connections.obstacle().unwrap();
        let signature = matches!(&obstacle, Obstacle::Certificate(named, _) if *named == server);
        assert!(signature || obstacle == Obstacle::UnknownAuthority(server), "{obstacle}");
        assert_eq!(other.simulator.served(), 0, "the key was given away");
    });
}

#[test]
fn what_is_no_proxy_is_refused_without_being_repeated() {
    block_on(async {
        for url in
            ["socks5://user:hidden@proxy.example:1080", "ftp://user:hidden@proxy.example", "http://user:hidden@", ""]
        {
            let network = Network { proxy: ProxyFrom::Url(Secret::new(url)), ..Network::default() };
            let error = plugin_with(network, &guest("hostile_source")).await.err().unwrap().to_string();
            assert!(error.contains("the proxy is not given as the URL of an HTTP proxy"), "{error}");
            assert!(!error.contains("hidden"), "{error}");
        }
    });
}

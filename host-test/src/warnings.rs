//! What a source doubts about a configuration that it accepts, and what the host knows of a run that the source does
//! not.

use host_test::text::{note, plain};
use source_host::bindings::exports::compliance::source::source::Configured;
use source_host::obstacle::Obstacle;
use source_host::tenant::Tenant;

/// Shows it.
pub fn show(configured: &Configured) {
    for warning in &configured.diagnostics {
        note(format!("warning: {} ({})", plain(&warning.message), plain(&warning.remedy)));
    }
}

/// Shows what the host denied, and what kept it from a connection.
pub fn after(tenant: &Tenant) {
    for why in tenant.meter.denied() {
        note(format!("denied: {}", plain(&why)));
    }
    if let Some(obstacle) = tenant.connections.obstacle() {
        note(network(&obstacle));
    }
}

/// What stands between this host and a server, and what to do about it.
pub fn network(obstacle: &Obstacle) -> String {
    let remedy = match obstacle {
        Obstacle::ProxyCredentials(_) => {
            "put them into HTTPS_PROXY, like http://USER:PASSWORD@…, and use --proxy-from-env"
        }
        Obstacle::ProxyRefuses(..) => "have the proxy allow this host, or name another one with --proxy",
        Obstacle::ProxyAway(..) => "correct --proxy or HTTPS_PROXY, or leave the proxy out",
        Obstacle::UnknownAuthority(_) => {
            "if your network inspects TLS, trust its authority with --ca-system or --ca-file; if it does not, someone may be impersonating the server"
        }
        _ => "check this machine's clock, and whether this is the right server",
    };
    format!("network: {} ({remedy})", plain(&obstacle.to_string()))
}

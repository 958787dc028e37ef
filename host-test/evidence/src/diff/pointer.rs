//! JSON pointers (RFC 6901).

/// The pointer of a member.
pub fn child(pointer: &str, name: &str) -> String {
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}

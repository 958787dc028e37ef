//! Secrets and names of many shapes, planted by tests to see whether they come out.
#![allow(dead_code, reason = "each test uses its part of it")]

/// Letters that no answer has that is made up: what is looked for in everything that comes out.
pub const NEEDLE: &str = "zyzzyva";

/// What is planted: its name, its text, and whether it is a person and no secret.
pub struct Shape {
    pub name: &'static str,
    pub text: String,
    pub person: bool,
}

impl Shape {
    /// Whether it is one of the forms of a vendor, which are named after vendors.
    pub fn is_token(&self) -> bool {
        !self.person
            && !self.text.contains(['@', ' ', '='])
            && !self.text.contains("://")
            && !self.name.contains("token")
    }
}

/// Digits and letters as tokens have, with the needle among them where its letters are allowed.
fn filled(letters: &str, length: usize) -> String {
    letters.chars().cycle().take(length).collect()
}

pub fn shapes() -> Vec<Shape> {
    let word = |length| NEEDLE.to_string() + &filled("0123456789abcdefghijKLMNOP", length - NEEDLE.len());
    let hex = |length| filled(HEX, length);
    let secrets = [
        ("URL with userinfo", format!("https://admin:{NEEDLE}@db.example.com/x")),
        ("URL whose password has a slash", format!("https://admin:a/{NEEDLE}@db.example.com/x")),
        ("URL whose password ends after a slash", format!("https://admin:{NEEDLE}/b@db.example.com/x")),
        ("userinfo without a scheme", format!("root:{NEEDLE}@db.example.com:3306")),
        ("URL with a token in its query", format!("https://example.com/in?sig={NEEDLE}")),
        ("URL with a token in its path", format!("https://example.com/hooks/T0aB1cD2eF3gH4iJ5{NEEDLE}/x")),
        ("private key", format!("-----BEGIN RSA PRIVATE KEY-----\n{NEEDLE}\n-----END RSA PRIVATE KEY-----")),
        ("JSON web token", format!("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{NEEDLE}")),
        ("connection string", format!("Server=db;User Id=sa;Password={NEEDLE}")),
        ("Azure connection string", format!("AccountName=a;AccountKey={NEEDLE}==;EndpointSuffix=x")),
        ("AWS", format!("AKIA{}", filled(UPPER, 16))),
        ("GitHub", format!("ghp_{}", word(36))),
        ("GitHub, fine-grained", format!("github_pat_{}", word(82))),
        ("GitLab", format!("glpat-{}", word(20))),
        ("Slack", format!("xoxb-123456789012-{}", word(24))),
        ("Stripe", format!("sk_live_{}", word(24))),
        ("OpenAI", format!("sk-proj-{}", word(48))),
        ("Anthropic", format!("sk-ant-api03-{}", word(93))),
        ("Google API", format!("AIza{}", word(35))),
        ("Google OAuth", format!("ya29.{}", word(60))),
        ("SendGrid", format!("SG.{}.{}", word(22), word(43))),
        ("Twilio", format!("SK{}", hex(32))),
        ("npm", format!("npm_{}", word(36))),
        ("PyPI", format!("pypi-AgEIcHlwaS5vcmc{}", word(60))),
        ("DigitalOcean", format!("dop_v1_{}", hex(64))),
        ("Databricks", format!("dapi{}", hex(32))),
        ("Shopify", format!("shpat_{}", hex(32))),
        ("HubSpot", format!("pat-na1-{}-{}", hex(20), hex(12))),
        ("Linear", format!("lin_api_{}", word(40))),
        ("Airtable", format!("pat{}.{}", word(14), hex(64))),
        ("Hugging Face", format!("hf_{}", word(34))),
        ("Square", format!("sq0atp-{}", word(22))),
        ("Mailgun", format!("key-{}", hex(32))),
        ("Azure Storage", format!("{}==", word(86))),
        ("dbt Cloud", format!("dbtc_{}", word(40))),
    ];
    let people = [
        ("e-mail address", format!("Carla.{NEEDLE}@Example.org")),
        ("name", format!("Quentin {NEEDLE}")),
        ("name in a text", format!("for the team of {NEEDLE}, Quentin (2)")),
        ("name in a word", format!("dev_quentin{NEEDLE}_x")),
    ];
    let secret = secrets.into_iter().map(|(name, text)| Shape { name, text, person: false });
    secret.chain(people.into_iter().map(|(name, text)| Shape { name, text, person: true })).collect()
}

/// Needles for forms that allow only some letters.
const HEX: &str = "5ca1ab1e0ddba11c0ffee";
const UPPER: &str = "ZYZZYVA";

pub fn holds_needle(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    [NEEDLE, HEX].iter().any(|needle| lower.contains(needle)) || text.contains(UPPER)
}

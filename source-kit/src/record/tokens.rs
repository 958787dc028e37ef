//! The forms of the tokens that well-known vendors hand out: a prefix, and what follows it.
//!
//! The list follows the default rules of gitleaks (<https://github.com/gitleaks/gitleaks>,
//! `config/gitleaks.toml`, MIT licence), as read in 2026-11. Left out are rules without a prefix of their
//! own, which need the name of a variable beside the token. Lengths are the shortest that a token has, or
//! less where a shorter text with that prefix can hardly be anything else.

/// Letters that may follow a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// Hexadecimal digits.
    Hex,
    /// Upper-case letters and digits, exactly so many.
    Upper,
    /// Letters and digits.
    Alnum,
    /// Letters, digits and dots.
    Dotted,
    /// Letters, digits, `-` and `_`.
    Word,
    /// The same, with a digit among them: behind prefixes that people write too.
    Telling,
    /// Letters, digits, `-`, `_`, `.`, `=`, `+`, `/` and `%`.
    Wide,
}

impl Letters {
    /// Whether a byte is one of them.
    #[must_use]
    pub fn has(self, byte: u8) -> bool {
        match self {
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Dotted => byte.is_ascii_alphanumeric() || byte == b'.',
            Self::Word | Self::Telling => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Self::Wide => byte.is_ascii_alphanumeric() || b"-_.=+/%".contains(&byte),
        }
    }

    /// Whether a text begins with enough of them.
    fn begin(self, text: &str, least: usize) -> bool {
        let run = text.bytes().take_while(|byte| self.has(*byte));
        match self {
            Self::Upper => run.count() == least,
            Self::Telling => run.clone().count() >= least && { run }.any(|byte| byte.is_ascii_digit()),
            _ => run.count() >= least,
        }
    }
}

/// One form.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Who hands it out.
    pub vendor: &'static str,
    /// What it begins with.
    pub prefix: &'static str,
    /// So many letters follow at least.
    pub least: usize,
    /// Which letters.
    pub letters: Letters,
}

const fn form(vendor: &'static str, prefix: &'static str, least: usize, letters: Letters) -> Form {
    Form { vendor, prefix, least, letters }
}

/// The shortest token that any form allows, in bytes.
pub const SHORTEST: usize = 15;

/// The token that a text begins with, if it begins with one. The text has to start where a word does.
#[must_use]
pub fn at_start(text: &str) -> Option<&'static Form> {
    let first = text.as_bytes().first()?;
    let begin = FORMS.partition_point(|form| form.prefix.as_bytes().first() < Some(first));
    let same = FORMS.get(begin..)?.iter().take_while(|form| form.prefix.as_bytes().first() == Some(first));
    same.into_iter()
        .find(|form| text.strip_prefix(form.prefix).is_some_and(|rest| form.letters.begin(rest, form.least)))
}

use Letters::{Alnum, Dotted, Hex, Telling, Upper, Wide, Word};

/// All forms, by prefix.
pub const FORMS: &[Form] = &[
    form("Google", "1//0", 30, Word),
    form("AWS", "ABIA", 16, Upper),
    form("AWS", "ACCA", 16, Upper),
    form("age", "AGE-SECRET-KEY-1", 30, Alnum),
    form("Google", "AIza", 30, Word),
    form("Artifactory", "AKCp", 60, Alnum),
    form("AWS", "AKIA", 16, Upper),
    form("AWS", "ASIA", 16, Upper),
    form("Atlassian", "ATATT3", 40, Wide),
    form("Atlassian", "ATBB", 28, Alnum),
    form("Atlassian", "ATCTT3", 40, Wide),
    form("HTTP", "Basic ", 24, Wide),
    form("HTTP", "Bearer ", 24, Wide),
    form("CircleCI", "CCIPAT_", 20, Word),
    form("Contentful", "CFPAT-", 40, Word),
    form("Clojars", "CLOJARS_", 40, Alnum),
    form("Square", "EAAA", 50, Word),
    form("Facebook", "EAAC", 40, Alnum),
    form("EasyPost", "EZAK", 50, Alnum),
    form("EasyPost", "EZTK", 50, Alnum),
    form("Flutterwave", "FLWSECK", 16, Word),
    form("Google", "GOCSPX-", 20, Word),
    form("Heroku", "HRKU-", 30, Word),
    form("PEM in base64", "LS0tLS1CRUdJTi", 10, Wide),
    form("Alibaba Cloud", "LTAI", 16, Alnum),
    form("New Relic", "NRAK-", 20, Alnum),
    form("New Relic", "NRII-", 20, Word),
    form("New Relic", "NRJS-", 15, Hex),
    form("Postman", "PMAK-", 30, Word),
    form("SendGrid", "SG.", 40, Wide),
    form("Twilio", "SK", 32, Hex),
    form("Okta", "SSWS ", 20, Word),
    form("Plaid", "access-production-", 30, Word),
    form("Plaid", "access-sandbox-", 30, Word),
    form("PayPal", "access_token$production$", 16, Alnum),
    form("PayPal", "access_token$sandbox$", 16, Alnum),
    form("Adafruit", "aio_", 28, Alnum),
    form("Hugging Face", "api_org_", 30, Alnum),
    form("OpenSSH key in base64", "b3BlbnNzaC1rZXk", 10, Wide),
    form("Buildkite", "bkua_", 30, Alnum),
    form("Artifactory", "cmVmdGtuOj", 40, Alnum),
    form("Databricks", "dapi", 32, Hex),
    form("dbt Cloud", "dbtc_", 16, Word),
    form("dbt Cloud", "dbtu_", 16, Word),
    form("Docker", "dckr_pat_", 20, Word),
    form("DigitalOcean", "doo_v1_", 32, Hex),
    form("DigitalOcean", "dop_v1_", 32, Hex),
    form("DigitalOcean", "dor_v1_", 32, Hex),
    form("Doppler", "dp.pt.", 40, Alnum),
    form("Dynatrace", "dt0c01.", 40, Wide),
    form("Duffel", "duffel_", 40, Telling),
    form("Figma", "figd_", 30, Word),
    form("Frame.io", "fio-u-", 40, Wide),
    form("Fly.io", "fo1_", 40, Word),
    form("GitHub", "gho_", 20, Alnum),
    form("GitHub", "ghp_", 20, Alnum),
    form("GitHub", "ghr_", 20, Alnum),
    form("GitHub", "ghs_", 20, Alnum),
    form("GitHub", "ghu_", 20, Alnum),
    form("GitHub", "github_pat_", 22, Word),
    form("GitLab", "glagent-", 20, Word),
    form("Grafana", "glc_", 32, Wide),
    form("GitLab", "glcbt-", 16, Word),
    form("GitLab", "gldt-", 20, Word),
    form("GitLab", "glffct-", 20, Word),
    form("GitLab", "glft-", 20, Word),
    form("GitLab", "glimt-", 20, Word),
    form("GitLab", "gloas-", 40, Word),
    form("GitLab", "glpat-", 20, Word),
    form("GitLab", "glptt-", 20, Word),
    form("GitLab", "glrt-", 20, Word),
    form("Grafana", "glsa_", 32, Word),
    form("GitLab", "glsoat-", 20, Word),
    form("Groq", "gsk_", 40, Alnum),
    form("Hugging Face", "hf_", 30, Alnum),
    form("Slack", "hooks.slack.com/services/", 12, Wide),
    form("Slack", "hooks.slack.com/workflows/", 12, Wide),
    form("HashiCorp Vault", "hvb.", 20, Word),
    form("HashiCorp Vault", "hvr.", 20, Word),
    form("HashiCorp Vault", "hvs.", 20, Word),
    form("Infracost", "ico-", 32, Alnum),
    form("Mailgun", "key-", 32, Hex),
    form("Linear", "lin_api_", 32, Alnum),
    form("Linear", "lin_oauth_", 32, Alnum),
    form("Netlify", "nfp_", 30, Alnum),
    form("npm", "npm_", 30, Alnum),
    form("Notion", "ntn_", 40, Alnum),
    form("NVIDIA", "nvapi-", 40, Word),
    form("Airtable", "pat", 60, Dotted),
    form("HubSpot", "pat-eu1-", 30, Word),
    form("HubSpot", "pat-na1-", 30, Word),
    form("HubSpot", "pat-na2-", 30, Word),
    form("Prefect", "pnu_", 36, Alnum),
    form("Perplexity", "pplx-", 40, Alnum),
    form("PlanetScale", "pscale_", 32, Wide),
    form("Mailgun", "pubkey-", 32, Hex),
    form("Pulumi", "pul-", 40, Hex),
    form("PyPI", "pypi-", 40, Telling),
    form("Replicate", "r8_", 30, Alnum),
    form("ReadMe", "rdme_", 60, Alnum),
    form("Stripe", "rk_live_", 10, Alnum),
    form("Stripe", "rk_test_", 10, Alnum),
    form("RubyGems", "rubygems_", 40, Hex),
    form("Razorpay", "rzp_live_", 14, Alnum),
    form("Intra42", "s-s4t2", 40, Telling),
    form("Supabase", "sb_secret_", 20, Word),
    form("Supabase", "sbp_", 40, Hex),
    form("Notion", "secret_", 40, Alnum),
    form("Sourcegraph", "sgp_", 40, Word),
    form("OpenShift", "sha256~", 40, Word),
    form("Shippo", "shippo_", 40, Telling),
    form("Shopify", "shpat_", 32, Hex),
    form("Shopify", "shpca_", 32, Hex),
    form("Shopify", "shppa_", 32, Hex),
    form("Shopify", "shpss_", 32, Hex),
    form("OpenAI, Anthropic and others", "sk-", 20, Telling),
    form("Stripe", "sk_live_", 10, Alnum),
    form("Stripe", "sk_test_", 10, Alnum),
    form("Dropbox", "sl.", 100, Telling),
    form("Sentry", "sntrys_", 40, Wide),
    form("Sentry", "sntryu_", 40, Hex),
    form("Square", "sq0", 22, Word),
    form("SonarQube", "sqa_", 40, Hex),
    form("SonarQube", "sqp_", 40, Hex),
    form("SonarQube", "squ_", 40, Hex),
    form("Typeform", "tfp_", 40, Wide),
    form("Scalingo", "tk-us-", 40, Telling),
    form("Tailscale", "tskey-", 20, Word),
    form("Cloudflare", "v1.0-", 24, Hex),
    form("Stripe", "whsec_", 24, Wide),
    form("xAI", "xai-", 60, Alnum),
    form("Slack", "xapp-", 10, Word),
    form("Brevo", "xkeysib-", 60, Word),
    form("Slack", "xoxa-", 10, Word),
    form("Slack", "xoxb-", 10, Word),
    form("Slack", "xoxc-", 10, Word),
    form("Slack", "xoxd-", 10, Wide),
    form("Slack", "xoxe", 20, Wide),
    form("Slack", "xoxo-", 10, Word),
    form("Slack", "xoxp-", 10, Word),
    form("Slack", "xoxr-", 10, Word),
    form("Slack", "xoxs-", 10, Word),
    form("Brevo", "xsmtpsib-", 40, Word),
    form("Google", "ya29.", 16, Word),
];

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    #[test]
    fn the_forms_stand_by_their_first_letter_and_none_is_shorter_than_said() {
        let first = |form: &Form| form.prefix.as_bytes().first().copied();
        assert!(FORMS.is_sorted_by_key(first));
        assert_eq!(FORMS.iter().map(|form| form.prefix.len() + form.least).min(), Some(SHORTEST));
        assert!(FORMS.iter().map(|form| form.vendor).collect::<BTreeSet<_>>().len() > 40);
    }

    #[test]
    fn every_form_is_found_at_its_length_and_not_below() {
        for form in FORMS {
            let text = |length: usize| alloc::format!("{}{}", form.prefix, "1".repeat(length));
            assert!(at_start(&text(form.least)).is_some(), "{}", form.prefix);
            assert!(at_start(&text(form.least - 1)).is_none(), "{}", form.prefix);
        }
    }
}

//! Two tables: what is a secret, and what is none.

use super::*;

const PEM: &str = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----";
const AZURE: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

#[test]
fn secrets_are_found_wherever_they_stand() {
    for (text, why) in [
        (PEM, Why::PrivateKey),
        ("key: -----BEGIN PRIVATE KEY-----", Why::PrivateKey),
        ("PuTTY-User-Key-File-3: ssh-rsa", Why::PrivateKey),
        ("eyJhbGciOiJIUzI1NiJ9.e30.x", Why::WebToken),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", Why::Token("HTTP")),
        ("admin:hunter2@db", Why::UserInfo),
        ("root:p@ss:word@db.example.com:3306", Why::UserInfo),
        (":redispw@cache", Why::UserInfo),
        ("user:pw@host", Why::UserInfo),
        ("root:pw@example.com", Why::UserInfo),
        ("owner:ada@example.com", Why::UserInfo),
        ("user:pw@host:path", Why::UserInfo),
        ("user:pw@host.example.com:/var/data/x.csv", Why::UserInfo),
        ("scott/tiger@host", Why::UserInfo),
        ("scott/tiger@db.example.com:1521/ORCL", Why::UserInfo),
        ("scott/tiger@//db:1521/x", Why::UserInfo),
        ("sqlplus scott/ti:ger@orcl", Why::UserInfo),
        ("jdbc:oracle:thin:scott/tiger@//db:1521/x", Why::UserInfo),
        ("jdbc:oracle:thin:scott:tiger@db", Why::UserInfo),
        (":x@h", Why::UserInfo),
        ("https://user:pw@example.com/", Why::Url),
        ("https://token@git.example.com/acme/dbt.git", Why::Url),
        ("https://u:p/w@host/x", Why::Url),
        ("https://u:1/w@host/x", Why::Url),
        ("https://admin:hunter", Why::Url),
        ("jdbc:postgresql://u:p@db/x", Why::Url),
        ("see https://example.com/a?x=1", Why::Url),
        ("https://example.com/#access", Why::Url),
        ("https://hooks.example.com/in/Zx9Yw8Vu7Ts6Rq5Po4Nm3", Why::Url),
        ("https://example.com/in/0123456789abcdef0123456789abcdef", Why::Url),
        ("bucket/path?sig=abc", Why::Named),
        ("Server=x;Password=y", Why::Named),
        ("Server = x; PWD = y", Why::Named),
        ("DB_PASSWORD=y", Why::Named),
        ("dbpassword=y", Why::Named),
        ("Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=b", Why::Named),
        ("AccountName=x;AccountKey=abc", Why::Named),
        ("SharedAccessSignature=sv", Why::Named),
        ("password:hunter2", Why::Named),
        ("Authorization: Basic QWxhZGRpbjpvcGVu", Why::Named),
        ("my-ghp_0123456789abcdefghij0123456789abcdef", Why::Token("GitHub")),
        ("https://hooks.slack.com/services/T00000000/B00000000/XX", Why::Token("Slack")),
        (AZURE, Why::Token("Azure Storage")),
        ("abc8Q~0123456789abcdefghij0123456789abcd", Why::Token("Azure")),
        ("sk-live-0123456789abcdef", Why::Token("OpenAI, Anthropic and others")),
    ] {
        assert_eq!(find(text), Some(why), "{text}");
        let masked = masked(text);
        assert!(!is_secret(&masked) && masked.contains(WITHHELD), "{text} became {masked}");
    }
}

#[test]
fn what_only_looks_a_little_like_one_is_none() {
    for text in [
        "",
        "a@b",
        "ada@example.com",
        "Ada Byron <ada@example.com>, Bob: bob@example.com",
        "User ada@example.com: account role Account Administrator",
        "mailto:ada@example.com",
        "email:ada@example.com",
        "From:ada@example.com",
        "actions/checkout@v4",
        "library/package@1.2.3",
        "team/of/ada@example.com",
        "/v1/users/ada@example.com",
        "serviceAccount:g-x@fivetran-production.iam.gserviceaccount.com",
        "g-x@fivetran-production.iam.gserviceaccount.com",
        "projected_sickle",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "hmac-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "-----BEGIN CERTIFICATE-----",
        "Q~0123456789abcdefghij0123456789abcd",
        "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
        "2026-01-31T12:00:00.123456Z",
        "arn:aws:iam::123456789012:role/fivetran",
        "host:3306",
        "db.example.com:5432",
        "[2001:db8::1]:5432",
        "2001:db8::1",
        "https://[2001:db8::1]:8443/",
        "group:name",
        "group:name@",
        "compliance:source@0.2.0",
        "https://example.com:8443",
        "https://example.com/a/@scope/package",
        "jdbc:sqlserver://db.example.com:1433;databaseName=x",
        "mongodb://a.example.com:27017,b.example.com:27017/x",
        "ssh://git@git.example.com/acme/dbt.git",
        "git@git.example.com:acme/dbt.git",
        "https://git.example.com/acme/dbt-transformations-for-the-warehouse.git",
        "https://example.com/projected_sickle/0f8fad5b-d9cb-469f-a165-70867728950e",
        "s3://bucket/prefix/2026",
        "image@sha256:e3b0c44298fc1c149afbf4c8996fb924",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7vbqajDw6J0+8AAAAB3Nz== fivetran user key",
        "CN=db.example.com,O=Acme,C=DE",
        "/sql/1.0/warehouses/0123456789abcdef",
        "a password is needed: reset it",
        "password",
        "auth_method=password",
        "is this token=",
        "pathological-but-innocent-name-of-a-connection-that-somebody-gave-it",
        "task-force-for-the-migration-of-everything",
        "sk-learn",
        "sk-bratislava-warehouse-of-production",
        "pypi-downloads-of-all-packages-in-the-warehouse-of-production",
        "ASIAPACIFICNORTHEAST1",
        "Required permission: TEAM_READ",
        "GET /v1/users?limit=1000&cursor=abc",
        "The reason: see https://fivetran.com/docs. Why?",
    ] {
        assert_eq!(find(text), None, "{text}");
        assert_eq!(masked(text), text);
    }
}

#[test]
fn only_the_word_of_a_secret_is_masked() {
    assert_eq!(masked("Connection root:pw@db (postgres)"), "Connection withheld (postgres)");
    assert_eq!(masked("a  Server=x;Password=y\tb"), "a  withheld\tb");
    assert_eq!(masked("Team Password = y"), WITHHELD);
    assert_eq!(masked(&alloc::format!("Key {PEM} of x")), WITHHELD);
}

#[test]
fn the_key_of_a_storage_account_has_its_length_and_all_sorts_of_letters() {
    let run = |length: usize, letters: &str| letters.chars().cycle().take(length).collect::<alloc::string::String>();
    assert_eq!(find(&run(86, "aB3dE6gH9jK")), Some(Why::Token("Azure Storage")));
    for (length, letters) in
        [(85, "aB3dE6gH9jK"), (87, "aB3dE6gH9jK"), (86, "a3de6gh9jk"), (86, "B3DE6GH9JK"), (86, "aBcdEfgHijK")]
    {
        assert_eq!(find(&run(length, letters)), None, "{length} of {letters}");
    }
}

//! What to do about a failure: something that helps.

use crate::support::{bigquery, databricks, datadog, snowflake};
use audit_trail_source::settings::Settings;
use audit_trail_source::source::AuditTrail;
use serde_json::{Value, json};
use source_kit::base::model::{Failure, FailureKind};
use source_kit::base::world::Response;
use source_kit::read::error::GetError;
use source_kit::record::failure::failure_of;
use source_kit::{Asked, Protocol, Shape, Source, Told};

/// What is said of this answer to the request that names the account.
fn failure(settings: &Settings, status: u16, body: &Value) -> Failure {
    let request = "account?since=&now=1&cursor=";
    let ask = AuditTrail::ask(settings, request);
    let body = body.to_string().into_bytes();
    let response = Response { status, body, retry_after: None, request_id: None, body_digest: None };
    let told = AuditTrail::told(settings, Asked { request, ask: &ask }, &response, Shape::Object);
    let error = match told {
        Told::Broken(what) => GetError::Broken(status, None, what.into()),
        Told::Forbidden(named) => GetError::Forbidden(named),
        Told::Unauthorized => GetError::Unauthorized,
        other => panic!("{other:?}"),
    };
    failure_of::<AuditTrail>(&error, "account")
}

#[test]
fn what_trying_again_cannot_mend_is_a_matter_of_the_settings_with_its_remedy() {
    let google = |reason: &str| json!({"error": {"message": "m", "errors": [{"reason": reason, "message": "m"}]}});
    let found = |rows: Value| json!({"resultSetMetaData": {"numRows": 1, "rowType": [{"name": "A", "type": "text"}]}, "data": rows});
    let no_column = json!({"code": "000904", "sqlState": "42000", "message": "invalid identifier 'NAME'"});
    for (settings, status, body, says, remedy) in [
        (bigquery(), 403, google("accessNotConfigured"), "not enabled", "Enable the BigQuery API"),
        (bigquery(), 403, google("billingNotEnabled"), "no billing", "Enable billing"),
        (bigquery(), 400, google("invalidQuery"), "could not be run", "columns id and name"),
        (
            databricks(),
            404,
            json!({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "The warehouse w1 does not exist."}),
            "no such SQL warehouse",
            "warehouse_id",
        ),
        (snowflake(), 422, no_column, "could not be run", "columns id and name"),
        (snowflake(), 200, found(json!([])), "no row", "one row"),
        (snowflake(), 200, found(json!([[null, "a"]])), "no id", "one row"),
        (snowflake(), 200, found(json!([["a", "a"], ["b", "b"]])), "more than one row", "one row"),
    ] {
        let failure = failure(&settings, status, &body);
        assert_eq!(
            (failure.kind, failure.retryable, failure.http_status),
            (FailureKind::NotConfigured, false, None),
            "{failure:?}"
        );
        assert!(failure.message.contains(says) && failure.remedy.contains(remedy), "{failure:?}");
        assert!(!failure.remedy.contains("again later") && !failure.remedy.contains("support"), "{failure:?}");
    }
    // What may pass.
    let failure = failure(&bigquery(), 403, &google("rateLimitExceeded"));
    assert!(failure.kind == FailureKind::Upstream && failure.remedy.starts_with("Try again later."), "{failure:?}");
    assert!(failure.remedy.contains("the support of the place"), "{failure:?}");
}

#[test]
fn datadogs_keys_are_called_keys_and_may_be_wrong_where_it_refuses() {
    let refused = failure(&datadog(), 403, &json!({"errors": ["Forbidden"]}));
    assert_eq!(refused.kind, FailureKind::Forbidden);
    assert!(refused.message.contains("logs_read_data is missing, or the credentials are not valid"), "{refused:?}");
    assert!(refused.remedy.contains("both keys") && refused.remedy.contains("logs_read_data"), "{refused:?}");
    let unknown = failure(&datadog(), 401, &json!({"errors": ["Unauthorized"]}));
    assert!(unknown.message.contains("keys") && unknown.remedy.contains("two keys"), "{unknown:?}");
    assert!(AuditTrail::remedy("SELECT on ACCOUNT").is_none());
}

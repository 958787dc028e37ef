//! Looks into a page.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use std::io::Read;

/// What is between two texts, the first time.
pub fn between<'p>(page: &'p str, from: &str, to: &str) -> &'p str {
    page.split_once(from).unwrap().1.split_once(to).unwrap().0
}

/// The data of a page.
pub fn data(page: &str) -> Value {
    let packed = STANDARD.decode(between(page, "id=\"data\">", "</script>")).unwrap();
    let mut json = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut json).unwrap();
    serde_json::from_str(&json).unwrap()
}

/// One of its tables.
pub fn table<'d>(data: &'d Value, id: &str) -> &'d Value {
    data["tables"].as_array().unwrap().iter().find(|table| table["id"] == id).unwrap()
}

/// The cells of a column.
pub fn cells<'d>(table: &'d Value, name: &str) -> Vec<&'d str> {
    let columns = table["columns"].as_array().unwrap();
    let column = columns.iter().find(|column| column["name"] == name).unwrap();
    column["cells"].as_array().unwrap().iter().map(|cell| cell.as_str().unwrap()).collect()
}

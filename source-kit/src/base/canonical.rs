//! Canonical JSON (RFC 8785), the one form in which contents are delivered and hashed.
//!
//! A value's struct fields and map keys must come in canonical order (by UTF-16 code units, which
//! for the ASCII names used here is byte order): this module writes them as they come. A test holds
//! every record against an independent canonicaliser. serde_json's own serialiser will
//! not do: it prints numbers its own way, and its formatter cannot be replaced without std.

use alloc::string::String;
use core::fmt::{self, Display, Write};
use serde::Serialize;
use serde::ser::{self, Impossible, SerializeMap, SerializeSeq, SerializeStruct};

/// Serialises `value` as canonical JSON. A value with no JSON form (none of ours) gives `null`,
/// which its schema then refuses.
pub fn to_canonical<T: Serialize + ?Sized>(value: &T) -> String {
    let mut out = String::with_capacity(1024);
    push_canonical(&mut out, value);
    out
}

/// The same, behind what `out` holds.
pub fn push_canonical<T: Serialize + ?Sized>(out: &mut String, value: &T) {
    let before = out.len();
    if value.serialize(Canonical { out }).is_err() {
        out.truncate(before);
        out.push_str("null");
    }
}

/// Whether RFC 8785 prescribes an escape for the byte. All that need one are ASCII, so that text can
/// be searched by bytes and cut there.
const fn is_special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// Writes a string with the escapes that RFC 8785 prescribes, and no others.
fn push_string(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut letters = special.chars();
        match letters.next() {
            Some('"') => out.push_str("\\\""),
            Some('\\') => out.push_str("\\\\"),
            Some('\u{8}') => out.push_str("\\b"),
            Some('\t') => out.push_str("\\t"),
            Some('\n') => out.push_str("\\n"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\r') => out.push_str("\\r"),
            Some(control) => {
                let _ = write!(out, "\\u{:04x}", u32::from(control)); // Writing to a String cannot fail.
            }
            None => {}
        }
        rest = letters.as_str();
    }
    out.push_str(rest);
    out.push('"');
}

/// The value has no JSON form.
#[derive(Debug)]
struct NoJson;

impl Display for NoJson {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value without a JSON form")
    }
}

impl ser::StdError for NoJson {}

impl ser::Error for NoJson {
    fn custom<T: Display>(_: T) -> Self {
        Self
    }
}

struct Canonical<'o> {
    out: &'o mut String,
}

impl Canonical<'_> {
    fn integer(self, value: impl itoa::Integer) -> Result<(), NoJson> {
        self.out.push_str(itoa::Buffer::new().format(value));
        Ok(())
    }
}

type Nothing = Impossible<(), NoJson>;

impl<'o> ser::Serializer for Canonical<'o> {
    type Ok = ();
    type Error = NoJson;
    type SerializeSeq = Members<'o>;
    type SerializeTuple = Nothing;
    type SerializeTupleStruct = Nothing;
    type SerializeTupleVariant = Nothing;
    type SerializeMap = Members<'o>;
    type SerializeStruct = Members<'o>;
    type SerializeStructVariant = Nothing;

    fn serialize_bool(self, value: bool) -> Result<(), NoJson> {
        self.out.push_str(if value { "true" } else { "false" });
        Ok(())
    }
    fn serialize_i8(self, value: i8) -> Result<(), NoJson> {
        self.integer(value)
    }
    fn serialize_i16(self, value: i16) -> Result<(), NoJson> {
        self.integer(value)
    }
    fn serialize_i32(self, value: i32) -> Result<(), NoJson> {
        self.integer(value)
    }
    fn serialize_i64(self, value: i64) -> Result<(), NoJson> {
        const EXACT: u64 = 1 << 53;
        // Beyond 2^53 the canonical form is that of the nearest double.
        if value.unsigned_abs() <= EXACT { self.integer(value) } else { self.serialize_f64(value as f64) }
    }
    fn serialize_u8(self, value: u8) -> Result<(), NoJson> {
        self.integer(value)
    }
    fn serialize_u16(self, value: u16) -> Result<(), NoJson> {
        self.integer(value)
    }
    fn serialize_u32(self, value: u32) -> Result<(), NoJson> {
        self.integer(value)
    }
    fn serialize_u64(self, value: u64) -> Result<(), NoJson> {
        match i64::try_from(value) {
            Ok(value) => self.serialize_i64(value),
            Err(_) => self.serialize_f64(value as f64),
        }
    }
    fn serialize_f32(self, value: f32) -> Result<(), NoJson> {
        self.serialize_f64(f64::from(value))
    }
    fn serialize_f64(self, value: f64) -> Result<(), NoJson> {
        if !value.is_finite() {
            return Err(NoJson);
        }
        self.out.push_str(ryu_js::Buffer::new().format_finite(value));
        Ok(())
    }
    fn serialize_char(self, value: char) -> Result<(), NoJson> {
        push_string(self.out, value.encode_utf8(&mut [0; 4]));
        Ok(())
    }
    fn serialize_str(self, value: &str) -> Result<(), NoJson> {
        push_string(self.out, value);
        Ok(())
    }
    fn serialize_bytes(self, _: &[u8]) -> Result<(), NoJson> {
        Err(NoJson)
    }
    fn serialize_none(self) -> Result<(), NoJson> {
        self.serialize_unit()
    }
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), NoJson> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), NoJson> {
        self.out.push_str("null");
        Ok(())
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), NoJson> {
        Err(NoJson)
    }
    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), NoJson> {
        self.serialize_str(variant)
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), NoJson> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), NoJson> {
        Err(NoJson)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Members<'o>, NoJson> {
        Ok(Members::open(self.out, '[', ']'))
    }
    fn serialize_tuple(self, _: usize) -> Result<Nothing, NoJson> {
        Err(NoJson)
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Nothing, NoJson> {
        Err(NoJson)
    }
    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Nothing, NoJson> {
        Err(NoJson)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Members<'o>, NoJson> {
        Ok(Members::open(self.out, '{', '}'))
    }
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Members<'o>, NoJson> {
        Ok(Members::open(self.out, '{', '}'))
    }
    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Nothing, NoJson> {
        Err(NoJson)
    }
}

/// The inside of an array or object.
struct Members<'o> {
    out: &'o mut String,
    end: char,
    first: bool,
}

impl<'o> Members<'o> {
    fn open(out: &'o mut String, start: char, end: char) -> Self {
        out.push(start);
        Self { out, end, first: true }
    }
    fn separate(&mut self) {
        if !self.first {
            self.out.push(',');
        }
        self.first = false;
    }
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
        value.serialize(Canonical { out: self.out })
    }
    fn close(self) -> Result<(), NoJson> {
        self.out.push(self.end);
        Ok(())
    }
}

impl SerializeSeq for Members<'_> {
    type Ok = ();
    type Error = NoJson;
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
        self.separate();
        self.value(value)
    }
    fn end(self) -> Result<(), NoJson> {
        self.close()
    }
}

impl SerializeMap for Members<'_> {
    type Ok = ();
    type Error = NoJson;
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), NoJson> {
        self.separate();
        let before = self.out.len();
        self.value(key)?;
        let is_string = self.out.get(before..).is_some_and(|key| key.starts_with('"'));
        if is_string { Ok(()) } else { Err(NoJson) }
    }
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), NoJson> {
        self.out.push(':');
        self.value(value)
    }
    fn end(self) -> Result<(), NoJson> {
        self.close()
    }
}

impl SerializeStruct for Members<'_> {
    type Ok = ();
    type Error = NoJson;
    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), NoJson> {
        // Names of Rust fields need no escapes.
        self.out.push_str(if self.first { "\"" } else { ",\"" });
        self.first = false;
        self.out.push_str(key);
        self.out.push_str("\":");
        self.value(value)
    }
    fn end(self) -> Result<(), NoJson> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn writes_numbers_as_ecmascript_does() {
        // RFC 8785, section 3.2.3 and appendix B.
        for (value, want) in [
            (json!(0), "0"),
            (json!(-0.0), "0"),
            (json!(1e30), "1e+30"),
            (json!(4.5), "4.5"),
            (json!(2e-3), "0.002"),
            (json!(0.000_000_000_000_000_000_000_000_001), "1e-27"),
            (json!(333_333_333.333_333_3), "333333333.3333333"),
            (json!(9_007_199_254_740_992_i64), "9007199254740992"),
            (json!(u64::MAX), "18446744073709552000"),
            (json!(i64::MIN), "-9223372036854776000"),
        ] {
            assert_eq!(to_canonical(&value), want);
        }
    }

    #[test]
    fn escapes_what_must_be_escaped_and_nothing_else() {
        let text = "\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{2028}";
        assert_eq!(to_canonical(text), "\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\u{2028}\"");
        assert_eq!(to_canonical("\u{8}\t\u{c}\r\u{1f}"), "\"\\b\\t\\f\\r\\u001f\"");
    }

    #[test]
    fn leaves_no_space() {
        let value = json!({"a": [1, null, true, {}, []], "b": {"c": "d"}});
        assert_eq!(to_canonical(&value), r#"{"a":[1,null,true,{},[]],"b":{"c":"d"}}"#);
    }
}

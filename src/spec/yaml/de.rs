//! Any type of serde, and values of JSON, from a document.

use std::fmt;

use billpay_model::findings::{Problem, SourceFile};
use serde::de::value::{BorrowedStrDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde_json::Value;

use super::node::{Content, Entry, Mark, Node};
use super::read::{Limits, read, shortened};
use super::scalar::{Plain, plain};

/// A text that can't be read, in one line that ends with the place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
    /// Line and column.
    at: Option<(usize, usize)>,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{} at line {line}, column {column}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Error {
        Error { message: message.to_string(), at: None }
    }
}

impl From<Box<Problem>> for Error {
    fn from(problem: Box<Problem>) -> Error {
        let help = problem.help.first().map(|help| format!(" ({help})")).unwrap_or_default();
        Error { message: problem.message + &help, at: Some((problem.place.line, problem.place.column)) }
    }
}

impl Error {
    /// Adds the place, unless one nearer to the fault is known.
    fn at(mut self, mark: &Mark) -> Error {
        self.at.get_or_insert((mark.line, mark.column));
        self
    }
}

/// Reads a value from a text of one document; an empty text is null, or a mapping without entries.
///
/// # Errors
/// Fails if the text exceeds the limits, isn't YAML, or doesn't fit `T`.
pub fn from_str<T: DeserializeOwned>(text: &str, limits: &Limits) -> Result<T, Error> {
    let documents = read(&SourceFile::new("", text), limits).sound()?;
    match documents.first() {
        Some(node) => T::deserialize(node),
        None => T::deserialize(&Node::absent()),
    }
}

/// Reads all documents of a text.
///
/// # Errors
/// Fails if the text exceeds the limits, isn't YAML, or has a value that JSON can't hold.
pub fn values(text: &str, limits: &Limits) -> Result<Vec<Value>, Error> {
    let documents = read(&SourceFile::new("", text), limits).sound()?;
    documents.iter().map(de::Deserialize::deserialize).collect()
}

/// Resolves a scalar; one with an unknown tag is what it would be without it.
fn resolve(node: &Node, is_plain: bool) -> Result<Plain, Error> {
    let suffix = node.tag.as_ref().and_then(|tag| tag.core_suffix());
    let found = match suffix {
        Some("str") => return Ok(Plain::Text),
        Some("null" | "bool" | "int" | "float") => plain(node.text()),
        _ if is_plain => plain(node.text()),
        _ => Plain::Text,
    };
    let fits = match (suffix, &found) {
        (_, Plain::NotFinite) => {
            let message = format!("value `{}` is not a finite number", shortened(node.text()));
            return Err(Error { message, at: None }.at(&node.mark));
        }
        (Some("null"), found) => *found == Plain::Null,
        (Some("bool"), found) => matches!(found, Plain::Bool(_)),
        (Some("int"), Plain::Number(number)) => !number.is_f64(),
        (Some("int"), _) => false,
        (Some("float"), found) => matches!(found, Plain::Number(_)),
        _ => true,
    };
    if fits {
        return Ok(found);
    }
    let tag = suffix.unwrap_or_default();
    Err(Error { message: format!("`{}` is not what its tag `!!{tag}` says", node.text()), at: None }
        .at(&node.mark))
}

/// Gives numbers and booleans to types that want one, in quotes or not.
macro_rules! unquoted {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.visit(true, visitor)
        })*
    };
}

/// Gives texts to types that want one, whatever they look like.
macro_rules! text {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self.content {
                Content::Scalar { text, plain } if resolve(self, *plain) != Ok(Plain::Null) => {
                    visitor.visit_borrowed_str(text).map_err(|error: Error| error.at(&self.mark))
                }
                _ => self.visit(false, visitor),
            }
        })*
    };
}

/// Gives the entries of a mapping; a file without anything has none.
macro_rules! mapping {
    ($($method:ident($($unused:ident: $type:ty),*))*) => {
        $(fn $method<V: Visitor<'de>>(self, $($unused: $type,)* visitor: V) -> Result<V::Value, Error> {
            $(let _ = $unused;)*
            match &self.content {
                Content::Scalar { text, plain: true } if text.is_empty() => visitor
                    .visit_map(Entries::of(&[]))
                    .map_err(|error: Error| error.at(&self.mark)),
                // A type would take its fields from a list in their order.
                Content::List(_) => {
                    Err(<Error as de::Error>::invalid_type(Unexpected::Seq, &visitor).at(&self.mark))
                }
                _ => self.visit(false, visitor),
            }
        })*
    };
}

impl Node {
    /// Returns an empty scalar, for a file without a document.
    fn absent() -> Node {
        Node {
            content: Content::Scalar { text: "".into(), plain: true },
            tag: None,
            mark: Mark { line: 1, column: 1, span: 0..0 },
            alias: None,
            size: Default::default(),
        }
    }

    fn visit<'de, V: Visitor<'de>>(&'de self, unquoted: bool, visitor: V) -> Result<V::Value, Error> {
        let seen = match &self.content {
            Content::Scalar { text, plain } => match resolve(self, *plain || unquoted)? {
                Plain::Null => visitor.visit_unit(),
                Plain::Bool(value) => visitor.visit_bool(value),
                Plain::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                    (Some(whole), ..) => visitor.visit_u64(whole),
                    (_, Some(whole), _) => visitor.visit_i64(whole),
                    (_, _, float) => visitor.visit_f64(float.unwrap_or_default()),
                },
                Plain::NotFinite | Plain::Text => visitor.visit_borrowed_str(text),
            },
            Content::List(items) => visitor.visit_seq(SeqDeserializer::new(items.iter())),
            Content::Mapping(entries) => visitor.visit_map(Entries::of(entries)),
        };
        seen.map_err(|error: Error| error.at(&self.mark))
    }
}

impl<'de> IntoDeserializer<'de, Error> for &'de Node {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.visit(false, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.content {
            Content::Scalar { plain, .. } if resolve(self, *plain) == Ok(Plain::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self).map_err(|error: Error| error.at(&self.mark))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let seen = match &self.content {
            Content::Scalar { text, .. } => visitor.visit_enum((**text).into_deserializer()),
            Content::Mapping(entries) if entries.len() == 1 => visitor.visit_enum(Variant(&entries[0])),
            _ => Err(de::Error::custom("expected a name, or a mapping of one name")),
        };
        seen.map_err(|error: Error| error.at(&self.mark))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    unquoted! {
        deserialize_bool deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_i8
        deserialize_i16 deserialize_i32 deserialize_i64 deserialize_f32 deserialize_f64
    }
    text! { deserialize_char deserialize_str deserialize_string deserialize_identifier }
    mapping! { deserialize_map() deserialize_struct(_name: &'static str, _fields: &'static [&'static str]) }
    serde::forward_to_deserialize_any! {
        i128 u128 bytes byte_buf unit unit_struct seq tuple tuple_struct
    }
}

/// The entries of a mapping that have not been given yet.
struct Entries<'de> {
    left: std::slice::Iter<'de, Entry>,
    entry: Option<&'de Entry>,
}

impl<'de> Entries<'de> {
    fn of(entries: &'de [Entry]) -> Entries<'de> {
        Entries { left: entries.iter(), entry: None }
    }
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        self.entry = self.left.next();
        let Some(Entry { key, .. }) = self.entry else { return Ok(None) };
        let name = BorrowedStrDeserializer::new(key.text());
        seed.deserialize(name).map(Some).map_err(|error: Error| error.at(&key.mark))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        match self.entry {
            Some(entry) => seed.deserialize(&entry.value).map_err(|error: Error| error.at(&entry.value.mark)),
            None => Err(de::Error::custom("a value without a key")),
        }
    }
}

/// A variant of an enum, and what it holds.
struct Variant<'de>(&'de Entry);

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = &'de Node;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, &'de Node), Error> {
        let Entry { key, value } = self.0;
        let name = BorrowedStrDeserializer::new(key.text());
        Ok((seed.deserialize(name).map_err(|error: Error| error.at(&key.mark))?, value))
    }
}

impl<'de> VariantAccess<'de> for &'de Node {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        de::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        seed.deserialize(self).map_err(|error: Error| error.at(&self.mark))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    const LIMITS: Limits = Limits::data("a file");

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Sample {
        text: Option<String>,
        number: Option<u16>,
        flag: Option<bool>,
        texts: Vec<String>,
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Kind {
        Nothing,
        Path(String),
        Git { url: String },
    }

    #[test]
    fn scalars_are_those_of_the_core_schema() {
        for (text, json) in [
            ("01", "1"),
            ("0o7", "7"),
            ("0x1f", "31"),
            ("1_000", "\"1_000\""),
            ("1.0", "1.0"),
            ("1e3", "1000.0"),
            ("18446744073709551615", "18446744073709551615"),
            ("no", "\"no\""),
            ("~", "null"),
            ("", "null"),
            ("2026-11-22", "\"2026-11-22\""),
            ("!!str 1", "\"1\""),
            ("!!int \"1\"", "1"),
            ("!x 1", "1"),
            ("{1: a, ~: b}", r#"{"1":"a","~":"b"}"#),
        ] {
            let value: Value = from_str(text, &LIMITS).expect(text);
            assert_eq!(value.to_string(), json, "{text}");
        }
    }

    #[test]
    fn types_get_what_they_ask_for() {
        let git = |url: &str| Some(Kind::Git { url: url.into() });
        for (text, typed) in [
            ("", Sample::default()),
            (
                "text: 01\nnumber: '5'\nflag: 'true'",
                Sample { text: Some("01".into()), number: Some(5), flag: Some(true), ..Sample::default() },
            ),
            (
                "text: ~\ntexts: [1, ~x, 'no']",
                Sample { texts: vec!["1".into(), "~x".into(), "no".into()], ..Sample::default() },
            ),
            ("kind: nothing", Sample { kind: Some(Kind::Nothing), ..Sample::default() }),
            ("kind: { path: 1 }", Sample { kind: Some(Kind::Path("1".into())), ..Sample::default() }),
            ("kind:\n  git: { url: x }", Sample { kind: git("x"), ..Sample::default() }),
        ] {
            assert_eq!(from_str(text, &LIMITS), Ok(typed), "{text}");
        }
    }

    #[test]
    fn a_fault_of_a_type_is_told_at_its_place() {
        for (text, message) in [
            ("number: 70000", "invalid value: integer `70000`, expected u16 at line 1, column 9"),
            ("é: 1", "unknown field `é`"),
            ("é: 1", "at line 1, column 1"),
            ("text: 1\nkind: { git: {} }", "missing field `url` at line 2, column 14"),
            ("kind:\n  nope: 1", "at line 2, column 3"),
            ("texts: a", "at line 1, column 8"),
            ("text: 1e400\nflag: 1e400", "value `1e400` is not a finite number at line 2, column 7"),
            ("text: .inf\nflag: .nan", "value `.nan` is not a finite number at line 2, column 7"),
            ("number: !!int x", "is not what its tag `!!int` says at line 1, column 15"),
            ("- a", "at line 1, column 1"),
        ] {
            let error = from_str::<Sample>(text, &LIMITS).expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}

//! The schema table: what Kafka's definitions say, per message, before a version is chosen.
//!
//! `schema.txt` is generated (`tools/gen_protocol.py`) and compiled in. Its paragraphs are indexed once; a message's
//! own paragraph is parsed when the message is first used.

use std::collections::HashMap;
use std::sync::OnceLock;

const TABLE: &str = include_str!("schema.txt");

/// A closed range of versions; empty when `low > high`.
#[derive(Clone, Copy, Debug)]
pub struct Versions {
    pub low: i16,
    pub high: i16,
}

impl Versions {
    const NONE: Self = Self { low: 0, high: -1 };

    pub fn contains(self, version: i16) -> bool {
        self.low <= version && version <= self.high
    }

    fn parse(text: &str) -> Self {
        if text == "none" {
            Self::NONE
        } else if let Some(low) = text.strip_suffix('+') {
            Self {
                low: number(low),
                high: i16::MAX,
            }
        } else if let Some((low, high)) = text.split_once('-') {
            Self {
                low: number(low),
                high: number(high),
            }
        } else {
            Self {
                low: number(text),
                high: number(text),
            }
        }
    }
}

/// A field's default. `Zero` is the type's own: 0, false, "", empty list, zero UUID, default struct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum DefaultValue {
    Zero,
    Null,
    Int(i64),
    True,
}

/// The type of a value, or of an array's elements. `Struct` is an index into the message's structs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    Bool,
    Int8,
    Int16,
    UInt16,
    Int32,
    UInt32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    Records,
    Struct(usize),
}

#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub element: Type,
    pub is_array: bool,
    pub versions: Versions,
    pub nullable: Versions,
    pub tagged: Versions,
    pub tag: u32,
    pub default: DefaultValue,
    pub ignorable: bool,
    pub never_compact: bool,
}

/// One struct; `name` is its Python class.
#[derive(Debug)]
pub struct Struct {
    pub name: &'static str,
    pub fields: Vec<Field>,
}

/// One message: its header line, and its structs once asked for. The last struct is the message itself.
pub struct Message {
    pub name: &'static str,
    pub module: &'static str,
    pub kind: &'static str,
    pub api_key: Option<i16>,
    pub valid: Versions,
    pub flexible: Versions,
    pub unstable: bool,
    body: &'static str,
    structs: OnceLock<Vec<Struct>>,
}

impl Message {
    pub fn structs(&self) -> &[Struct] {
        self.structs.get_or_init(|| parse_structs(self.body))
    }

    /// The highest version that Kafka calls stable.
    pub fn latest_stable(&self) -> i16 {
        if self.unstable {
            self.valid.high - 1
        } else {
            self.valid.high
        }
    }
}

/// Every message of the table, by position; requests and responses also by API key.
pub struct Catalog {
    pub messages: Vec<Message>,
    by_name: HashMap<&'static str, usize>,
    requests: HashMap<i16, usize>,
    responses: HashMap<i16, usize>,
}

impl Catalog {
    pub fn get() -> &'static Self {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(Self::parse)
    }

    pub fn named(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub fn request(&self, api_key: i16) -> Option<usize> {
        self.requests.get(&api_key).copied()
    }

    pub fn response(&self, api_key: i16) -> Option<usize> {
        self.responses.get(&api_key).copied()
    }

    fn parse() -> Self {
        let messages: Vec<Message> = TABLE.split("\n\n").filter_map(parse_header).collect();
        let by_name = messages
            .iter()
            .enumerate()
            .map(|(at, message)| (message.name, at))
            .collect();
        let of_kind = |kind: &str| {
            let keyed = messages
                .iter()
                .enumerate()
                .filter(|(_, message)| message.kind == kind);
            keyed
                .filter_map(|(at, message)| Some((message.api_key?, at)))
                .collect()
        };
        let (requests, responses) = (of_kind("request"), of_kind("response"));
        Self {
            messages,
            by_name,
            requests,
            responses,
        }
    }
}

/// The table is compiled in and checked by a test over every message, so a bad number is a build that never passed.
fn number<T: std::str::FromStr + Default>(text: &str) -> T {
    let parsed = text.parse();
    debug_assert!(parsed.is_ok(), "schema.txt: {text:?} is no number");
    parsed.unwrap_or_default()
}

fn parse_header(paragraph: &'static str) -> Option<Message> {
    let (header, body) = paragraph.split_once('\n')?;
    let mut words = header.strip_prefix("message ")?.split(' ');
    Some(Message {
        name: words.next()?,
        module: words.next()?,
        kind: words.next()?,
        api_key: words.next()?.parse().ok(),
        valid: Versions::parse(words.next()?),
        flexible: Versions::parse(words.next()?),
        unstable: words.next() == Some("unstable"),
        body,
        structs: OnceLock::new(),
    })
}

fn parse_structs(body: &'static str) -> Vec<Struct> {
    let mut structs: Vec<Struct> = Vec::new();
    let names: Vec<&str> = body
        .lines()
        .filter_map(|line| line.strip_prefix("struct "))
        .collect();
    for line in body.lines() {
        if let Some(name) = line.strip_prefix("struct ") {
            structs.push(Struct {
                name,
                fields: Vec::new(),
            });
        } else if let (Some(last), Some(field)) = (structs.last_mut(), parse_field(line, &names)) {
            last.fields.push(field);
        }
    }
    structs
}

fn parse_field(line: &'static str, structs: &[&str]) -> Option<Field> {
    let mut words = line.strip_prefix("field ")?.split(' ');
    let name = words.next()?;
    let type_name = words.next()?;
    let mut field = Field {
        name,
        element: parse_type(type_name.trim_start_matches("[]"), structs)?,
        is_array: type_name.starts_with("[]"),
        versions: Versions::parse(words.next()?),
        nullable: Versions::NONE,
        tagged: Versions::NONE,
        tag: 0,
        default: DefaultValue::Zero,
        ignorable: false,
        never_compact: false,
    };
    for word in words {
        match word.split_once('=') {
            Some(("nullable", text)) => field.nullable = Versions::parse(text),
            Some(("tagged", text)) => field.tagged = Versions::parse(text),
            Some(("tag", text)) => field.tag = number(text),
            Some(("default", text)) => field.default = parse_default(text),
            _ if word == "ignorable" => field.ignorable = true,
            _ => field.never_compact = true,
        }
    }
    if field.element == Type::Records && field.default == DefaultValue::Zero {
        field.default = DefaultValue::Null; // Java's BaseRecords starts as null, whatever the definition says.
    }
    Some(field)
}

fn parse_default(text: &str) -> DefaultValue {
    match text {
        "null" => DefaultValue::Null,
        "true" => DefaultValue::True,
        "false" | "0" => DefaultValue::Zero,
        _ => match text.strip_prefix("0x") {
            Some(digits) => DefaultValue::Int(i64::from_str_radix(digits, 16).unwrap_or_default()),
            None => DefaultValue::Int(number(text)),
        },
    }
}

fn parse_type(name: &str, structs: &[&str]) -> Option<Type> {
    Some(match name {
        "bool" => Type::Bool,
        "int8" => Type::Int8,
        "int16" => Type::Int16,
        "uint16" => Type::UInt16,
        "int32" => Type::Int32,
        "uint32" => Type::UInt32,
        "int64" => Type::Int64,
        "float64" => Type::Float64,
        "uuid" => Type::Uuid,
        "string" => Type::String,
        "bytes" => Type::Bytes,
        "records" => Type::Records,
        _ => Type::Struct(structs.iter().position(|one| *one == name)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_understood() {
        let catalog = Catalog::get();
        assert_eq!(
            TABLE
                .lines()
                .filter(|line| line.starts_with("message "))
                .count(),
            catalog.messages.len()
        );
        for message in &catalog.messages {
            let fields: usize = message.structs().iter().map(|one| one.fields.len()).sum();
            let lines = message.body.lines();
            assert_eq!(
                lines.filter(|line| line.starts_with("field ")).count(),
                fields,
                "{}",
                message.name
            );
            assert!(
                message.valid.contains(message.valid.low),
                "{}",
                message.name
            );
            assert_eq!(
                message.structs().last().map(|one| one.name),
                Some(message.name)
            );
        }
    }

    #[test]
    fn no_struct_contains_itself() {
        for message in &Catalog::get().messages {
            for (index, outer) in message.structs().iter().enumerate() {
                for field in &outer.fields {
                    if let Type::Struct(inner) = field.element {
                        assert!(
                            inner < index,
                            "{}: {} before its {}",
                            message.name,
                            outer.name,
                            field.name
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn requests_are_found_by_key() {
        let catalog = Catalog::get();
        let request = catalog
            .request(22)
            .and_then(|index| catalog.messages.get(index));
        let request = request.expect("InitProducerId is in the table");
        assert_eq!(
            (request.name, request.latest_stable()),
            ("InitProducerIdRequest", 5)
        );
        assert!(
            catalog.request(4).is_none(),
            "LeaderAndIsr went with Kafka 4.0"
        );
    }
}

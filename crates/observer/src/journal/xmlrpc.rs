//! As much of XML-RPC as the journal speaks, strictly: no document types, no entities beyond XML's
//! own five, bounded depth.

use std::time::Duration;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use crate::page::{DocumentError, Serial, Shown};
use crate::source::SourceError;

/// Deepest nesting of elements; a fault has nine, rows have ten.
const DEPTH: usize = 24;
/// Fault code of "too many requests", which comes with HTTP status 200.
const TOO_MANY_REQUESTS: i64 = -32_500;
/// Pause after that fault where its text names none.
const USUAL_PAUSE: Duration = Duration::from_secs(60);

/// A value of XML-RPC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Array(Vec<Value>),
    Int(i64),
    Nil,
    /// Members of a structure.
    Struct(Vec<(String, Value)>),
    Text(String),
}

impl Value {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn serial(&self) -> Option<Serial> {
        match self {
            Value::Int(number) => Serial::try_from(*number).ok(),
            _ => None,
        }
    }
}

/// Writes a call of a method with at most one number as argument.
pub(crate) fn call(method: &str, argument: Option<Serial>) -> String {
    let parameter = argument.map_or_else(String::new, |number| {
        format!("<param><value><int>{number}</int></value></param>")
    });
    format!(
        "<?xml version=\"1.0\"?>\n<methodCall><methodName>{method}</methodName>\
         <params>{parameter}</params></methodCall>"
    )
}

/// Reads a response: its one value, or its fault as an error.
pub(super) fn parse(body: &[u8]) -> Result<Value, SourceError> {
    let text = std::str::from_utf8(body).map_err(|_| DocumentError::NotUtf8)?;
    let root = Element::parse(text)?;
    let first = root.children.into_iter().next().filter(|_| root.name == "methodResponse");
    match first {
        Some(element) if element.name == "fault" => Err(fault(&single_value(element)?)),
        Some(element) if element.name == "params" => {
            let parameter = element.children.into_iter().next();
            let parameter = parameter.filter(|parameter| parameter.name == "param");
            Ok(single_value(parameter.ok_or_else(|| malformed("a response without value"))?)?)
        }
        _ => Err(malformed("no XML-RPC response").into()),
    }
}

/// An element, its text joined.
#[derive(Default)]
struct Element {
    name: String,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn parse(text: &str) -> Result<Element, DocumentError> {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Element::default()];
        loop {
            let event = reader.read_event().map_err(|error| malformed(&error.to_string()))?;
            let depth = open.len();
            let innermost = open.last_mut().ok_or_else(|| malformed("an end without a start"))?;
            match event {
                Event::Start(tag) if depth < DEPTH => {
                    open.push(Element::named(tag.name().into_inner()));
                }
                Event::Start(_) => return Err(malformed("nested too deeply")),
                Event::Empty(tag) => {
                    innermost.children.push(Element::named(tag.name().into_inner()));
                }
                Event::End(_) => {
                    let closed = open.pop().unwrap_or_default();
                    let parent = open.last_mut().ok_or_else(|| malformed("an end too many"))?;
                    parent.children.push(closed);
                }
                Event::Text(text) => innermost.text.push_str(&text.xml10_content()),
                Event::CData(text) => innermost.text.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => {
                    let resolved = match reference.resolve_char_ref() {
                        Ok(Some(c)) => Some(c.to_string()),
                        _ => resolve_predefined_entity(&reference).map(str::to_owned),
                    };
                    innermost.text += &resolved.ok_or_else(|| malformed("an unknown entity"))?;
                }
                Event::DocType(_) => return Err(malformed("a document type")),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        match <[Element; 1]>::try_from(open) {
            Ok([mut document]) if document.children.len() == 1 => Ok(document.children.remove(0)),
            Ok(_) => Err(malformed("not one element")),
            Err(_) => Err(DocumentError::Truncated),
        }
    }

    fn named(name: &str) -> Element {
        Element { name: name.to_owned(), ..Element::default() }
    }
}

/// The value in an element that holds one.
fn single_value(holder: Element) -> Result<Value, DocumentError> {
    match <[Element; 1]>::try_from(holder.children) {
        Ok([element]) if element.name == "value" => value(element),
        _ => Err(malformed("not one value")),
    }
}

fn value(mut element: Element) -> Result<Value, DocumentError> {
    let Some(typed) = element.children.pop() else { return Ok(Value::Text(element.text)) };
    match typed.name.as_str() {
        "string" => Ok(Value::Text(typed.text)),
        "int" | "i4" | "i8" => {
            let number = typed.text.trim().parse();
            number.map(Value::Int).map_err(|_| malformed("an integer that is none"))
        }
        "nil" => Ok(Value::Nil),
        "array" => {
            let items = typed.children.into_iter().flat_map(|data| data.children);
            items.map(value).collect::<Result<_, _>>().map(Value::Array)
        }
        "struct" => {
            typed.children.into_iter().map(member).collect::<Result<_, _>>().map(Value::Struct)
        }
        other => Err(malformed(&format!("a value of type {}", Shown(other)))),
    }
}

fn member(element: Element) -> Result<(String, Value), DocumentError> {
    match <[Element; 2]>::try_from(element.children) {
        Ok([name, content]) if name.name == "name" => Ok((name.text, value(content)?)),
        _ => Err(malformed("a member of a structure without name and value")),
    }
}

fn fault(stated: &Value) -> SourceError {
    let Value::Struct(members) = stated else { return malformed("a fault without code").into() };
    let member = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let text = member("faultString").and_then(Value::text).unwrap_or_default();
    match member("faultCode") {
        Some(Value::Int(TOO_MANY_REQUESTS)) => {
            SourceError::Pause(stated_pause(text).unwrap_or(USUAL_PAUSE))
        }
        Some(Value::Int(code)) => SourceError::Fault { code: *code, text: Shown(text).to_string() },
        _ => malformed("a fault without code").into(),
    }
}

/// Reads "... may reset in N seconds.".
fn stated_pause(text: &str) -> Option<Duration> {
    let (_, after) = text.split_once("reset in ")?;
    let (number, _) = after.split_once(" second")?;
    number.parse().ok().map(Duration::from_secs)
}

fn malformed(why: &str) -> DocumentError {
    DocumentError::Malformed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(inner: &str) -> String {
        format!(
            "<?xml version='1.0'?>\n<methodResponse>\n<params><param>{inner}</param></params></methodResponse>"
        )
    }

    #[test]
    fn values_of_every_type_the_journal_uses() {
        let cases = [
            ("<value><int>7</int></value>", Value::Int(7)),
            ("<value>bare</value>", Value::Text("bare".to_owned())),
            ("<value><string>a&amp;b&#33;</string></value>", Value::Text("a&b!".to_owned())),
            ("<value><nil/></value>", Value::Nil),
            ("<value><array><data></data></array></value>", Value::Array(Vec::new())),
            (
                "<value><array><data>\n<value><i8>1</i8></value></data></array></value>",
                Value::Array(vec![Value::Int(1)]),
            ),
        ];
        for (inner, expected) in cases {
            assert_eq!(parse(response(inner).as_bytes()).unwrap(), expected, "{inner}");
        }
    }

    #[test]
    fn hostile_answers_are_refused() {
        let deep = "<value><array><data>".repeat(40);
        let cases = [
            response("<value><int>seven</int></value>"),
            response("<value><double>1</double></value>"),
            response("<value>&boom;</value>"),
            response(&deep),
            response("<value><int>7</int>").replace("</param></params></methodResponse>", ""),
            response("<value>1</value>").replace("</param>", "</parm>"),
            "<!DOCTYPE a [<!ENTITY b \"c\">]><methodResponse/>".to_owned(),
            "<html></html>".to_owned(),
            String::new(),
        ];
        for body in cases {
            assert!(matches!(parse(body.as_bytes()), Err(SourceError::Document(_))), "{body}");
        }
    }

    #[test]
    fn faults_are_errors_and_one_is_a_pause() {
        let fault = |code: i64, text: &str| {
            let body = format!(
                "<methodResponse><fault><value><struct><member><name>faultCode</name><value><int>{code}\
                 </int></value></member><member><name>faultString</name><value><string>{text}</string>\
                 </value></member></struct></value></fault></methodResponse>"
            );
            parse(body.as_bytes()).unwrap_err()
        };
        let limited = "HTTPTooManyRequests: The action could not be performed. Limit may reset in 17 seconds.";
        let pause = |seconds| Duration::from_secs(seconds);
        assert!(matches!(fault(-32_500, limited), SourceError::Pause(wait) if wait == pause(17)));
        assert!(matches!(fault(-32_500, "no"), SourceError::Pause(wait) if wait == pause(60)));
        assert!(matches!(
            fault(-32_601, "no such method"),
            SourceError::Fault { code: -32_601, .. }
        ));
    }

    #[test]
    fn calls() {
        assert!(call("changelog_last_serial", None).contains("<params></params>"));
        assert!(call("changelog_since_serial", Some(5)).contains("<int>5</int>"));
    }
}

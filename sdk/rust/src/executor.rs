//! Executors: what performs the effects that projections ask for.
//!
//! An [`Executor`] is made of its configuration and performs one [`Effect`] after
//! the other, by calls of the host: [`http`], [`exec`], [`query`], [`publish`] and
//! [`secret`] do what the pipeline's YAML grants. A [`Failure`] says what becomes of
//! an effect that was not performed; `?` on a call says it for what the host answers.
//! [`export_executor!`](crate::export_executor) makes a module.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::UnsafeCell;
use core::fmt::Display;

use crate::frame::Place;
use crate::json::Object;
use crate::{host, Level, Reject, Time, Uuid};

/// What an executor is.
pub trait Executor: Sized {
    /// The executor's name.
    const NAME: &'static str;
    /// Its version, for people.
    const VERSION: &'static str = "";
    /// The kinds of effect that it performs; it gets no others.
    const KINDS: &'static [Kind];
    /// The capabilities that it cannot do without.
    const WANTS: &'static [Want] = &[];

    /// Makes the executor of the configuration of the pipeline's YAML, JSON text;
    /// `{}` where it has none. An error refuses it.
    fn configure(config: &str) -> Result<Self, Reject>;
    /// Performs one effect.
    fn perform(&mut self, effect: &Effect<'_>) -> Result<(), Failure>;
}

/// A capability that an executor wants, its name if the executor knows it, and why.
pub struct Want(pub Capability, pub &'static str, pub &'static str);

/// Something of the world outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Capability {
    /// Requests to hosts.
    Http,
    /// Statements on connections.
    Sql,
    /// Messages on subjects.
    Nats,
    /// Texts by name.
    Secrets,
}

/// What an effect asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Writes a whole row.
    Insert,
    /// Changes columns of a row.
    Update,
    /// Removes a row.
    Delete,
    /// Asks for a read.
    Query,
    /// Writes a line to the operator's log.
    Log,
    /// Appends an event to the log.
    EmitEvent,
}

const KINDS: [Kind; 6] = [Kind::Insert, Kind::Update, Kind::Delete, Kind::Query, Kind::Log, Kind::EmitEvent];

impl Kind {
    /// The kind's name, as in YAML.
    pub fn name(self) -> &'static str {
        ["insert", "update", "delete", "query", "log", "emit_event"][self as usize]
    }
}

/// One effect, in the batch that it came with.
#[derive(Clone, Copy)]
pub struct Effect<'a> {
    batch: Place<'a>,
    record: Place<'a>,
}

impl<'a> Effect<'a> {
    /// What it asks for.
    pub fn kind(&self) -> Kind {
        KINDS[(self.record.u32(4) & 0xffff) as usize - 1]
    }
    /// The severity of a Log.
    pub fn level(&self) -> Level {
        [Level::Debug, Level::Info, Level::Warn, Level::Error][(self.record.u32(4) >> 16) as usize]
    }
    /// The position of the event that caused it.
    pub fn cause(&self) -> u64 {
        self.record.u64(8)
    }
    /// Its place among the effects of that event.
    pub fn ordinal(&self) -> u32 {
        self.record.u32(72)
    }
    /// The same each time the effect comes: an idempotency key.
    pub fn id(&self) -> Uuid {
        Uuid(self.record.id(16))
    }
    /// The event's id.
    pub fn cause_id(&self) -> Uuid {
        Uuid(self.record.id(32))
    }
    /// The event's correlation id.
    pub fn correlation_id(&self) -> Uuid {
        Uuid(self.record.id(48))
    }
    /// The event's time.
    pub fn time(&self) -> Time {
        Time::from_unix_nanos(self.record.u64(64) as i64)
    }
    /// The collection, the query or the event type.
    pub fn name(&self) -> &'a str {
        text(self.record.reference(80))
    }
    /// The row's key, or the stream.
    pub fn key(&self) -> &'a str {
        text(self.record.reference(88))
    }
    /// The row, the columns, the parameters or the data, as JSON; the message.
    pub fn body(&self) -> &'a [u8] {
        self.record.reference(96)
    }
    /// The pipeline's name.
    pub fn pipeline(&self) -> &'a str {
        text(self.batch.reference(40))
    }
    /// The generation of the read model.
    pub fn generation(&self) -> u64 {
        self.batch.u64(16)
    }
    /// The batch is of the events with positions above this.
    pub fn after(&self) -> u64 {
        self.batch.u64(24)
    }
    /// And up to this.
    pub fn through(&self) -> u64 {
        self.batch.u64(32)
    }

    /// Condemns an effect whose name or key, which a projection wrote, is no text:
    /// another one in its place would be another row's.
    fn check(&self) -> Result<(), Failure> {
        for (what, at) in [("name", 80), ("key", 88)] {
            if core::str::from_utf8(self.record.reference(at)).is_err() {
                return Err(Failure::poison(alloc::format!("the effect's {} is no UTF-8", what)));
            }
        }
        Ok(())
    }
}

/// What is no UTF-8 of names and keys is refused before the executor sees it.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("\u{fffd}")
}

/// What becomes of an effect that was not performed.
pub enum Failure {
    /// It may succeed after so many milliseconds; 0 leaves it to the host.
    Retry(u32, String),
    /// It can never be performed as it is.
    Poison(String),
    /// Neither helps: the pipeline stops.
    Fatal(String),
}

impl Failure {
    /// A failure that passes.
    pub fn retry(after_millis: u32, why: impl Display) -> Self {
        Failure::Retry(after_millis, why.to_string())
    }
    /// One that condemns the effect.
    pub fn poison(why: impl Display) -> Self {
        Failure::Poison(why.to_string())
    }
    /// One that stops the pipeline.
    pub fn fatal(why: impl Display) -> Self {
        Failure::Fatal(why.to_string())
    }
}

/// What the host answers in place of doing what it was asked for.
#[derive(Debug)]
pub struct HostError {
    /// The code, as ABI.md lists them.
    pub code: i64,
    /// What is wrong.
    pub text: String,
}

impl From<HostError> for Failure {
    fn from(e: HostError) -> Self {
        match e.code {
            3 | 4 => Failure::Retry(0, e.text),
            2 | 5 | 6 => Failure::Poison(e.text),
            _ => Failure::Fatal(e.text),
        }
    }
}

/// A value of a request or an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer.
    I64(i64),
    /// A number.
    F64(f64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A UUID.
    Uuid(Uuid),
    /// A time.
    Time(Time),
    /// JSON text.
    Json(String),
}

fn body(bytes: &[u8]) -> Value {
    match core::str::from_utf8(bytes) {
        Ok("") => Value::Null,
        Ok(text) => string(text),
        Err(_) => Value::Bytes(bytes.into()),
    }
}

fn string(text: &str) -> Value {
    Value::Text(text.into())
}

/// A message of values.
fn message(values: &[Value]) -> Vec<u8> {
    let mut out = alloc::vec![0; 16 + 16 * values.len()];
    for (i, value) in values.iter().enumerate() {
        let (kind, bits, bytes): (u32, u64, &[u8]) = match value {
            Value::Null => (0, 0, &[]),
            Value::Bool(v) => (1, *v as u64, &[]),
            Value::I64(v) => (2, *v as u64, &[]),
            Value::F64(v) => (3, v.to_bits(), &[]),
            Value::Text(v) => (4, 0, v.as_bytes()),
            Value::Bytes(v) => (5, 0, v),
            Value::Uuid(v) => (6, 0, &v.0),
            Value::Time(v) => (7, v.unix_nanos() as u64, &[]),
            Value::Json(v) => (8, 0, v.as_bytes()),
        };
        let (at, bits) = (16 + 16 * i, if (4..7).contains(&kind) || kind == 8 { out.len() as u64 } else { bits });
        out.extend_from_slice(bytes);
        out[at..at + 4].copy_from_slice(&kind.to_le_bytes());
        out[at + 4..at + 8].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
        out[at + 8..at + 16].copy_from_slice(&bits.to_le_bytes());
    }
    let length = out.len() as u32;
    out[..4].copy_from_slice(b"RFM1");
    out[4..8].copy_from_slice(&length.to_le_bytes());
    out[8..12].copy_from_slice(&1u32.to_le_bytes());
    out[12..16].copy_from_slice(&(values.len() as u32).to_le_bytes());
    out
}

/// The values of an answer, behind its code and text.
fn values(answer: &[u8]) -> Result<Vec<Value>, HostError> {
    let place = Place::of(answer);
    let mut list = Vec::new();
    for i in 0..place.u32(12) {
        let slot = place.add(16 + 16 * i);
        let (bits, length) = (slot.u64(8), slot.u32(4));
        let bytes = || place.bytes(bits as u32, length);
        list.push(match slot.u32(0) {
            1 => Value::Bool(bits != 0),
            2 => Value::I64(bits as i64),
            3 => Value::F64(f64::from_bits(bits)),
            4 => Value::Text(text(bytes()).into()),
            5 => Value::Bytes(bytes().into()),
            7 => Value::Time(Time::from_unix_nanos(bits as i64)),
            _ => Value::Null,
        });
    }
    match (&list[0], &list[1]) {
        (Value::I64(0), _) => Ok(list.split_off(2)),
        (Value::I64(code), Value::Text(text)) => Err(HostError { code: *code, text: text.clone() }),
        _ => panic!("refold: the host's answer has no code"),
    }
}

fn int(value: Option<&Value>) -> i64 {
    match value {
        Some(Value::I64(v)) => *v,
        _ => 0,
    }
}

fn into_text(value: Value) -> String {
    match value {
        Value::Text(v) => v,
        _ => String::new(),
    }
}

fn into_bytes(value: Option<Value>) -> Vec<u8> {
    match value {
        Some(Value::Bytes(v)) => v,
        _ => Vec::new(),
    }
}

fn with_headers(mut values: Vec<Value>, headers: &[(&str, &str)]) -> Vec<Value> {
    for (name, value) in headers {
        values.push(string(name));
        values.push(string(value));
    }
    values
}

/// An answer over HTTP. Any status is one.
pub struct Response {
    /// The status.
    pub status: i64,
    /// The body.
    pub body: Vec<u8>,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
}

impl Response {
    /// The first header of a name in lower case, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }
}

/// Sends a request over HTTP.
pub fn http(method: &str, url: &str, headers: &[(&str, &str)], request: &[u8]) -> Result<Response, HostError> {
    let asked = with_headers(alloc::vec![string(method), string(url), body(request)], headers);
    let mut got = values(&host::ask(host::Function::Http, &message(&asked)))?.into_iter();
    let status = int(got.next().as_ref());
    let mut response = Response { status, body: into_bytes(got.next()), headers: Vec::new() };
    while let (Some(name), Some(value)) = (got.next(), got.next()) {
        response.headers.push((into_text(name), into_text(value)));
    }
    Ok(response)
}

/// Runs statements with their parameters on a connection, all or none, and returns
/// how many rows each has changed.
pub fn exec(connection: &str, statements: &[(&str, &[Value])]) -> Result<Vec<i64>, HostError> {
    let mut asked = alloc::vec![string(connection)];
    for (text, parameters) in statements {
        asked.push(string(text));
        asked.push(Value::I64(parameters.len() as i64));
        asked.extend_from_slice(parameters);
    }
    let got = values(&host::ask(host::Function::SqlExec, &message(&asked)))?;
    Ok(got.iter().map(|v| int(Some(v))).collect())
}

/// What a statement returns.
pub struct Rows {
    /// The columns' names.
    pub columns: Vec<String>,
    /// In each row a value for each column.
    pub rows: Vec<Vec<Value>>,
}

/// Runs one statement that returns rows.
pub fn query(connection: &str, statement: &str, parameters: &[Value]) -> Result<Rows, HostError> {
    let mut asked = alloc::vec![string(connection), string(statement)];
    asked.extend_from_slice(parameters);
    let mut got = values(&host::ask(host::Function::SqlQuery, &message(&asked)))?.into_iter();
    let width = int(got.next().as_ref()) as usize;
    let columns: Vec<String> = got.by_ref().take(width).map(into_text).collect();
    let rest: Vec<Value> = got.collect();
    Ok(Rows { columns, rows: rest.chunks(width.max(1)).map(<[Value]>::to_vec).collect() })
}

/// Where a message is stored.
pub struct Ack {
    /// The stream.
    pub stream: String,
    /// Its place there.
    pub sequence: i64,
    /// Whether the stream had it already.
    pub duplicate: bool,
}

/// Stores a message in a stream. Its id is the host's to give: the effect's.
pub fn publish(subject: &str, headers: &[(&str, &str)], payload: &[u8]) -> Result<Ack, HostError> {
    let asked = with_headers(alloc::vec![string(subject), body(payload)], headers);
    let got = values(&host::ask(host::Function::NatsPublish, &message(&asked)))?;
    let duplicate = got.get(2) == Some(&Value::Bool(true));
    Ok(Ack { sequence: int(got.get(1)), duplicate, stream: got.into_iter().next().map_or(String::new(), into_text) })
}

/// Reads a secret.
pub fn secret(name: &str) -> Result<Vec<u8>, HostError> {
    Ok(into_bytes(values(&host::ask(host::Function::Secret, &message(&[string(name)])))?.into_iter().next()))
}

/// An executor and the memory that the host reads and writes between calls.
#[doc(hidden)]
pub struct Module<E> {
    executor: Option<E>,
    input: crate::abi::Input,
    out: Vec<u8>,
}

impl<E: Executor> Module<E> {
    /// An executor that is not configured yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        host::start();
        Module { executor: None, input: crate::abi::Input::new(), out: Vec::new() }
    }

    /// Room for the host's next input.
    pub fn alloc(&mut self, size: usize) -> *mut u8 {
        self.input.alloc(size)
    }

    /// The manifest as JSON.
    pub fn describe(&mut self) -> &[u8] {
        self.out.clear();
        Object::write(&mut self.out, |o| {
            o.set("abi", 1).set("name", E::NAME);
            if !E::VERSION.is_empty() {
                o.set("version", E::VERSION);
            }
            o.array("kinds", |list| {
                for kind in E::KINDS {
                    list.push(kind.name());
                }
            });
            o.array("wants", |list| {
                for Want(capability, name, reason) in E::WANTS {
                    list.object(|o| {
                        o.set("capability", ["http", "sql", "nats", "secrets"][*capability as usize]);
                        if !name.is_empty() {
                            o.set("name", *name);
                        }
                        o.set("reason", *reason);
                    });
                }
            });
            o.set("sdk", "refold-rust");
        });
        &self.out
    }

    /// Takes the configuration, or says why not.
    pub fn configure(&mut self, config: &str) -> &[u8] {
        self.out.clear();
        match E::configure(config) {
            Ok(executor) => self.executor = Some(executor),
            Err(why) => self.out.extend_from_slice(why.why().as_bytes()),
        }
        &self.out
    }

    /// Performs the effects of a frame and returns the outcome frame.
    pub fn execute(&mut self, frame: &[u8]) -> &[u8] {
        let batch = Place::of(frame);
        let executor = self.executor.as_mut().expect("refold: the executor is not configured");
        let (count, mut record) = (batch.u32(12), batch.add(batch.u32(48)));
        for index in 0..count {
            host::begin_effect(index);
            let effect = Effect { batch, record };
            if let Err(failure) = effect.check().and_then(|()| executor.perform(&effect)) {
                return self.outcome(failure, index);
            }
            record = record.add(record.u32(0));
        }
        host::begin_effect(count);
        self.write(0, count, 0, "")
    }

    fn outcome(&mut self, failure: Failure, performed: u32) -> &[u8] {
        match failure {
            Failure::Retry(after, why) => self.write(1, performed, after, &why),
            Failure::Poison(why) => self.write(2, performed, 0, &why),
            Failure::Fatal(why) => self.write(3, performed, 0, &why),
        }
    }

    fn write(&mut self, status: u32, performed: u32, after: u32, why: &str) -> &[u8] {
        self.out.clear();
        let length = 40 + why.len() as u32;
        let poison = if status == 2 { performed } else { 0 };
        for word in [u32::from_le_bytes(*b"RFO1"), length, 1, status, performed, poison, 40, why.len() as u32, after, 0] {
            self.out.extend_from_slice(&word.to_le_bytes());
        }
        self.out.extend_from_slice(why.as_bytes());
        &self.out
    }
}

/// The one module of a guest. WebAssembly calls it from one thread.
#[doc(hidden)]
pub struct Global<E>(UnsafeCell<Option<Module<E>>>);

unsafe impl<E> Sync for Global<E> {}

impl<E: Executor> Global<E> {
    /// For a static.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Global(UnsafeCell::new(None))
    }

    /// The module.
    ///
    /// # Safety
    ///
    /// One call at a time, from one thread.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn module(&self) -> &mut Module<E> {
        (*self.0.get()).get_or_insert_with(Module::new)
    }
}

/// Makes a WebAssembly module of an executor. Outside of WebAssembly it makes nothing.
#[macro_export]
macro_rules! export_executor {
    ($executor:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            static MODULE: $crate::executor::Global<$executor> = $crate::executor::Global::new();

            #[no_mangle]
            extern "C" fn refold_abi_v1() {}

            #[no_mangle]
            extern "C" fn refold_alloc(size: usize) -> *mut u8 {
                unsafe { MODULE.module() }.alloc(size)
            }

            #[no_mangle]
            extern "C" fn refold_describe() -> u64 {
                $crate::abi::span(unsafe { MODULE.module() }.describe())
            }

            #[no_mangle]
            extern "C" fn refold_configure(at: *const u8, length: usize) -> u64 {
                let config = unsafe { ::core::slice::from_raw_parts(at, length) };
                let config = unsafe { ::core::str::from_utf8_unchecked(config) };
                $crate::abi::span(unsafe { MODULE.module() }.configure(config))
            }

            #[no_mangle]
            extern "C" fn refold_execute(at: *const u8, length: usize) -> u64 {
                let effects = unsafe { ::core::slice::from_raw_parts(at, length) };
                $crate::abi::span(unsafe { MODULE.module() }.execute(effects))
            }
        };
    };
}

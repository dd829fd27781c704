//! The conformance executor in Rust: it does what an effect's name says.
//! sdk/testdata/README.md specifies it.
#![no_std]

use refold::alloc::format;
use refold::alloc::string::{String, ToString};
use refold::alloc::vec::Vec;
use refold::executor::{self, Capability, Effect, Executor, Failure, Kind, Value, Want};
use refold::{json, print, Level, Reject, Time};

struct Mirror;

impl Executor for Mirror {
    const NAME: &'static str = "mirror_executor";
    const KINDS: &'static [Kind] =
        &[Kind::Insert, Kind::Update, Kind::Delete, Kind::Query, Kind::Log, Kind::EmitEvent];
    const WANTS: &'static [Want] = &[
        Want(Capability::Http, "", "mirrors http"),
        Want(Capability::Sql, "ledger", "mirrors sql"),
        Want(Capability::Nats, "", "mirrors nats"),
        Want(Capability::Secrets, "token", "mirrors secrets"),
    ];

    fn configure(config: &str) -> Result<Self, Reject> {
        if config.contains("\"refuse\":true") {
            return Err("refused on demand".into());
        }
        Ok(Mirror)
    }

    fn perform(&mut self, effect: &Effect<'_>) -> Result<(), Failure> {
        let line = match effect.name() {
            "http" => send(effect)?,
            "sql" => exec(effect)?,
            "query" => query(effect)?,
            "nats" => {
                let ack = executor::publish(effect.key(), &[("kind", effect.kind().name())], effect.body())?;
                format!("{} {} {}", ack.stream, ack.sequence, ack.duplicate)
            }
            "secret" => format!("{} bytes", executor::secret(effect.key())?.len()),
            "retry" => return Err(Failure::retry(1500, "not now")),
            "poison" => return Err(Failure::poison("cannot be performed")),
            "fatal" => return Err(Failure::fatal("gives up")),
            "panic" => panic!("panicked on demand"),
            _ => told(effect),
        };
        print(Level::Info, &line);
        Ok(())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn send(effect: &Effect<'_>) -> Result<String, Failure> {
    let id = effect.id().to_string();
    let r = executor::http("POST", effect.key(), &[("effect-id", &id)], effect.body())?;
    let failed = format!("status {}", r.status);
    match r.status {
        200..=299 => Ok(format!("{} {} {}", r.status, r.header("content-type"), text(&r.body))),
        429 | 500.. => Err(Failure::retry(1000 * r.header("retry-after").parse().unwrap_or(0), failed)),
        _ => Err(Failure::poison(failed)),
    }
}

fn exec(effect: &Effect<'_>) -> Result<String, Failure> {
    let parameters = [
        Value::Null,
        Value::Bool(true),
        Value::I64(effect.cause() as i64),
        Value::F64(0.5),
        Value::Text(effect.kind().name().into()),
        Value::Bytes(effect.body().into()),
        Value::Uuid(effect.id()),
        Value::Time(Time::from_unix_nanos(1_700_000_000_000_000_000)),
        Value::Json(text(effect.body())),
    ];
    let insert = "insert into mirror values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let changed = executor::exec(effect.key(), &[(insert, &parameters), ("delete from mirror", &[])])?;
    Ok(format!("changed {}, {}", changed[0], changed[1]))
}

fn query(effect: &Effect<'_>) -> Result<String, Failure> {
    let found = executor::query(effect.key(), &text(effect.body()), &[Value::Uuid(effect.id())])?;
    let rows: Vec<String> =
        found.rows.iter().map(|row| row.iter().map(|v| format!(" {}", written(v))).collect()).collect();
    Ok(format!("{}:{}", found.columns.join(" "), rows.join(" |")))
}

fn written(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::F64(_) => "f64".into(),
        Value::Text(v) | Value::Json(v) => v.clone(),
        Value::Bytes(v) => v.iter().map(|byte| format!("{:02x}", byte)).collect(),
        Value::Uuid(v) => v.to_string(),
        Value::Time(v) => v.unix_nanos().to_string(),
    }
}

fn told(e: &Effect<'_>) -> String {
    json::object(|o| {
        o.set("pipeline", e.pipeline()).set("generation", e.generation());
        o.set("after", e.after()).set("through", e.through());
        o.set("kind", e.kind().name()).set("level", e.level() as u32).set("cause", e.cause());
        o.set("ordinal", e.ordinal()).set("id", e.id()).set("cause_id", e.cause_id());
        o.set("correlation_id", e.correlation_id()).set("time", e.time().unix_nanos());
        o.set("name", e.name()).set("key", e.key()).set("body", text(e.body()));
    })
}

refold::export_executor!(Mirror);

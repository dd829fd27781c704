package config

import (
	"reflect"

	"github.com/refold-dev/refold/domain/effect"
)

// aboutKey is what a key's Go type does not say.
type aboutKey struct {
	schema   schema // of the value, if it is narrower than its type
	value    any    // the default, if it has a value
	absent   string // what the default is otherwise
	required bool
}

func number(least, most int64) schema {
	return schema{"type": "integer", "minimum": least, "maximum": most}
}
func words(list ...string) schema { return schema{"enum": list} }
func pattern(p interface{ String() string }) schema {
	return schema{"type": "string", "pattern": p.String()}
}

// some is a list that may not be empty.
func some(item schema) schema { return schema{"type": "array", "minItems": 1, "items": item} }

func listOf(item schema) schema { return schema{"type": "array", "items": item} }

// about has what the rules in this package say of single keys, from the same values.
var about = map[string]aboutKey{
	"Store.url":      {absent: "a server in process"},
	"Store.sync":     {schema: words("always", "interval"), value: "always"},
	"Store.archive":  {schema: words("plain", ArchiveZstd), value: "plain"},
	"Store.prefix":   {value: defaultPrefix},
	"Store.replicas": {schema: number(1, maxReplicas), absent: "one, or what the stream has"},
	"Store.stream":   {schema: pattern(streamName), absent: "made of `prefix`"},

	"Reload.watch": {value: false},

	"Replay.jobs": {schema: number(1, maxReplayJobs), value: 1},
	"Replay.rate": {schema: number(1, maxReplayRate), absent: "no bound"},

	"Control.listen":        {absent: "on loopback alone, at a free port"},
	"Control.pprof":         {value: false},
	"ControlToken.name":     {schema: pattern(pipelineName), required: true},
	"ControlToken.file":     {required: true},
	"ControlToken.may":      {schema: some(words("read", "operate")), required: true},
	"ControlTLS.cert":       {required: true},
	"ControlTLS.key":        {required: true},
	"ControlTLS.client_may": {schema: some(words("read", "operate")), absent: "both"},
	"ControlNATS.subject":   {schema: pattern(controlSubject), absent: "`refold-control.` and the prefix"},

	"Logging.level":  {schema: words(logLevels...), value: "info"},
	"Logging.format": {schema: words(logFormats...), value: "auto"},
	"Monitor.listen": {required: true},

	"Tracing.otlp":    {required: true},
	"Tracing.sample":  {value: 1},
	"Tracing.service": {value: "refold"},

	"Pipeline.name":       {schema: pattern(pipelineName), required: true},
	"Pipeline.projection": {required: true},
	"Pipeline.on_error":   {schema: words(policies...), absent: "`quarantine` where the projection is keyed, `halt` elsewhere"},
	"Pipeline.on_change":  {schema: words(changes...), value: "rebuild"},
	"Generations.keep":    {schema: number(0, maxGenerations), value: 1},
	"Snapshots.every":     {schema: schema{"type": "integer", "minimum": minSnapshotsEvery}, value: defaultSnapshotsEvery},
	"Snapshots.keep":      {schema: number(0, maxSnapshots), value: defaultSnapshots},
	"Snapshots.max_size":  {absent: "1GiB"},
	"Generations.for":     {absent: "for ever"},
	"Source.events":       {absent: "those of the manifest"},
	"Source.aggregates":   {absent: "all"},

	"Projection.sha256":         {schema: pattern(hexDigest)},
	"Projection.key":            {absent: "the manifest's"},
	"Projection.memory_pages":   {schema: number(1, maxMemoryPages), absent: "4096"},
	"Projection.fuel_per_event": {schema: number(1, maxFuelPerEvent), absent: "10,000,000,000"},
	"Projection.stack_slots":    {schema: number(1, maxStackSlots), absent: "8,388,608"},
	"Projection.workers":        {schema: number(1, maxWorkers), value: 1},
	"Process.command":           {schema: schema{"type": "array", "minItems": 1, "items": schema{"type": "string"}}, required: true},
	"Process.sha256":            {schema: pattern(hexDigest)},
	"Process.timeout":           {value: "30s"},
	"Process.env":               {schema: schema{"type": "array", "minItems": 1, "items": pattern(environmentName)}, absent: "`PATH`, `HOME` and `TMPDIR` alone"},

	"Delivery.replay":   {schema: words(modes...), absent: "`execute` for `sqlite`, `postgres` and `file`, `suppress` elsewhere"},
	"Delivery.on_error": {schema: words(outcomes...), absent: "the pipeline's"},
	"Retry.attempts":    {schema: number(1, maxAttempts), value: 10},
	"Retry.first":       {value: "100ms"},
	"Retry.longest":     {value: "30s"},

	"SQLite.path":       {required: true},
	"SQLite.tables":     {required: true},
	"Postgres.tables":   {required: true},
	"Postgres.schema":   {schema: pattern(sqlName), absent: "the first of the role's search_path"},
	"Postgres.url_env":  {schema: pattern(environmentName)},
	"Table.name":        {schema: pattern(sqlName), required: true},
	"Table.columns":     {required: true},
	"Table.primary_key": {schema: schema{"type": "array", "minItems": 1, "items": schema{"type": "string"}}, required: true},
	"Queries.max_rows":  {schema: number(1, 1<<31-1)},
	"Queries.max_bytes": {schema: number(2, maxAnswerBytes)},

	"Filter.kinds":    {schema: schema{"type": "array", "minItems": 1, "items": words(effect.KindNames()...)}, absent: "all"},
	"Filter.level":    {schema: words(effect.LevelNames()...), absent: "all"},
	"Filter.executor": {required: true},
	"Collect.limit":   {schema: number(0, 1<<31-1), value: 10_000},

	"HTTP.url":     {required: true},
	"HTTP.method":  {schema: words("POST", "PUT", "PATCH"), value: "POST"},
	"HTTP.timeout": {value: "10s"},
	"HTTP.batch":   {schema: number(1, maxHTTPBatch), absent: "each by itself"},

	"File.folder":   {required: true},
	"File.keep":     {schema: number(1, 1<<31-1), absent: "all"},
	"File.max_size": {absent: "no bound"},

	"NATS.url":            {absent: "the event log's own server"},
	"NATSPublish.subject": {required: true},
	"NATSPublish.stream":  {schema: pattern(streamName), absent: "whoever listens"},
	"NATSPublish.window":  {schema: number(1, maxWindow), value: 256},
	"NATSBucket.bucket":   {schema: pattern(streamName), required: true},
	"NATSBucket.keys":     {required: true},
	"NATSBucket.create":   {value: false},

	"WASMExecutor.module":          {required: true},
	"WASMExecutor.sha256":          {schema: pattern(hexDigest)},
	"WASMExecutor.memory_pages":    {schema: number(1, maxMemoryPages), absent: "4096"},
	"WASMExecutor.fuel_per_effect": {schema: number(1, maxFuelPerEvent), absent: "10,000,000,000"},
	"WASMExecutor.stack_slots":     {schema: number(1, maxStackSlots), absent: "8,388,608"},
	"WASMExecutor.timeout":         {value: "30s"},
	"HTTPHost.host":                {required: true},
	"SecretSource.env":             {schema: pattern(variable)},
	"Database.env":                 {schema: pattern(variable)},
	"Secret.env":                   {schema: pattern(variable)},

	"EventType.type":    {required: true},
	"EventType.version": {schema: number(1, maxSchemaVersion), value: 1},
	"Upcaster.from":     {schema: number(1, maxSchemaVersion), required: true},
	"Upcaster.steps":    {required: true},
	"Rename.field":      {required: true},
	"Rename.to":         {required: true},
	"Add.field":         {required: true},
	"Add.default":       {required: true},
	"Drop.field":        {required: true},
	"Move.field":        {required: true},
	"Move.to":           {required: true},
	"MapValues.field":   {required: true},
	"MapValues.values":  {required: true},
}

// oneOf are the keys of which a mapping has exactly one.
var oneOf = map[string][]string{
	"Executor":     kindKeys(reflect.TypeFor[Executor]()),
	"Step":         kindKeys(reflect.TypeFor[Step]()),
	"Projection":   {"wasm", "process"},
	"NATS":         {"events", "publish", "kv"},
	"Postgres":     {"url", "url_env", "url_file"},
	"Database":     {"sqlite", "env", "file"},
	"SecretSource": {"env", "file"},
}

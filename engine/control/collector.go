package control

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/refold-dev/refold/engine"
)

// statuser is what is asked of an engine.
type statuser interface {
	Status(ctx context.Context) ([]engine.Status, error)
	Running() bool
	Accepts(ctx context.Context) error
}

// patience bounds how long a scrape waits for the log to say where it ends.
const patience = 5 * time.Second

// prefix begins the names of all metrics.
const prefix = "refold_"

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(prefix+name, help, labels, nil)
}

var (
	logUp        = describe("log_up", "1 if the event log says where it ends; if not, nothing else is told of pipelines.")
	logAccepts   = describe("log_accepts_appends", "0 if the event log is known to take no appends; it may be read all the same.")
	headPosition = describe("log_head_position", "Position of the log's last event.")

	pipelineState      = describe("pipeline_state", "1 for the state that the pipeline is in.", "pipeline", "state")
	pipelineHealthy    = describe("pipeline_healthy", "1 if the coverage ledger adds up, no executor has left anything out, and no error has stopped the pipeline.", "pipeline")
	pipelineReady      = describe("pipeline_ready", "1 if the pipeline folds, or nobody wants it to.", "pipeline")
	pipelineGeneration = describe("pipeline_generation", "Generation of the read model that serves.", "pipeline")
	pipelinePosition   = describe("pipeline_position", "Position of the last event that the read model includes.", "pipeline")
	pipelineLag        = describe("pipeline_lag_events", "Events between the position and the log's end.", "pipeline")
	pipelineEvents     = describe("pipeline_events", "Events up to the position by what has become of them; the sum is the position. A rebuild counts again.", "pipeline", "outcome")
	pipelineDropped    = describe("pipeline_dropped_effects", "Effects that filters have kept from executors since the generation was opened.", "pipeline")

	parkedKeys   = describe("parked_keys", "Keys whose events wait.", "pipeline")
	deadLettered = describe("dead_letters", "Events and effects that are left out.", "pipeline")

	checkpointPosition = describe("checkpoint_position", "Position that the state which is stored includes.", "pipeline")
	checkpointAge      = describe("checkpoint_age_seconds", "How long the read model has included more than the state which is stored; 0 if it does not.", "pipeline")
	checkpointTime     = describe("checkpoint_timestamp_seconds", "When the state was stored last, in seconds since 1970; absent before this process has.", "pipeline")

	guestMemory = describe("guest_memory_bytes", "Memory of the projection's module, after its last batch.", "pipeline", "generation")

	executorPosition = describe("executor_position", "Position of the last event whose effects the executor has performed.", "pipeline", "executor")
	executorAttempts = describe("executor_failed_attempts", "Failed attempts at what the executor tries just now; 0 if it has no trouble.", "pipeline", "executor")

	replayJobs     = describe("replay_jobs", "Replay jobs that have not ended.", "pipeline", "state")
	replayPosition = describe("replay_position", "Position that the job's generation includes.", "pipeline", "id")
	replayTarget   = describe("replay_target_position", "Position that the job goes to.", "pipeline", "id")
	replayRate     = describe("replay_events_per_second", "Events that the job has folded a second since it went to work.", "pipeline", "id")
	replayLeft     = describe("replay_remaining_seconds", "How long the job takes to its target at that pace; 0 where nobody works it.", "pipeline", "id")

	diskUsed = describe("disk_bytes", "What a part of the data directory takes on the disk.", "part")
	diskFree = describe("disk_free_bytes", "What the disk of the data directory has left.")

	reloadOK = describe("config_last_reload_successful", "1 if the configuration that was read last is the one that runs.")
	reloadAt = describe("config_last_reload_timestamp_seconds", "When the configuration was read last, in seconds since 1970.")
)

// reload is the last time that the configuration was read.
type reload struct {
	ok bool
	at time.Time
}

// collector reads the statuses at each scrape.
type collector struct {
	engine   atomic.Pointer[statuser]
	disk     *diskWatch // nil tells nothing of it
	memory   memories
	reloaded atomic.Pointer[reload]
}

func newCollector(disk func() (Disk, error)) *collector {
	if disk == nil {
		return &collector{}
	}
	return &collector{disk: &diskWatch{look: disk}}
}

func (c *collector) watch(e statuser) { c.engine.Store(&e) }

// Describe says nothing: what there is depends on the pipelines.
func (*collector) Describe(chan<- *prometheus.Desc) {}

// gauge tells a value.
type gauge func(d *prometheus.Desc, value float64, labels ...string)

// Collect implements prometheus.Collector.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	tell := gauge(func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	})
	if last := c.reloaded.Load(); last != nil {
		tell(reloadOK, oneIf(last.ok))
		tell(reloadAt, seconds(last.at))
	}
	c.collectDisk(tell)
	e := c.engine.Load()
	if e == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	list, err := (*e).Status(ctx)
	tell(logUp, oneIf(err == nil))
	if err == nil {
		tell(logAccepts, oneIf((*e).Accepts(ctx) == nil))
	}
	for i := range list {
		if i == 0 {
			tell(headPosition, float64(list[i].Head))
		}
		s := &list[i]
		tell.pipeline(s)
		tell.checkpoint(s)
		tell.replays(s)
		for generation, bytes := range c.memory.of(s) {
			tell(guestMemory, float64(bytes), s.Pipeline, strconv.FormatUint(generation, 10))
		}
	}
}

func (c *collector) collectDisk(tell gauge) {
	if c.disk == nil {
		return
	}
	d, ok := c.disk.latest()
	if !ok {
		return // of what has no number, none is told
	}
	for _, part := range slices.Sorted(maps.Keys(d.Parts)) {
		tell(diskUsed, float64(d.Parts[part]), part)
	}
	if d.Free != nil {
		tell(diskFree, float64(*d.Free))
	}
}

func (tell gauge) pipeline(s *engine.Status) {
	p := s.Pipeline
	tell(pipelineState, 1, p, string(s.State))
	tell(pipelineHealthy, oneIf(s.Problem() == ""), p)
	tell(pipelineReady, oneIf(unready(s) == ""), p)
	if !s.Unread {
		tell.progress(s)
	}
	tell(pipelineDropped, float64(s.Dropped), p)
	tell(parkedKeys, float64(s.ParkedKeys), p)
	tell(deadLettered, float64(s.DeadLetters), p)
	for _, x := range s.Executors {
		tell(executorPosition, float64(x.Position), p, x.Name)
		tell(executorAttempts, float64(x.Attempts), p, x.Name)
	}
}

func (tell gauge) progress(s *engine.Status) {
	p := s.Pipeline
	tell(pipelineGeneration, float64(s.Generation), p)
	tell(pipelinePosition, float64(s.Position), p)
	tell(pipelineLag, float64(s.Lag), p)
	for _, of := range []struct {
		outcome string
		n       uint64
	}{{"delivered", s.Delivered}, {"filtered", s.Filtered}, {"parked", s.Parked}, {"dead_lettered", s.DeadLettered}} {
		tell(pipelineEvents, float64(of.n), p, of.outcome)
	}
}

func (tell gauge) checkpoint(s *engine.Status) {
	c := s.Checkpoint
	if c == (engine.CheckpointStatus{}) {
		return
	}
	tell(checkpointPosition, float64(c.Position), s.Pipeline)
	age := 0.0
	if !c.Since.IsZero() {
		age = max(time.Since(c.Since).Seconds(), 0)
	}
	tell(checkpointAge, age, s.Pipeline)
	if !c.At.IsZero() {
		tell(checkpointTime, seconds(c.At), s.Pipeline)
	}
}

func (tell gauge) replays(s *engine.Status) {
	states := map[string]int{}
	for i := range s.Jobs {
		one := &s.Jobs[i]
		states[string(one.State)]++
		id := one.ID.String()
		tell(replayPosition, float64(one.Position), s.Pipeline, id)
		tell(replayTarget, float64(one.Target), s.Pipeline, id)
		tell(replayRate, one.EventsPerSecond, s.Pipeline, id)
		tell(replayLeft, one.ETA, s.Pipeline, id)
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		tell(replayJobs, float64(states[state]), s.Pipeline, state)
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

func seconds(at time.Time) float64 { return float64(at.UnixMilli()) / 1000 }

// memories are how much memory the module of each generation has, in bytes.
type memories struct {
	mu sync.Mutex
	by map[string]map[uint64]uint64 // pipeline, generation
}

func (m *memories) note(pipeline string, generation, bytes uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.by == nil {
		m.by = map[string]map[uint64]uint64{}
	}
	if m.by[pipeline] == nil {
		m.by[pipeline] = map[uint64]uint64{}
	}
	m.by[pipeline][generation] = bytes
}

// of are those of a pipeline's generations that serve or are being built. The others are
// forgotten.
func (m *memories) of(s *engine.Status) map[uint64]uint64 {
	held := map[uint64]bool{s.Generation: true}
	for i := range s.Jobs {
		held[s.Jobs[i].Generation] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.by[s.Pipeline], func(generation, _ uint64) bool { return !held[generation] })
	return maps.Clone(m.by[s.Pipeline])
}

package config

// Logging says what a running engine logs, and how.
type Logging struct {
	At `yaml:"-"`
	// Level is the least that is logged.
	Level string `yaml:"level" json:"level,omitempty"`
	// Format is how: "auto" is text on a terminal, and JSON elsewhere.
	Format string `yaml:"format" json:"format,omitempty"`
}

var (
	logLevels  = []string{"debug", "info", "warn", "error"}
	logFormats = []string{"auto", "text", "json"}
)

func (r *rules) log(l *Logging) {
	r.oneOf(l.Where("level"), "level", l.Level, logLevels)
	r.oneOf(l.Where("format"), "format", l.Format, logFormats)
}

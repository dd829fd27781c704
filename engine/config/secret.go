package config

// Secret is a text that may be one: written as it is or, better, by where it is
// kept. It is read when an executor is opened, and only what is written as it is
// comes to be noted.
type Secret struct {
	At `yaml:"-" json:"-"`
	// Text is the text itself.
	Text string `yaml:"-" short:"yes" json:"text,omitempty"`
	// Env is the environment variable that has it, and File the path of the file; the
	// path is relative to the YAML file, and absolute once loaded.
	Env  string `yaml:"env" json:"env,omitempty"`
	File string `yaml:"file" json:"file,omitempty"`
	// Prefix stands before what Env or File has, such as "Bearer ".
	Prefix string `yaml:"prefix" json:"prefix,omitempty"`
}

// secret refuses one that says nothing, or too much.
func (r *rules) secret(s *Secret, what string) {
	r.source(s.pos, what, "the text, {env: NAME} or {file: PATH}", s.Env, s.Text, s.Env, s.File)
}

package config

import (
	"fmt"
	"net"
	"strconv"
)

// Monitor says where health and metrics are served, without a token.
type Monitor struct {
	At `yaml:"-"`
	// Listen is an address of this machine alone, such as 127.0.0.1:9464.
	Listen string `yaml:"listen" json:"listen,omitempty"`
}

// NotLoopbackError is an address that other machines could reach.
type NotLoopbackError struct{ Address string }

func (e *NotLoopbackError) Error() string {
	return fmt.Sprintf("%q is no address of this machine alone: name 127.0.0.1:PORT, and a proxy for those who watch from elsewhere", e.Address)
}

// CheckLoopback returns an error unless an address, HOST:PORT, is of this machine alone.
// The error is a *NotLoopbackError where it is an address of another kind.
func CheckLoopback(address string) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q ends in no port", address)
	}
	if !IsLoopback(host) {
		return &NotLoopbackError{address}
	}
	return nil
}

func (r *rules) monitor(m *Monitor) {
	if m.pos.Line == 0 {
		return
	}
	if m.Listen == "" {
		r.fail(m.Where("listen"), "add `listen: 127.0.0.1:9464`", "monitor says nowhere to listen")
		return
	}
	switch err := CheckLoopback(m.Listen).(type) {
	case nil:
	case *NotLoopbackError:
		r.fail(m.Where("listen"), "name 127.0.0.1:PORT, and a proxy for those who watch from elsewhere", "%q is no address of this machine alone", m.Listen)
	default:
		r.fail(m.Where("listen"), "name 127.0.0.1:PORT", "%s", err)
	}
}

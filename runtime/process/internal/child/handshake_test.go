package child

import (
	"net"
	"strings"
	"testing"
)

// FuzzHandshake: what is accepted is of this version, over gRPC, with a certificate,
// and at an address of this machine; what is refused is told on one line.
func FuzzHandshake(f *testing.F) {
	certificate := strings.Repeat("A", 60)
	for _, line := range []string{
		"1|1|unix|/tmp/s|grpc|" + certificate, "1|1|tcp|127.0.0.1:9|grpc|" + certificate, "1|1|tcp|[::1]:9|grpc|" + certificate + "|true",
		"1|1|tcp|localhost:9|grpc|" + certificate, "1|2|unix|/tmp/s|grpc|" + certificate, "1|1|unix|/tmp/s|netrpc|" + certificate, "", "|||||", "hello",
	} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		if refusal := checkHandshake(line); refusal != nil {
			if text := refusal.Error(); strings.Contains(text, "\n") || len(text) > 1000 {
				t.Errorf("the refusal is %q", text)
			}
			return
		}
		parts := strings.Split(strings.TrimSpace(line), "|")
		if parts[0] != "1" || parts[1] != "1" || parts[4] != "grpc" || len(parts[5]) <= 50 {
			t.Errorf("%q is accepted", line)
		}
		if parts[2] == "unix" {
			return
		}
		if host, _, err := net.SplitHostPort(parts[3]); parts[2] != "tcp" || err != nil || !net.ParseIP(host).IsLoopback() {
			t.Errorf("%q is accepted", line)
		}
	})
}

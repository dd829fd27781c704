package wasmfile

import (
	"errors"
	"strings"
	"testing"
)

func TestU32(t *testing.T) {
	for _, tt := range []struct {
		in   []byte
		want uint32
		ok   bool
	}{
		{[]byte{0x00}, 0, true},
		{[]byte{0x7f}, 127, true},
		{[]byte{0x80, 0x01}, 128, true},
		{[]byte{0x80, 0x80, 0x80, 0x80, 0x00}, 0, true}, // padded, as linkers do
		{[]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, 1<<32 - 1, true},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0x1f}, 0, false}, // 33 bits
		{[]byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 0, false},
		{[]byte{0x80}, 0, false},
		{nil, 0, false},
	} {
		r := &reader{b: tt.in}
		if got := r.u32(); (r.err == nil) != tt.ok || tt.ok && got != tt.want {
			t.Errorf("% x: %d, %v; want %d, ok %v", tt.in, got, r.err, tt.want, tt.ok)
		}
	}
}

func TestSkipSigned(t *testing.T) {
	for _, tt := range []struct {
		bits int
		in   []byte
		ok   bool
	}{
		{32, []byte{0x7f}, true},
		{32, []byte{0xff, 0xff, 0xff, 0xff, 0x07}, true},  // 2^31-1
		{32, []byte{0x80, 0x80, 0x80, 0x80, 0x78}, true},  // -2^31
		{32, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, false}, // 2^32-1
		{32, []byte{0x80, 0x80, 0x80, 0x80, 0x70}, false},
		{32, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, false},
		{64, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00}, true},
		{64, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, true},
		{64, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, false},
	} {
		r := &reader{b: tt.in}
		r.skipSigned(tt.bits)
		if (r.err == nil) != tt.ok {
			t.Errorf("%d bits, % x: %v; want ok %v", tt.bits, tt.in, r.err, tt.ok)
		}
		if tt.ok && r.at != len(tt.in) {
			t.Errorf("%d bits, % x: read %d bytes", tt.bits, tt.in, r.at)
		}
	}
}

func formatError(t *testing.T, err error, fault Fault, reason string) {
	t.Helper()
	var format *FormatError
	if !errors.As(err, &format) {
		t.Fatalf("got %v, want a FormatError", err)
	}
	if format.Fault != fault || !strings.Contains(format.Reason, reason) {
		t.Errorf("got fault %d, %q; want fault %d, %q", format.Fault, format.Reason, fault, reason)
	}
}

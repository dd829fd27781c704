package compute_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/compute"
)

func faultOf(err error) compute.NetworkFault {
	var e *compute.NetworkError
	if errors.As(err, &e) {
		return e.Fault
	}
	return ""
}

func TestParseIPAddress(t *testing.T) {
	tests := []struct {
		text  string
		want  string // canonical; "": as given
		fault compute.NetworkFault
	}{
		{text: "10.0.0.7"},
		{text: "10.0.0.7/24"},
		{text: "0.0.0.0/0"},
		{text: "10.0.0.7/32"},
		{text: "2001:db8::1/64"},
		{text: "2001:DB8:0:0::1/128", want: "2001:db8::1/128"},
		{text: "", fault: compute.InvalidIPAddress},
		{text: "10.0.0", fault: compute.InvalidIPAddress},
		{text: "10.0.0.256", fault: compute.InvalidIPAddress},
		{text: "010.0.0.1", fault: compute.InvalidIPAddress},
		{text: "fe80::1%eth0", fault: compute.InvalidIPAddress},
		{text: "example.com/24", fault: compute.InvalidIPAddress},
		{text: "10.0.0.1/", fault: compute.InvalidCIDR},
		{text: "10.0.0.1/+24", fault: compute.InvalidCIDR},
		{text: "10.0.0.1/024", fault: compute.InvalidCIDR},
		{text: "10.0.0.1/-1", fault: compute.InvalidCIDR},
		{text: "10.0.0.1/x", fault: compute.InvalidCIDR},
		{text: "10.0.0.1/256", fault: compute.InvalidCIDR},
		{text: "10.0.0.1/24/7", fault: compute.InvalidCIDR},
		{text: "10.0.0.1/33", fault: compute.InvalidPrefixLength},
		{text: "::1/129", fault: compute.InvalidPrefixLength},
	}
	for _, tt := range tests {
		ip, err := compute.ParseIPAddress(tt.text)
		if tt.fault != "" {
			if faultOf(err) != tt.fault || !ip.IsZero() {
				t.Errorf("%q: %s, %v, want %s", tt.text, ip, err, tt.fault)
			}
			continue
		}
		if tt.want == "" {
			tt.want = tt.text
		}
		if err != nil || ip.CIDR() != tt.want || ip.String() != tt.want {
			t.Errorf("%q: %s, %v, want %s", tt.text, ip, err, tt.want)
		}
		bits, ok := ip.Prefix()
		if _, prefix, has := strings.Cut(tt.text, "/"); ok != has || ok && fmt.Sprint(bits) != prefix {
			t.Errorf("%q: prefix %d, %v", tt.text, bits, ok)
		}
		if v6 := strings.Contains(tt.text, ":"); ip.IsIPv6() != v6 || ip.IsIPv4() == v6 || ip.Address().Is4() == v6 {
			t.Errorf("%q: IPv4 %v, IPv6 %v", tt.text, ip.IsIPv4(), ip.IsIPv6())
		}
	}
}

func TestParseMAC(t *testing.T) {
	want := compute.MAC{0x02, 0x42, 0xac, 0x11, 0x00, 0xff}
	for _, text := range []string{"02:42:ac:11:00:ff", "02-42-AC-11-00-FF", "0242ac1100ff", "02:42:AC:11:00:ff"} {
		m, err := compute.ParseMAC(text)
		if err != nil || m != want || m.String() != "02:42:ac:11:00:ff" {
			t.Errorf("%q: %s, %v, want %s", text, m, err, want)
		}
	}
	for _, text := range []string{
		"", "0242ac1100f", "0242ac1100fff", "02:42:ac:11:00", "02:42:ac:11:00:ff:00", "02:42-ac:11-00:ff",
		"0:242:ac:11:00:ff", "02::42ac:11:00:ff", "+2:42:ac:11:00:ff", "02:42:ac:11:00:fg", "02.42.ac.11.00.ff", "024:2ac:110:0ff:1",
	} {
		if m, err := compute.ParseMAC(text); faultOf(err) != compute.InvalidMAC || m != (compute.MAC{}) {
			t.Errorf("%q: %s, %v, want it refused", text, m, err)
		}
	}
}

func TestMACKinds(t *testing.T) {
	tests := []struct {
		text                 string
		broadcast, multicast bool
	}{
		{"ff:ff:ff:ff:ff:ff", true, true},
		{"01:00:5e:00:00:fb", false, true},
		{"02:42:ac:11:00:02", false, false},
	}
	for _, tt := range tests {
		m, err := compute.ParseMAC(tt.text)
		if err != nil || m.IsBroadcast() != tt.broadcast || m.IsMulticast() != tt.multicast || m.IsUnicast() == tt.multicast {
			t.Errorf("%s: %v, broadcast %v, multicast %v, unicast %v", tt.text, err, m.IsBroadcast(), m.IsMulticast(), m.IsUnicast())
		}
	}
}

func TestVLANRange(t *testing.T) {
	for id, valid := range map[int]bool{-1: false, 0: false, 1: true, 100: true, 4094: true, 4095: false, 65537: false} {
		v, err := compute.NewVLAN(id)
		if valid && (err != nil || v.ID() != id) || !valid && faultOf(err) != compute.InvalidVLAN {
			t.Errorf("%d: %s, %v, want valid %v", id, v, err, valid)
		}
	}
}

func TestMTURange(t *testing.T) {
	for bytes, valid := range map[int]bool{0: false, 67: false, 68: true, 1500: true, 9000: true, 9001: false, 10000: false} {
		m, err := compute.NewMTU(bytes)
		if valid && (err != nil || m.Bytes() != bytes) || !valid && faultOf(err) != compute.InvalidMTU {
			t.Errorf("%d: %s, %v, want valid %v", bytes, m, err, valid)
		}
		if valid && (m.IsStandard() != (bytes == 1500) || m.IsJumbo() != (bytes > 1500)) {
			t.Errorf("%d: standard %v, jumbo %v", bytes, m.IsStandard(), m.IsJumbo())
		}
	}
	if zero := (compute.MTU{}); zero.Bytes() != compute.DefaultMTU || !zero.IsStandard() {
		t.Errorf("the zero MTU is %s", zero)
	}
}

// link has one of each network value, to see them decoded inside a struct.
type link struct {
	IP   compute.IPAddress `json:"ip"`
	MAC  compute.MAC       `json:"mac"`
	VLAN compute.VLAN      `json:"vlan"`
	MTU  compute.MTU       `json:"mtu"`
}

func TestNetworkJSON(t *testing.T) {
	const text = `{"ip":"10.0.0.7/24","mac":"02:42:ac:11:00:02","vlan":100,"mtu":9000}`
	var l link
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(l); err != nil || string(got) != text {
		t.Errorf("round trip = %s, %v, want %s", got, err, text)
	}
	for _, bad := range []string{
		`{"ip":"10.0.0.7/33"}`, `{"ip":7}`, `{"mac":[2,66,172,17,0,2]}`, `{"mac":"02"}`,
		`{"vlan":0}`, `{"vlan":4095}`, `{"vlan":"100"}`, `{"vlan":null}`, `{"mtu":67}`, `{"mtu":9001}`, `{"mtu":"1500"}`, `{"mtu":null}`,
	} {
		if err := json.Unmarshal([]byte(bad), &link{}); err == nil {
			t.Errorf("%s was decoded", bad)
		}
	}
	if _, err := json.Marshal(compute.VLAN{}); err == nil {
		t.Error("the zero VLAN was encoded")
	}
	if _, err := encoding.TextMarshaler(compute.IPAddress{}).MarshalText(); err == nil {
		t.Error("the zero address was encoded")
	}
}

func TestNetworkErrorText(t *testing.T) {
	for fault, want := range map[compute.NetworkFault]string{
		compute.InvalidIPAddress:    `"x" is not an IPv4 or IPv6 address`,
		compute.InvalidCIDR:         `"x" is not an address with a decimal prefix length, such as 10.0.0.1/24`,
		compute.InvalidPrefixLength: `"x" is not an address with a prefix that fits it: at most 32 for IPv4, 128 for IPv6`,
		compute.InvalidMAC:          `"x" is not a MAC address, such as 02:42:ac:11:00:02`,
		compute.InvalidVLAN:         `"x" is not a VLAN id from 1 to 4094`,
		compute.InvalidMTU:          `"x" is not an MTU from 68 to 9000 bytes`,
	} {
		if got := (&compute.NetworkError{Fault: fault, Input: "x"}).Error(); got != want {
			t.Errorf("%s: %s, want %s", fault, got, want)
		}
	}
}

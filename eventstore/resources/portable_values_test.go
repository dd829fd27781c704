package resources_test

import (
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/compute"
)

func caseHostnames(t *testing.T) {
	label := strings.Repeat("x", 63)
	for text, want := range map[string]bool{
		"localhost": true, "a.b": true, label + ".b": true, "web.123.com": true,
		"": false, "-x": false, "x-": false, "x..y": false, "x_.com": false, "123": false, label + "x": false,
		strings.Repeat("abcdefghi.", 25) + "abcde": false,
	} {
		if _, err := compute.ParseHostname(text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func caseMAC(t *testing.T) {
	want, err := compute.ParseMAC("01:00:5e:00:00:fb")
	if err != nil || !want.IsMulticast() {
		t.Errorf("%v, %v", want, err)
	}
	for _, text := range []string{"01-00-5E-00-00-FB", "01005e0000fb"} {
		if got, err := compute.ParseMAC(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
}

func caseVLANAndMTU(t *testing.T) {
	for id, want := range map[int]bool{0: false, 4095: false, 100: true} {
		if _, err := compute.NewVLAN(id); (err == nil) != want {
			t.Errorf("VLAN %d: %v", id, err)
		}
	}
	for size, want := range map[int]bool{67: false, 68: true, 9000: true, 9001: false} {
		if _, err := compute.NewMTU(size); (err == nil) != want {
			t.Errorf("MTU %d: %v", size, err)
		}
	}
}

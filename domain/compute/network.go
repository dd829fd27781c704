package compute

import "fmt"

// NetworkFault is what is wrong with a network value.
type NetworkFault string

// The faults of the network values.
const (
	InvalidIPAddress    NetworkFault = "invalid_ip_address"
	InvalidCIDR         NetworkFault = "invalid_cidr"          // the prefix is not a number of 8 bits
	InvalidPrefixLength NetworkFault = "invalid_prefix_length" // too long for the address
	InvalidMAC          NetworkFault = "invalid_mac_address"
	InvalidVLAN         NetworkFault = "invalid_vlan_id"
	InvalidMTU          NetworkFault = "invalid_mtu"
)

// NetworkError is an input that is not the network value it should be.
type NetworkError struct {
	Fault NetworkFault
	Input string
}

func (e *NetworkError) Error() string {
	return fmt.Sprintf("%q is not %s", e.Input, e.wanted())
}

func (e *NetworkError) wanted() string {
	switch e.Fault {
	case InvalidIPAddress:
		return "an IPv4 or IPv6 address"
	case InvalidCIDR:
		return "an address with a decimal prefix length, such as 10.0.0.1/24"
	case InvalidPrefixLength:
		return "an address with a prefix that fits it: at most 32 for IPv4, 128 for IPv6"
	case InvalidMAC:
		return "a MAC address, such as 02:42:ac:11:00:02"
	case InvalidVLAN:
		return fmt.Sprintf("a VLAN id from %d to %d", MinVLAN, MaxVLAN)
	}
	return fmt.Sprintf("an MTU from %d to %d bytes", MinMTU, MaxMTU)
}

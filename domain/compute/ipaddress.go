package compute

import (
	"net/netip"
	"strconv"
	"strings"
)

// IPAddress is an IPv4 or IPv6 address with an optional prefix length. Host
// bits are kept: 10.0.0.7/24 stays what it is. The zero IPAddress is none.
type IPAddress struct {
	addr      netip.Addr
	bits      uint8
	hasPrefix bool
}

// ParseIPAddress reads "address" or "address/prefix". The error is a
// *[NetworkError].
func ParseIPAddress(s string) (IPAddress, error) {
	host, prefix, hasPrefix := strings.Cut(s, "/")
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return IPAddress{}, &NetworkError{InvalidIPAddress, s}
	}
	if !hasPrefix {
		return IPAddress{addr: addr}, nil
	}
	bits, err := strconv.ParseUint(prefix, 10, 8)
	if err != nil || strconv.FormatUint(bits, 10) != prefix {
		return IPAddress{}, &NetworkError{InvalidCIDR, s} // neither +24 nor 024 is a prefix
	}
	if int(bits) > addr.BitLen() {
		return IPAddress{}, &NetworkError{InvalidPrefixLength, s}
	}
	return IPAddress{addr, uint8(bits), true}, nil
}

// Address returns the address without its prefix.
func (ip IPAddress) Address() netip.Addr { return ip.addr }

// Prefix returns the prefix length in bits, if there is one.
func (ip IPAddress) Prefix() (bits int, ok bool) { return int(ip.bits), ip.hasPrefix }

// IsIPv4 reports whether the address is written as an IPv4 one.
func (ip IPAddress) IsIPv4() bool { return ip.addr.Is4() }

// IsIPv6 reports whether the address is written as an IPv6 one.
func (ip IPAddress) IsIPv6() bool { return ip.addr.Is6() }

// IsZero reports whether there is no address.
func (ip IPAddress) IsZero() bool { return !ip.addr.IsValid() }

// CIDR returns "address/prefix", or the address alone if it has no prefix.
func (ip IPAddress) CIDR() string {
	if !ip.hasPrefix {
		return ip.addr.String()
	}
	return ip.addr.String() + "/" + strconv.Itoa(int(ip.bits))
}

// String returns CIDR().
func (ip IPAddress) String() string { return ip.CIDR() }

// MarshalText returns CIDR(); the zero IPAddress has no text.
func (ip IPAddress) MarshalText() ([]byte, error) {
	if ip.IsZero() {
		return nil, &NetworkError{InvalidIPAddress, ""}
	}
	return []byte(ip.CIDR()), nil
}

// UnmarshalText is ParseIPAddress.
func (ip *IPAddress) UnmarshalText(text []byte) (err error) {
	*ip, err = ParseIPAddress(string(text))
	return err
}

package compute

import (
	"fmt"
	"slices"
	"strings"
)

// ResourceType is what kind of thing a resource is.
type ResourceType uint8

// ResourceTypes lists all types by category, Unknown last.
func ResourceTypes() []ResourceType {
	all := make([]ResourceType, 0, len(resourceTypes))
	for t := range resourceTypes[1:] {
		all = append(all, ResourceType(t+1))
	}
	return append(all, Unknown)
}

// ParseResourceType reads a canonical name, an alias or an older JSON name, in
// any case. Any other text is Unknown.
func ParseResourceType(s string) ResourceType {
	s = strings.ToLower(s)
	for i, row := range resourceTypes {
		if row.isNamed(s) || slices.Contains(row.aliases, s) {
			return ResourceType(i)
		}
	}
	return Unknown
}

// isNamed reports whether s is the canonical or the older JSON name.
func (r *resourceTypeRow) isNamed(s string) bool {
	return s == r.name || s == r.oldName && s != ""
}

// row is Unknown's for a number that is not a type.
func (t ResourceType) row() *resourceTypeRow {
	if int(t) >= len(resourceTypes) {
		return &resourceTypes[Unknown]
	}
	return &resourceTypes[t]
}

// String returns the canonical name.
func (t ResourceType) String() string { return t.row().name }

// Display returns the name for people.
func (t ResourceType) Display() string {
	row := t.row()
	if row.display != "" {
		return row.display
	}
	words := strings.Split(row.name, "_")
	for i, w := range words {
		words[i] = strings.ToUpper(w[:1]) + w[1:]
	}
	return strings.Join(words, " ")
}

// Aliases returns the other names that ParseResourceType knows.
func (t ResourceType) Aliases() []string { return slices.Clone(t.row().aliases) }

// Category returns the type's category.
func (t ResourceType) Category() Category { return t.row().category }

// Color returns the category's colour as six hex digits, RGB.
func (t ResourceType) Color() string { return t.Category().Color() }

// IsCompute reports whether the type runs workloads.
func (t ResourceType) IsCompute() bool { return t.Category() == CategoryCompute }

// IsNetworkDevice reports whether the type carries traffic.
func (t ResourceType) IsNetworkDevice() bool { return t.Category() == CategoryNetwork }

// IsSecurityDevice reports whether the type guards traffic. A camera is filed
// under security and guards none.
func (t ResourceType) IsSecurityDevice() bool {
	return t.Category() == CategorySecurity && t != Camera
}

// MarshalText returns the canonical name.
func (t ResourceType) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a canonical or an older JSON name. Unlike
// ParseResourceType it refuses other texts: data is not guessed at.
func (t *ResourceType) UnmarshalText(text []byte) error {
	for i := range resourceTypes {
		if resourceTypes[i].isNamed(string(text)) {
			*t = ResourceType(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a resource type", text)
}

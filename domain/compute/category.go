package compute

// Category groups resource types.
type Category uint8

// The nine categories.
const (
	CategoryOther Category = iota
	CategoryCompute
	CategoryNetwork
	CategorySecurity
	CategoryStorage
	CategoryAppliance
	CategoryEdge
	CategoryPower
	CategoryTelecom
)

// Categories lists all categories, "other" last.
func Categories() []Category {
	return []Category{
		CategoryCompute, CategoryNetwork, CategorySecurity, CategoryStorage, CategoryAppliance,
		CategoryEdge, CategoryPower, CategoryTelecom, CategoryOther,
	}
}

func (c Category) row() (name, display, color string) {
	switch c {
	case CategoryCompute:
		return "compute", "Compute", "4caf50"
	case CategoryNetwork:
		return "network", "Network", "2196f3"
	case CategorySecurity:
		return "security", "Security", "f44336"
	case CategoryStorage:
		return "storage", "Storage", "ff9800"
	case CategoryAppliance:
		return "appliance", "Appliance", "795548"
	case CategoryEdge:
		return "edge", "Edge/IoT", "9c27b0"
	case CategoryPower:
		return "power", "Power/Environmental", "ffeb3b"
	case CategoryTelecom:
		return "telecom", "Telecommunications", "00bcd4"
	}
	return "other", "Other", "9e9e9e"
}

// String returns the category's name in snake_case.
func (c Category) String() string {
	name, _, _ := c.row()
	return name
}

// Display returns the category's name for people.
func (c Category) Display() string {
	_, display, _ := c.row()
	return display
}

// Color returns the category's colour as six hex digits, RGB.
func (c Category) Color() string {
	_, _, color := c.row()
	return color
}

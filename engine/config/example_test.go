package config_test

import (
	"fmt"

	"github.com/refold-dev/refold/engine/config"
)

func ExampleConfig_EventCatalog() {
	c, mistakes := config.Parse("catalog.yaml", []byte(`
catalog:
  - type: resource_registered
    version: 3
    upcasters:
      - from: 1
        steps: [{add: {field: tags, default: []}}]
`), nil)
	if len(mistakes) > 0 {
		fmt.Println(mistakes)
		return
	}
	_, err := c.EventCatalog()
	fmt.Println(err)
	// Output:
	// catalog.yaml:6:7: the way to version 3 has a gap: there is no upcaster from version 2
	//   hint: list one upcaster for each version below the current one, `from: 1` first
}

// Command plugin is the ledger as a process.
package main

import (
	_ "github.com/refold-dev/refold/cmd/refold/soak/internal/ledger"
	"github.com/refold-dev/refold/sdk/process"
)

func main() { process.ServeProjection() }

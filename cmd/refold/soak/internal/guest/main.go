// Command guest is the ledger as a module.
package main

import _ "github.com/refold-dev/refold/cmd/refold/soak/internal/ledger"

func main() {}

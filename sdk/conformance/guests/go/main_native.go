//go:build !wasip1

package main

import "github.com/refold-dev/refold/sdk/process"

func main() { process.ServeProjection() }

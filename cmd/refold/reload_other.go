//go:build !unix

package main

import "os"

// hangups is nothing where no signal asks for a reload.
func hangups() (asked <-chan os.Signal, stop func()) { return nil, func() {} }

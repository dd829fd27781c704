package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// peakResident is the largest resident memory that a process has had so far, in MiB.
// What a process leaves with its parent when it ends counts the parent's own before
// it became another program, and is of no use.
func peakResident(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if value, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			kib, err := strconv.Atoi(string(bytes.Fields(value)[0]))
			return float64(kib) / 1024, err
		}
	}
	return 0, nil // it has ended, and is a zombie
}

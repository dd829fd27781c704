//go:build !linux

package main

import "errors"

func peakResident(int) (float64, error) { return 0, errors.ErrUnsupported }

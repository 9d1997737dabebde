//go:build !linux

package cloudwatch

import "time"

var began = time.Now()

// threadCPU is the time that has passed: there is no clock of one thread here.
func threadCPU() time.Duration { return time.Since(began) }

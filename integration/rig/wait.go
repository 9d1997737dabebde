//go:build integration

package rig

import (
	"testing"
	"time"
)

// Pause waits. Tests that kill at a moment of chance need it; what waits for a
// condition uses Eventually.
func Pause(d time.Duration) { <-time.After(d) }

// Eventually waits until ok, and fails the test when the time is over. what
// says what was waited for.
func Eventually(t testing.TB, patience time.Duration, what func() string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what())
		}
		Pause(5 * time.Millisecond)
	}
}

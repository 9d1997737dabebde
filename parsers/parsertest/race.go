//go:build race

package parsertest

// raceEnabled says that sync.Pool drops at random, and so allocations cannot
// be counted.
const raceEnabled = true

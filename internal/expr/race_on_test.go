//go:build race

package expr

// underRace says that sync.Pool drops at random, so that allocations cannot be
// counted.
const underRace = true

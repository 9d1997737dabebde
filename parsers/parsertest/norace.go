//go:build !race

package parsertest

const raceEnabled = false

//go:build integration

// Package rig is what the black-box tests of the real binary share: it builds
// the binary once, runs and kills agents, writes and rotates log files, and
// keeps a store that counts every line it is sent.
//
// Each line names its writer and its number among that writer's lines, and the
// store counts by these: a destination that keys by document id alone would
// hide a line that was sent under two ids.
package rig

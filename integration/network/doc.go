//go:build integration

// Package network lets the network fail between the real binary and strict
// stand-ins of its destinations: a proxy in between refuses, resets, swallows
// and slows; certificates are bad; names do not resolve.
package network

// Package cloudwatch tests the cloudwatch output against moto, a mock of AWS,
// with a proxy in between that checks the limits that moto does not, and an
// agent against the simulator, with everything that can go wrong with a call.
// The tests have the build tag integration, install moto on first use into
// SLUICE_IT_CACHE (default /var/tmp/sluice-it), and skip where that cannot be.
// LONG=1 sends 100,000 documents in place of 6,000.
package cloudwatch

// Package essim is a strict stand-in for Elasticsearch's bulk API, for tests
// and for `sluice bench`. It takes only what the real server takes (one whole
// gzip member, NDJSON to its last line end, create into data streams, objects
// with a @timestamp and no key twice), answers as it does, and shows on demand
// what no real server does: storms of 429, item errors in any mix, hangs, cut
// connections before and after storing, half answers and garbage.
//
// What it is to be like comes from Elastic's API reference and from runs
// against Elasticsearch 8.19; the integration tests send both the same.
package essim

// Package cwsim is a strict stand-in for CloudWatch Logs, for tests. It speaks
// the wire form (POST /, X-Amz-Target, JSON 1.1, gzip), checks signatures, takes
// only what the real service takes (order, 24 hours, 10,000 events, 1,048,576
// bytes with 26 for each event, 1 MB for one, no empty message, names, days of
// retention), rejects old, expired and new events inside a 200 as it does, and
// shows on demand what is hard to get from the real one: throttling, an answer
// lost after storing, hangs, groups that vanish, tokens that expire.
//
// What it is to be like comes from the API reference of Logs_20140328 as the
// AWS SDK for Go has it.
package cwsim

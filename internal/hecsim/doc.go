// Package hecsim is a strict stand-in for Splunk's HTTP Event Collector, for
// tests. It takes what the real one takes, refuses what it refuses with the
// same codes and in the same half-hearted ways (objects before a bad one are
// stored; an unknown key in an envelope ends the request with a success;
// acknowledgement is told once), and shows on demand what is hard to provoke:
// storms of 503, hangs, cut connections, half answers, an indexer that restarts
// and loses what it has not indexed.
//
// What it is to be like comes from the project's protocol notes: Splunk's table
// of codes, and runs by others against Splunk Enterprise 10.4 and Splunk Cloud
// 10.5. Where they leave a choice open it is an option, and tests try both.
package hecsim
